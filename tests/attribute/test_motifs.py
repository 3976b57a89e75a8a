"""The bar on real data: maps of a network that tells CTCF from PU.1 peaks show the two motifs; random networks do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lucidseq.attribute import methods, references
from lucidseq.attribute.explained import explain
from lucidseq.core import alphabet, stores
from lucidseq.core.schema import ATTRIBUTIONS
from lucidseq.nets import architectures
from motif_check import correlation, motif_correlation
from sequence_sets import ctcf_against_pu1
from support import run_ok

CTCF, PU1 = "MA0139.2", "MA0080.7"
LEAST, CONTROL, NETWORKS, LENGTH = 0.8, 0.4, 8, 100


@pytest.mark.slow
def test_maps__show_the_motifs_of_ctcf_and_pu1(shared_data: Path, tmp_path: Path):
    dataset = ctcf_against_pu1(shared_data, tmp_path / "d.h5")
    run_ok("train", "fit", "--dataset", dataset, "--out", tmp_path / "m", "--epochs", 3, "--threads", 2)
    run_ok(
        "attribute", "maps", "--model", tmp_path / "m.keras", "--dataset", dataset, "--out", tmp_path / "a", "--logos", 0, "--threads", 2
    )
    path = tmp_path / "a.attributions.h5"
    found = motif_correlation(path, CTCF), -motif_correlation(path, PU1)  # PU.1 speaks against CTCF

    with stores.open_store(path, ATTRIBUTIONS) as store:
        codes, ids = store["codes"][()], [str(name) for name in stores.read_text(store["id"])]
    compared = references.one_hot_references(codes, ids, "dinucleotide-shuffle", 5, 1)
    controls = np.array([_random_network(seed, codes, compared) for seed in range(NETWORKS)])
    print(f"correlation with CTCF, PU.1: {found}; of {NETWORKS} random networks: {controls.round(2).tolist()}")
    assert min(found) >= LEAST
    assert np.abs(controls.mean(axis=0)).max() < CONTROL
    assert controls.min(axis=1).max() < CONTROL  # none shows both motifs, each with its sign


def _random_network(seed: int, codes: np.ndarray, compared: np.ndarray) -> tuple[float, float]:
    network = architectures.build(architectures.Design("cnn-deep", LENGTH, 1, "binary"), seed=seed)
    explainer = methods.both_strands(methods.deepshap(explain(network, None)))
    x = alphabet.one_hot(codes)
    maps = [explainer(x[i : i + 50], compared[i : i + 50]).hypothetical for i in range(0, len(x), 50)]
    hypothetical = np.concatenate(maps)
    return correlation(codes, hypothetical, CTCF), -correlation(codes, hypothetical, PU1)
