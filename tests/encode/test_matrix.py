"""`encode matrix` and its reader: equal to the store, codings as written, parameters of training samples alone."""

from __future__ import annotations

import hashlib
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from fixtures_genotypes import random_calls
from fixtures_structure import write_store
from lucidseq.core import genotype_matrix as reader
from lucidseq.core.card import Verdict, read_card
from lucidseq.core.codings import Coding, Imputer, Training, coding_table
from lucidseq.core.errors import DataError, UsageError
from lucidseq.core.genotype_matrix import Layout, RowSums, code, open_matrix, pack, unpack
from lucidseq.core.hdf5 import TEXT_SUM, text_sum
from lucidseq.core.splits import digest
from lucidseq.encode.matrix import run as command
from lucidseq.encode.matrix.fit import fit
from support import assert_bad_input, run_cli, run_ok

VARIANTS, PEOPLE = 2501, 90
NAMES = [f"s{row}" for row in range(PEOPLE)]
SPLIT = np.array((["train"] * 7 + ["valid"] + ["test"] * 2) * 9)


def write_splits(path: Path) -> Path:
    frame = pd.DataFrame(
        {"sample": NAMES, "split": SPLIT, "group": [f"g{row // 3}" for row in range(PEOPLE)], "fold": np.arange(PEOPLE) % 5 + 1}
    )
    frame.sample(frac=1, random_state=1).to_csv(path, sep="\t", index=False)
    return path


def make(folder: Path, dosage: np.ndarray, *options: object, name: str = "m") -> Path:
    """Write a store and its matrix; return the matrix."""
    traits = {"height": np.linspace(0, 1, PEOPLE), "case": np.arange(PEOPLE) % 2.0}
    store = write_store(folder / f"{name}.genotypes.h5", dosage, traits=traits)
    splits = write_splits(folder / "splits.tsv")
    run_ok("encode", "matrix", "--genotypes", store, "--splits", splits, "--out", folder / name, *options)
    return folder / f"{name}.matrix.h5"


@pytest.fixture(scope="module")
def calls() -> np.ndarray:
    drawn = random_calls(2, VARIANTS, PEOPLE, missing=0.02)
    drawn[3] = 2  # does not vary
    drawn[4] = -1  # nobody is called
    drawn[5][SPLIT == "train"] = 0
    return drawn


@pytest.fixture(scope="module")
def matrix(calls: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("matrix"), calls)


