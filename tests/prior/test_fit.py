"""prior fit: the loss of the network is the exact likelihood, planted enrichments are recovered, and what does not fit is reported."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lucidseq.core.ld import open_ld
from lucidseq.core.schema import PRIOR, PRIOR_BLOCKS, SUMSTATS
from lucidseq.core.splits import Split
from lucidseq.core.sumstats import read_harmonised
from lucidseq.core.tables import read_table
from lucidseq.prior.block_data import Block, read_annotations, read_blocks, split_blocks
from lucidseq.prior.likelihood import evidence
from prior.simulated_blocks import Study, simulate, write_annotations
from support import assert_bad_input, run_cli, run_ok


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return simulate(tmp_path_factory.mktemp("study"), blocks=60, variants=60, log_enrichments=(3.0, 2.0, 0.7, 0.0), mean_f=1.0)


@pytest.fixture(scope="module")
def fitted(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    prefix = tmp_path_factory.mktemp("fitted") / "x"
    run_ok("prior", "fit", *study.options, "--keep", 1, "--test-share", 0.4, "--out", prefix)
    return prefix


def blocks_of(study: Study, keep: float = 1.0) -> list[Block]:
    annotations = read_annotations(study.folder / "x.annotations.h5")
    with open_ld(study.folder / "x.ld.h5") as store:
        return list(read_blocks(read_harmonised(study.folder / "x.sumstats.tsv"), store, annotations, keep))


def checks(prefix: Path) -> dict[str, dict[str, object]]:
    card = json.loads(Path(f"{prefix}.prior_fit.card.json").read_text())
    return {check["name"]: check for check in card["checks"]}


@pytest.mark.jax
@pytest.mark.parametrize("free", [True, False])
def test_loss_and_gradient__are_those_of_the_likelihood(free: bool, study: Study) -> None:
    """Padding included; the gradient reaches the network's outputs in closed form."""
    from lucidseq.nets import backend

    backend.prepare()
    import keras

    from lucidseq.prior.fitting import negative_log_likelihood, pad
    from lucidseq.prior.networks import Encoding

    block = blocks_of(study)[0]
    padded = pad(block, Encoding.of(block.features), 40_000.0)
    rows, variants = len(padded.x), len(block.n)
    outputs = np.random.default_rng(1).normal(-1, 0.5, (rows, 2)).astype(np.float32)
    outputs[:, 1] = 0.3
    y = keras.ops.convert_to_tensor(padded.y)

    def loss(values: object) -> object:
        return negative_log_likelihood(y, values, free_scale=free, per=2.0)[None]

    value, gradient = backend.input_gradient(loss, outputs)
    log_f = outputs[1 : variants + 1, 0].astype(float) + np.log(block.n / 40_000.0)
    exact = evidence(block.white, log_f, 0.3 if free else 0.0)
    assert float(value[0]) == pytest.approx(-exact.value / 2, rel=1e-5)
    np.testing.assert_allclose(gradient[1 : variants + 1, 0], -exact.slope / 2, atol=1e-5)
    assert np.abs(gradient[variants + 1 :]).max() == 0
    assert gradient[:, 1].sum() == pytest.approx(-exact.scale_slope / 2 if free else 0.0, abs=1e-4)


def test_fit__recovers_what_was_planted(study: Study, fitted: Path) -> None:
    """The gain on blocks held out is most of what the true variances gain, and the variances rank as the true ones."""
    table = read_table(Path(f"{fitted}.blocks.tsv"), PRIOR_BLOCKS)
    prior = read_table(Path(f"{fitted}.prior.tsv.gz"), PRIOR)
    truth = prior["variant_id"].map(study.log_f)
    assert np.corrcoef(np.log(prior["prior_variance"]), truth)[0, 1] >= 0.9
    assert np.log(prior["prior_variance"] * 50_000 / np.exp(truth)).mean() == pytest.approx(0, abs=0.25)
    blocks = {block.name: block for block in blocks_of(study)}
    table["none"] = [-0.5 * len(w) * (np.log(w @ w / len(w)) + 1) for w in (blocks[name].white.w for name in table["block"])]
    table["constant"] = table["gain_over_none"] + table["none"] - table["gain"]
    true = [evidence(block.white, block.variants["variant_id"].map(study.log_f).to_numpy()).value for block in blocks.values()]
    test = table["split"] == "test"
    oracle = (np.array(true) - table["constant"])[test].sum()
    assert table.loc[test, "gain"].sum() >= 0.85 * oracle > 10
    gain = checks(fitted)["gain over a constant prior on test blocks (nats a block)"]
    assert gain["value"] == pytest.approx(table.loc[test, "gain"].mean()) and gain["verdict"] == "ok"
    assert checks(fitted)["residual scale"]["verdict"] == "ok"


