"""Clusters of near-copies: similar sequences on either strand, shifted or mutated.

Two sequences are near-copies when the Jaccard index of their sets of canonical k-mers reaches a threshold. Candidates are found by MinHash: two sets have
the same smallest hash value with probability equal to their Jaccard index. Every candidate pair is then checked exactly.

References
----------
Broder (1997) Proceedings of Compression and Complexity of Sequences, 21 (MinHash); Ondov et al. (2016) Genome Biology 17:132 (k-mers of genomes).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lucidseq.core.alphabet import N_CODE

K = 12  # two random 600-base sequences share 2 % of 12-mers
_HASHES = 64
_OFFSETS = range(1, 9)  # a band is two hash values, i and i + offset: 512 bands
_BLOCK_CELLS = 1 << 22
_NO_KMER = np.iinfo(np.uint64).max


def near_copies(codes: np.ndarray, threshold: float, *, k: int = K) -> np.ndarray:
    """Return the cluster of each sequence: linked near-copies share one.

    Parameters
    ----------
    codes
        Bases, uint8 of shape (n, length); k-mers with N are ignored.
    threshold
        Least Jaccard index of two near-copies, in (0, 1].
    k
        Length of a k-mer, at most 31; odd or even.

    Returns
    -------
    Cluster numbers, int64 of shape (n,), from 0 in the order of their first sequence.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(codes)
    signatures = _signatures(codes, k)
    left, right = _candidates(signatures)
    near = jaccard(codes, left, right, k=k) >= threshold
    links = coo_array((np.ones(int(near.sum()), dtype=np.int8), (left[near], right[near])), shape=(n, n))
    _, component = connected_components(links, directed=False)
    _, first, cluster = np.unique(component, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first))
    numbered: np.ndarray = order[cluster].astype(np.int64)
    return numbered


def canonical_kmers(codes: np.ndarray, k: int) -> np.ndarray:
    """Return k-mers as numbers, the smaller of both strands', uint64 of shape (n, length - k + 1); those with N are the largest number.

    Examples
    --------
    >>> canonical_kmers(np.array([[0, 1, 2, 3]], dtype=np.uint8), 2).tolist()  # AC, CG, GT = AC of the other strand
    [[1, 6, 1]]
    """
    n, length = codes.shape
    if length < k:
        return np.full((n, 1), _NO_KMER)
    size = length - k + 1
    forward, backward = np.zeros((n, size), dtype=np.uint64), np.zeros((n, size), dtype=np.uint64)
    bases = codes.astype(np.uint64)
    for place in range(k):
        base = bases[:, place : place + size]
        forward = (forward << np.uint64(2)) | (base & np.uint64(3))
        backward |= (np.uint64(3) - (base & np.uint64(3))) << np.uint64(2 * place)
    unknown = sliding_window_view(codes == N_CODE, k, axis=1).any(axis=2)
    return np.where(unknown, _NO_KMER, np.minimum(forward, backward))


def _mix(values: np.ndarray, number: int) -> np.ndarray:
    """Return 64-bit hash values by the finaliser of SplitMix64, another function for each number."""
    with np.errstate(over="ignore"):
        values = values + np.uint64(0x9E3779B97F4A7C15) * np.uint64(number + 1)
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed: np.ndarray = values ^ (values >> np.uint64(31))
    return mixed


def _signatures(codes: np.ndarray, k: int) -> np.ndarray:
    """Return the smallest value of each hash function, uint64 of shape (n, hashes); sequences without k-mers get unique values."""
    n, length = codes.shape
    signatures = np.empty((n, _HASHES), dtype=np.uint64)
    step = max(1, _BLOCK_CELLS // max(1, length))
    for first in range(0, n, step):
        kmers = canonical_kmers(codes[first : first + step], k)
        absent = kmers == _NO_KMER
        for number in range(_HASHES):
            signatures[first : first + step, number] = np.where(absent, _NO_KMER, _mix(kmers, number)).min(axis=1)
    empty = (signatures == _NO_KMER).all(axis=1)
    signatures[empty] = np.flatnonzero(empty).astype(np.uint64)[:, None]
    return signatures


def _candidates(signatures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of rows that share two hash values: in each bucket, neighbours, and all with the first."""
    pairs = []
    for offset in _OFFSETS:
        for number in range(_HASHES):
            band = _mix(signatures[:, number], number) ^ signatures[:, (number + offset) % _HASHES]
            order = np.argsort(band, kind="stable")
            ordered = band[order]
            opens = np.concatenate([[True], ordered[1:] != ordered[:-1]])
            if opens.all():
                continue
            head = order[np.maximum.accumulate(np.where(opens, np.arange(len(order)), 0))]
            inside = np.flatnonzero(~opens)
            pairs.append(np.column_stack([head[inside], order[inside]]))
            pairs.append(np.column_stack([order[inside - 1], order[inside]]))
    if not pairs:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    distinct = np.unique(np.sort(np.concatenate(pairs), axis=1), axis=0)
    return distinct[:, 0], distinct[:, 1]


def jaccard(codes: np.ndarray, left: np.ndarray, right: np.ndarray, *, k: int = K) -> np.ndarray:
    """Return the Jaccard index of canonical k-mer sets of pairs of rows, float64 of shape (pairs,); 0 where a set is empty."""
    index = np.zeros(len(left))
    step = max(1, _BLOCK_CELLS // (2 * codes.shape[1]))
    edges = [*range(0, len(left), step), len(left)]
    for first, last in pairwise(edges):
        left_sets, right_sets = (_sorted_sets(codes[rows[first:last]], k) for rows in (left, right))
        both = np.sort(np.concatenate([left_sets, right_sets], axis=1), axis=1)
        common = ((both[:, 1:] == both[:, :-1]) & (both[:, 1:] != _NO_KMER)).sum(axis=1)
        union = (left_sets != _NO_KMER).sum(axis=1) + (right_sets != _NO_KMER).sum(axis=1) - common
        index[first:last] = common / np.maximum(union, 1)
    return index


def _sorted_sets(codes: np.ndarray, k: int) -> np.ndarray:
    """Return each row's k-mers, sorted, without repeats; padded with the largest number."""
    kmers = np.sort(canonical_kmers(codes, k), axis=1)
    repeated = np.concatenate([np.zeros((len(kmers), 1), dtype=bool), kmers[:, 1:] == kmers[:, :-1]], axis=1)
    return np.where(repeated, _NO_KMER, kmers)
