"""report: every kind of file is recognised by what it holds; what is damaged or foreign is refused by name."""

from __future__ import annotations

import gzip
from pathlib import Path

import h5py
import pytest

from lucidseq.core.errors import DataError
from lucidseq.core.schema import SCHEMAS
from lucidseq.report.recognise import recognise
from lucidseq.report.result_files import in_order, read_results
from report.inputs import Study
from support import assert_bad_input, run_cli

KINDS = {"card": "lucidseq.card", "shard1": "lucidseq.card", "shard2": "lucidseq.card"}


def test_recognise__knows_every_kind_whatever_its_name(study: Study, tmp_path: Path) -> None:
    for kind, path in study.files.items():
        copy = tmp_path / f"{kind}.dat"
        copy.write_bytes(path.read_bytes())
        assert recognise(copy) == KINDS.get(kind, f"lucidseq.{kind}")


def test_recognise__knows_every_table_of_the_contract_by_its_required_columns(tmp_path: Path) -> None:
    path = tmp_path / "table.tsv"
    for name, schema in SCHEMAS.items():
        if hasattr(schema, "columns"):
            path.write_text("\t".join(schema.required) + "\n")
            assert recognise(path) == name


BROKEN = {
    "unknown.tsv": b"sample\tvalue\na\t1\n",
    "unknown.png": b"\x89PNG\r\n\x1a\n\x00\xff",
    "unknown.json": b'{"schema": "lucidseq.evil"}',
    "list.json": b"[1, 2]",
    "half.card.json": b'{"schema": "lucidseq.card", "checks": [',
    "deep.json": b"[" * 100_000,
    "card.json": b'{"schema": "lucidseq.card", "schema_version": 1, "tool": "a", "command": "b", "checks": [{"name": "x"}]}',
    "old.card.json": b'{"schema": "lucidseq.card", "schema_version": 99, "tool": "a", "command": "b", "checks": []}',
    "run.manifest.json": b'{"schema": "lucidseq.manifest", "schema_version": 1, "tool": "a"}',
    "bare.manifest.json": b'{"schema": "lucidseq.manifest", "schema_version": 1, "software": {}, "tool": "a", "command": "b", '
    b'"parameters": {}, "libraries": {}}',
    "half.h5": b"\x89HDF\r\n\x1a\n" + b"\x00" * 64,
    "broken.pips.tsv.gz": gzip.compress(b"locus\tvariant_id\n" * 500)[:60],
    "rubbish.tsv.gz": b"\x1f\x8b\x08\x00" + b"\xff" * 40,
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_gather__refuses_foreign_and_damaged_files_by_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(BROKEN[name])
    with pytest.raises(DataError) as caught:
        read_results([path])
    assert name in str(caught.value)


@pytest.mark.parametrize("kind", ["pips", "sumstats"])
def test_gather__refuses_half_a_gzip_whose_header_is_whole(study: Study, kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"half.{kind}.tsv.gz"
    path.write_bytes(study.files[kind].read_bytes()[:-200])
    with pytest.raises(DataError, match="half"):
        read_results([path])


def test_gather__refuses_an_hdf5_file_that_calls_itself_a_table(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "odd.h5", "w") as store:
        store.attrs["schema"] = "lucidseq.pips"
    with pytest.raises(DataError, match=r"odd\.h5"):
        read_results([tmp_path / "odd.h5"])


def test_in_order__heeds_names_and_contents_alone(tmp_path: Path) -> None:
    for folder, text in (("x", "2"), ("y", "1"), ("z", "1")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "b.tsv").write_text(text)
    (tmp_path / "z" / "a.tsv").write_text("0")
    paths = sorted(tmp_path.glob("*/*"))
    texts = [[path.read_text() for path in in_order(order)] for order in (paths, paths[::-1])]
    assert texts[0] == texts[1] and len(texts[0]) == 3 and texts[0][0] == "0"


@pytest.mark.parametrize("name", ["unknown.tsv", "half.h5", "half.card.json", "broken.pips.tsv.gz", "unknown.png"])
def test_build__ends_with_a_three_part_error(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(BROKEN[name])
    result = run_cli("report", "build", "--results", path, "--out", tmp_path / "out" / "x")
    assert_bad_input(result, name, folder=tmp_path / "out")


def test_build__names_the_truth_file_that_plants_nothing(study: Study, tmp_path: Path) -> None:
    header = study.truth_variants.read_text().splitlines()[0]
    (tmp_path / "none.tsv").write_text(header + "\n")
    (tmp_path / "list.json").write_text("[1]")
    common = ("report", "build", *study.results, "--out", tmp_path / "out" / "x")
    assert_bad_input(run_cli(*common, "--truth-variants", tmp_path / "none.tsv"), "none.tsv", folder=tmp_path / "out")
    result = run_cli(*common, "--truth-variants", study.truth_variants, "--truth", tmp_path / "list.json")
    assert_bad_input(result, "list.json", folder=tmp_path / "out")
    result = run_cli(*common, "--truth", study.truth)
    assert_bad_input(result, "--truth-variants", folder=tmp_path / "out", exit_code=2)
