"""GWAS-SSF summary statistics: read with line-numbered errors, harmonised against a reference genome.

References
----------
Hayhurst et al. (2022) A community driven GWAS summary statistics standard, doi:10.1101/2022.07.15.500230.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.errors import DataError, UsageError, place
from lucidseq.core.genome import Genome
from lucidseq.core.tables import open_text
from lucidseq.core.variants import variant_ids
from lucidseq.encode.regions import other_spelling
from lucidseq.encode.significance import neg_log10_p, p_from_neg_log10

_MISSING = ("", "#NA", "NA", "NaN", "nan", "N/A", "null", ".")
_REQUIRED = ("chromosome", "base_pair_location", "effect_allele", "other_allele")
_NUMBERS = ("beta", "odds_ratio", "standard_error", "p_value", "neg_log_10_p_value", "effect_allele_frequency", "n")
_COMPLEMENT = str.maketrans("ACGT", "TGCA")
_NUMBERED = {"23": "X", "24": "Y", "25": "MT"}  # GWAS-SSF's numbers of the other chromosomes
_LN10 = np.log(10.0)
_Steps = list[tuple[str, str, int, int]]


def read_gwas_ssf(path: Path, *, n: float | None, drop_incomplete: bool) -> pd.DataFrame:
    """Read a GWAS-SSF table.

    Parameters
    ----------
    path
        TSV with GWAS-SSF's column names, plain or gzip.
    n
        Sample size for every variant when there is no column ``n``.
    drop_incomplete
        Leave out rows in which a needed value is missing rather than refuse the file.

    Returns
    -------
    Columns chromosome, base_pair_location, effect_allele, other_allele, rsid, beta, standard_error, z,
    effect_allele_frequency and n; ``attrs["incomplete"]`` counts rows left out.

    Raises
    ------
    DataError
        If a column is missing or a value is not what it should be; the line is named.
    UsageError
        If there is no sample size.
    """
    text = _read_text(path)
    columns = set(text.columns)
    absent = [name for name in _REQUIRED if name not in columns]
    effect = "beta" if "beta" in columns else "odds_ratio"
    doubt = next((name for name in ("standard_error", "neg_log_10_p_value", "p_value") if name in columns), None)
    if effect not in columns:
        absent.append("beta (or odds_ratio)")
    if doubt is None:
        absent.append("standard_error (or p_value)")
    if absent:
        raise DataError(f"no column {', '.join(absent)} (columns: {', '.join(text.columns)})", "the columns of GWAS-SSF",
                        "rename the columns as GWAS-SSF calls them", where=place(path, line=1))  # fmt: skip
    if "n" not in columns:
        if n is None:
            raise UsageError(f"no column n in {path.name}", "the sample size", "add --n NUMBER, or a column n")
        text["n"] = str(n)
    needed = [*_REQUIRED, effect, str(doubt), "n"]
    incomplete = text[needed].isin(_MISSING).any(axis=1)
    if incomplete.any() and not drop_incomplete:
        row = int(incomplete.to_numpy().argmax())
        name = next(name for name in needed if text[name].iloc[row] in _MISSING)
        raise DataError(f"{name} is missing ({text[name].iloc[row]!r})", "a value in every row",
                        "fill it in, or add --drop-incomplete to leave such rows out", where=place(path, line=row + 2))  # fmt: skip
    text = text[~incomplete]
    frame = _typed(text, path)
    frame = _with_z(frame, effect, str(doubt), path)
    frame.attrs["incomplete"] = int(incomplete.sum())
    return frame


def _read_text(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(open_text(path), sep="\t", dtype=str, keep_default_na=False, skip_blank_lines=False).fillna(
            ""
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, EOFError, OSError) as error:
        raise DataError(f"a table that cannot be read ({error})", "a TSV with a header", "make or copy the file again",
                        where=str(path)) from error  # fmt: skip
    if frame.empty:
        raise DataError("zero variants", "at least one row below the header", "check the file", where=str(path))
    return frame[(frame != "").any(axis=1)]  # the index still counts empty lines


def _typed(text: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Turn text into numbers and clean alleles; the index keeps each row's line."""
    frame = pd.DataFrame(index=text.index)
    frame["chromosome"] = text["chromosome"].str.strip()
    for name in ("effect_allele", "other_allele"):
        frame[name] = text[name].str.strip().str.upper()
        _refuse(~frame[name].str.fullmatch("[ACGTN]+"), text[name], name, "bases (A, C, G, T)", path)
    _refuse(frame["effect_allele"] == frame["other_allele"], text["effect_allele"], "effect_allele",
            "an allele other than other_allele", path)  # fmt: skip
    position = _numbers(text["base_pair_location"], "base_pair_location", path)
    _refuse(
        (position < 1) | (position % 1 != 0),
        text["base_pair_location"],
        "base_pair_location",
        "a whole number from 1",
        path,
    )
    frame["base_pair_location"] = position.astype("int64")
    for name in _NUMBERS:
        if name in text.columns:
            frame[name] = _numbers(text[name], name, path)
    rsid = next((name for name in ("rsid", "variant_id") if name in text.columns), None)
    frame["rsid"] = text[rsid].where(~text[rsid].isin(_MISSING), ".") if rsid else "."
    return frame


