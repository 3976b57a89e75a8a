"""Whatever is typed into a form's text field: the job's shell reads none of it, and the command gets it as it was typed."""

from __future__ import annotations

import html
import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from discovery import run_tool
from server import TOOLS, Galaxy

from hostile_names import HONEST, HOSTILE

pytestmark = [pytest.mark.galaxy, pytest.mark.slow]
DATA = TOOLS / "test-data"


def test_title__reaches_the_report_as_it_was_typed(galaxy: Galaxy) -> None:
    title = " ".join((*HOSTILE, *HONEST)).replace("\t", " ")
    outputs = run_tool(galaxy, "report_build", {"results": [DATA / "pips.tsv"]}, {"title": title}, {".tsv": "tabular"})
    assert f"<h1>{title}</h1>" in html.unescape(outputs[".report.html"].decode())
    assert not [path for path in galaxy.folder.rglob("*PWNED*") if path.name == "PWNED"]


def test_trait__of_any_name_is_taken(galaxy: Galaxy, tmp_path: Path) -> None:
    """From the header of a phenotype table to summary statistics: the names are those of the table."""
    trait = "Größe of crohn's $(touch PWNED)"
    samples = pd.read_csv(DATA / "phenotypes.tsv", sep="\t")
    samples.set_axis([samples.columns[0], trait, *samples.columns[2:]], axis=1).to_csv(tmp_path / "traits.tsv", sep="\t", index=False)
    kinds = {".tsv": "tabular", ".vcf.gz": "vcf_bgzip", ".h5": "h5"}
    files = {"genotypes": [DATA / "people.vcf.gz"], "phenotypes": [tmp_path / "traits.tsv"]}
    stores = run_tool(galaxy, "encode_genotypes", files, {}, kinds)
    (tmp_path / "x.genotypes.h5").write_bytes(stores[".genotypes.h5"])
    outputs = run_tool(galaxy, "encode_sumstats", {"data|genotypes": [tmp_path / "x.genotypes.h5"]}, {"data|trait": trait}, kinds)
    assert outputs[".sumstats.tsv"].count(b"\n") > 100  # another name would have been refused
    assert not [path for path in galaxy.folder.rglob("*PWNED*") if path.name == "PWNED"]
