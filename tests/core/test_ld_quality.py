"""What an LD store knows of its making is on the card of each command that reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from enrich.inputs import make_inputs
from lucidseq.core.card import Card, read_card
from lucidseq.core.ld import LdBlock, open_ld, write_ld
from lucidseq.core.ld_quality import check_ld_quality
from support import run_ok

REPAIRED, UNMATCHED = "largest change of a correlation by the repair of the LD", "share of the variants asked for that the LD panel lacks"
FLIPPED, SAMPLES = "variants with swapped alleles", "samples behind the LD"


def make_store(path: Path, method: str = "panel", n_ref: float = 600, **quality: float) -> Path:
    ids = np.array(["1:1:A:G", "1:2:A:G"], dtype=object)
    write_ld(path, iter([LdBlock("one", "1", 0, 9, np.eye(2, dtype=np.float32), ids)]), build="test", method=method, n_ref=n_ref)
    with h5py.File(path, "r+") as store:
        store.attrs.update({f"qc_{name}": value for name, value in quality.items()})
    return path


def card_of(path: Path) -> dict[str, Any]:
    card = Card("tool", "command")
    with open_ld(path) as store:
        check_ld_quality(card, store.quality, in_sample=store.method == "in-sample")
    return {check.name: check for check in card.checks}


def test_attributes__that_are_absent_or_of_another_kind_are_unknown(tmp_path: Path):
    assert list(card_of(make_store(tmp_path / "a.h5"))) == [SAMPLES]
    with h5py.File(make_store(tmp_path / "b.h5"), "r+") as store:
        store.attrs["qc_repaired"] = np.array([0.1, 0.2])
    assert list(card_of(tmp_path / "b.h5")) == [SAMPLES]


@pytest.mark.parametrize(
    ("quality", "name", "verdict"),
    [
        ({"repaired": 0.0}, REPAIRED, "ok"),
        ({"repaired": 0.04}, REPAIRED, "caution"),
        ({"repaired": 0.08}, REPAIRED, "refuse"),  # as encode ld
        ({"requested": 1002, "unmatched": 100}, UNMATCHED, "ok"),
        ({"requested": 1002, "unmatched": 996}, UNMATCHED, "caution"),
        ({"n_ref": 400.0}, SAMPLES, "caution"),
        ({"n_ref": 400.0, "method": "in-sample"}, SAMPLES, "ok"),
        ({"n_ref": float("nan")}, SAMPLES, "caution"),
        ({"n_ref": float("nan"), "method": "in-sample"}, SAMPLES, "caution"),
    ],
)
def test_verdicts(tmp_path: Path, quality: dict[str, Any], name: str, verdict: str):
    assert card_of(make_store(tmp_path / "ld.h5", **quality))[name].verdict.value == verdict


def test_gene_tests__repeat_it(tmp_path: Path):
    study = make_inputs(tmp_path)
    with h5py.File(study.ld, "r+") as store:
        store.attrs.update({"qc_repaired": 0.08, "qc_requested": 300, "qc_unmatched": 200})
    run_ok("enrich", "genes", "--sumstats", study.sumstats, "--ld", study.ld, "--gtf", study.gtf, "--out", tmp_path / "g")
    found = {check.name: check for check in read_card(tmp_path / "g.enrich_genes.card.json").checks}
    assert found[REPAIRED].verdict.value == "refuse" and found[UNMATCHED].verdict.value == "caution" and found[SAMPLES].value == 1000