def _numbers(text: pd.Series, name: str, path: Path) -> pd.Series:
    """Return finite numbers; missing marks become NaN, anything else is refused."""
    missing = text.isin(_MISSING)
    numbers = pd.to_numeric(text.where(~missing), errors="coerce").astype("float64")
    _refuse(~missing & ~np.isfinite(numbers), text, name, "a finite number with a decimal point", path)
    return numbers


def _refuse(wrong: pd.Series, text: pd.Series, name: str, expected: str, path: Path) -> None:
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        line = int(wrong.index.to_numpy()[row]) + 2
        raise DataError(f"{name} = {text.iloc[row]!r}", expected, "correct the value", where=place(path, line=line))


def _with_z(frame: pd.DataFrame, effect: str, doubt: str, path: Path) -> pd.DataFrame:
    """Add z from the effect and its standard error, or from the p-value and the effect's sign."""
    if effect == "odds_ratio":
        _refuse(frame["odds_ratio"] <= 0, frame["odds_ratio"], "odds_ratio", "a number above 0", path)
        frame["beta"] = np.log(frame["odds_ratio"])
    _refuse(frame["n"] <= 0, frame["n"], "n", "a number above 0", path)
    if "effect_allele_frequency" in frame:
        frequency = frame["effect_allele_frequency"]
        _refuse((frequency < 0) | (frequency > 1), frequency, "effect_allele_frequency", "a number from 0 to 1", path)
    else:
        frame["effect_allele_frequency"] = np.nan
    if doubt == "standard_error":
        _refuse(frame[doubt] <= 0, frame[doubt], doubt, "a number above 0", path)
        frame["z"] = frame["beta"] / frame["standard_error"]
        return frame
    if doubt == "p_value":
        wrong = (frame[doubt] <= 0) | (frame[doubt] > 1)
        _refuse(
            wrong,
            frame[doubt],
            doubt,
            "a number above 0 and up to 1 (or a column standard_error or neg_log_10_p_value)",
            path,
        )
        log_p = np.log(frame[doubt].to_numpy())
    else:
        _refuse(frame[doubt] < 0, frame[doubt], doubt, "a number from 0", path)
        log_p = -frame[doubt].to_numpy() * _LN10
    size = z_of_log_p(log_p)
    frame["z"] = np.sign(frame["beta"]) * size
    with np.errstate(divide="ignore", invalid="ignore"):
        frame["standard_error"] = np.abs(frame["beta"]) / size
    unclear = (frame["beta"] == 0) & (size > 0)
    _refuse(unclear, frame["beta"], "beta", "an effect other than 0 where p < 1", path)
    return frame


def z_of_log_p(log_p: np.ndarray) -> np.ndarray:
    """Return |z| of two-sided p-values given as natural logarithms."""
    from scipy import special

    size: np.ndarray = -special.ndtri_exp(np.minimum(log_p, 0.0) - np.log(2.0)) + 0.0
    return size


