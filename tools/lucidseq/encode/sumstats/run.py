"""`encode sumstats`: genotypes and a trait, or a file of any dialect, -> harmonised summary statistics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.card import Card
from lucidseq.core.errors import DataError, UsageError
from lucidseq.core.genome import Genome
from lucidseq.core.genotypes import CHUNK, GenotypeStore, open_genotypes
from lucidseq.core.log import Progress, get_logger
from lucidseq.core.outputs import OutputSet
from lucidseq.core.pvalues import neg_log10_p, p_from_neg_log10
from lucidseq.core.schema import QC, SUMSTATS
from lucidseq.core.tables import TableWriter, write_table
from lucidseq.encode.complete_samples import complete_samples
from lucidseq.encode.genotypes.samples import BINARY
from lucidseq.encode.sumstats.association import Association, LinearTest, ScoreTest
from lucidseq.encode.sumstats.card import check_cases, check_file, check_statistics
from lucidseq.encode.sumstats.choices import Dialect, ExportDialect
from lucidseq.encode.sumstats.cli import SumstatsOptions
from lucidseq.encode.sumstats.detect import parse_columns
from lucidseq.encode.sumstats.export import export_table, export_vcf
from lucidseq.encode.sumstats.file import Harmonised, References, harmonise_file, z_kind_of
from lucidseq.encode.sumstats.frequencies import EffectAlleleFrequencies
from lucidseq.encode.sumstats.read import ReadOptions
from lucidseq.encode.sumstats.reference_alleles import matches
from lucidseq.encode.sumstats.sumstats_columns import Ledger

_log = get_logger("lucidseq.encode")
_Steps = list[tuple[str, str, int, int]]


def sumstats(options: SumstatsOptions, out: OutputSet) -> Card:
    """Compute or harmonise summary statistics (options as in ``cli.sumstats``)."""
    card = Card("encode", "sumstats")
    if (options.genotypes is None) == (options.input is None):
        raise UsageError("both or neither of --genotypes and --input", "one of them", "give --genotypes with --trait, or --input")
    if options.genotypes is not None:
        if options.trait is None:
            raise UsageError("--genotypes without --trait", "the name of an encoded trait", "add --trait NAME")
        if options.export is not ExportDialect.NONE:
            raise UsageError("--export with --genotypes", "--input", "give the .sumstats.tsv.gz of this run as --input of a second one")
        frame, steps = _from_genotypes(options.genotypes, options.trait, card)
        if frame.empty:
            reasons = ", ".join(f"{step}: {removed}" for _, step, removed, _ in steps if removed)
            raise DataError(
                f"every variant was removed ({reasons})",
                "at least one variant that can be tested",
                "check alleles, build and contig names",
                where=str(options.genotypes),
            )
        write_table(frame, out["sumstats"], SUMSTATS)
        write_table(pd.DataFrame(steps, columns=["unit", "step", "removed", "kept"]), out["qc"], QC)
        read = next(kept for unit, step, _, kept in steps if unit == "variants" and step == "read")
        check_statistics(card, frame["z"].to_numpy(), frame["n"].to_numpy(), read=read)
        return card
    assert options.input is not None
    reading = ReadOptions(
        options.dialect, parse_columns(options.column or []), options.trait, options.n, options.sample_size, options.drop_incomplete
    )
    references = References(options.fasta, options.panel, options.chain, options.strand, options.max_palindrome_frequency)
    with Ledger(out["dropped"]) as ledger:
        harmonised = harmonise_file(options.input, reading, references, ledger)
    _write(harmonised, z_kind_of(harmonised.source.layout, options.z_kind), out)
    steps = ledger.steps(harmonised.source.read)
    write_table(pd.DataFrame(steps, columns=["unit", "step", "removed", "kept"]), out["qc"], QC)
    check_statistics(card, harmonised.study["z"], harmonised.study["n"], read=harmonised.source.read)
    check_file(card, harmonised, ledger, options.strand, options.sample_size)
    if options.export is not ExportDialect.NONE:
        _export(harmonised, Dialect(options.export.value), options.fasta, options.input, out)
    return card


def _write(harmonised: Harmonised, z_kind: str, out: OutputSet) -> None:
    with TableWriter(out["sumstats"], SUMSTATS) as writer:
        for table in harmonised.study.tables({"z_kind": z_kind}):
            writer.append(table)


def _export(harmonised: Harmonised, dialect: Dialect, fasta: Path | None, input: Path, out: OutputSet) -> None:
    """Write the study in another format; with a genome, REF of a VCF is the genome's allele."""
    if dialect is not Dialect.GWAS_VCF:
        export_table(harmonised.study, dialect, out["exported"])
        return
    if fasta is None:
        _log.warning("without --fasta, REF of the exported VCF is the other allele, not always the genome's")
    else:
        with Genome(fasta) as genome:
            effect, other = matches(harmonised.study, genome, harmonised.study["effect"], harmonised.study["other"])
        harmonised.study.swap_alleles(effect & ~other)
        both = int((effect & other).sum())
        if both:
            _log.info(f"{both} insertions or deletions fit the genome with either allele as REF: the other allele stays REF")
    name = input.name.split(".")[0]
    export_vcf(harmonised.study, out["exported_vcf"], name=name, lengths=harmonised.lengths)


