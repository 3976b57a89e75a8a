"""One study as VCF, PLINK 2 and BGEN through the association workflow: the same statistics, each file set staged whole."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from nextflow import ROOT, run_nextflow

pytestmark = pytest.mark.pipeline
DATA = ROOT / "tools" / "galaxy" / "test-data"


def test_association__is_the_same_from_every_format(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for words in (["--make-pgen"], ["--export", "bgen-1.2", "ref-first", "bits=8"]):
        plink2 = ["plink2", "--vcf", str(DATA / "people.vcf.gz"), *words, "--output-chr", "chrM", "--out", str(tmp_path / "in" / "people")]
        subprocess.run(plink2, check=True, capture_output=True, timeout=120)
    files = {"vcf": DATA / "people.vcf.gz", "pgen": tmp_path / "in" / "people.pgen", "bgen": tmp_path / "in" / "people.bgen"}
    rows = "".join(f"{name},{path},{DATA / 'phenotypes.tsv'}\n" for name, path in files.items())
    (tmp_path / "in" / "cohorts.csv").write_text(f"cohort,genotypes,phenotypes\n{rows}")
    run = run_nextflow(
        tmp_path,
        "--workflow",
        "association",
        "--input",
        tmp_path / "in" / "cohorts.csv",
        "--loci",
        DATA / "loci.bed",
        "--gtf",
        DATA / "genes.gtf",
        "--gene_sets",
        DATA / "pathways.gmt",
        "--enrich_pathways_min_genes",
        2,
    )
    assert run.exit_code == 0, run.log
    folder = run.results / "encode" / "sumstats"
    tables = {name: gzip.decompress((folder / f"{name}.trait.sumstats.tsv.gz").read_bytes()) for name in files}
    assert tables["vcf"].count(b"\n") > 300
    assert tables["pgen"] == tables["vcf"]
    assert tables["bgen"] == tables["vcf"]
