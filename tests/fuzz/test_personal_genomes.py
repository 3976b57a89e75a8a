"""Damaged genotypes behind personal sequences: whatever bytes change, windows of the right shape come out, or an error of three parts.

LUCIDSEQ_FUZZ sets the number of files of each kind (default 60).
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import cyvcf2
import numpy as np
import pysam
import pytest

from lucidseq.core.genome import Genome
from lucidseq.core.intervals import Intervals
from lucidseq.encode.sequences.genome_windows import cut_windows
from lucidseq.encode.sequences.personal import PersonalGenomes, personal_rows
from mutation import TRANSLATED, mutate

ROUNDS = int(os.environ.get("LUCIDSEQ_FUZZ", "60"))


def make(folder: Path) -> dict[str, bytes]:
    """Write a genome, and return small whole files of genotypes by name."""
    letters = "".join(np.random.default_rng(1).choice(list("ACGT"), 600))
    (folder / "g.fa").write_text(f">c1\n{letters}\n")
    rows = [
        f"c1\t{at}\t.\t{letters[at - 1 : at + cut]}\t{alternate}\t.\t.\t.\tGT\t0|1\t1|0\n"
        for at, cut, alternate in ((50, 0, "N"), (120, 3, letters[119]), (200, 0, letters[199] + "ACG"), (260, 0, "N,*"))
    ]
    (folder / "x.vcf").write_text(
        '##fileformat=VCFv4.2\n##contig=<ID=c1,length=600>\n##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\n" + "".join(rows)
    )
    pysam.tabix_compress(str(folder / "x.vcf"), str(folder / "x.vcf.gz"), force=True)
    reader = cyvcf2.VCF(str(folder / "x.vcf"))
    writer = cyvcf2.Writer(str(folder / "x.bcf"), reader, mode="wb")
    for record in reader:
        writer.write_record(record)
    writer.close()
    return {name: (folder / name).read_bytes() for name in ("x.vcf", "x.bcf")}


@pytest.mark.parametrize("name", ["x.vcf", "x.bcf"])
def test_personal__gives_windows_or_an_error(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    whole = make(tmp_path)[name]
    random, refused = np.random.default_rng(len(name)), 0
    plain = tmp_path / f"m{name}"
    path = Path(f"{plain}.gz") if name == "x.vcf" else plain
    with Genome(tmp_path / "g.fa") as genome:
        windows = cut_windows(genome, Intervals.of("c1", [20], [320], "w"), path, window=None, stranded=False)
        for _ in range(ROUNDS):
            plain.write_bytes(mutate(whole, random))
            if path != plain:  # so that the text is damaged, not only its compression
                pysam.tabix_compress(str(plain), str(path), force=True)
            try:
                with warnings.catch_warnings(), PersonalGenomes(path, None) as people:
                    warnings.simplefilter("ignore")  # cyvcf2's own
                    rows, origin = personal_rows(genome, windows, people)
                assert rows.codes.shape == (len(origin), 300)
                assert rows.codes.max() <= 4
            except TRANSLATED:
                refused += 1
    capfd.readouterr()  # htslib's own complaints
    assert 0 < refused < ROUNDS or name == "x.bcf"  # whose blocks have checksums
