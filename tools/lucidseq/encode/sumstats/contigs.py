"""Rename the contigs of summary statistics to those of a genome, panel or chain file."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from lucidseq.core.errors import DataError
from lucidseq.core.variants import ContigNames, contig_key
from lucidseq.encode.sumstats.sumstats_columns import Ledger, SumstatsColumns


def match_names(names: Sequence[str], targets: Collection[str], numbers: Mapping[str, str]) -> dict[str, str]:
    """Return the target's name of each contig that has one: as it is, in another spelling (`contig_key`), or by its number.

    Examples
    --------
    >>> match_names(["1", "02", "23", "HLA"], ["Chr1", "chr2", "chrX"], {"23": "X"})
    {'1': 'Chr1', '02': 'chr2', '23': 'chrX'}
    """
    known, by_key = set(targets), dict[str, str]()
    target_of: dict[str, str] = {}
    for target in sorted(known):
        by_key.setdefault(contig_key(target), target)
    for name in names:
        key = contig_key(name)
        match = name if name in known else by_key.get(key) or by_key.get(contig_key(numbers.get(key, name)))
        if match is not None:
            target_of[name] = match
    return target_of


def unify_names(study: SumstatsColumns, ledger: Ledger) -> None:
    """Give the rows of a contig that the file spells in several ways (``1``, ``chr1``) its first name; they are counted."""
    names, texts = ContigNames(), study.contigs.texts
    seen, first = np.unique(study["contig"], return_index=True)
    known = [code for code in seen[np.argsort(first)].tolist() if code >= 0]
    table = np.append(np.arange(len(texts), dtype=np.int32), np.int32(-1))  # the last is of missing contigs
    for code in known:
        table[code] = study.contigs.code(names(texts[code]))
    if names.respelled:
        unified = table[study["contig"]]
        ledger.note("contig named in two ways, renamed", int((unified != study["contig"]).sum()))
        study["contig"] = unified


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
