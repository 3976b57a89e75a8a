"""Damaged files of haplotypes: whatever bytes change, a reader gives sites of the right shape or a three-part error.

LUCIDSEQ_FUZZ sets the number of files of each kind (default 150).
"""

from __future__ import annotations

import os
from pathlib import Path

import cyvcf2
import msprime
import numpy as np
import pytest
from mutation import TRANSLATED, mutate

from lucidseq.encode.haplotypes.open_sites import open_sites
from lucidseq.encode.haplotypes.sites import MISSING, PADDING

ROUNDS = int(os.environ.get("LUCIDSEQ_FUZZ", "150"))


def make(folder: Path) -> dict[str, bytes]:
    """Return small whole files by name."""
    history = msprime.sim_ancestry(4, sequence_length=1000, recombination_rate=1e-4, population_size=100, random_seed=2)
    trees = msprime.sim_mutations(history, rate=1e-4, random_seed=3)
    trees.dump(folder / "x.trees")
    with (folder / "x.vcf").open("w") as handle:
        trees.write_vcf(handle, position_transform=lambda positions: np.asarray(positions) + 1)
    reader = cyvcf2.VCF(str(folder / "x.vcf"))
    writer = cyvcf2.Writer(str(folder / "x.bcf"), reader, mode="wb")
    for record in reader:
        writer.write_record(record)
    writer.close()
    return {name: (folder / name).read_bytes() for name in ("x.trees", "x.vcf", "x.bcf")}


@pytest.mark.parametrize("name", ["x.trees", "x.vcf", "x.bcf"])
def test_reader__gives_sites_or_an_error(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    whole = make(tmp_path)[name]
    random, refused = np.random.default_rng(len(name)), 0
    for _ in range(ROUNDS):
        path = tmp_path / f"m{name}"
        path.write_bytes(mutate(whole, random))
        try:
            reader = open_sites(path)
            for chunk in reader.chunks():
                assert chunk.alleles.shape[:2] == (len(chunk), len(reader.samples))
                assert set(np.unique(chunk.alleles)) <= {0, 1, MISSING, PADDING}
                assert (chunk.position >= 0).all()
        except TRANSLATED:
            refused += 1
    capfd.readouterr()  # htslib's own complaints
    assert 0 < refused < ROUNDS or name == "x.bcf"
