"""The bar on real data: CTCF against PU.1 peaks, chr8 and chr9 held out."""

from __future__ import annotations

import re

import pytest

from lucidseq.core import tables
from lucidseq.core.schema import METRICS
from sequence_sets import ctcf_against_pu1
from support import run_ok

LEAST_AUROC, MOST_CPU_SECONDS = 0.995, 120.0


@pytest.mark.slow
def test_fit__tells_ctcf_from_pu1_peaks_with_plain_defaults(shared_data, tmp_path):
    dataset = ctcf_against_pu1(shared_data, tmp_path / "d.h5")
    log = run_ok("train", "fit", "--dataset", dataset, "--out", tmp_path / "m", "--threads", 2).stderr
    model, out = tmp_path / "m.keras", tmp_path / "p"
    run_ok("train", "predict", "--model", model, "--dataset", dataset, "--out", out, "--split", "test")
    run_ok("train", "evaluate", "--predictions", tmp_path / "p.predictions.tsv.gz", "--out", tmp_path / "e")
    metrics = tables.read_table(tmp_path / "e.metrics.tsv", METRICS).set_index(["metric", "group"])
    found = re.search(r"train fit: .* ([\d.]+) CPU s", log)
    assert found is not None
    auroc, seconds = metrics.loc[("auroc", "all"), "value"], float(found.group(1))
    print(f"CTCF against PU.1: AUROC {auroc:.4f} (bar {LEAST_AUROC}), training {seconds:.0f} CPU s (bar {MOST_CPU_SECONDS:.0f})")
    assert auroc >= LEAST_AUROC
    assert seconds <= MOST_CPU_SECONDS
