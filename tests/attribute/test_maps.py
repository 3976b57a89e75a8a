"""attribute maps as a command: files as declared, unchanged by shards and folders, strict about its inputs."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pybigtools
import pytest

import lucidseq as ls
import toy_models
from lucidseq.attribute.choices import Select
from lucidseq.attribute.choose import choose, read_sequences
from lucidseq.attribute.run import shard_rows
from lucidseq.attribute.track import write_track
from lucidseq.core import alphabet, stores
from lucidseq.core.choices import SplitChoice
from lucidseq.core.errors import DataError
from lucidseq.core.schema import ATTRIBUTIONS
from lucidseq.nets import architectures, io
from lucidseq.nets.facts import Facts
from sequence_sets import splits, write_sequences
from support import assert_bad_input, run_cli, run_ok

LENGTH, N = 40, 90


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("maps")
    design = architectures.Design("cnn-deep", LENGTH, 1, "binary", filters=4)
    model = io.ensemble([architectures.build(design, seed=seed, name=f"member_{seed}") for seed in range(2)])
    io.save_model(model, folder / "m.keras", Facts("binary", ["motif"], LENGTH, members=2))
    codes = np.random.default_rng(3).integers(0, 4, (N, LENGTH)).astype(np.uint8)
    codes[4, :6] = 4
    write_sequences(folder / "d.sequences.h5", codes, (np.arange(N) % 2)[:, None], splits(N), names=["motif"], start=np.arange(N) * 25)
    toy_models.ZOO["two_outputs"](LENGTH).save(folder / "two.keras")
    toy_models.ZOO["profile"](LENGTH).save(folder / "profile.keras")
    toy_models.ZOO["layer_norm"](LENGTH).save(folder / "norm.keras")
    return folder


def maps(files: Path, out: Path, *options: object, model: str = "m.keras", shown: bool = True):
    words = ["attribute", "maps", "--model", files / model, "--dataset", files / "d.sequences.h5", "--out", out]
    words += [] if "--logos" in options else ["--logos", 0]
    return (run_ok if shown else run_cli)(*words, "--references", 3, "--batch-size", 12, *options)


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_maps__write_everything_they_declare(files, tmp_path):
    maps(files, tmp_path / "x", "--logos", 2)
    names = {path.name for path in tmp_path.iterdir()}
    assert {"x.attributions.h5", "x.attributions.bw"} <= names
    assert sum(name.endswith((".card.json", ".manifest.json")) for name in names) == 2
    pictures = sorted((tmp_path / "x.logos").iterdir())
    assert [path.suffix for path in pictures] == [".png"] * 2
    with stores.open_store(tmp_path / "x.attributions.h5", ATTRIBUTIONS) as store:
        assert store["hypothetical"].shape == (N // 5, LENGTH, 4)
        assert store["completeness_error"][()].max() < 1e-3
        assert store.attrs["target_name"] == "motif" and store.attrs["method"] == "deepshap"
        np.testing.assert_array_equal(stores.read_text(store["id"]), [f"seq_{i}" for i in range(4, N, 5)])


def test_maps__of_any_number_of_shards_are_the_same_bits(files, tmp_path):
    options = ["--split", "all", "--max-sequences", 0]
    maps(files, tmp_path / "whole", *options)
    for part in (1, 2, 3):
        maps(files, tmp_path / f"part{part}", *options, "--shard", f"{part}/3")
    with h5py.File(tmp_path / "whole.attributions.h5") as whole:
        parts = [h5py.File(tmp_path / f"part{part}.attributions.h5") for part in (1, 2, 3)]
        for name in ("id", "hypothetical", "contributions", "prediction"):
            joined = np.concatenate([part[name][()] for part in parts])
            np.testing.assert_array_equal(joined, whole[name][()])
        for part in parts:
            part.close()


def test_my_rows__of_all_shards_are_all_rows_once():
    for count, block, parts in ((10, 4, 3), (1, 32, 2), (100, 7, 15), (5, 5, 9)):
        rows = np.concatenate([shard_rows(count, block, part, parts) for part in range(parts)])
        np.testing.assert_array_equal(rows, np.arange(count))


def test_maps__by_shap_equal_our_own(files, tmp_path):
    options = ["--max-sequences", 4]
    maps(files, tmp_path / "own", *options)
    maps(files, tmp_path / "shap", *options, "--engine", "shap")
    with h5py.File(tmp_path / "own.attributions.h5") as own, h5py.File(tmp_path / "shap.attributions.h5") as shap:
        np.testing.assert_allclose(shap["contributions"][()], own["contributions"][()], atol=1e-6)
        np.testing.assert_allclose(shap["prediction"][()], own["prediction"][()], atol=1e-6)
        assert shap.attrs["engine"] == "shap"


def test_maps__by_shap_of_layers_it_does_not_know_say_so(files, tmp_path):
    result = maps(files, tmp_path / "out" / "x", "--engine", "shap", model="norm.keras", shown=False)
    assert_bad_input(result, "shap cannot explain", "--engine own", folder=tmp_path / "out")


@pytest.mark.parametrize(
    ("model", "options"),
    [("two.keras", ["--output", "signal"]), ("profile.keras", ["--reduce", "mean"]), ("norm.keras", ["--method", "ism"])],
)
def test_maps__explain_a_users_keras_file(files, tmp_path, model, options):
    with zipfile.ZipFile(files / model) as archive:
        assert "lucidseq.json" not in archive.namelist()
    maps(files, tmp_path / "x", "--max-sequences", 3, *options, model=model)
    with stores.open_store(tmp_path / "x.attributions.h5", ATTRIBUTIONS) as store:
        assert np.abs(store["contributions"][()]).max() > 0


def test_maps__name_the_layer_that_cannot_be_explained(files, tmp_path):
    inputs = keras.Input((LENGTH, 4), name="sequence")
    x = keras.layers.Conv1D(3, 5, name="detector")(inputs)
    x = keras.layers.Softmax(name="hard_choice")(keras.layers.Rescaling(3000.0)(x))
    keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(x))).save(tmp_path / "hard.keras")
    words = ["--model", tmp_path / "hard.keras", "--dataset", files / "d.sequences.h5", "--out", tmp_path / "out" / "x"]
    result = run_cli("attribute", "maps", *words)
    assert_bad_input(result, "hard_choice", "integrated-gradients", folder=tmp_path / "out")


def test_choose__takes_the_rows_it_says_in_file_order(files):
    everything = read_sequences(files / "d.sequences.h5", SplitChoice.ALL)
    scores = np.random.default_rng(1).normal(size=N)

    def rows(count: int, how: Select, seed: int = 1) -> list[int]:
        return choose(everything, count, how, seed=seed, predict=lambda codes: scores[: len(codes)]).tolist()

    assert rows(5, Select.FIRST) == [0, 1, 2, 3, 4]
    assert rows(5, Select.HIGHEST) == sorted(np.argsort(-scores)[:5].tolist())
    drawn = rows(30, Select.RANDOM)
    assert drawn == sorted(set(drawn)) and len(drawn) == 30
    assert set(rows(10, Select.RANDOM)) < set(drawn)  # ranked by id: a smaller sample is part of a larger one
    assert rows(30, Select.RANDOM, seed=2) != drawn
    for how in Select:
        assert rows(0, how) == rows(10 * N, how) == list(range(N))


def test_track__averages_overlapping_windows_and_turns_the_minus_strand(tmp_path):
    contributions = np.array([[1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0, 40.0], [5.0, 6.0, 7.0, 8.0], [9.0, 9.0, 9.0, 9.0]])
    columns = {
        "contig": np.array(["chr2", "chr2", "chr1", ""], dtype=object),
        "start": np.array([3, 5, 0, 0]),
        "end": np.array([7, 9, 4, 4]),
        "strand": np.array(["+", "-", ".", "."], dtype=object),
    }
    assert write_track(tmp_path / "x.bw", contributions, columns, {"chr1": 4, "chr2": 9})
    track = pybigtools.open(str(tmp_path / "x.bw"))
    assert [value for _, _, value in track.records("chr2", 0, 9)] == [1, 2, (3 + 40) / 2, (4 + 30) / 2, 20, 10]
    assert [value for _, _, value in track.records("chr1", 0, 4)] == [5, 6, 7, 8]
    nowhere = {**columns, "contig": np.full(4, "", dtype=object)}
    assert not write_track(tmp_path / "y.bw", contributions, nowhere, {}) and not (tmp_path / "y.bw").exists()


def test_card__tells_untrained_maps_from_nothing(files, tmp_path):
    maps(files, tmp_path / "x", "--method", "saliency")
    (path,) = tmp_path.glob("x*card.json")
    checks = {check["name"]: check for check in json.loads(path.read_text())["checks"]}
    assert any("randomised weights" in name for name in checks)
    assert sum("off the simplex" in name for name in checks) == 3
    assert 0 < checks["share of N among the bases"]["value"] < 0.05


@pytest.mark.parametrize("method", ["deepshap", "saliency", "ism", "integrated-gradients"])
def test_scores_that_are_not_finite__are_refused_with_the_sequence(files, tmp_path, method):
    """Weights are finite, and the exponential of their sum over TTTT... is not."""
    inputs = keras.Input((LENGTH, 4))
    weights = np.zeros((LENGTH, 4, 1), np.float32)
    weights[:, 3] = 5.0
    dense = keras.layers.Dense(1, use_bias=False)
    x = keras.layers.Activation("exponential")(dense(keras.layers.Flatten()(inputs)))
    model = keras.Model(inputs, keras.layers.Dense(1)(x))
    dense.set_weights([weights.reshape(-1, 1)])
    model.save(tmp_path / "steep.keras")
    codes = np.concatenate([np.zeros((2, LENGTH)), np.full((1, LENGTH), 3)]).astype(np.uint8)
    dataset = write_sequences(tmp_path / "d.h5", codes, None, np.full(3, 2))
    options = ["--dataset", dataset, "--method", method, "--no-reverse-complement-average", "--reference", "uniform"]
    result = maps(files, tmp_path / "out" / "x", *options, model=tmp_path / "steep.keras", shown=False)
    assert_bad_input(result, "not finite", "seq_2", folder=tmp_path / "out")
    with pytest.raises(DataError, match="not finite"):
        ls.ism(model, codes)


def _checks(prefix: Path) -> dict[str, dict]:
    card = json.loads(prefix.with_name(f"{prefix.name}.attribute_maps.card.json").read_text())
    return {check["name"]: check for check in card["checks"]}


def test_card__counts_sequences_without_a_map_by_reason(files, tmp_path):
    """Repeats have no shuffle but themselves: their maps are 0, and no reason to distrust the strands of the other maps."""
    codes = np.random.default_rng(3).integers(0, 4, (12, LENGTH)).astype(np.uint8)
    plain = write_sequences(tmp_path / "plain.h5", codes, None, np.full(12, 2))
    repeats = [alphabet.encode(text * (LENGTH // len(text))) for text in ("A", "CA", "A", "T", "TG", "C", "G", "GA", "AC", "N")]
    mixed = write_sequences(tmp_path / "mixed.h5", np.concatenate([codes, repeats]), None, np.full(22, 2))
    for name, dataset in (("plain", plain), ("mixed", mixed)):
        maps(files, tmp_path / name, "--dataset", dataset)
    before, after = _checks(tmp_path / "plain"), _checks(tmp_path / "mixed")
    assert before["share of sequences without a map"]["value"] == 0
    equal = after["share of sequences without a map: every shuffle equals the sequence"]
    assert (equal["value"], equal["verdict"]) == (pytest.approx(9 / 22), "caution")
    assert "9 of 22" in equal["advice"] and "--reference uniform" in equal["advice"]
    assert after["share of sequences without a map: no known base"]["value"] == pytest.approx(1 / 22)
    for name in before:
        if "(median)" in name or "(median cosine)" in name or "correlation" in name:
            assert after[name]["value"] == pytest.approx(before[name]["value"], rel=1e-3), name
    with h5py.File(tmp_path / "mixed.attributions.h5") as store:
        np.testing.assert_array_equal(store["contributions"][()].any(axis=1), np.arange(22) < 12)


def test_card__of_repeats_alone_knows_nothing_of_strands(files, tmp_path):
    repeats = np.stack([alphabet.encode(base * LENGTH) for base in "ACGT"])
    dataset = write_sequences(tmp_path / "r.h5", repeats, None, np.full(4, 2))
    for extra in ([], ["--no-reverse-complement-average"]):
        maps(files, tmp_path / f"x{len(extra)}", "--dataset", dataset, *extra)
        checks = _checks(tmp_path / f"x{len(extra)}")
        assert checks["share of sequences without a map: every shuffle equals the sequence"]["value"] == 1
        assert checks["agreement of maps between strands (median cosine)"]["value"] is None


def test_card__names_predictions_that_no_base_changes(files, tmp_path):
    inputs = keras.Input((LENGTH, 4))
    dense = keras.layers.Dense(1, kernel_initializer="zeros")
    keras.Model(inputs, dense(keras.layers.Flatten()(inputs))).save(tmp_path / "flat.keras")
    maps(files, tmp_path / "x", "--method", "ism", "--max-sequences", 3, model=tmp_path / "flat.keras")
    checks = _checks(tmp_path / "x")
    assert checks["share of sequences without a map: no base changes the prediction"]["value"] == 1
    assert checks["sequences explained"]["value"] == "3 of 18"


def _without(path: Path, target: Path, *names: str) -> Path:
    target.write_bytes(path.read_bytes())
    with h5py.File(target, "r+") as store:
        for name in names:
            del store[name]
    return target


@pytest.mark.parametrize(
    ("case", "mentions", "code"),
    [
        ("truncated model", ["not a usable .keras file"], 3),
        ("missing array", ["codes missing"], 3),
        ("truncated dataset", ["not a readable HDF5 file"], 3),
        ("no such split", ["no valid sequences"], 3),
        ("other length", [f"sequences of {LENGTH + 2} bp"], 3),
        ("no such target", ["--target other"], 2),
        ("shap of saliency", ["--engine shap"], 2),
    ],
)
def test_maps__refuse_bad_input(files, tmp_path, case, mentions, code):
    model, dataset, options = files / "m.keras", files / "d.sequences.h5", []
    bad = tmp_path / "bad.h5"
    if case == "truncated model":
        model = tmp_path / "bad.keras"
        model.write_bytes((files / "m.keras").read_bytes()[:3000])
    elif case == "missing array":
        dataset = _without(dataset, bad, "codes")
    elif case == "truncated dataset":
        bad.write_bytes(dataset.read_bytes()[:2000])
        dataset = bad
    elif case in ("no such split", "other length"):
        length = LENGTH + 2 * (case == "other length")
        codes = np.zeros((6, length), dtype=np.uint8)
        dataset = write_sequences(bad, codes, None, np.full(6, 2))
        options = ["--split", "valid"] if case == "no such split" else []
    elif case == "no such target":
        options = ["--target", "other"]
    else:
        options = ["--engine", "shap", "--method", "saliency"]
    out = tmp_path / "out"
    result = run_cli("attribute", "maps", "--model", model, "--dataset", dataset, "--out", out / "x", *options)
    assert_bad_input(result, *mentions, folder=out, exit_code=code)


def test_maps__of_one_sequence_and_of_an_empty_shard(tmp_path, files):
    codes = alphabet.encode("ACGTTGCA" * 5)[None]
    dataset = write_sequences(tmp_path / "one.h5", codes, None, np.array([2]))
    for part, rows in ((1, 1), (2, 0)):
        out = tmp_path / f"p{part}"
        run_ok("attribute", "maps", "--model", files / "m.keras", "--dataset", dataset, "--out", out, "--shard", f"{part}/2")
        with stores.open_store(tmp_path / f"p{part}.attributions.h5", ATTRIBUTIONS) as store:
            assert store["hypothetical"].shape == (rows, LENGTH, 4)
