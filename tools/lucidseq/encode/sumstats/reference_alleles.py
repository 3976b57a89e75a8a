"""Compare summary statistics with a reference genome: build, strand, and reference allele of each row.

For a SNP whose alleles are no complements of each other, either the alleles as given or their complements hold the reference's
base, at any position: a flip makes any row match. So a row is flipped only when the whole file is on the other strand, or mixed, and the
build is recognised from SNPs that do not change by a flip (A/T and C/G).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lucidseq.core import alphabet
from lucidseq.core.errors import DataError
from lucidseq.core.genome import Genome
from lucidseq.core.variants import AlleleKind
from lucidseq.encode.sumstats.builds import name_of, possible
from lucidseq.encode.sumstats.choices import StrandRule
from lucidseq.encode.sumstats.sumstats_columns import Ledger, SumstatsColumns
from lucidseq.encode.sumstats.values import UNKNOWN, allele_state

ENOUGH = 50  # SNPs from which strand and build of a file are recognised
_FORWARD, _REVERSE = 0.9, 0.1  # share of SNPs whose alleles hold the reference's base as given


@dataclass(frozen=True)
class Fit:
    """Agreement of a study with a genome.

    Attributes
    ----------
    share
        Share of non-palindromic SNPs that have the reference's base as given; NaN when there is none.
    palindromic_share
        Share of palindromic SNPs that have it; NaN when there is none.
    snps, palindromic
        How many of each.
    strand
        forward, reverse, mixed, or unknown (too few SNPs: rows are not flipped).
    """

    share: float
    palindromic_share: float
    snps: int
    palindromic: int
    strand: str


def reference_base(study: SumstatsColumns, genome: Genome) -> np.ndarray:
    """Return the genome's base code (0-3, 4 = N or beyond the end) at each row's position, uint8."""
    bases = np.full(len(study), alphabet.N_CODE, dtype=np.uint8)
    for codes, rows, start in _by_contig(study, genome):
        inside = start < len(codes)
        bases[rows[inside]] = codes[start[inside]]
    return bases


def _by_contig(study: SumstatsColumns, genome: Genome):  # type: ignore[no-untyped-def]  # an iterator of three arrays
    for code in np.unique(study["contig"]).tolist():
        contig = study.contigs.texts[code]
        rows = np.flatnonzero(study["contig"] == code)
        yield genome.fetch(contig, 0, genome.lengths[contig]), rows, study["position"][rows] - 1


def matches(study: SumstatsColumns, genome: Genome, *alleles: np.ndarray) -> list[np.ndarray]:
    """Return, for each column of allele codes, whether the genome has the allele at the position of each row."""
    results = [np.zeros(len(study), dtype=bool) for _ in alleles]
    tables = _allele_tables(study)
    sizes = np.where(allele_state(study.alleles) == AlleleKind.BASES, study.alleles.lengths(), 0)
    sizes[UNKNOWN] = 0
    for codes, rows, start in _by_contig(study, genome):
        for result, column in zip(results, alleles, strict=True):
            lengths = sizes[column[rows]]
            for length in np.unique(lengths[lengths > 0]).tolist():
                index, table = tables[length]
                same = np.flatnonzero((lengths == length) & (start + length <= len(codes)))
                known = index[column[rows[same]]]
                equal = np.ones(len(same), dtype=bool)
                for offset in range(length):
                    at = np.flatnonzero(equal)
                    if not len(at):
                        break
                    equal[at] = codes[start[same[at]] + offset] == table[known[at], offset]
                result[rows[same[equal]]] = True
    return results


def _allele_tables(study: SumstatsColumns) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Return, by allele length: the row of each allele code in a table, and the table of base codes.

    The pool also has alleles of removed rows, which need not be bases.
    """
    texts = study.alleles.texts
    bases = allele_state(study.alleles) == AlleleKind.BASES
    by_length: dict[int, list[int]] = {}
    for code, text in enumerate(texts):
        if bases[code]:
            by_length.setdefault(len(text), []).append(code)
    tables = {}
    for length, codes in by_length.items():
        index = np.full(len(texts) + 1, -1, dtype=np.int32)
        index[codes] = np.arange(len(codes))
        table = alphabet.encode("".join(texts[code] for code in codes)).reshape(len(codes), length)
        tables[length] = index, np.where(table == alphabet.N_CODE, 255, table).astype(np.uint8)  # N is no match
    return tables


