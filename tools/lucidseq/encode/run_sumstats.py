"""`encode sumstats`: genotypes and a trait, or a GWAS-SSF file, -> harmonised summary statistics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.card import Card, Verdict
from lucidseq.core.errors import DataError, UsageError
from lucidseq.core.genotypes import CHUNK, GenotypeStore, open_genotypes
from lucidseq.core.log import Progress, get_logger
from lucidseq.core.outputs import OutputSet
from lucidseq.core.schema import QC, SUMSTATS
from lucidseq.core.tables import write_table
from lucidseq.encode.association import Association, LinearTest, ScoreTest
from lucidseq.encode.choices import ZKind
from lucidseq.encode.gwas_ssf import harmonise, read_gwas_ssf
from lucidseq.encode.individuals import complete_individuals
from lucidseq.encode.people import BINARY
from lucidseq.encode.significance import neg_log10_p, p_from_neg_log10

_log = get_logger("lucidseq.encode")
_MEDIAN_CHI2 = 0.45493642311957283  # of one degree of freedom
_Steps = list[tuple[str, str, int, int]]


def sumstats(
    *,
    genotypes: Path | None,
    trait: str | None,
    input: Path | None,
    fasta: Path | None,
    n: float | None,
    z_kind: ZKind,
    drop_incomplete: bool,
    threads: int,
    out: OutputSet,
) -> Card:
    """Make summary statistics (options as in ``cli.sumstats``)."""
    card = Card("encode", "sumstats")
    if (genotypes is None) == (input is None):
        raise UsageError(
            "both or neither of --genotypes and --input", "one of them", "give --genotypes with --trait, or --input"
        )
    if genotypes is not None:
        if trait is None:
            raise UsageError("--genotypes without --trait", "the name of an encoded trait", "add --trait NAME")
        frame, steps = _from_genotypes(genotypes, trait, card)
    else:
        assert input is not None
        table = read_gwas_ssf(input, n=n, drop_incomplete=drop_incomplete)
        frame, steps = harmonise(table, fasta, source=input)
        frame["z_kind"] = z_kind.value
    if frame.empty:
        lost = ", ".join(f"{step}: {removed}" for _, step, removed, _ in steps if removed)
        raise DataError(f"no variant left ({lost})", "at least one variant that can be tested",
                        "check alleles, build and contig names", where=str(genotypes or input))  # fmt: skip
    write_table(frame, out["sumstats"], SUMSTATS)
    write_table(pd.DataFrame(steps, columns=["unit", "step", "removed", "kept"]), out["qc"], QC)
    _judge(card, frame, steps)
    return card


def _from_genotypes(path: Path, trait: str, card: Card) -> tuple[pd.DataFrame, _Steps]:
    with open_genotypes(path) as store:
        people = complete_individuals(store, trait)
        test = _test(store, trait, people, card)
        parts = []
        with Progress("variants", total=len(store.start)) as progress:
            for first in range(0, len(store.start), CHUNK):
                dosage = store.dosage_float(first, min(first + CHUNK, len(store.start)))
                parts.append(test(dosage[:, people]))
                progress.step(len(dosage))
        result = Association(*(
            np.concatenate([getattr(part, name) for part in parts] or [np.empty(0)])
            for name in ("beta", "standard_error", "z", "n", "degrees")
        ))  # fmt: skip
        frame = _frame(store, result, test.kind)
        samples = len(store.samples)
    tested = frame[np.isfinite(frame["z"])].reset_index(drop=True)
    steps = [
        ("samples", "read", 0, samples),
        ("samples", "trait or covariate missing", samples - int(people.sum()), int(people.sum())),
        ("variants", "read", 0, len(frame)),
        ("variants", "no variation after covariates", len(frame) - len(tested), len(tested)),
    ]
    return tested, steps


def _test(store: GenotypeStore, trait: str, people: np.ndarray, card: Card) -> LinearTest | ScoreTest:
    values, covariates = store.trait(trait)[people], store.covariates()[:, people]
    where = f"{store.path}, trait {trait}"
    if len(np.unique(values)) < 2:
        raise DataError(f"trait {trait} has one value in {len(values)} individuals", "a trait that varies",
                        "check the phenotypes", where=where)  # fmt: skip
    if len(values) < len(covariates) + 3:
        raise DataError(f"{len(values)} individuals and {len(covariates)} covariates", "more individuals than parameters",
                        "leave out covariates", where=where)  # fmt: skip
    if store.trait_kind(trait) != BINARY:
        _log.info(f"trait {trait}: least squares, {len(values)} individuals, {len(covariates)} covariates")
        return LinearTest(values, covariates)
    cases = int(values.sum())
    _log.info(f"trait {trait}: score test, {cases} cases, {len(values) - cases} controls, {len(covariates)} covariates")
    share = cases / len(values)
    card.add("share of cases", share, Verdict.OK if 0.02 <= share <= 0.98 else Verdict.CAUTION, threshold="0.02 to 0.98",
             advice="With few cases the score test of rare variants is too liberal: use a saddle-point or Firth test.")  # fmt: skip
    try:
        return ScoreTest(values, covariates)
    except ValueError as error:
        raise DataError(str(error), "covariates that do not separate cases from controls", "leave out such a covariate",
                        where=where) from error  # fmt: skip


def _frame(store: GenotypeStore, result: Association, kind: str) -> pd.DataFrame:
    tails = neg_log10_p(result.z, result.degrees)
    return pd.DataFrame({
        "variant_id": store.variant_id,
        "chromosome": store.contig,
        "base_pair_location": store.start + 1,
        "effect_allele": store.effect_allele,
        "other_allele": store.other_allele,
        "beta": result.beta,
        "standard_error": result.standard_error,
        "effect_allele_frequency": store.frequency,
        "p_value": p_from_neg_log10(tails),
        "neg_log_10_p_value": tails,
        "rsid": store.rsid,
        "n": result.n,
        "z": result.z,
        "z_kind": kind,
    })  # fmt: skip


def _judge(card: Card, frame: pd.DataFrame, steps: _Steps) -> None:
    z = frame["z"].to_numpy()
    inflation = float(np.median(z**2) / _MEDIAN_CHI2)
    genome_wide = len(frame) >= 10_000
    card.add(
        "genomic inflation (lambda)", inflation, Verdict.OK if inflation <= 1.1 or not genome_wide else Verdict.CAUTION,
        threshold="<= 1.1 over the genome (not judged below 10,000 variants)",
        advice="Structure, relatedness or many causal variants: add principal components as covariates, or use a mixed model.",
    )  # fmt: skip
    read = next(kept for unit, step, _, kept in steps if unit == "variants" and step == "read")
    share = len(frame) / read
    card.add("variants kept", share, Verdict.OK if share >= 0.9 else Verdict.CAUTION, threshold=">= 0.9",
             advice="Many variants went: the qc table says why.")  # fmt: skip
    spread = float(frame["n"].max() / frame["n"].min())
    card.add("largest over smallest N of a variant", spread, Verdict.OK if spread <= 1.2 else Verdict.CAUTION, threshold="<= 1.2",
             advice="Variants with unequal N mislead fine mapping: impute, or leave out variants with small N.")  # fmt: skip
    if "palindromic" in frame.attrs:
        share = frame.attrs["palindromic"] / len(frame)
        card.add("palindromic variants", share, Verdict.OK if share <= 0.2 else Verdict.CAUTION, threshold="<= 0.2",
                 advice="Their strand cannot be checked against the reference: make sure alleles are on the forward strand.")  # fmt: skip
