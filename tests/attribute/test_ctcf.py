"""The bars on real data, CTCF against PU.1 peaks: a network of plain defaults distinguishes them, and its maps show the two motifs; those of random
networks do not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from lucidseq.attribute import methods, references
from lucidseq.attribute.explained import explain
from lucidseq.core import alphabet, stores, tables
from lucidseq.core.schema import ATTRIBUTIONS, METRICS
from lucidseq.nets import architectures
from motif_check import correlation, motif_correlation
from sequence_sets import ctcf_against_pu1
from support import run_ok

pytestmark = pytest.mark.slow
LEAST_AUROC, MOST_CPU_SECONDS = 0.995, 120.0
CTCF, PU1 = "MA0139.2", "MA0080.7"
LEAST, CONTROL, NETWORKS, LENGTH = 0.8, 0.4, 8, 100


@dataclass(frozen=True)
class Trained:
    """A network trained with plain defaults, chr8 and chr9 held out: its data, its file, and what training reported."""

    dataset: Path
    model: Path
    log: str


@pytest.fixture(scope="module")
def trained(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("ctcf")
    dataset = ctcf_against_pu1(shared_data, folder / "d.h5")
    log = run_ok("train", "fit", "--dataset", dataset, "--out", folder / "m", "--threads", 2).stderr
    return Trained(dataset, folder / "m.keras", log)


def test_fit__distinguishes_ctcf_from_pu1_peaks_with_plain_defaults(trained: Trained, tmp_path: Path) -> None:
    words = ("train", "predict", "--model", trained.model, "--dataset", trained.dataset, "--split", "test")
    run_ok(*words, "--out", tmp_path / "p")
    run_ok("train", "evaluate", "--predictions", tmp_path / "p.predictions.tsv.gz", "--out", tmp_path / "e")
    metrics = tables.read_table(tmp_path / "e.metrics.tsv", METRICS).set_index(["metric", "group"])
    reported = re.search(r"train fit: .* ([\d.]+) CPU s", trained.log)
    assert reported is not None
    auroc, seconds = metrics.loc[("auroc", "all"), "value"], float(reported.group(1))
    print(f"CTCF against PU.1: AUROC {auroc:.4f} (bar {LEAST_AUROC}), training {seconds:.0f} CPU s (bar {MOST_CPU_SECONDS:.0f})")
    assert auroc >= LEAST_AUROC
    assert seconds <= MOST_CPU_SECONDS


def test_maps__show_the_motifs_of_ctcf_and_pu1(trained: Trained, tmp_path: Path) -> None:
    words = ("attribute", "maps", "--model", trained.model, "--dataset", trained.dataset, "--logos", 0, "--threads", 2)
    run_ok(*words, "--out", tmp_path / "a")
    path = tmp_path / "a.attributions.h5"
    shown = motif_correlation(path, CTCF), -motif_correlation(path, PU1)  # PU.1 speaks against CTCF

    with stores.open_store(path, ATTRIBUTIONS) as store:
        codes, ids = store["codes"][()], [str(name) for name in stores.read_text(store["id"])]
    compared = references.one_hot_references(codes, ids, "dinucleotide-shuffle", 5, 1)
    controls = np.array([_random_network(seed, codes, compared) for seed in range(NETWORKS)])
    print(f"correlation with CTCF, PU.1: {shown}; of {NETWORKS} random networks: {controls.round(2).tolist()}")
    assert min(shown) >= LEAST
    assert np.abs(controls.mean(axis=0)).max() < CONTROL
    assert controls.min(axis=1).max() < CONTROL  # none shows both motifs, each with its sign


def _random_network(seed: int, codes: np.ndarray, compared: np.ndarray) -> tuple[float, float]:
    network = architectures.build(architectures.Design("cnn-deep", LENGTH, 1, "binary"), seed=seed)
    explainer = methods.both_strands(methods.deepshap(explain(network, None)))
    x = alphabet.one_hot(codes)
    maps = [explainer(x[i : i + 50], compared[i : i + 50]).hypothetical for i in range(0, len(x), 50)]
    hypothetical = np.concatenate(maps)
    return correlation(codes, hypothetical, CTCF), -correlation(codes, hypothetical, PU1)
