"""Align summary statistics to a panel: positions by name, missing alleles, strand, order of alleles, palindromes by frequency."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lucidseq.core.errors import DataError, UsageError
from lucidseq.encode.sumstats.reference_alleles import kinds
from lucidseq.encode.sumstats.sumstats_columns import Ledger, SumstatsColumns
from lucidseq.encode.sumstats.values import UNKNOWN
from lucidseq.encode.sumstats.variant_panel import VariantPanel

_CONSENSUS, _ENOUGH = (0.99, 50)  # share of SNPs on one strand, and number of SNPs, from which palindromes are assumed on it
FAR = 0.2  # larger differences of frequencies are counted


@dataclass(frozen=True)
class Alignment:
    """Agreement of a study with a panel.

    Attributes
    ----------
    matched
        Rows whose position and alleles the panel has.
    panel_matched
        Variants of the panel that a row has.
    correlation
        Correlation of effect-allele frequencies without palindromes; NaN when unknown.
    far
        Share of those rows whose frequencies differ by more than `FAR`; NaN when unknown.
    """

    matched: int
    panel_matched: int
    correlation: float
    far: float


def place_by_name(study: SumstatsColumns, panel: VariantPanel, ledger: Ledger) -> None:
    """Fill in missing positions by the names of the panel's variants; remove rows without a match."""
    unknown = study["position"] == 0
    if not unknown.any():
        return
    named = panel.name != 0
    rows = np.flatnonzero(named)
    unplaced = np.flatnonzero(unknown & (study["name"] != 0))
    theirs, ours = _comparable(study, panel.name[rows], study["name"][unplaced])
    places = pd.DataFrame({"name": theirs, "place": _key(panel.contig[rows], panel.position[rows]), "row": rows})
    places = places.drop_duplicates(["name", "place"])
    several = places["name"].duplicated(keep=False).to_numpy()
    index = pd.Index(places["name"][~several]).get_indexer(ours)
    source = places["row"].to_numpy()[~several][index[index >= 0]]
    contig, position = study["contig"].copy(), study["position"].copy()
    contig[unplaced[index >= 0]], position[unplaced[index >= 0]] = panel.contig[source], panel.position[source]
    study["contig"], study["position"] = contig, position
    unclear = np.zeros(len(study), dtype=bool)
    unclear[unplaced[np.isin(ours, places["name"][several].to_numpy())]] = True
    study.drop(unclear, "name at several places of the panel", ledger)
    study.drop(study["position"] == 0, "name not in the panel", ledger)