def harmonise(frame: pd.DataFrame, fasta: Path | None, *, source: Path) -> tuple[pd.DataFrame, _Steps]:
    """Bring summary statistics into the suite's form.

    With a reference genome, contigs get its names and one of the two alleles must be the reference's; alleles and signs stay as
    given, for the effect allele is named in every row. Of several rows with the same position and alleles the first stays.

    Returns
    -------
    (rows sorted by contig and position, in the columns of `core.schema.SUMSTATS` less z_kind; counts of what was removed)
    """
    left = len(frame) + frame.attrs["incomplete"]
    steps: _Steps = [("variants", "read", 0, left), ("variants", "incomplete", frame.attrs["incomplete"], len(frame))]

    def apply(name: str, keep: np.ndarray) -> None:
        nonlocal frame
        frame = frame[keep]
        steps.append(("variants", name, int((~keep).sum()), len(frame)))

    order: list[str] = []
    if fasta is not None:
        with Genome(fasta) as genome:
            order = list(genome.lengths)
            frame = frame.assign(chromosome=_rename(frame["chromosome"], genome, source))
            apply("contig not in the FASTA", frame["chromosome"].isin(order).to_numpy())
            apply("reference allele in neither", _matches(frame, genome))
    first, second = (
        np.minimum(frame["effect_allele"], frame["other_allele"]),
        np.maximum(frame["effect_allele"], frame["other_allele"]),
    )
    keys = pd.DataFrame({"c": frame["chromosome"], "p": frame["base_pair_location"], "a": first, "b": second})
    apply("duplicate", ~keys.duplicated().to_numpy())

    ranks = {contig: rank for rank, contig in enumerate(order or pd.unique(frame["chromosome"]))}
    rank = frame["chromosome"].map(ranks)
    frame = frame.iloc[np.lexsort((frame["base_pair_location"], rank))].reset_index(drop=True)
    result = _finish(frame)
    palindromic = frame["effect_allele"].str.translate(_COMPLEMENT) == frame["other_allele"]
    result.attrs["palindromic"] = int(palindromic.sum())
    steps.append(("variants", f"palindromic, kept: {int(palindromic.sum())}", 0, len(result)))
    return result, steps


def _rename(contigs: pd.Series, genome: Genome, source: Path) -> pd.Series:
    """Give contigs the FASTA's names, where it has them under another spelling."""
    names = {}
    for contig in pd.unique(contigs):
        letter = _NUMBERED.get(contig.removeprefix("chr"), contig)
        tries = [contig, other_spelling(contig), letter, other_spelling(letter)]
        tries += ["chrM"] if letter in ("MT", "chrMT") else []
        names[contig] = next((name for name in tries if name in genome.lengths), contig)
    if not any(name in genome.lengths for name in names.values()):
        raise DataError(
            f"contigs {', '.join(list(names)[:5])}", f"contigs of {genome.path.name} ({', '.join(list(genome.lengths)[:5])}, ...)",
            "use summary statistics and a FASTA of the same build", where=place(source, line=2),
        )  # fmt: skip
    return contigs.map(names)


def _matches(frame: pd.DataFrame, genome: Genome) -> np.ndarray:
    """Say which rows have the reference's bases as one of their alleles."""
    from lucidseq.core import alphabet

    matches = np.zeros(len(frame), dtype=bool)
    for contig, rows in frame.groupby("chromosome", sort=False).indices.items():
        codes = genome.fetch(str(contig), 0, genome.lengths[str(contig)])
        start = frame["base_pair_location"].to_numpy()[rows] - 1
        for name in ("effect_allele", "other_allele"):
            alleles = frame[name].to_numpy()[rows]
            lengths = np.array([len(allele) for allele in alleles])
            for length in np.unique(lengths):
                same = np.flatnonzero((lengths == length) & (start + length <= len(codes)))
                if len(same):
                    window = codes[start[same, None] + np.arange(length)]
                    given = alphabet.encode("".join(alleles[same])).reshape(len(same), length)
                    matches[rows[same]] |= (window == given).all(axis=1)
    return matches


def _finish(frame: pd.DataFrame) -> pd.DataFrame:
    tails = neg_log10_p(frame["z"].to_numpy(), np.full(len(frame), np.inf))
    columns = ("chromosome", "base_pair_location", "effect_allele", "other_allele")
    result = frame[[*columns, "beta", "standard_error", "effect_allele_frequency", "rsid", "n", "z"]].copy()
    result["variant_id"] = variant_ids(
        frame["chromosome"], frame["base_pair_location"], frame["other_allele"], frame["effect_allele"]
    )
    result["neg_log_10_p_value"] = tails
    result["p_value"] = p_from_neg_log10(tails)
    return result
