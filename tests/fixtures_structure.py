"""Genotype stores and pedigrees for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lucidseq.core.schema import GENOTYPES
from lucidseq.core.stores import create_store, write_array
from lucidseq.core.variants import variant_ids


def write_store(
    path: Path,
    dosage: np.ndarray,
    *,
    contig: np.ndarray | str = "chr1",
    start: np.ndarray | None = None,
    samples: list[str] | None = None,
    traits: dict[str, np.ndarray] | None = None,
    spacing: int = 10_000,
    ploidy: int = 2,
    build: str = "toy",
) -> Path:
    """Write a genotype store of int8 calls (-1 missing) or float32 dosages (NaN missing), shape (variants, samples)."""
    variants, people = dosage.shape
    contigs = np.full(variants, contig, dtype=object) if isinstance(contig, str) else contig
    start = np.arange(variants) * spacing if start is None else start
    alleles = [np.full(variants, letter, dtype=object) for letter in "AG"]
    traits = traits or {}
    kinds = ["binary" if set(np.unique(values)) <= {0.0, 1.0} else "quantitative" for values in traits.values()]
    names = {"trait_names": list(traits), "trait_kinds": kinds, "covariate_names": []}
    with create_store(path, GENOTYPES, build=build, **names) as store:
        if ploidy != 2:
            store.attrs["ploidy"] = ploidy
        if dosage.size:
            chunks = (min(1024, variants), min(1024, people))
            store.create_dataset("dosage", data=dosage, chunks=chunks, compression="gzip", compression_opts=1)
        else:
            store.create_dataset("dosage", data=dosage)
        write_array(store, "variants/contig", contigs)
        write_array(store, "variants/start", start.astype(np.int64))
        write_array(store, "variants/other_allele", alleles[0])
        write_array(store, "variants/effect_allele", alleles[1])
        ids = variant_ids(contigs, start + 1, alleles[0], alleles[1])
        write_array(store, "variants/id", np.array(ids, dtype=object))
        write_array(store, "variants/rsid", np.array([f"rs{row}" for row in range(variants)], dtype=object))
        write_array(store, "variants/frequency", np.full(variants, 0.5))
        write_array(store, "samples/id", np.array(samples or [f"s{row}" for row in range(people)], dtype=object))
        if traits:
            write_array(store, "phenotypes/values", np.stack(list(traits.values())))
    return path


class Pedigree:
    """Diploids of unlinked variants, made from founders by meiosis; haplotypes of shape (2, variants) each."""

    def __init__(self, variants: int, seed: int, frequency: np.ndarray | None = None) -> None:
        self.random = np.random.default_rng(seed)
        self.frequency = self.random.uniform(0.05, 0.95, variants) if frequency is None else frequency

    def founder(self) -> np.ndarray:
        return (self.random.random((2, len(self.frequency))) < self.frequency).astype(np.int8)

    def child(self, mother: np.ndarray, father: np.ndarray) -> np.ndarray:
        pick = self.random.integers(0, 2, (2, len(self.frequency)))
        at = np.arange(len(self.frequency))
        return np.stack([mother[pick[0], at], father[pick[1], at]])

    def family(self) -> tuple[list[np.ndarray], dict[tuple[int, int], str]]:
        """Return eleven people, and the degree of every related pair among them.

        0, 1 parents; 2, 3 sibs; 4 half sib of both by 0; 5 partner of 2, 6 their child; 7 partner of 3, 8 their child (first cousin of 6);
        9 copy of 1; 10 partner of 0.
        """
        people = [self.founder(), self.founder()]
        people += [self.child(*people[:2]), self.child(*people[:2])]
        other = self.founder()
        people.append(self.child(people[0], other))
        people.append(self.founder())
        people.append(self.child(people[2], people[5]))
        people.append(self.founder())
        people.append(self.child(people[3], people[7]))
        people += [people[1].copy(), other]
        degree = dict.fromkeys(
            ((0, 2), (0, 3), (1, 2), (1, 3), (2, 3), (0, 4), (4, 10), (5, 6), (2, 6), (7, 8), (3, 8), (2, 9), (3, 9)), "first"
        )
        degree |= dict.fromkeys(((2, 4), (3, 4), (0, 6), (1, 6), (0, 8), (1, 8), (6, 9), (8, 9), (3, 6), (2, 8)), "second")
        degree |= dict.fromkeys(((4, 6), (4, 8), (6, 8)), "third")
        return people, degree | {(1, 9): "duplicate"}


def calls_of(people: list[np.ndarray], *, missing: float = 0.0, seed: int = 0) -> np.ndarray:
    """Return int8 calls of shape (variants, samples), some of them missing."""
    calls = np.stack([person.sum(axis=0) for person in people], axis=1).astype(np.int8)
    return np.where(np.random.default_rng(seed).random(calls.shape) < missing, -1, calls).astype(np.int8)
