"""Dinucleotide shuffles: exact counts, right distribution, tied to the sequence's id alone."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from lucidseq.attribute.references import one_hot_references, shuffled_codes
from lucidseq.core import alphabet


def dinucleotides(codes: np.ndarray) -> np.ndarray:
    pairs = codes[..., :-1].astype(int) * 5 + codes[..., 1:]
    return np.apply_along_axis(np.bincount, -1, pairs, minlength=25)


@pytest.mark.parametrize("letters", [2, 4, 5])
def test_shuffles__keep_dinucleotides_and_both_ends_exactly(letters):
    codes = np.random.default_rng(letters).integers(0, letters, (40, 73)).astype(np.uint8)
    found = shuffled_codes(codes, [f"s{i}" for i in range(40)], 6, seed=1)
    np.testing.assert_array_equal(dinucleotides(found), np.repeat(dinucleotides(codes)[:, None], 6, axis=1))
    np.testing.assert_array_equal(found[..., 0], np.repeat(codes[:, :1], 6, axis=1))
    np.testing.assert_array_equal(found[..., -1], np.repeat(codes[:, -1:], 6, axis=1))
    assert (found != codes[:, None]).any(axis=2).mean() > 0.9


@pytest.mark.parametrize("text", ["ACACGATAGAC", "AACCGTGAC", "TTATGTAT"])
def test_shuffles__are_uniform_over_all_sequences_with_these_counts(text):
    codes = alphabet.encode(text)
    inner = {"".join(order) for order in itertools.permutations(text[1:-1])}
    wanted = Counter(itertools.pairwise(text))
    possible = sorted(word for word in (text[0] + middle + text[-1] for middle in inner) if Counter(itertools.pairwise(word)) == wanted)
    drawn = Counter(alphabet.decode(row) for row in shuffled_codes(codes[None], ["x"], 6000, seed=3)[0])
    assert set(drawn) <= set(possible) and len(possible) > 3
    assert stats.chisquare([drawn[word] for word in possible]).pvalue > 1e-3


def test_shuffles__depend_on_id_and_seed_alone():
    codes = np.random.default_rng(1).integers(0, 4, (5, 50)).astype(np.uint8)
    names = list("abcde")
    together = shuffled_codes(codes, names, 3, seed=1)
    apart = np.concatenate([shuffled_codes(codes[[i]], [names[i]], 3, seed=1) for i in range(5)])
    np.testing.assert_array_equal(together, apart)
    assert (shuffled_codes(codes, names, 3, seed=2) != together).any()
    assert (shuffled_codes(codes, ["f", *names[1:]], 3, seed=1)[0] != together[0]).any()


@pytest.mark.parametrize("text", ["A", "AC", "AAAAAA", "NNNNN", "AAAAAC"])
def test_shuffles__of_sequences_without_choice_are_the_sequences(text):
    codes = alphabet.encode(text)[None]
    np.testing.assert_array_equal(shuffled_codes(codes, ["x"], 2, seed=1)[0], np.repeat(codes, 2, axis=0))


def test_references__uniform_and_zero_are_single_compositions():
    codes = np.zeros((3, 7), dtype=np.uint8)
    uniform, zero = (one_hot_references(codes, list("abc"), kind, 20, 1) for kind in ("uniform", "zero"))
    assert uniform.shape == zero.shape == (3, 1, 7, 4)
    assert (uniform == 0.25).all() and not zero.any()
