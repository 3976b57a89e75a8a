"""Variants and windows that are annotated: what a part holds, and that each variant comes once, wherever the file is cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fixtures_structure import write_store
from lucidseq.core.errors import DataError
from lucidseq.encode.annotations import targets as module
from lucidseq.encode.annotations.targets import Targets, VariantTargets, WindowTargets
from lucidseq.encode.sumstats import variant_panel as panel

# contig, position, name, effect, other: several alleles at places of both contigs, names of several kinds and lengths
SORTED = [
    ("chr2", 5, "rs7", "A", "C"),
    ("chr2", 5, "rs7", "G", "C"),
    ("chr2", 9, "name of chr2", "A", "ACGT"),
    ("chr2", 9, ".", "ACGT", "A"),
    ("chr1", 1, "ä", "t", "g"),
    ("chr1", 9, "rs1234567", "A", "C"),
    ("chr1", 1 << 33, "chr1:x", "A", "C"),
]


def table(path: Path, variants: list[tuple[str, int, str, str, str]]) -> Path:
    lines = ["chromosome\tposition\trsid\teffect_allele\tother_allele"]
    path.write_text("\n".join([*lines, *("\t".join(map(str, row)) for row in variants)]) + "\n", encoding="utf-8")
    return path


def joined(targets: Targets, rows: int) -> dict[str, list[object]]:
    parts = list(targets.parts(rows))
    assert [len(part) for part in parts[:-1]] == [rows] * (len(parts) - 1)
    names = ("contig", "start", "end", "id", "rsid", "effect_allele", "other_allele")
    return {name: np.concatenate([getattr(part, name) for part in parts]).tolist() for name in names}


@pytest.fixture(params=[1, 2, 100])
def cut(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Rows that are read and compared together."""
    monkeypatch.setattr(module, "_CHECKED", request.param)
    monkeypatch.setattr(panel, "_STORE_ROWS", request.param)
    monkeypatch.setattr(panel, "_BLOCK", 40 * request.param)
    return int(request.param)


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4, 5, 6], [5, 0, 2, 6, 1, 4, 3]])
def test_variants__are_the_files_rows(cut: int, order: list[int], tmp_path: Path) -> None:
    rows = [SORTED[at] for at in order]
    with VariantTargets(table(tmp_path / "v.tsv", rows), tmp_path) as variants:
        found = joined(variants, cut)
        assert joined(variants, cut) == found
        assert len(variants) == len(rows)
        assert variants.contigs == list(dict.fromkeys(row[0] for row in rows))
    assert found["contig"] == [row[0] for row in rows]
    assert found["start"] == [row[1] - 1 for row in rows]
    assert found["end"] == [row[1] - 1 + len(row[4]) for row in rows]
    assert found["id"] == [f"{c}:{p}:{other.upper()}:{effect.upper()}" for c, p, _, effect, other in rows]
    assert found["rsid"] == [row[2] for row in rows]
    assert [path.name for path in tmp_path.iterdir()] == ["v.tsv"]


@pytest.mark.parametrize("order", [[0, 1, 2, 2, 3, 4, 5, 6], [5, 0, 2, 6, 1, 4, 3, 2], [2, 6, 4, 0, 2]])
def test_a_variant_twice__is_refused_wherever_it_is(cut: int, order: list[int], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="variant chr2:9:ACGT:A twice"):
        VariantTargets(table(tmp_path / "v.tsv", [SORTED[at] for at in order]), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["v.tsv"]


def test_left_out_rows__are_counted_in_every_part(cut: int, tmp_path: Path) -> None:
    bad = [("chr1", 3, "rs5", "A,C", "G"), ("chr3", 4, "rs6", "<DEL>", "A")]
    with VariantTargets(table(tmp_path / "v.tsv", [bad[1], *SORTED[:3], *bad, *SORTED[3:], bad[0]]), tmp_path) as variants:
        assert variants.removed == 4
        assert len(variants) == len(SORTED)
        assert variants.contigs == ["chr2", "chr1"]
    with pytest.raises(DataError, match="without a variant of two alleles"):
        VariantTargets(table(tmp_path / "v.tsv", bad), tmp_path)


def test_variants_of_a_store__are_the_same(cut: int, tmp_path: Path) -> None:
    store = write_store(tmp_path / "g.h5", np.zeros((5, 3), dtype=np.int8), spacing=100)
    with VariantTargets(store, tmp_path) as variants:
        found = joined(variants, cut)
    assert found["start"] == [0, 100, 200, 300, 400]
    assert found["id"][:2] == ["chr1:1:A:G", "chr1:101:A:G"]


def test_windows__come_in_parts(cut: int, tmp_path: Path) -> None:
    (tmp_path / "w.bed").write_text("c2\t5\t9\tone\nc1\t0\t3\ttwo\nc2\t1\t2\tthree\n")
    windows = WindowTargets(tmp_path / "w.bed")
    found = joined(windows, cut)
    assert (found["contig"], found["start"], found["id"]) == (["c2", "c1", "c2"], [5, 0, 1], ["one", "two", "three"])
    assert windows.contigs == ["c2", "c1"]