def test_posterior__shrinks_towards_what_the_prior_expects(study: Study, fitted: Path) -> None:
    prior = read_table(Path(f"{fitted}.prior.tsv.gz"), PRIOR)
    assert (prior["posterior_sd"] ** 2 <= prior["prior_variance"] * (1 + 1e-6)).all()
    z = read_table(study.folder / "x.sumstats.tsv", SUMSTATS).set_index("variant_id")["z"]
    marginal = prior["variant_id"].map(z) / np.sqrt(50_000)
    assert np.corrcoef(prior["posterior_mean"], marginal)[0, 1] > 0.4
    assert prior["posterior_mean"].abs().mean() < marginal.abs().mean()


def test_flipped_alleles__change_nothing(tmp_path: Path) -> None:
    outputs = []
    for name, flipped in (("plain", False), ("flipped", True)):
        small = simulate(tmp_path / name, blocks=12, variants=30, flipped=flipped)
        run_ok("prior", "fit", *small.options, "--epochs", 3, "--out", tmp_path / name / "o")
        outputs.append(read_table(tmp_path / name / "o.prior.tsv.gz", PRIOR))
        assert checks(tmp_path / name / "o")["share of variants with flipped alleles"]["value"] == pytest.approx(
            1 / 3 if flipped else 0, abs=0.02
        )
    pd.testing.assert_frame_equal(*outputs, rtol=1e-4)


def test_noise__is_no_gain(tmp_path: Path) -> None:
    """Annotations that say nothing: the card says to use the constant prior."""
    small = simulate(tmp_path, blocks=30, variants=30, log_enrichments=(0.0, 0.0, 0.0), seed=5)
    run_ok("prior", "fit", *small.options, "--out", tmp_path / "o")
    assert checks(tmp_path / "o")["gain over a constant prior on test blocks (nats a block)"]["verdict"] == "caution"


@pytest.mark.parametrize("model", ["constant", "mlp"])
def test_models__write_the_same_files(model: str, study: Study, tmp_path: Path) -> None:
    run_ok("prior", "fit", *study.options, "--model", model, "--hidden", 4, "--epochs", 2, "--ensemble", 2, "--out", tmp_path / "o")
    table = read_table(tmp_path / "o.blocks.tsv", PRIOR_BLOCKS)
    assert len(table) == 60 and np.isfinite(table[["gain", "gain_over_none", "residual_scale"]]).all().all()
    if model == "constant":
        assert (table["gain"].abs() < 1e-4).all()
    assert any(name.startswith("gain over") for name in checks(tmp_path / "o")) == (model != "constant")


def test_ld_of_others__with_a_fixed_scale_is_refused(tmp_path: Path) -> None:
    small = simulate(tmp_path, blocks=10, variants=20, method="panel")
    options = (*small.options, "--residual-scale", "fixed", "--epochs", 1)
    run_ok("prior", "fit", *options, "--out", tmp_path / "o")
    assert checks(tmp_path / "o")["residual scale"]["verdict"] == "refuse"
    assert run_cli("prior", "fit", *options, "--strict", "--out", tmp_path / "s").returncode == 5


def test_mismatch__raises_the_alarm(tmp_path: Path) -> None:
    """Statistics of another order than the LD: the residual scale cannot be near 1 in most blocks."""
    small = simulate(tmp_path, blocks=12, variants=40, mean_f=3.0)
    table = pd.read_csv(tmp_path / "x.sumstats.tsv", sep="\t")
    table["z"] = np.random.default_rng(1).permutation(table["z"])
    table.to_csv(tmp_path / "x.sumstats.tsv", sep="\t", index=False)
    run_ok("prior", "fit", *small.options, "--keep", 1, "--model", "constant", "--out", tmp_path / "o")
    assert checks(tmp_path / "o")["residual scale"]["verdict"] == "caution"