def _comparable(study: SumstatsColumns, theirs: np.ndarray, ours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return names as rs numbers where all are, else as text."""
    if (theirs > 0).all() and (ours > 0).all():
        return theirs, ours
    return np.array(study.names.decode(theirs), dtype=object), np.array(study.names.decode(ours), dtype=object)


def fill_alleles(study: SumstatsColumns, panel: VariantPanel, ledger: Ledger) -> bool:
    """Fill in missing alleles from the panel's variant at the position; remove rows without a match.

    Returns
    -------
    Whether there were such rows.

    Raises
    ------
    UsageError
        If effect alleles are missing and the panel is not a .bim, whose A1 is the effect allele of PLINK's results.
    """
    unknown = (study["effect"] == UNKNOWN) | (study["other"] == UNKNOWN)
    if not unknown.any():
        return False
    both = study["effect"] == UNKNOWN
    if both.any() and not panel.is_bim:
        raise UsageError(f"--panel {panel.path.name} for a file without alleles", "the .bim of the PLINK run", "give it as --panel")
    table = pd.DataFrame({"key": _key(panel.contig, panel.position), "row": np.arange(len(panel))}).sort_values(
        ["key", "row"], kind="stable"
    )
    keys, order = table["key"].to_numpy(), table["row"].to_numpy()
    ours = _key(study["contig"], study["position"])
    left, right = np.searchsorted(keys, ours, side="left"), np.searchsorted(keys, ours, side="right")
    effect, other = study["effect"].copy(), study["other"].copy()
    hits, sure = np.zeros((2, len(study)), dtype=np.int64)  # matching variants, and those of the same name
    for step in range(int((right - left)[unknown].max(initial=0))):
        rows = np.flatnonzero(unknown & (left + step < right))
        theirs = order[left[rows] + step]
        first, second = panel.effect[theirs], panel.other[theirs]
        named = _same_names(study, panel, rows, theirs)
        for panel_effect, panel_other in ((first, second), (second, first)):
            lacks_both = both[rows]
            fits = np.where(lacks_both, named & (panel_effect == first), study["effect"][rows] == panel_effect)
            better = fits & (named | (sure[rows] == 0))
            effect[rows[better]], other[rows[better]] = panel_effect[better], panel_other[better]
            hits[rows[fits]] += 1
            sure[rows[fits & named]] += 1
    good = unknown & ((sure == 1) | ((sure == 0) & (hits == 1)))
    study["effect"], study["other"] = np.where(good, effect, study["effect"]), np.where(good, other, study["other"])
    ledger.note("alleles from the panel", int(good.sum()))
    study.drop(unknown & ~good, "other allele unknown", ledger)
    return True


def _same_names(study: SumstatsColumns, panel: VariantPanel, rows: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Return where names agree, or both are missing."""
    ours, theirs_named = _comparable(study, study["name"][rows], panel.name[theirs])
    return np.asarray(ours == theirs_named, dtype=bool)


def _key(contig: np.ndarray, position: np.ndarray) -> np.ndarray:
    return (contig.astype(np.int64) << 40) + position


class _Lookup:
    """Finds the first row of a position and an ordered pair of alleles on one contig of a panel; -1 where there is none."""

    def __init__(self, panel: VariantPanel, rows: np.ndarray, alleles: int) -> None:
        self._alleles = alleles + 1
        pairs = self._pair(panel.effect[rows], panel.other[rows])
        self._places, self._pairs = np.unique(panel.position[rows]), np.unique(pairs)
        self._keys, first = np.unique(self._combine(panel.position[rows], pairs), return_index=True)
        self._rows = rows[first]

    def _pair(self, effect: np.ndarray, other: np.ndarray) -> np.ndarray:
        return effect.astype(np.int64) * self._alleles + other

    def _combine(self, places: np.ndarray, pairs: np.ndarray) -> np.ndarray:
        at, pair = _rank(self._places, places), _rank(self._pairs, pairs)
        return np.where((at >= 0) & (pair >= 0), at * len(self._pairs) + pair, -1)

    def has_place(self, position: np.ndarray) -> np.ndarray:
        """Return which positions the panel has."""
        return _rank(self._places, position) >= 0

    def __call__(self, position: np.ndarray, effect: np.ndarray, other: np.ndarray) -> np.ndarray:
        at = _rank(self._keys, self._combine(position, self._pair(effect, other)))
        return np.where(at >= 0, self._rows[at], -1)


@dataclass(frozen=True)
class _Match:
    """For each row of a study: the panel's row (-1 none), whether alleles are swapped and complemented, and whether the panel has the position."""

    row: np.ndarray
    swap: np.ndarray
    flip: np.ndarray
    place: np.ndarray


def _match(study: SumstatsColumns, panel: VariantPanel) -> _Match:
    """Look rows up as given, swapped, complemented, and both, one contig at a time."""
    size = len(study)
    match = _Match(np.full(size, -1, dtype=np.int64), *(np.zeros(size, dtype=bool) for _ in range(3)))
    complements = study.alleles.complement(np.arange(len(study.alleles.texts)))  # adds their codes
    alleles = len(study.alleles.texts)
    for contig in np.intersect1d(study["contig"], panel.contig).tolist():
        lookup = _Lookup(panel, np.flatnonzero(panel.contig == contig), alleles)
        rows = np.flatnonzero(study["contig"] == contig)
        position, effect, other = (study[name][rows] for name in ("position", "effect", "other"))
        given, swapped = lookup(position, effect, other), lookup(position, other, effect)
        flipped = lookup(position, complements[effect], complements[other])
        both = lookup(position, complements[other], complements[effect])
        forward = (given >= 0) | (swapped >= 0)
        row = np.select([given >= 0, swapped >= 0, flipped >= 0, both >= 0], [given, swapped, flipped, both], -1)
        match.row[rows] = row
        match.swap[rows] = np.where(forward, given < 0, flipped < 0) & (row >= 0)
        match.flip[rows] = ~forward & (row >= 0)
        match.place[rows] = lookup.has_place(position)
    return match


def _rank(known: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the index of each value among sorted ones, -1 where it is absent (or negative)."""
    at = np.minimum(np.searchsorted(known, values), len(known) - 1)
    return np.where((values >= 0) & (known[at] == values), at, -1)


def align(
    study: SumstatsColumns, panel: VariantPanel, ledger: Ledger, *, max_palindrome_frequency: float, mixed: bool, from_panel: bool
) -> Alignment:
    """Align a study to a panel's strand and order of alleles; remove rows that the panel does not have.

    The strand of palindromic variants (A/T, C/G) follows from frequencies when the minor allele is rarer than
    ``max_palindrome_frequency`` in both; without frequencies, from the strand of all other variants if they share one; else the
    row is removed.

    Parameters
    ----------
    mixed
        The file mixes strands: only frequencies show the strand of palindromes.
    from_panel
        Alleles come from the panel and are on its strand.

    Raises
    ------
    DataError
        If the panel has none of the variants.
    """
    match = _match(study, panel)
    row, has = match.row, match.row >= 0
    if not has.any():
        expected = "the same variants by position and alleles"
        fix = "use a panel of the same build, or lift over with --chain"
        raise DataError(f"no variant of the summary statistics is in {panel.path.name}", expected, fix, where=str(panel.path))
    matched = int(has.sum()), len(np.unique(row[has]))
    snp, palindromic = kinds(study)
    strand = True if from_panel else None if mixed else _consensus(match.flip[snp & has])
    swap, unclear = _palindromes(study, panel, row, match.swap, palindromic, max_palindrome_frequency, strand=strand)
    ledger.note("strand flipped to the panel's", int(match.flip.sum()))
    ledger.note("alleles swapped to the panel's order", int((swap & has).sum()))
    study.swap_alleles(swap & has)
    for name, theirs in (("effect", panel.effect), ("other", panel.other)):
        study[name] = np.where(has, theirs[row], study[name])
    absent = ~has & ~match.place
    kept = study.drop(absent, "not in the panel", ledger)
    row, unclear = row[kept], unclear[kept]
    kept = study.drop(row < 0, "alleles other than the panel's", ledger)
    row, unclear = row[kept], unclear[kept]
    kept = study.drop(unclear, "palindromic, strand unknown", ledger)
    return _compare(study, panel.frequency[row[kept]], matched, ledger)


def _consensus(flip: np.ndarray) -> bool | None:
    """Return whether SNPs are on the panel's strand (True), on the other (False), or mixed (None)."""
    if len(flip) < _ENOUGH or 1 - _CONSENSUS < flip.mean() < _CONSENSUS:
        return None
    return bool(flip.mean() < 0.5)


def _palindromes(
    study: SumstatsColumns,
    panel: VariantPanel,
    row: np.ndarray,
    swap: np.ndarray,
    palindromic: np.ndarray,
    limit: float,
    *,
    strand: bool | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to swap once the strand of palindromes is known, and the palindromes of unknown strand.

    A palindrome on the other strand has the same letters with swapped roles: its effect changes sign.
    """
    rows = palindromic & (row >= 0)
    theirs = np.where(row >= 0, panel.frequency[row], np.nan)
    ours = np.where(swap, 1 - study["frequency"], study["frequency"])  # of the panel's effect allele, if strands agree
    known = np.isfinite(ours) & np.isfinite(theirs)
    with np.errstate(invalid="ignore"):
        rare = (np.minimum(ours, 1 - ours) <= limit) & (np.minimum(theirs, 1 - theirs) <= limit)
        opposite = (ours > 0.5) != (theirs > 0.5)
    by_frequency = rows & known & rare
    by_strand = rows & ~known & (strand is not None)
    other_strand = (by_frequency & opposite) | (by_strand & (strand is False))
    return swap ^ other_strand, rows & ~by_frequency & ~by_strand


def _compare(study: SumstatsColumns, theirs: np.ndarray, matched: tuple[int, int], ledger: Ledger) -> Alignment:
    ours = study["frequency"]
    known = np.isfinite(ours) & np.isfinite(theirs) & ~kinds(study)[1]  # palindromes were aligned by frequency
    distant = np.abs(ours[known] - theirs[known]) > FAR
    if distant.any():
        ledger.note("frequency far from the panel's, kept", int(distant.sum()))
    if known.sum() < 3 or np.ptp(ours[known]) == 0 or np.ptp(theirs[known]) == 0:
        return Alignment(*matched, float("nan"), float("nan"))
    return Alignment(*matched, float(np.corrcoef(ours[known], theirs[known])[0, 1]), float(distant.mean()))