def _from_genotypes(path: Path, trait: str, card: Card) -> tuple[pd.DataFrame, _Steps]:
    with open_genotypes(path) as store:
        complete = complete_samples(store, trait)
        test = _test(store, trait, complete, card)
        frequencies = EffectAlleleFrequencies(store, complete)
        parts, frequency = [], np.empty(len(store.start))
        with Progress("variants", total=len(store.start)) as progress:
            for first in range(0, len(store.start), CHUNK):
                dosage = store.dosage_float(first, min(first + CHUNK, len(store.start)))[:, complete]
                parts.append(test(dosage))
                frequency[first : first + len(dosage)] = frequencies(dosage, first)
                progress.step(len(dosage))
        result = Association(
            *(
                np.concatenate([getattr(part, name) for part in parts] or [np.empty(0)])
                for name in ("beta", "standard_error", "z", "n", "degrees")
            )
        )
        frame = _frame(store, result, frequency, test.kind)
        samples = len(store.samples)
    tested = frame[np.isfinite(frame["z"])].reset_index(drop=True)
    steps = [
        ("samples", "read", 0, samples),
        ("samples", "trait or covariate missing", samples - int(complete.sum()), int(complete.sum())),
        ("variants", "read", 0, len(frame)),
        ("variants", "no variation after covariates", len(frame) - len(tested), len(tested)),
    ]
    return tested, steps


def _test(store: GenotypeStore, trait: str, complete: np.ndarray, card: Card) -> LinearTest | ScoreTest:
    values, covariates = store.trait(trait)[complete], store.covariates()[:, complete]
    where = f"{store.path}, trait {trait}"
    if len(np.unique(values)) < 2:
        raise DataError(f"trait {trait} has one value in {len(values)} samples", "a trait that varies", "check the phenotypes", where=where)
    if len(values) < len(covariates) + 3:
        raise DataError(
            f"{len(values)} samples and {len(covariates)} covariates", "more samples than parameters", "remove covariates", where=where
        )
    if store.trait_kind(trait) != BINARY:
        _log.info(f"trait {trait}: least squares, {len(values)} samples, {len(covariates)} covariates")
        return LinearTest(values, covariates)
    cases = int(values.sum())
    _log.info(f"trait {trait}: score test, {cases} cases, {len(values) - cases} controls, {len(covariates)} covariates")
    check_cases(card, cases / len(values))
    try:
        return ScoreTest(values, covariates)
    except ValueError as error:
        raise DataError(
            str(error), "covariates that do not separate cases from controls", "remove such a covariate", where=where
        ) from error


def _frame(store: GenotypeStore, result: Association, frequency: np.ndarray, kind: str) -> pd.DataFrame:
    tails = neg_log10_p(result.z, result.degrees)
    return pd.DataFrame(
        {
            "variant_id": store.variant_id,
            "chromosome": store.contig,
            "base_pair_location": store.start + 1,
            "effect_allele": store.effect_allele,
            "other_allele": store.other_allele,
            "beta": result.beta,
            "standard_error": result.standard_error,
            "effect_allele_frequency": frequency,
            "p_value": p_from_neg_log10(tails),
            "neg_log_10_p_value": tails,
            "rsid": store.rsid,
            "n": result.n,
            "z": result.z,
            "z_kind": kind,
        }
    )
