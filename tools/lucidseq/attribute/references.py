"""References that a sequence is compared with: dinucleotide shuffles, the uniform base composition, or zeros."""

from __future__ import annotations

import functools
import itertools

import numpy as np

from lucidseq.core import alphabet, seeds

_LETTERS = 5  # ACGT and N


def shuffled_codes(codes: np.ndarray, ids: list[str], count: int, seed: int) -> np.ndarray:
    """Shuffle sequences so that each keeps its dinucleotide counts, its first and its last base.

    Each shuffle is a random Euler walk through the multigraph of dinucleotides [1]_: the last edges that leave each letter form a
    tree towards the last letter, drawn with the probability it has among all walks (of at most 125 trees, by their counts); the
    other edges are in random order. All walks are computed at once. Draws depend on the seed and the sequence's
    id alone.

    Parameters
    ----------
    codes
        uint8 of shape (n, length), 4 = N, which counts as a fifth letter.
    ids
        Names of the rows.
    count
        Shuffles of each.
    seed
        Seed of the named streams.

    Returns
    -------
    uint8 of shape (n, count, length).

    References
    ----------
    .. [1] Altschul SF, Erickson BW (1985). Significance of nucleotide sequence alignments. Mol Biol Evol 2, 526-538.
    """
    n, length = codes.shape
    if length < 3:
        return np.repeat(codes[:, None], count, axis=1)
    tree_draws, keys = np.empty((n, count)), np.empty((n, count, length - 1))
    for row, name in enumerate(ids):
        generator = seeds.stream(seed, "shuffle", name)
        tree_draws[row] = generator.random(count)
        keys[row] = generator.random((count, length - 1))
    walks = np.repeat(codes, count, axis=0)
    return _walk(walks, tree_draws.ravel(), keys.reshape(n * count, length - 1)).reshape(n, count, length)


def _walk(codes: np.ndarray, tree_draws: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Walk the edges of each row (w, length) in the order of a drawn tree and of keys (w, length - 1)."""
    w, length = codes.shape
    rows = np.arange(w)
    source, target = codes[:, :-1].astype(np.int64), codes[:, 1:].astype(np.int64)
    parent = _draw_trees(_edge_counts(source, target), codes[:, -1], tree_draws)
    # Within a letter, edges are sorted by key; the tree's edge comes last. Edges between the same letters are equivalent.
    order_keys = source + 0.5 * keys
    is_tree = target == np.take_along_axis(parent, source, axis=1)
    for letter in range(_LETTERS):
        candidates = is_tree & (source == letter)
        last = length - 2 - candidates[:, ::-1].argmax(axis=1)
        has_edge = candidates.any(axis=1)
        order_keys[rows[has_edge], last[has_edge]] = letter + 0.75
    order = np.argsort(order_keys, axis=1, kind="stable")
    following = np.take_along_axis(target, order, axis=1)
    leaving = np.stack([(source == letter).sum(axis=1) for letter in range(_LETTERS)], axis=1)
    next_edge = np.cumsum(leaving, axis=1) - leaving  # next unused edge of each letter
    walked = np.empty_like(codes)
    walked[:, 0] = current = codes[:, 0].astype(np.int64)
    for step in range(1, length):
        edge = next_edge[rows, current]
        next_edge[rows, current] += 1
        current = following[rows, edge]
        walked[:, step] = current
    return walked


def _edge_counts(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return dinucleotide counts (w, 5, 5)."""
    w = len(source)
    cells = (np.arange(w)[:, None] * _LETTERS + source) * _LETTERS + target
    return np.bincount(cells.ravel(), minlength=w * _LETTERS**2).reshape(w, _LETTERS, _LETTERS)


@functools.cache
def _trees(root: int) -> np.ndarray:
    """Return every tree of the five letters towards a root: parents of shape (125, 5), the root being its own."""
    letters = [letter for letter in range(_LETTERS) if letter != root]
    trees = []
    for parents in itertools.product(range(_LETTERS), repeat=len(letters)):
        tree = [root] * _LETTERS
        for letter, parent in zip(letters, parents, strict=True):
            tree[letter] = parent
        reached = list(range(_LETTERS))
        for _ in letters:
            reached = [tree[letter] for letter in reached]
        if all(letter == root for letter in reached):
            trees.append(tree)
    return np.array(trees)


def _draw_trees(counts: np.ndarray, roots: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Draw a tree towards each row's root with probability in proportion to the product of its edges' counts.

    Letters that no edge leaves are attached to the root with weight 1.

    Returns
    -------
    Parents, int64 of shape (w, 5); -1 at the root, which has no last edge to keep.
    """
    drawn = np.empty((len(counts), _LETTERS), dtype=np.int64)
    for root in np.unique(roots):
        rows = np.flatnonzero(roots == root)
        weights = counts[rows].astype(np.float64)
        weights[:, :, root] += ~weights.any(axis=2)  # absent letters
        trees = _trees(int(root))
        products = np.prod([weights[:, letter, trees[:, letter]] for letter in range(_LETTERS) if letter != root], axis=0)
        cumulative = np.cumsum(products, axis=1)
        chosen = (cumulative <= (draws[rows] * cumulative[:, -1])[:, None]).sum(axis=1)
        drawn[rows] = trees[chosen]
        drawn[rows, root] = -1
    return drawn


def one_hot_references(codes: np.ndarray, ids: list[str], kind: str, count: int, seed: int) -> np.ndarray:
    """Return references as one-hot (or composition) float32 of shape (n, R, length, 4).

    Parameters
    ----------
    codes, ids, seed
        As in `shuffled_codes`.
    kind
        ``"dinucleotide-shuffle"`` (R = count), ``"uniform"``: a quarter of each base, or ``"zero"`` (both R = 1).
    """
    n, length = codes.shape
    if kind == "dinucleotide-shuffle":
        return alphabet.one_hot(shuffled_codes(codes, ids, count, seed))
    return np.full((n, 1, length, 4), 0.25 if kind == "uniform" else 0.0, dtype=np.float32)


def reverse_complement(references: np.ndarray) -> np.ndarray:
    """Return one-hot arrays (..., length, 4) of the other strand."""
    return np.ascontiguousarray(references[..., ::-1, ::-1])
