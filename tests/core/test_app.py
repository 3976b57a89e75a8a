"""How a command runs: exit codes, whole outputs or none, provenance that repeats."""

from __future__ import annotations

import errno
import json
import os
import signal
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest

from lucidseq.core.app import Command, Tool
from lucidseq.core.card import Card, Verdict
from lucidseq.core.errors import DataError, UsageError
from lucidseq.core.execute import execute
from lucidseq.core.options import Option, Options
from lucidseq.core.outputs import OutputSet, require_space
from lucidseq.core.roles import Format, In, OutFile
from support import assert_bad_input, run_cli

BEHAVIOUR: dict[str, Callable[[OutputSet], Card]] = {}


def work(options: Options, out: OutputSet) -> Card:
    return BEHAVIOUR["now"](out)


@dataclass(frozen=True, kw_only=True)
class DemoOptions(Options):
    """Do nothing much."""

    table: Annotated[Path, Option("Table."), In(Format.TSV)]
    share: Annotated[float, Option("A share.", min=0, max=1)] = 0.5


TOOL = Tool("toy", "A toy.", image="core")
demo = TOOL.command(
    "demo",
    DemoOptions,
    run="test:work",
    outputs={"text": OutFile(".txt", Format.TSV, "Text."), "more": OutFile(".more", Format.TSV, "More.", optional=True)},
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    monkeypatch.setattr(Command, "load", lambda self: work)
    (tmp_path / "in.tsv").write_text("a\tb\n1\t2\n")

    def call(behaviour: Callable[[OutputSet], Card], **options: object) -> int:
        BEHAVIOUR["now"] = behaviour
        return execute(TOOL.commands["demo"], {"table": tmp_path / "in.tsv", "out": tmp_path / "results" / "x", **options})

    return call


def good(out: OutputSet) -> Card:
    out["text"].write_text("done\n")
    return Card("toy", "demo")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_success__writes_outputs_card_and_manifest(run: Callable[..., int], tmp_path: Path) -> None:
    assert run(good) == 0
    assert names(tmp_path / "results") == ["x.toy_demo.card.json", "x.toy_demo.manifest.json", "x.txt"]
    manifest = json.loads((tmp_path / "results" / "x.toy_demo.manifest.json").read_text())
    assert manifest["inputs"]["table"][0]["name"] == "in.tsv"
    assert str(tmp_path) not in json.dumps(manifest)


def test_existing_output__is_not_replaced_without_force(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(good) == 0
    assert run(good) == 3
    assert "--force" in capsys.readouterr().err
    assert run(good, force=True) == 0


def test_force__removes_an_optional_output_that_is_not_made_again(run: Callable[..., int], tmp_path: Path) -> None:
    def with_more(out: OutputSet) -> Card:
        out["more"].write_text("old")
        return good(out)

    assert run(with_more) == 0
    assert run(good, force=True) == 0
    assert "x.more" not in names(tmp_path / "results")


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (DataError("r", "e", "f", where="w"), 3, "at: w"),
        (MemoryError(), 137, "memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), 137, "memory"),
        (EOFError("Compressed file ended"), 3, "ends too early"),
        (zlib.error("bad"), 3, "damaged"),
        (OSError(28, "No space left on device", "/full"), 3, "No space left"),
        (RuntimeError("Can't write (errno = 27, error message = 'File too large')"), 3, "File too large"),
        (PermissionError(13, "Permission denied", "/closed"), 3, "Permission denied"),
        (ModuleNotFoundError("no", name="scipy.stats"), 4, "scipy"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), 3, "not text"),
        (ZeroDivisionError("oops"), 1, "bug"),
    ],
)
def test_errors__give_exit_codes_and_leave_nothing(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str], error: Exception, code: int, said: str
) -> None:
    def fail(out: OutputSet) -> Card:
        out["text"].write_text("half")
        raise error

    assert run(fail) == code
    text = capsys.readouterr().err
    assert said in text
    assert ("Traceback" in text) == (code == 1)
    assert names(tmp_path / "results") == []


