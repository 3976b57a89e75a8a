"""Genotypes in LD, and published LD matrices of every kind, for tests."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from lucidseq.core.ld import LdBlock, open_ld

LETTERS = np.array(list("ACGT"))


def linked(seed: int, variants: int, samples: int) -> np.ndarray:
    """Dosages in LD: neighbours share a latent haplotype."""
    rng = np.random.default_rng(seed)
    latent = np.cumsum(rng.normal(size=(variants, 2 * samples)), axis=0)
    return (latent > 0).reshape(variants, samples, 2).sum(axis=2).astype(np.int8)


def autoregressive(seed: int, variants: int, samples: int, decay: float = 0.9) -> np.ndarray:
    """Dosages whose LD decays by ``decay`` from one variant to the next."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(variants, 2 * samples)) * np.sqrt(1 - decay**2)
    latent = np.empty_like(noise)
    latent[0] = rng.normal(size=2 * samples)
    for row in range(1, variants):
        latent[row] = decay * latent[row - 1] + noise[row]
    return (latent > rng.normal(0, 0.7, (variants, 1))).reshape(variants, samples, 2).sum(axis=2).astype(np.int8)


def variant_table(count: int, contig: str = "chr1") -> pd.DataFrame:
    """Variants 10 bases apart with alleles that differ from one to the next."""
    rows = np.arange(count)
    return pd.DataFrame(
        {
            "contig": contig,
            "position": 100 + 10 * rows,
            "other": LETTERS[rows % 4],
            "effect": LETTERS[(rows + 1 + rows // 4 % 3) % 4],
            "rsid": [f"rs{row}" for row in rows],
        }
    )


def write_bim(path: Path, table: pd.DataFrame) -> Path:
    """Write a .bim: A1 is the effect allele."""
    rows = zip(table["contig"], table["rsid"], table["position"], table["effect"], table["other"], strict=True)
    path.write_text("".join(f"{c}\t{name}\t0\t{at}\t{a1}\t{a2}\n" for c, name, at, a1, a2 in rows))
    return path


def write_ukb_list(path: Path, table: pd.DataFrame) -> Path:
    """Write UK Biobank's list: allele1 is the effect allele."""
    frame = table.rename(columns={"contig": "chromosome", "effect": "allele1", "other": "allele2"})
    frame[["rsid", "chromosome", "position", "allele1", "allele2"]].to_csv(
        path, sep="\t", index=False, compression={"method": "gzip", "mtime": 0}
    )
    return path


def write_ukb(path: Path, r: np.ndarray, kind: str = "coo") -> Path:
    """Write UK Biobank's layout: the upper triangle with 0.5 on the diagonal."""
    upper = np.triu(r, 1) + 0.5 * np.eye(len(r))
    sparse.save_npz(path, sparse.coo_matrix(upper).asformat(kind))
    return path


def write_ldgm(folder: Path, precision: np.ndarray, index: list[int], table: pd.DataFrame) -> tuple[Path, Path]:
    """Write an edge list and a list of variants with the index of each: the derived allele is the effect allele."""
    edges, variants = folder / "toy_chr1_0_9.EUR.edgelist.gz", folder / "toy_chr1_0_9.snplist.gz"
    rows, columns = np.nonzero(np.triu(precision))
    lines = [f"{i},{j},{float(precision[i, j])!r}\n" for i, j in zip(rows, columns, strict=True)]
    edges.write_bytes(gzip.compress("".join(lines).encode(), mtime=0))
    body = [
        f"{at},{row.other},{row.effect},0.3,{row.rsid},{row.position},{'+-'[number % 2]}\n"
        for number, (at, row) in enumerate(zip(index, table.itertuples(), strict=True))
    ]
    text = "index,anc_alleles,deriv_alleles,EUR,site_ids,position,swap\n" + "".join(body)
    variants.write_bytes(gzip.compress(text.encode(), mtime=0))
    return edges, variants


def write_sumstats(path: Path, table: pd.DataFrame) -> Path:
    """Write summary statistics of variants (`variant_table`)."""
    names = [f"{row.contig}:{row.position}:{row.other}:{row.effect}" for row in table.itertuples()]
    frame = pd.DataFrame(
        {
            "variant_id": names,
            "chromosome": table["contig"],
            "base_pair_location": table["position"],
            "effect_allele": table["effect"],
            "other_allele": table["other"],
            "beta": 0.1,
            "standard_error": 0.1,
            "effect_allele_frequency": 0.3,
            "p_value": 0.3,
            "neg_log_10_p_value": 0.5,
            "rsid": table["rsid"],
            "n": 100,
            "z": 1.0,
            "z_kind": "wald",
        }
    )
    frame.to_csv(path, sep="\t", index=False)
    return path


def one_block(prefix: Path) -> LdBlock:
    """The only block of a command's LD store."""
    with open_ld(prefix.with_name(prefix.name + ".ld.h5")) as store:
        assert len(store) == 1
        return store.block(0)


def removed(prefix: Path) -> dict[str, int]:
    """What each step left out, by its name."""
    table = pd.read_csv(prefix.with_name(prefix.name + ".ld.qc.tsv"), sep="\t")
    return dict(zip(table["step"], table["removed"], strict=True))
