"""Inputs for the tests of fine mapping: small simulated loci and the stores a user would give."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.ld import LdBlock, write_ld
from lucidseq.core.schema import GENOTYPES, SUMSTATS
from lucidseq.core.stores import create_store, write_array
from lucidseq.core.tables import write_table
from lucidseq.core.variants import variant_ids
from lucidseq.finemap.regression_data import IndividualData


def simulate_genotypes(rng: np.random.Generator, n: int, p: int, correlation: float = 0.9) -> np.ndarray:
    """Genotypes 0/1/2, shape (n, p): two haplotypes from a Gaussian that decays along the sequence."""
    frequency = rng.uniform(0.1, 0.5, size=p)
    threshold = np.quantile(rng.standard_normal(20_000), 1 - frequency)
    calls = np.zeros((n, p))
    for _ in range(2):
        latent = np.empty((n, p))
        latent[:, 0] = rng.standard_normal(n)
        for j in range(1, p):
            latent[:, j] = correlation * latent[:, j - 1] + np.sqrt(1 - correlation**2) * rng.standard_normal(n)
        calls += latent > threshold
    return calls


@dataclass
class Region:
    """Genotypes of one locus (n, p) with the names of its variants."""

    name: str
    contig: str
    X: np.ndarray
    position: np.ndarray

    @property
    def ids(self) -> np.ndarray:
        """variant_ids."""
        p = len(self.position)
        return np.array(variant_ids([self.contig] * p, self.position.tolist(), ["A"] * p, ["G"] * p), dtype=object)

    @property
    def start(self) -> int:
        """First base."""
        return int(self.position[0]) - 1

    @property
    def end(self) -> int:
        """One past the last base."""
        return int(self.position[-1])


def make_region(name: str, X: np.ndarray, *, contig: str = "chr1", first: int = 1001, step: int = 10) -> Region:
    return Region(name, contig, X, first + step * np.arange(X.shape[1]))


def write_genotype_store(
    path: Path,
    regions: list[Region],
    traits: dict[str, np.ndarray],
    *,
    covariates: np.ndarray | None = None,
    binary: bool = False,
    dtype: str = "float32",
) -> Path:
    """Write a genotype store; NaN in X is missing."""
    dosage = np.hstack([region.X for region in regions]).T
    if dtype == "int8":
        dosage = np.where(np.isnan(dosage), -1, dosage)
    ids = np.concatenate([region.ids for region in regions])
    names = [f"cov{i}" for i in range(0 if covariates is None else covariates.shape[1])]
    with create_store(
        path,
        GENOTYPES,
        build="test",
        trait_names=list(traits),
        covariate_names=names,
        trait_kinds=["binary" if binary else "quantitative"] * len(traits),
    ) as store:
        write_array(store, "dosage", dosage.astype(dtype))
        write_array(store, "variants/contig", np.concatenate([np.full(len(r.position), r.contig, object) for r in regions]))
        write_array(store, "variants/start", np.concatenate([r.position - 1 for r in regions]).astype(np.int64))
        write_array(store, "variants/effect_allele", np.full(len(ids), "G", dtype=object))
        write_array(store, "variants/other_allele", np.full(len(ids), "A", dtype=object))
        write_array(store, "variants/id", ids)
        write_array(store, "variants/rsid", np.array([f"rs{i}" for i in range(len(ids))], dtype=object))
        write_array(store, "variants/frequency", np.full(len(ids), 0.3))
        write_array(store, "samples/id", np.array([f"s{i}" for i in range(dosage.shape[1])], dtype=object))
        write_array(store, "phenotypes/values", np.stack(list(traits.values())).astype(np.float64))
        if covariates is not None:
            write_array(store, "covariates/values", covariates.T.astype(np.float64))
    return path


def sumstats_table(region: Region, z: np.ndarray, n: float, z_kind: str = "t") -> pd.DataFrame:
    """Summary statistics of one locus."""
    return pd.DataFrame(
        {
            "variant_id": region.ids,
            "chromosome": region.contig,
            "base_pair_location": region.position,
            "effect_allele": "G",
            "other_allele": "A",
            "beta": z / np.sqrt(n),
            "standard_error": 1 / np.sqrt(n),
            "n": float(n),
            "z": z,
            "z_kind": z_kind,
        }
    )


def write_sumstats(path: Path, table: pd.DataFrame) -> Path:
    write_table(table, path, SUMSTATS)
    return path


def write_ld_store(path: Path, regions: list[Region], *, method: str = "in-sample") -> Path:
    """Write the sample correlations of each region."""
    blocks = [LdBlock(r.name, r.contig, r.start, r.end, np.corrcoef(r.X.T).astype(np.float32), r.ids) for r in regions]
    write_ld(path, iter(blocks), build="test", method=method, n_ref=len(regions[0].X))
    return path


def write_bed(path: Path, regions: list[Region]) -> Path:
    path.write_text("".join(f"{r.contig}\t{r.start}\t{r.end}\t{r.name}\n" for r in regions))
    return path


def write_scores(path: Path, ids: np.ndarray, score: np.ndarray, column: str = "score") -> Path:
    pd.DataFrame({"variant_id": ids, column: score}).to_csv(path, sep="\t", index=False)
    return path


def simulate_loci(
    seed: int, *, loci: int = 3, n: int = 400, p: int = 60, effect: float = 0.35
) -> tuple[list[Region], np.ndarray, list[int]]:
    """Loci with one causal variant each, the trait, and the causal indices."""
    rng = np.random.default_rng(seed)
    regions, causal = [], []
    y = rng.standard_normal(n)
    for index in range(loci):
        X = simulate_genotypes(rng, n, p)
        causal.append(int(rng.integers(p)))
        x = X[:, causal[-1]]
        y = y + effect * (x - x.mean()) / x.std()
        regions.append(make_region(f"locus{index + 1}", X, first=10_000 * (index + 1) + 1))
    return regions, y, causal


def summary_inputs(
    folder: Path, regions: list[Region], y: np.ndarray, *, method: str = "in-sample", z_kind: str = "t"
) -> tuple[Path, Path]:
    """Summary statistics and LD of simulated loci."""
    tables = [sumstats_table(r, IndividualData(r.X, y).z, len(y), z_kind) for r in regions]
    return write_sumstats(folder / "sumstats.tsv.gz", pd.concat(tables)), write_ld_store(folder / "ld.h5", regions, method=method)