@pytest.mark.parametrize("variants", [1, 3, 4, 5, 8, 9, 2501])
def test_pack__and_unpack_are_inverse(variants: int) -> None:
    calls = np.random.default_rng(variants).integers(-1, 3, (variants, 17)).astype(np.int8)
    packed = pack(calls)
    assert packed.shape == (17, -(-variants // 4))
    assert np.array_equal(unpack(packed, variants), calls.T)


def test_matrix__equals_the_store(matrix: Path, calls: np.ndarray) -> None:
    with open_matrix(matrix) as found:
        assert found.layout is Layout.BITS2 and found.samples.tolist() == NAMES and found.variants == VARIANTS
        assert np.array_equal(found.rows(np.arange(PEOPLE)), calls.T)
        some = np.array([5, 80, 5, 0])
        assert np.array_equal(found.rows(some), calls.T[some])
        assert np.array_equal(found.dosages(some), np.where(calls.T[some] < 0, np.nan, calls.T[some]), equal_nan=True)
        assert found.splits.split.tolist() == [["train", "valid", "test"].index(word) for word in SPLIT]
        assert found.splits.group[4] == "g1" and found.splits.fold[4] == 5
        assert found.trait("case").tolist() == (np.arange(PEOPLE) % 2.0).tolist()
        assert found.trait_kinds == ["quantitative", "binary"] and found.covariates().shape == (PEOPLE, 0)
        assert found.variant_id[0] == "chr1:1:A:G" and found.contig[0] == "chr1"
        with pytest.raises(DataError, match="weight"):
            found.trait("weight")


def test_matrix__in_chunks_that_hdf5_tools_make_reads_the_same(matrix: Path, calls: np.ndarray, tmp_path: Path) -> None:
    copy = tmp_path / "chunked.h5"
    copy.write_bytes(matrix.read_bytes())
    with h5py.File(copy, "r+") as store:
        values = store["genotypes"][()]
        del store["genotypes"]
        store.create_dataset("genotypes", data=values, chunks=(16, 64), compression="gzip")
    with open_matrix(copy) as found:
        assert np.array_equal(found.rows(np.array([7, 2, 7])), calls.T[[7, 2, 7]])


def test_training__counts_training_samples(matrix: Path, calls: np.ndarray) -> None:
    training = np.where(calls < 0, np.nan, calls)[:, SPLIT == "train"]
    with open_matrix(matrix) as found:
        fitted = found.training
        assert np.array_equal(fitted.called, (~np.isnan(training)).sum(axis=1))
        known = fitted.called > 0
        assert np.allclose(fitted.mean[known], np.nanmean(training[known], axis=1))
        assert np.allclose(fitted.sd[known], np.nanstd(training[known], axis=1), atol=1e-7)
        counts = np.stack([(training == copies).sum(axis=1) for copies in range(3)], axis=1)
        assert np.allclose(fitted.genotype_frequency[known], (counts / counts.sum(axis=1, keepdims=True).clip(1))[known])
        assert np.array_equal(fitted.mode, counts.argmax(axis=1))
        assert not fitted.mean[~known].any() and (~known).sum() == 1
        assert found.training_digest == digest([name for name, split in zip(NAMES, SPLIT, strict=True) if split == "train"])


def test_training__does_not_change_with_other_samples(matrix: Path, calls: np.ndarray, tmp_path: Path) -> None:
    other = calls.copy()
    other[:, SPLIT != "train"] = np.random.default_rng(9).integers(-1, 3, (VARIANTS, int((SPLIT != "train").sum())))
    changed = make(tmp_path, other)
    people = np.flatnonzero(SPLIT == "train")[:5]
    with open_matrix(matrix) as one, open_matrix(changed) as two:
        for name in ("called", "mean", "sd", "mode", "genotype_frequency"):
            assert np.array_equal(getattr(one.training, name), getattr(two.training, name)), name
        assert one.training_digest == two.training_digest
        for coding in Coding:
            assert np.array_equal(one.batch(people, coding), two.batch(people, coding))


def test_codings__are_as_written() -> None:
    p0, p1, p2 = 0.5, 0.3, 0.2
    mean, p = p1 + 2 * p2, (p1 + 2 * p2) / 2
    sd = np.sqrt(p1 + 4 * p2 - mean**2)
    divisor = p0 + p2 - (p2 - p0) ** 2
    expected = {
        Coding.ADDITIVE: [0, 1, 2, mean],
        Coding.ADDITIVE_CENTRED: [-mean, 1 - mean, 2 - mean, 0],
        Coding.ADDITIVE_HWE: [*((np.arange(3) - 2 * p) / np.sqrt(2 * p * (1 - p))), 0],
        Coding.ADDITIVE_EMPIRICAL: [*((np.arange(3) - mean) / sd), 0],
        Coding.DOMINANCE_HWE: [
            -2 * p**2,
            2 * p * (1 - p),
            -2 * (1 - p) ** 2,
            -2 * p**2 * p0 + 2 * p * (1 - p) * p1 - 2 * (1 - p) ** 2 * p2,
        ],
        Coding.DOMINANCE_NOIA: [-2 * p1 * p2 / divisor, 4 * p0 * p2 / divisor, -2 * p0 * p1 / divisor, 0],
    }
    training = Training(np.array([10]), np.array([mean]), np.array([sd]), np.array([0], np.uint8), np.array([[p0, p1, p2]]))
    for coding, values in expected.items():
        assert np.allclose(coding_table(coding, Imputer.MEAN, training), [values], atol=1e-6), coding
        by_mode = coding_table(coding, Imputer.MODE, training)
        assert by_mode[0, 3] == by_mode[0, 0]
    assert np.array_equal(coding_table(Coding.ONE_HOT, Imputer.MEAN, training)[0], np.eye(4, 3))
    assert np.array_equal(coding_table(Coding.ONE_HOT_MISSING, Imputer.MEAN, training)[0], np.eye(4))


def test_noia__is_orthogonal_to_the_additive_coding_under_any_frequencies() -> None:
    rng = np.random.default_rng(1)
    frequency = rng.dirichlet([1, 1, 1], 200)
    frequency[0], frequency[1], frequency[2] = [1, 0, 0], [0.4, 0, 0.6], [0, 1, 0]
    mean = frequency @ [0, 1, 2]
    sd = np.sqrt(np.maximum(frequency @ [0, 1, 4] - mean**2, 0))
    training = Training(np.full(200, 9), mean, sd, frequency.argmax(axis=1).astype(np.uint8), frequency)
    dominance = coding_table(Coding.DOMINANCE_NOIA, Imputer.MEAN, training)[:, :3].astype(float)
    assert np.abs((frequency * dominance).sum(axis=1)).max() < 1e-6
    assert np.abs((frequency * dominance * (np.arange(3) - mean[:, None])).sum(axis=1)).max() < 1e-6
    assert not dominance[0].any() and not dominance[2].any()
    in_proportion = mean / 2
    hwe = np.column_stack([(1 - in_proportion) ** 2, 2 * in_proportion * (1 - in_proportion), in_proportion**2])
    same = Training(training.called, mean, np.sqrt(2 * in_proportion * (1 - in_proportion)), training.mode, hwe)
    both = [coding_table(coding, Imputer.MEAN, same) for coding in (Coding.DOMINANCE_NOIA, Coding.DOMINANCE_HWE)]
    assert np.allclose(*both, atol=1e-6)  # they agree in Hardy-Weinberg proportions


@pytest.mark.parametrize("coding", list(Coding))
@pytest.mark.parametrize("imputer", list(Imputer))
def test_batch__looks_every_genotype_up(
    coding: Coding, imputer: Imputer, matrix: Path, calls: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = np.array([11, 3, 89])
    with open_matrix(matrix) as found:
        table = coding_table(coding, imputer, found.training)
        batch = found.batch(people, coding, imputer)
        assert batch.dtype == np.float32 and np.isfinite(batch).all()
        assert np.array_equal(batch, table[np.arange(VARIANTS), calls.T[people]])
        monkeypatch.setattr(reader, "_VARIANTS", 100)
        assert np.array_equal(found.batch(people, coding, imputer), batch)
    assert batch.ndim == (3 if coding.channels > 1 else 2)


def test_standardised_training_genotypes__have_mean_0_and_sd_1(matrix: Path) -> None:
    people = np.flatnonzero(SPLIT == "train")
    with open_matrix(matrix) as found:
        values, missing = found.batch(people, Coding.ADDITIVE_EMPIRICAL).astype(float), found.rows(people) < 0
        values[missing] = np.nan
        varies = found.training.sd > 0
    assert np.allclose(np.nanmean(values[:, varies], axis=0), 0, atol=1e-6)
    assert np.allclose(np.nanstd(values[:, varies], axis=0), 1, atol=1e-5)
    assert not np.nan_to_num(values[:, ~varies]).any()


@pytest.fixture(scope="module")
def dosages(calls: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(3).uniform(-0.4, 0.4, calls.shape)
    return np.where(calls < 0, np.nan, np.clip(calls + noise, 0, 2)).astype(np.float32)


@pytest.mark.parametrize(("layout", "step"), [("auto", 2**-11), ("float16", 2**-11), ("float32", 0)])
def test_dosages__are_kept_within_the_step_of_the_layout(layout: str, step: float, dosages: np.ndarray, tmp_path: Path) -> None:
    with open_matrix(make(tmp_path, dosages, "--layout", layout)) as found:
        kept = found.dosages(np.arange(PEOPLE))
        assert np.array_equal(np.isnan(kept), np.isnan(dosages.T))
        assert np.nanmax(np.abs(kept - dosages.T)) <= step
        training = dosages[:, SPLIT == "train"].astype(float)
        known = found.training.called > 0
        assert np.allclose(found.training.mean[known], np.nanmean(training[known], axis=1))
        assert np.allclose(found.training.sd[known], np.nanstd(training[known], axis=1), atol=1e-7)
        with pytest.raises(DataError, match="hard calls"):
            found.rows(np.array([0]))
        for coding in (Coding.ADDITIVE_HWE, Coding.ADDITIVE_EMPIRICAL):
            scale = np.sqrt(found.training.mean * (1 - found.training.mean / 2)) if coding is Coding.ADDITIVE_HWE else found.training.sd
            usable = scale > 1e-9
            values = (kept[:, usable] - found.training.mean[usable]) / scale[usable]
            assert np.allclose(found.batch(np.arange(PEOPLE), coding)[:, usable], np.nan_to_num(values), atol=2e-5)


def test_dosages__between_genotypes_are_coded_between_them() -> None:
    table = np.array([[-1.0, 3.0, 5.0, 7.0]], dtype=np.float32)
    values = np.array([[0.0], [0.25], [1.0], [1.5], [2.0], [np.nan]], dtype=np.float16)
    assert code(values, table).ravel().tolist() == [-1, 0, 3, 4, 5, 7]
    one_hot = np.eye(4, 3, dtype=np.float32)[None]
    assert code(values, one_hot)[:, 0].tolist() == [[1, 0, 0], [0.75, 0.25, 0], [0, 1, 0], [0, 0.5, 0.5], [0, 0, 1], [0, 0, 0]]


def test_dosages__that_are_whole_fit_as_calls_do(calls: np.ndarray) -> None:
    one, two = fit(calls), fit(np.where(calls < 0, np.nan, calls).astype(np.float32))
    for name in ("called", "mean", "sd", "mode", "genotype_frequency"):
        assert np.allclose(getattr(one, name), getattr(two, name)), name


@pytest.mark.parametrize("ploidy", [1, 4])
def test_fit__of_other_ploidies(ploidy: int) -> None:
    counts = np.random.default_rng(2).binomial(ploidy, 0.7, (30, 50)).astype(np.int8)
    counts[3, :4] = -1
    one = fit(counts, ploidy)
    two = fit(np.where(counts < 0, np.nan, counts).astype(np.float32), ploidy)
    for name in ("called", "mean", "sd", "mode", "genotype_frequency"):
        assert np.allclose(getattr(one, name), getattr(two, name), rtol=1e-12)
    between = fit(np.array([[0.25, ploidy - 0.25, np.nan]], dtype=np.float32), ploidy)
    expected = np.zeros(max(ploidy, 2) + 1)
    for at, share in ((0, 0.375), (1, 0.125), (ploidy - 1, 0.125), (ploidy, 0.375)):
        expected[at] += share
    assert np.allclose(between.genotype_frequency[0], expected) and np.isclose(between.mean[0], ploidy / 2)


def test_bits2_from_dosages__within_the_tolerance(dosages: np.ndarray, tmp_path: Path) -> None:
    with open_matrix(make(tmp_path, dosages, "--layout", "bits2", "--hard-call-tolerance", 0.2)) as found:
        rows = found.rows(np.arange(PEOPLE))
    nearest = np.rint(np.nan_to_num(dosages)).T
    near = (np.abs(dosages.T - nearest) <= np.float32(0.2)) & ~np.isnan(dosages.T)
    assert np.array_equal(rows, np.where(near, nearest, -1))


@pytest.mark.parametrize("layout", ["bits2", "float16"])
def test_same_bytes__for_other_blocks_and_folders(layout: str, calls: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lucidseq.core.outputs import OutputSet
    from lucidseq.core.roles import Format, OutFile
    from lucidseq.encode.matrix.choices import MatrixLayout
    from lucidseq.encode.matrix.cli import MatrixOptions

    first = make(tmp_path, calls, "--layout", layout)
    monkeypatch.setattr(command, "_BLOCK_BYTES", 1)
    out = OutputSet(tmp_path / "other" / "m", {"matrix": OutFile(".matrix.h5", Format.HDF5, "")}, command="matrix")
    with out.transaction():
        command.matrix(
            MatrixOptions(genotypes=tmp_path / "m.genotypes.h5", splits=tmp_path / "splits.tsv", layout=MatrixLayout(layout)), out
        )
    sums = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (first, tmp_path / "other" / "m.matrix.h5")}
    assert len(sums) == 1


def test_card__says_when_all_samples_were_used(calls: np.ndarray, tmp_path: Path) -> None:
    store = write_store(tmp_path / "g.h5", calls)
    run_ok("encode", "matrix", "--genotypes", store, "--out", tmp_path / "m")
    card = read_card(tmp_path / "m.encode_matrix.card.json")
    assert card.verdict is Verdict.CAUTION
    assert "all" in next(str(check.value) for check in card.checks if check.name == "training samples")
    with open_matrix(tmp_path / "m.matrix.h5") as found:
        assert found.splits.train.all() and found.splits.group.tolist() == NAMES


def test_bad_input__is_refused(calls: np.ndarray, tmp_path: Path) -> None:
    store = write_store(tmp_path / "g.h5", calls[:50])
    (tmp_path / "none.tsv").write_text("sample\tsplit\n" + "".join(f"{name}\ttest\n" for name in NAMES))
    (tmp_path / "half.tsv").write_text("sample\tsplit\n" + "".join(f"{name}\ttrain\n" for name in NAMES[:40]))
    (tmp_path / "fold.tsv").write_text("sample\tsplit\tfold\n" + "".join(f"{name}\ttrain\tx\n" for name in NAMES))
    for name, mention in (("none", "no training sample"), ("half", "no row for 50 of 90"), ("fold", "whole number")):
        result = run_cli("encode", "matrix", "--genotypes", store, "--splits", tmp_path / f"{name}.tsv", "--out", tmp_path / "o" / "m")
        assert_bad_input(result, mention, f"{name}.tsv", folder=tmp_path / "o")
    for dosage, mention in ((np.full((9, 3), 4, np.int8), "more than 2 copies"), (np.zeros((0, 3), np.int8), "no genotypes")):
        bad = write_store(tmp_path / "bad.h5", dosage)
        result = run_cli("encode", "matrix", "--genotypes", bad, "--out", tmp_path / "o" / "m")
        assert_bad_input(result, mention, "bad.h5", folder=tmp_path / "o")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("layout", lambda store: store.attrs.__setitem__("layout", "float16")),
        ("width", lambda store: store.__delitem__("variants/start") or store.create_dataset("variants/start", data=np.arange(7))),
        ("fit", lambda store: store.__delitem__("training/mean") or store.create_dataset("training/mean", data=np.zeros(3))),
    ],
)
def test_reader__refuses_arrays_that_do_not_fit(name: str, change: object, matrix: Path, tmp_path: Path) -> None:
    bad = tmp_path / f"{name}.h5"
    bad.write_bytes(matrix.read_bytes())
    with h5py.File(bad, "r+") as store:
        change(store)
        store.attrs[TEXT_SUM] = text_sum(store)
    with pytest.raises(DataError, match="make the file again"), open_matrix(bad):
        pass


def test_reader__notices_one_flipped_bit_of_a_row(matrix: Path, tmp_path: Path) -> None:
    bad = tmp_path / "flipped.h5"
    data = bytearray(matrix.read_bytes())
    with open_matrix(matrix) as whole, h5py.File(matrix) as store:
        genotypes, second = store["genotypes"], str(whole.samples[1])
        at = genotypes.id.get_offset() + genotypes.shape[1] + 3  # in the second row
    data[at] ^= 4
    bad.write_bytes(data)
    with open_matrix(bad) as damaged:
        damaged.rows(np.array([0, 2]))
        with pytest.raises(DataError, match=f"damaged genotypes of sample {second}"):
            damaged.rows(np.array([2, 1]))


def test_row_sums__do_not_depend_on_the_pieces_and_change_with_any_bit() -> None:
    rows = np.random.default_rng(1).integers(0, 256, (3, 44)).astype(np.uint8)

    def sums(values: np.ndarray, *edges: int) -> list[int]:
        found = RowSums(len(values))
        for piece in np.split(values, edges, axis=1):
            found.add(piece)
        return found.values.tolist()

    whole = sums(rows)
    assert sums(rows, 8, 32) == sums(rows, 40) == whole
    for byte in range(44):
        for bit in range(8):
            changed = rows.copy()
            changed[1, byte] ^= 1 << bit
            found = sums(changed)
            assert found[1] != whole[1] and (found[0], found[2]) == (whole[0], whole[2])


def test_tetraploids__are_kept_as_dosages_with_additive_codings(tmp_path: Path) -> None:
    calls = np.random.default_rng(1).binomial(4, 0.4, (70, PEOPLE)).astype(np.int8)
    calls[0, 0] = -1
    store = write_store(tmp_path / "g.h5", calls, ploidy=4)
    run_ok("encode", "matrix", "--genotypes", store, "--splits", write_splits(tmp_path / "s.tsv"), "--out", tmp_path / "m")
    training = np.where(calls < 0, np.nan, calls)[:, SPLIT == "train"]
    with open_matrix(tmp_path / "m.matrix.h5") as found:
        assert found.layout is Layout.FLOAT16 and found.training.ploidy == 4
        shares = np.stack([(training == copies).sum(axis=1) for copies in range(5)], axis=1)
        assert np.array_equal(found.training.mode, shares.argmax(axis=1))
        assert np.allclose(found.training.genotype_frequency, shares / shares.sum(axis=1, keepdims=True), rtol=1e-14)
        mean, sd = np.nanmean(training, axis=1), np.nanstd(training, axis=1)
        values = np.nan_to_num((calls.T[:9] - mean) / sd)
        values[0, 0] = 0
        assert np.allclose(found.batch(np.arange(9), Coding.ADDITIVE_EMPIRICAL), values, atol=1e-5)
        p = mean / 4
        assert np.allclose(found.batch(np.arange(1, 9), Coding.ADDITIVE_HWE), (calls.T[1:9] - mean) / np.sqrt(4 * p * (1 - p)), atol=1e-5)
        for coding, imputer in ((Coding.ONE_HOT, Imputer.MEAN), (Coding.ADDITIVE, Imputer.MODE)):
            with pytest.raises(UsageError, match="ploidy 4"):
                found.batch(np.arange(3), coding, imputer)
    result = run_cli("encode", "matrix", "--genotypes", store, "--layout", "bits2", "--out", tmp_path / "o" / "m")
    assert_bad_input(result, "ploidy 4", "g.h5", folder=tmp_path / "o")
