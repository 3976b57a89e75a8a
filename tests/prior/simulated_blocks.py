"""A small simulated genome for priors: LD of mosaic haplotypes, effects whose variance depends on annotations, statistics from the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core import schema
from lucidseq.core.ld import LdBlock, write_ld
from lucidseq.core.stores import create_store, write_array
from lucidseq.core.tables import write_table

N = 50_000.0


@dataclass
class Study:
    """Files of a study, and its truth: log F by variant."""

    folder: Path
    log_f: dict[str, float] = field(default_factory=dict)

    @property
    def options(self) -> list[object]:
        """The inputs of `prior fit`."""
        return [
            "--sumstats",
            self.folder / "x.sumstats.tsv",
            "--ld",
            self.folder / "x.ld.h5",
            "--annotations",
            self.folder / "x.annotations.h5",
        ]


def simulate(
    folder: Path,
    *,
    blocks: int,
    variants: int,
    samples: int = 500,
    log_enrichments: tuple[float, ...] = (2.0, 1.0, 0.0, 0.0),
    mean_f: float = 0.5,
    flipped: bool = False,
    method: str = "in-sample",
    seed: int = 1,
) -> Study:
    """Write statistics, LD and annotations; the first two annotations are binary (a tenth of the variants), others normal."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    study, ld, tables, values = Study(folder), [], [], []
    for number in range(blocks):
        r = correlations(rng, samples, variants)
        size = len(r)
        annotations = np.column_stack([rng.random((size, 2)) < 0.1, rng.normal(size=(size, len(log_enrichments) - 2))])
        f = np.exp(annotations @ np.array(log_enrichments))
        f *= mean_f / f.mean()
        spectrum, vectors = np.linalg.eigh(r)
        noise = (vectors * np.sqrt(np.maximum(spectrum, 0))) @ rng.normal(size=size)
        z = r @ (np.sqrt(f) * rng.normal(size=size)) + noise
        contig, position = f"chr{1 + number % 4}", np.arange(size) * 100 + 1 + number * 100_000
        names = np.array([f"{contig}:{place}:A:G" for place in position], dtype=object)
        study.log_f |= dict(zip(names, np.log(f), strict=True))
        tables.append(statistics(contig, position, names, z))
        values.append(annotations.astype(np.float32))
        if flipped:  # every third variant counts the other allele in the LD
            sign = np.where(np.arange(size) % 3 == 0, -1.0, 1.0)
            r = r * np.outer(sign, sign)
            names = np.where(sign < 0, [name.replace(":A:G", ":G:A") for name in names], names).astype(object)
        ld.append(LdBlock(f"block{number}", contig, int(position[0] - 1), int(position[-1]), r.astype(np.float32), names))
    table = pd.concat(tables, ignore_index=True)
    write_table(table, folder / "x.sumstats.tsv", schema.SUMSTATS)
    write_ld(folder / "x.ld.h5", iter(ld), build="toy", method=method, n_ref=float(samples))
    write_annotations(folder / "x.annotations.h5", table, np.concatenate(values))
    return study


def correlations(rng: np.random.Generator, samples: int, variants: int) -> np.ndarray:
    """Return the LD of samples whose haplotypes are mosaics of 60 founders."""
    founders = rng.random((60, variants)) < rng.uniform(0.05, 0.5, variants)
    switches = np.cumsum(rng.random((2 * samples, variants)) < 0.02, axis=1)
    founder = rng.integers(0, 60, (2 * samples, int(switches.max()) + 1))
    copies = founders[np.take_along_axis(founder, switches, axis=1), np.arange(variants)]
    dosage = copies[:samples].astype(float) + copies[samples:]
    return np.corrcoef(dosage[:, dosage.std(axis=0) > 0], rowvar=False)


def statistics(contig: str, position: np.ndarray, names: np.ndarray, z: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "variant_id": names,
            "chromosome": contig,
            "base_pair_location": position,
            "effect_allele": "G",
            "other_allele": "A",
            "beta": z / np.sqrt(N),
            "standard_error": 1 / np.sqrt(N),
            "n": N,
            "z": z,
            "z_kind": "wald",
        }
    )


def write_annotations(path: Path, table: pd.DataFrame, values: np.ndarray, unit: str = "variant") -> None:
    count = values.shape[1]
    with create_store(path, schema.ANNOTATIONS, build="toy", unit=unit) as store:
        write_array(store, "values", values)
        write_array(store, "rows/contig", table["chromosome"].to_numpy(dtype=object))
        write_array(store, "rows/start", table["base_pair_location"].to_numpy() - 1)
        write_array(store, "rows/end", table["base_pair_location"].to_numpy())
        write_array(store, "rows/id", table["variant_id"].to_numpy(dtype=object))
        write_array(store, "features/name", np.array([f"annotation_{index}" for index in range(count)], dtype=object))
        write_array(store, "features/kind", np.array(["share"] * count, dtype=object))
        write_array(store, "features/source", np.array(["toy"] * count, dtype=object))
