"""Small inputs of the enrichment commands, written through the suite's own writers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.ld import LdBlock, write_ld
from lucidseq.core.schema import PIPS, SUMSTATS
from lucidseq.core.tables import write_table

GENE_LENGTH, SPACING = 2000, 5000


@dataclass(frozen=True)
class Inputs:
    """Paths of a simulated study."""

    sumstats: Path
    ld: Path
    gtf: Path
    gmt: Path
    pips: Path


def make_inputs(
    folder: Path, *, genes: int = 60, seed: int = 1, causal: tuple[int, ...] = (), shift: float = 3.0, contig: str = "chr1"
) -> Inputs:
    """Write a study: two LD blocks, one gene every 5 kb with five variants 400 bp apart, autoregressive LD.

    Parameters
    ----------
    causal
        Numbers of the genes whose middle variant's z is shifted by ``shift``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    position = np.concatenate([index * SPACING + 1000 + np.arange(5) * 400 for index in range(genes)])
    names = np.array([f"{contig}:{p + 1}:A:G" for p in position], dtype=object)
    half = len(position) // 2
    blocks, z = [], []
    for number, rows in enumerate((slice(0, half), slice(half, None))):
        where = position[rows]
        r = 0.7 ** (np.abs(where[:, None] - where[None]) / 400)
        chol = np.linalg.cholesky(r)
        noise = chol @ rng.normal(size=len(where))
        mean = np.zeros(len(where))
        for gene in causal:
            hit = np.flatnonzero(where == gene * SPACING + 1800)
            if len(hit):
                mean += r[:, hit[0]] * shift
        z.append(noise + mean)
        blocks.append(LdBlock(f"b{number}", contig, int(where[0]), int(where[-1]) + 1, r.astype(np.float32), names[rows]))
    write_ld(folder / "x.ld.h5", iter(blocks), build="b", method="in-sample", n_ref=1000)
    values = np.concatenate(z)
    frame = pd.DataFrame(
        {
            "variant_id": names,
            "chromosome": contig,
            "base_pair_location": position + 1,
            "effect_allele": "G",
            "other_allele": "A",
            "beta": values / 30,
            "standard_error": 1 / 30,
            "n": 1000.0,
            "z": values,
            "z_kind": "t",
        }
    )
    write_table(frame, folder / "x.sumstats.tsv.gz", SUMSTATS)
    pips = frame.assign(locus="b", pip=0.1, prior=0.1, posterior_mean=0.0, posterior_sd=0.0, credible_set="")
    write_table(pips, folder / "x.pips.tsv.gz", PIPS)
    rows = [
        f'{contig}\tx\tgene\t{index * SPACING + 901}\t{index * SPACING + 900 + GENE_LENGTH}\t.\t+\t.\tgene_id "G{index}"; gene_name "N{index}";\n'
        for index in range(genes + 3)  # three genes without variants
    ]
    (folder / "x.gtf").write_text("".join(rows))
    sets = {f"S{k}": rng.choice(genes, 8, replace=False) for k in range(12)}
    sets["CAUSAL"] = np.array([*causal, genes - 1, genes - 2]) if causal else np.arange(8)
    (folder / "x.gmt").write_text("".join(f"{name}\td\t" + "\t".join(f"G{g}" for g in members) + "\n" for name, members in sets.items()))
    return Inputs(folder / "x.sumstats.tsv.gz", folder / "x.ld.h5", folder / "x.gtf", folder / "x.gmt", folder / "x.pips.tsv.gz")
