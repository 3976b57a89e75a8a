"""Groups of samples: of a table, of relatives, of neighbours on principal components."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.cluster.vq import kmeans2
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lucidseq.core.errors import DataError, place
from lucidseq.core.tables import open_text
from lucidseq.encode.genotypes.sample_names import SampleNames

_WARD_SAMPLES = 5000  # Ward's tree keeps every distance


def read_groups(path: Path, column: str | None, samples: Sequence[str]) -> tuple[np.ndarray, int]:
    """Read a grouping column (family, batch, site) of a table with a header.

    Parameters
    ----------
    path
        ``FID IID column...`` or ``sample column...``, separated by tabs, or by spaces where the header has no tab.
    column
        Name of the column; None for the first one.
    samples
        Samples to look up.

    Returns
    -------
    (object array of shape (samples,), the sample's own name where it has no group; number of samples without group)

    Raises
    ------
    DataError
        If the column is missing, a row has another number of fields, a sample is repeated, no sample has a row, or a row
        matches several samples.
    """
    with open_text(path) as handle:
        header = handle.readline().rstrip("\r\n")
        tab = "\t" if "\t" in header else None
        names = [name.strip() for name in header.split(tab)]
        key = 1 if len(names) > 1 and names[0].lstrip("#").upper() == "FID" and names[1].upper() == "IID" else 0
        at = _column(names, column, key, path)
        group_of: dict[tuple[str, str], str] = {}
        for number, line in enumerate(handle, start=2):
            if not line.strip():
                continue
            fields = [field.strip() for field in line.rstrip("\r\n").split(tab)]
            if len(fields) != len(names):
                raise DataError(
                    f"{len(fields)} fields", f"{len(names)}, as in the header", "correct the row", where=place(path, line=number)
                )
            key_of_row = (fields[0] if key else "", fields[key])
            if key_of_row in group_of:
                raise DataError(
                    f"sample {fields[key]} more than once", "one row per sample", "remove one of the rows", where=place(path, line=number)
                )
            group_of[key_of_row] = "" if fields[at] in ("NA", "#NA", ".", "nan") else fields[at]
    known, families, individuals = (
        SampleNames(list(samples)),
        [key_of_row[0] for key_of_row in group_of],
        [key_of_row[1] for key_of_row in group_of],
    )
    rows = known.find(families, individuals, path)
    groups = np.full(len(samples), "", dtype=object)
    groups[rows[rows >= 0]] = np.array(list(group_of.values()), dtype=object)[rows >= 0]
    absent = groups == ""
    groups[absent] = np.array([f"sample {sample}" for sample in samples], dtype=object)[absent]
    return groups, int(absent.sum())


def _column(names: list[str], column: str | None, key: int, path: Path) -> int:
    others = names[key + 1 :]
    if not others or (column is not None and column not in others):
        expected = f"a column {column}" if column else "sample and a column of groups"
        fix = "correct --group-column, or add the column"
        raise DataError(f"a header {', '.join(names)[:80]!r}", expected, fix, where=place(path, line=1))
    return names.index(column, key + 1) if column is not None else key + 1


def components(samples: int, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the connected component of each sample in the graph of pairs, int64 of shape (samples,)."""
    graph = coo_array((np.ones(len(first), dtype=np.int8), (first, second)), shape=(samples, samples))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def unrelated(samples: int, first: np.ndarray, second: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Return a mask of unrelated candidates: samples with most relatives are removed first.

    Parameters
    ----------
    samples
        Number of samples.
    first, second
        Pairs of relatives.
    candidates
        Mask of the samples to choose from, shape (samples,).
    """
    among = candidates[first] & candidates[second]
    relatives: dict[int, set[int]] = {}
    for left, right in zip(first[among].tolist(), second[among].tolist(), strict=True):
        relatives.setdefault(left, set()).add(right)
        relatives.setdefault(right, set()).add(left)
    keep = candidates.copy()
    waiting = [(-len(related), -sample) for sample, related in relatives.items()]
    heapq.heapify(waiting)
    while waiting:
        count, sample = heapq.heappop(waiting)
        related = relatives.get(-sample, set())
        if len(related) != -count:  # its relatives were removed since
            if related:
                heapq.heappush(waiting, (-len(related), sample))
            continue
        keep[-sample] = False
        for right in relatives.pop(-sample):
            relatives[right].discard(-sample)
    return keep


def clusters(scores: np.ndarray, number: int, random: np.random.Generator) -> np.ndarray:
    """Return clusters of samples on principal components: Ward's tree up to 5,000 samples, k-means above.

    Parameters
    ----------
    scores
        Shape (samples, components), scaled by their spread.
    number
        Largest number of clusters.
    random
        Source of the k-means start.
    """
    number = min(number, len(scores))
    if len(scores) <= max(_WARD_SAMPLES, 1) and len(scores) > 1:
        return fcluster(linkage(scores, method="ward"), number, criterion="maxclust").astype(np.int64)
    return kmeans2(scores, number, minit="++", rng=random, iter=50)[1].astype(np.int64)
