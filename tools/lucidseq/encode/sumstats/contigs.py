"""Rename the contigs of summary statistics to those of a genome, panel or chain file."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from lucidseq.core.errors import DataError
from lucidseq.encode.regions import other_spelling
from lucidseq.encode.sumstats.sumstats_columns import Ledger, SumstatsColumns


def match_names(names: Sequence[str], targets: Collection[str], numbers: Mapping[str, str]) -> dict[str, str]:
    """Return the target's name of each contig that has one: as it is, with or without ``chr``, 01 as 1, or by its number.

    Examples
    --------
    >>> match_names(["1", "02", "23", "HLA"], ["chr1", "chr2", "chrX"], {"23": "X"})
    {'1': 'chr1', '02': 'chr2', '23': 'chrX'}
    """
    target_of = {}
    for name in names:
        plain = name.removeprefix("chr")
        letter = numbers.get(plain, name)
        spellings = [name, other_spelling(name), letter, other_spelling(letter)]
        if plain.isascii() and plain.isdigit():  # BGEN files of UK Biobank have 01 to 09
            spellings += [prefix + digits for digits in (plain.lstrip("0"), plain.zfill(2)) for prefix in ("", "chr")]
        spellings += ["chrM", "M"] if letter.removeprefix("chr") in ("MT", "M") else []
        spellings += ["MT", "chrMT"] if letter.removeprefix("chr") == "M" else []
        target = next((spelling for spelling in spellings if spelling in targets), None)
        if target is not None:
            target_of[name] = target
    return target_of


def rename(
    study: SumstatsColumns, targets: Sequence[str], numbers: Mapping[str, str], ledger: Ledger, *, reason: str, kind: str, where: str
) -> None:
    """Rename a study's contigs to a target's, and remove rows on other contigs.

    Raises
    ------
    DataError
        If none of the contigs is the target's.
    """
    names = study.contigs.texts
    target_of = match_names(names, set(targets), numbers)
    used = [names[code] for code in np.unique(study["contig"]).tolist() if code >= 0]
    if used and not any(name in target_of for name in used):
        fix = "use files of the same build"
        raise DataError(f"contigs {', '.join(used[:5])}", f"contigs of {kind} ({', '.join(list(targets)[:5])}, ...)", fix, where=where)
    size = len(names)
    table = np.arange(size, dtype=np.int32)
    known = np.zeros(size + 1, dtype=bool)
    for code in range(size):
        if names[code] in target_of:
            table[code] = study.contigs.code(target_of[names[code]])
            known[code] = True
    study.drop(~known[study["contig"]], reason, ledger)
    study["contig"] = table[study["contig"]]