def test_splits__are_by_chromosome_or_share(study: Study) -> None:
    blocks = blocks_of(study)
    by_contig = split_blocks(blocks, ["chr2", "chr3"], 0.2, 0.1, 1)
    assert {block.contig for block, split in zip(blocks, by_contig, strict=True) if split is Split.TEST} == {"chr2", "chr3"}
    assert all(split is not Split.TEST for block, split in zip(blocks, by_contig, strict=True) if block.contig in ("chr1", "chr4"))
    shares = split_blocks(blocks, [], 0.25, 0.25, 1)
    assert [shares.count(split) for split in (Split.TRAIN, Split.VALID, Split.TEST)] == [30, 15, 15]
    assert shares == split_blocks(blocks, [], 0.25, 0.25, 1) != split_blocks(blocks, [], 0.25, 0.25, 2)


@pytest.mark.parametrize(
    ("words", "mention"),
    [
        (["--test-contigs", "chr9"], "--test-contigs chr9"),
        (["--test-share", 0.8, "--valid-share", 0.8], "to train on"),
        (["--resume"], "--resume without --checkpoint-dir"),
    ],
)
def test_options_that_do_not_fit__end_with_three_parts(words: list[object], mention: str, study: Study, tmp_path: Path) -> None:
    result = run_cli("prior", "fit", *study.options, *words, "--out", tmp_path / "out" / "o")
    assert_bad_input(result, mention, folder=tmp_path / "out", exit_code=2 if "--resume" in words else 3)


def test_annotations_of_windows_or_of_other_variants__are_refused(study: Study, tmp_path: Path) -> None:
    table = pd.read_csv(study.folder / "x.sumstats.tsv", sep="\t")
    values = np.zeros((len(table), 2), dtype=np.float32)
    write_annotations(tmp_path / "windows.h5", table, values, unit="window")
    write_annotations(tmp_path / "others.h5", table.assign(variant_id="chr1:" + table.index.astype(str) + ":C:T"), values)
    for name, mention in (("windows.h5", "annotations of windows"), ("others.h5", "no annotation of the variants")):
        result = run_cli("prior", "fit", *study.options[:4], "--annotations", tmp_path / name, "--out", tmp_path / "out" / "o")
        assert_bad_input(result, mention, folder=tmp_path / "out")


def test_encoding__does_not_depend_on_the_unit_of_an_annotation() -> None:
    """PolyFun's prior variances are of the order of 1e-8; a value that does not vary is no signal, however large."""
    from lucidseq.prior.networks import Encoding

    values = np.random.default_rng(1).exponential(size=(200, 1)).astype(np.float32)
    small = values * np.float32(1e-9)
    np.testing.assert_allclose(Encoding.of(small)(small), Encoding.of(values)(values), rtol=1e-4)
    constant = np.full((200, 1), np.float32(0.1))
    assert Encoding.of(constant).sd == 1 and np.abs(Encoding.of(constant)(constant)).max() < 1e-6


def test_annotations_without_variation__are_named(study: Study, tmp_path: Path) -> None:
    """One annotation is constant in the training blocks, and one is missing everywhere."""
    table = pd.read_csv(study.folder / "x.sumstats.tsv", sep="\t")
    values = np.random.default_rng(1).normal(size=(len(table), 3)).astype(np.float32)
    values[:, 1], values[:, 2] = 7, np.nan
    write_annotations(tmp_path / "x.h5", table, values)
    run_ok("prior", "fit", *study.options[:4], "--annotations", tmp_path / "x.h5", "--model", "constant", "--out", tmp_path / "o")
    check = checks(tmp_path / "o")["annotations that do not vary among the training blocks"]
    assert (check["value"], check["verdict"]) == (2, "caution")
    assert "annotation_1, annotation_2" in str(check["advice"])


def test_blocks_that_share_variants__are_counted(study: Study, tmp_path: Path) -> None:
    """A block that is given twice is both learnt from and held out, so that its gain is no gain on new data."""
    from lucidseq.core.ld import write_ld

    with open_ld(study.folder / "x.ld.h5") as store:
        blocks = list(store)
        again = [replace(block, name=f"{block.name}_again") for block in blocks]
        write_ld(tmp_path / "x.h5", iter(blocks + again), build="toy", method="in-sample", n_ref=500.0)
    words = [*study.options[:2], "--ld", tmp_path / "x.h5", *study.options[4:]]
    run_ok("prior", "fit", *words, "--model", "constant", "--out", tmp_path / "o")
    check = checks(tmp_path / "o")["share of test variants that are in other blocks too"]
    assert float(str(check["value"])) > 0.5 and check["verdict"] == "refuse"
