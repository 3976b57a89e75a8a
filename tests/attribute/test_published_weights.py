"""Saliency of 20 published networks on the synthetic regulatory code, against the figures measured for each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lucidseq.attribute import methods
from lucidseq.attribute.explained import explain
from lucidseq.core import alphabet
from published_networks import auroc, load, map_auroc, read_code

TOLERANCE = 0.005
POSITIVES = 500


@pytest.mark.slow
def test_saliency__of_published_networks_finds_motifs_as_measured(shared_data: Path):
    folder = shared_data / "sequences"
    reference = pd.read_table(folder / "reference" / "synthetic_code_maps.tsv", index_col="weights")
    code = read_code(folder / "synthetic_code.npz")
    positives = np.flatnonzero(code["label"])[:POSITIVES]
    x, found = alphabet.one_hot(code["codes"][positives]), {}
    for name in reference.index:
        explained = explain(load(folder / "trained_weights" / f"{name}.h5"), None)
        prediction = methods.predictor(explained, 500)(code["codes"])
        figures = [auroc(prediction, code["label"])]
        for correct in (False, True):
            maps = methods.saliency(explained, correct=correct)(x, None).contributions
            figures.append(map_auroc(maps, code["model"][positives]))
        found[name] = figures
    ours = pd.DataFrame.from_dict(found, orient="index", columns=reference.columns)
    print(f"largest differences: {(ours - reference).abs().max().round(5).to_dict()}")
    assert len(ours) == 20
    np.testing.assert_allclose(ours, reference, rtol=0, atol=TOLERANCE)
