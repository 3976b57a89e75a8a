"""Tables and store of the fitted loci."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.intervals import Interval
from lucidseq.core.outputs import OutputSet
from lucidseq.core.schema import CREDIBLE_SETS, FINEMAP_LBF, LOCUS_FITS, PIPS, Table
from lucidseq.core.stores import create_store, write_array
from lucidseq.core.tables import write_table
from lucidseq.finemap.consistency import Mismatch
from lucidseq.finemap.locus_sources import Match
from lucidseq.finemap.susie import SusieFit


@dataclass(frozen=True)
class LocusFit:
    """A fitted locus.

    Attributes
    ----------
    flat
        The same fit under a flat prior; None when neither score nor prior weights were given.
    score_weight, scored
        Weight of the score in the prior, and number of variants with a score (or prior weight).
    mismatch
        Estimated disagreement of z and LD; None on individual data.
    """

    region: Interval
    variants: pd.DataFrame
    z: np.ndarray
    n: float
    match: Match
    fit: SusieFit
    flat: SusieFit | None
    score_weight: float
    scored: int
    mismatch: Mismatch | None

    @property
    def flipped(self) -> list[str]:
        """Names of the variants whose z fits the LD with the other alleles."""
        return [] if self.mismatch is None else self.variants["variant_id"].iloc[list(self.mismatch.flipped)].tolist()

    def set_name(self, effect: int) -> str:
        """Name of the credible set of an effect."""
        return f"{self.region.name}_L{effect + 1}"


def write_results(out: OutputSet, results: list[LocusFit], kind: str) -> None:
    """Write the four files of `locus`."""
    write_table(_stack([pips_table(result) for result in results], PIPS), out["pips"], PIPS)
    rows = [row for result in results for row in _set_rows(result)]
    write_table(pd.DataFrame(rows, columns=[column.name for column in CREDIBLE_SETS.columns]), out["sets"], CREDIBLE_SETS)
    fits = pd.DataFrame([_fit_row(result) for result in results], columns=[column.name for column in LOCUS_FITS.columns])
    write_table(fits, out["loci"], LOCUS_FITS)
    _write_lbf(out["lbf"], results, kind)


def pips_table(result: LocusFit) -> pd.DataFrame:
    """Return the PIPS rows of a locus."""
    fit = result.fit
    table = result.variants.assign(
        locus=result.region.name,
        z=result.z,
        pip=fit.pip,
        prior=fit.prior,
        posterior_mean=fit.posterior_mean,
        posterior_sd=fit.posterior_sd,
        credible_set=_membership(result),
    )
    return table if result.flat is None else table.assign(pip_flat=result.flat.pip)


def _membership(result: LocusFit) -> np.ndarray:
    """Credible set of each variant; of several, the one of highest probability."""
    names = np.full(len(result.z), "", dtype=object)
    best = np.zeros(len(result.z))
    for credible_set in result.fit.credible_sets:
        alpha = result.fit.alpha[credible_set.effect, credible_set.variants]
        members = credible_set.variants[alpha > best[credible_set.variants]]
        names[members] = result.set_name(credible_set.effect)
        best[members] = result.fit.alpha[credible_set.effect, members]
    return names


def _set_rows(result: LocusFit) -> list[dict[str, object]]:
    names = result.variants["variant_id"].to_numpy()
    return [
        {
            "locus": result.region.name,
            "credible_set": result.set_name(credible_set.effect),
            "size": len(credible_set.variants),
            "coverage": credible_set.coverage,
            "purity_min": credible_set.purity_min,
            "purity_mean": credible_set.purity_mean,
            "purity_median": credible_set.purity_median,
            "log_bayes_factor": credible_set.log_bayes_factor,
            "lead_variant": names[credible_set.variants[0]],
            "lead_pip": result.fit.pip[credible_set.variants[0]],
            "variants": ",".join(names[credible_set.variants]),
        }
        for credible_set in result.fit.credible_sets
    ]


def _fit_row(result: LocusFit) -> dict[str, object]:
    region, fit, mismatch = result.region, result.fit, result.mismatch
    return {
        "locus": region.name,
        "contig": region.contig,
        "start": region.start,
        "end": region.end,
        "n_variants": len(result.z),
        "n": result.n,
        "credible_sets": len(fit.credible_sets),
        "converged": int(fit.converged),
        "broke_down": int(fit.broke_down),
        "iterations": fit.iterations,
        "elbo": fit.elbo[-1],
        "residual_variance": fit.residual_variance,
        "residual_prior": fit.residual_prior,
        "explained": fit.explained,
        "mismatch": np.nan if mismatch is None else mismatch.s,
        "mismatch_low": np.nan if mismatch is None else mismatch.low,
        "mismatch_high": np.nan if mismatch is None else mismatch.high,
        "flipped_variants": ",".join(result.flipped),
        "score_weight": result.score_weight,
    }


def _stack(tables: list[pd.DataFrame], schema: Table) -> pd.DataFrame:
    """Concatenate; no tables give an empty one."""
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=schema.required)


def _write_lbf(path: Path, results: list[LocusFit], kind: str) -> None:
    with create_store(path, FINEMAP_LBF, data_kind=kind) as store:
        write_array(store, "loci/name", np.array([result.region.name for result in results], dtype=object))
        for index, result in enumerate(results):
            fit, group = result.fit, store.create_group(f"locus/{index:06d}")
            sets = np.full(len(fit.lbf), "", dtype=object)
            for credible_set in fit.credible_sets:
                sets[credible_set.effect] = result.set_name(credible_set.effect)
            write_array(group, "variant_id", result.variants["variant_id"].to_numpy(dtype=object))
            write_array(group, "credible_set", sets)
            for name in ("lbf_variable", "alpha", "mu", "prior", "lbf", "prior_variance"):
                write_array(group, name, getattr(fit, name))