def kinds(study: SumstatsColumns) -> tuple[np.ndarray, np.ndarray]:
    """Return masks of SNPs that are not palindromes, and of palindromes (either allele the other's reverse complement)."""
    lengths, bases = study.alleles.lengths(), allele_state(study.alleles) == AlleleKind.BASES
    known = (study["effect"] != UNKNOWN) & (study["other"] != UNKNOWN) & bases[study["effect"]] & bases[study["other"]]
    palindromic = known & (study.alleles.complement(study["effect"]) == study["other"])
    snp = known & (lengths[study["effect"]] == 1) & (lengths[study["other"]] == 1)
    return snp & ~palindromic, palindromic


def find_strand(study: SumstatsColumns, genome: Genome, rule: StrandRule) -> Fit:
    """Find build and strand of a study whose contigs are the genome's.

    Raises
    ------
    DataError
        If the reference alleles are not those of this genome.
    """
    snp, palindromic = kinds(study)
    effect, other = matches(study, genome, study["effect"], study["other"])
    given = effect | other
    snps, others = int(snp.sum()), int(palindromic.sum())
    share = float(given[snp].mean()) if snps else np.nan
    palindromic_share = float(given[palindromic].mean()) if others else np.nan
    right = others < ENOUGH or palindromic_share >= _FORWARD
    sure = others >= ENOUGH and right
    if snps < ENOUGH:
        strand = "unknown"
    elif share >= _FORWARD and right:
        strand = "forward"
    elif share <= _REVERSE and right:
        strand = "reverse"
    else:
        strand = "mixed" if sure else "wrong"
    if snps < ENOUGH and not right:
        strand = "wrong"
    if strand == "wrong" or (rule is StrandRule.FORWARD and strand in ("mixed", "reverse")):
        _refuse(study, genome, Fit(share, palindromic_share, snps, others, strand))
    return Fit(share, palindromic_share, snps, others, strand)


def _refuse(study: SumstatsColumns, genome: Genome, fit: Fit) -> None:
    build = name_of(genome.lengths) or genome.path.name
    last = last_positions(study)
    fits = ", ".join(name for name in possible(last) if name != build)
    observed = f"the reference allele of {fit.share:.0%} of {fit.snps} SNPs"
    if fit.palindromic:
        observed += f" and {fit.palindromic_share:.0%} of {fit.palindromic} A/T and C/G SNPs"
    if fit.strand != "wrong":
        received = f"{observed} as given: the {fit.strand} strand of {build}"
        raise DataError(received, "alleles on the forward strand", "use --strand auto, or flip the alleles", where=str(genome.path))
    fix = f"use the genome of the file's build{f' (by its positions {fits} could be)' if fits else ''}, or lift it over with --chain"
    raise DataError(f"{observed} in {build}", "that of at least 90 %: positions of another build, or shifted", fix, where=str(genome.path))


def last_positions(study: SumstatsColumns) -> dict[str, int]:
    """Return the last position on each contig."""
    return {
        study.contigs.texts[code]: int(study["position"][study["contig"] == code].max()) for code in np.unique(study["contig"]).tolist()
    }


def apply(study: SumstatsColumns, genome: Genome, fit: Fit, ledger: Ledger) -> None:
    """Flip rows on the other strand, and remove rows without the reference allele."""
    lengths = np.array([genome.lengths.get(name, 0) for name in study.contigs.texts], dtype=np.int64)
    study.drop(study["position"] > lengths[study["contig"]], "position beyond the contig's end", ledger)
    if fit.strand in ("reverse", "mixed"):
        _, palindromic = kinds(study)
        (effect, other) = matches(study, genome, study["effect"], study["other"])
        complements = [study.alleles.complement(study[name]) for name in ("effect", "other")]
        effect_complement, other_complement = matches(study, genome, *complements)
        flip = (effect_complement | other_complement) & ~(effect | other) & ~palindromic
        if fit.strand == "reverse":  # single rows on the forward strand are errors
            flip = np.ones(len(study), dtype=bool)
        ledger.note("strand flipped", int(flip.sum()))
        for name, column in zip(("effect", "other"), complements, strict=True):
            study[name] = np.where(flip, column, study[name])
    effect, other = matches(study, genome, study["effect"], study["other"])
    study.drop(~(effect | other), "reference allele in neither", ledger)


def fill_other_from_reference(study: SumstatsColumns, genome: Genome, ledger: Ledger) -> None:
    """Fill in the other allele from the genome, where the effect allele is another single base; remove other rows."""
    unknown = study["other"] == UNKNOWN
    bases = np.array([study.alleles.code(base) for base in "ACGT"] + [UNKNOWN], dtype=np.int32)
    reference = bases[reference_base(study, genome)]
    single = study.alleles.lengths()[study["effect"]] == 1
    good = unknown & single & (reference != UNKNOWN) & (reference != study["effect"])
    study["other"] = np.where(good, reference, study["other"])
    ledger.note("other allele from the FASTA", int(good.sum()))
    study.drop(unknown & ~good, "other allele unknown", ledger)