def test_strict__turns_refuse_into_exit_code_5_and_shows_the_card(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    def doubtful(out: OutputSet) -> Card:
        card = good(out)
        card.add("LD fits", 0.4, Verdict.REFUSE, threshold="< 0.1", advice="Use LD of the same people.")
        return card

    assert run(doubtful) == 0
    assert run(doubtful, force=True, strict=True) == 5
    assert "Use LD of the same people." in capsys.readouterr().err


def test_missing_and_empty_input__are_named(run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(good, table=tmp_path / "none.tsv") == 3
    assert "none.tsv" in capsys.readouterr().err
    (tmp_path / "empty.tsv").touch()
    assert run(good, table=tmp_path / "empty.tsv") == 3
    assert "is empty" in capsys.readouterr().err


def test_out_without_a_writable_folder__is_an_error(run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert run(good, out=tmp_path / "file" / "x") == 3
    assert "expected: " in capsys.readouterr().err


def test_leftovers_of_a_killed_run__do_not_reach_the_next(run: Callable[..., int], tmp_path: Path) -> None:
    partial = tmp_path / "results" / ".x.toy_demo.partial"
    partial.mkdir(parents=True)
    (partial / "x.more").write_text("from a run that was killed")
    assert run(good) == 0
    assert names(tmp_path / "results") == ["x.toy_demo.card.json", "x.toy_demo.manifest.json", "x.txt"]


def test_two_runs_at_once__do_not_mix(tmp_path: Path) -> None:
    files = {"text": OutFile(".txt", Format.TSV, "")}
    one, same = (OutputSet(tmp_path / "x", files, command="toy_demo", force=True) for _ in range(2))
    other = OutputSet(tmp_path / "x", {"more": OutFile(".more", Format.TSV, "")}, command="toy_other")
    with one.transaction():
        one["text"].write_text("one")
        with pytest.raises(DataError, match="another run of this command"), same.transaction():
            pass
        with other.transaction():
            other["more"].write_text("other")
    assert names(tmp_path) == ["x.more", "x.txt"]
    assert (tmp_path / "x.txt").read_text() == "one"
    with same.transaction():
        same["text"].write_text("same")
    assert (tmp_path / "x.txt").read_text() == "same"
    assert not list(tmp_path.glob(".*"))


def test_a_file_that_appears_while_it_runs__is_not_replaced(run: Callable[..., int], tmp_path: Path) -> None:
    def slow(out: OutputSet) -> Card:
        (tmp_path / "results" / "x.txt").write_text("of somebody else")
        return good(out)

    assert run(slow) == 3
    assert names(tmp_path / "results") == ["x.txt"]
    assert (tmp_path / "results" / "x.txt").read_text() == "of somebody else"


def test_space__is_asked_for_before_a_large_file(tmp_path: Path) -> None:
    require_space(tmp_path, 1)
    with pytest.raises(DataError, match="MB for the output"):
        require_space(tmp_path, 1 << 62)


def test_names_that_no_file_can_have__are_errors(run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "results" / "x.txt").mkdir(parents=True)
    assert run(good, force=True) == 3
    assert "x.txt is a folder" in capsys.readouterr().err
    assert run(good, out=tmp_path / ("x" * 250)) == 3
    assert "name too long" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "flag", "other"),
    [
        ("sumstats --genotypes {file} --trait y --panel {file}", "--panel", "--input"),
        ("sumstats --genotypes {file} --trait y --strand forward", "--strand", "--input"),
        ("sumstats --genotypes {file} --trait y --column n=N", "--column", "--input"),
        ("annotations --variants {file} --bed {file} --flank 3", "--flank", "--signal"),
        ("sequences --fasta {file} --regions {file} --negatives-per-positive 2", "--negatives-per-positive", "--negatives"),
    ],
)
def test_options_without_effect__are_refused(words: str, flag: str, other: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    result = run_cli("encode", *words.format(file=tmp_path / "file").split(), "--out", tmp_path / "out" / "x")
    assert_bad_input(result, f"{flag} without {other}", folder=tmp_path / "out", exit_code=2)


def test_threads__are_one_where_a_command_has_no_such_option(run: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "64")
    seen = []

    def look(out: OutputSet) -> Card:
        seen.append(os.environ["OPENBLAS_NUM_THREADS"])
        return good(out)

    assert run(look) == 0
    assert seen == ["1"]


def test_damaged_text__is_named_with_its_line(run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def read(out: OutputSet) -> Card:
        (tmp_path / "in.tsv").read_text(encoding="utf-8")
        return good(out)

    (tmp_path / "in.tsv").write_bytes(b"a\tb\n1\t\xff\n")
    assert run(read) == 3
    assert f"at: {tmp_path / 'in.tsv'}, line 2" in capsys.readouterr().err


def test_seed__may_be_zero() -> None:
    from lucidseq.simulate.cli import SimulateSequencesOptions

    assert SimulateSequencesOptions(seed=0).seed == 0
    with pytest.raises(UsageError, match="at least 0"):
        SimulateSequencesOptions(seed=-1)


@pytest.mark.parametrize("step", ["_lock", "_commit"])
def test_request_to_end__waits_until_a_folder_is_locked_or_all_files_are_moved(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In between nothing would remove the folder, or only some of the files would be there."""

    def end(*_: object) -> None:
        raise SystemExit

    own = getattr(OutputSet, step)

    def interrupted(outputs: OutputSet) -> object:
        signal.raise_signal(signal.SIGTERM)
        return own(outputs)

    monkeypatch.setattr(OutputSet, step, interrupted)
    previous = signal.signal(signal.SIGTERM, end)
    try:
        with (
            pytest.raises(SystemExit),
            OutputSet(tmp_path / "x", {"a": OutFile(".a", Format.TSV, "")}, command="toy_demo").transaction() as outputs,
        ):
            outputs["a"].write_text("whole")
    finally:
        signal.signal(signal.SIGTERM, previous)
    assert [path.name for path in tmp_path.iterdir()] == ([] if step == "_lock" else ["x.a"])
