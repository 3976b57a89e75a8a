"""Damaged files of haplotypes: whatever bytes change, a reader gives sites of the right shape or a three-part error.

LUCIDSEQ_FUZZ sets the number of files of each kind (default 150).
"""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import cyvcf2
import msprime
import numpy as np
import pytest

from lucidseq.encode.haplotypes.open_sites import open_sites
from lucidseq.encode.haplotypes.sites import MISSING, PADDING
from mutation import TRANSLATED, mutate

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
    whole = {name: (folder / name).read_bytes() for name in ("x.trees", "x.vcf", "x.bcf")}
    return {**whole, "records.bcf": gzip.decompress(whole["x.bcf"])}  # damage that the blocks' checksums would find


@pytest.mark.parametrize("name", ["x.trees", "x.vcf", "x.bcf", "records.bcf"])
def test_reader__gives_sites_or_an_error(name: str, tmp_path: Path) -> None:
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
    assert 0 < refused < ROUNDS or name == "x.bcf"
