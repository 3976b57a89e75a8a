"""What every command does alike: help, unknown options, old outputs, verdicts, streams, kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lucidseq.contract.model import CommandContract, read_contract
from lucidseq.core.options import Kind
from support import run_cli, run_ok
from verification.small_chain import Call, Chain, checksums, describe

CALLS = describe()
every_call = pytest.mark.parametrize("call", CALLS, ids=[call.name for call in CALLS])
CONTRACT = read_contract()
every_command = pytest.mark.parametrize("command", CONTRACT, ids=[f"{item.tool}-{item.command}" for item in CONTRACT])


@every_command
def test_help__names_every_option(command: CommandContract) -> None:
    result = run_cli(command.tool, command.command, "--help")
    assert result.returncode == 0 and result.stderr == ""
    assert [option.flag for option in command.options if option.flag not in result.stdout] == []
    assert command.summary.split(".")[0] in " ".join(result.stdout.split())


@every_command
def test_unknown_option__ends_with_2_and_its_name(command: CommandContract) -> None:
    result = run_cli(command.tool, command.command, "--no-such-option", 1)
    assert result.returncode == 2
    assert "--no-such-option" in result.stderr and "Traceback" not in result.stderr


@every_command
def test_required_option_left_out__ends_with_2_and_its_name(command: CommandContract) -> None:
    result = run_cli(command.tool, command.command)
    required = [option.flag for option in command.options if option.required] or ["--out"]
    assert result.returncode == 2
    assert required[0] in result.stderr or "--out" in result.stderr


@every_command
def test_bounds_and_choices__end_with_2_and_the_flag(command: CommandContract, tmp_path: Path) -> None:
    call = next(call for call in CALLS if (call.tool, call.command) == (command.tool, command.command))
    for option in command.options:
        wrong: list[object] = []
        if option.kind is Kind.CHOICE:
            wrong.append("no-such-choice")
        if option.kind in (Kind.INTEGER, Kind.NUMBER):
            wrong.append("many")
            wrong += [bound for bound in (_beyond(option.minimum, -1), _beyond(option.maximum, 1)) if bound is not None]
        for value in wrong:
            result = run_cli(*call.words(tmp_path, tmp_path / "out" / "run", {option.flag: value}))
            assert (result.returncode, option.flag in result.stderr) == (2, True), (option.flag, value, result.stderr)
    assert not (tmp_path / "out").exists()


def _beyond(bound: float | None, step: int) -> float | None:
    return None if bound is None else bound + step


@every_call
def test_old_outputs__are_kept_without_force(call: Call, chain: Chain) -> None:
    before = chain.outputs(call.name)
    result = run_cli(*call.words(chain.folder, chain.folder / call.prefix))
    assert result.returncode == 3
    assert "--force" in result.stderr and call.name in result.stderr and "Traceback" not in result.stderr
    assert chain.outputs(call.name) == before


@every_call
def test_streams__leave_stdout_to_the_user(call: Call, chain: Chain) -> None:
    assert chain.said[call.name].stdout == ""
    assert "Warning" not in chain.said[call.name].stderr, chain.said[call.name].stderr


@every_call
def test_card_and_manifest__say_what_ran(call: Call, chain: Chain) -> None:
    stem = chain.folder / call.prefix
    card, manifest = (
        json.loads(stem.with_name(f"{stem.name}.{call.tool}_{call.command}.{kind}.json").read_text()) for kind in ("card", "manifest")
    )
    assert card["checks"] and card["verdict"] in ("ok", "caution", "refuse")
    given = manifest["inputs"]
    for flag, path in call.inputs().items():
        assert path.name in [item["name"] for item in given[flag.removeprefix("--").replace("-", "_")]], flag
    assert str(chain.folder) not in json.dumps([card, manifest])


@pytest.fixture(scope="module")
def refused(chain: Chain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Summary statistics of which a third of the variants are in the LD."""
    import gzip

    lines = gzip.decompress((chain.folder / "sumstats" / "sumstats.sumstats.tsv.gz").read_bytes()).decode().splitlines()
    columns = lines[0].split("\t")
    changed = [lines[0]]
    for number, line in enumerate(lines[1:]):
        fields = line.split("\t")
        if number % 3:
            place = columns.index("base_pair_location")
            fields[place] = str(int(fields[place]) + 1)
            fields[columns.index("variant_id")] = f"elsewhere{number}"
        changed.append("\t".join(fields))
    path = tmp_path_factory.mktemp("refused") / "refused.tsv"
    path.write_text("\n".join(changed) + "\n")
    return path


def test_strict__turns_a_refusal_into_5_and_keeps_the_results(chain: Chain, refused: Path, tmp_path: Path) -> None:
    call = chain.calls["finemap_scored"]
    words = lambda name: call.words(chain.folder, tmp_path / name / "run", {"--sumstats": refused, "--scores": None})  # noqa: E731
    mild, strict = run_cli(*words("mild")), run_cli(*words("strict"), "--strict")
    assert (mild.returncode, strict.returncode) == (0, 5), (mild.stderr, strict.stderr)
    assert "refuse" in mild.stderr and "refuse" in strict.stderr
    assert checksums(tmp_path / "mild") == checksums(tmp_path / "strict") != {}


@pytest.mark.parametrize("name", ["predict", "maps", "effects"])
def test_card__repeats_what_the_training_of_the_network_found(name: str, chain: Chain) -> None:
    (card,) = (chain.folder / chain.calls[name].prefix).parent.glob("*.card.json")
    names = [check["name"] for check in json.loads(card.read_text())["checks"]]
    assert [item for item in names if item.startswith("validation pearson of the training")]


def test_quiet__says_nothing_when_all_is_well(chain: Chain, tmp_path: Path) -> None:
    call = chain.calls["parameters"]
    result = run_cli(*call.words(chain.folder, tmp_path / "run", {"--quiet": True}))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize("name", ["genotypes", "fit"])
def test_kill__leaves_no_output_and_the_next_run_succeeds(name: str, chain: Chain, tmp_path: Path) -> None:
    call = chain.calls[name]
    out = tmp_path / "out" / call.name
    words = [str(word) for word in call.words(chain.folder, out)]
    partial = out.parent / f".{call.name}.{call.tool}_{call.command}.partial"
    assert end_process(words, partial, signal.SIGKILL) == -signal.SIGKILL
    assert [path for path in out.parent.iterdir() if path != partial] == []
    run_ok(*words)
    assert checksums(out.parent) == chain.outputs(name)


@pytest.mark.parametrize("name", ["genotypes", "fit"])
def test_request_to_end__leaves_nothing_at_all(name: str, chain: Chain, tmp_path: Path) -> None:
    """Schedulers ask (SIGTERM) before they kill."""
    call = chain.calls[name]
    out = tmp_path / "out" / call.name
    words = [str(word) for word in call.words(chain.folder, out)]
    partial = out.parent / f".{call.name}.{call.tool}_{call.command}.partial"
    assert end_process(words, partial, signal.SIGTERM) == 128 + signal.SIGTERM
    assert list(out.parent.iterdir()) == []


def end_process(words: list[str], partial: Path, number: signal.Signals) -> int:
    """Start a command, send it a signal as soon as its temporary folder exists, and return its exit code."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.Popen([sys.executable, "-m", "lucidseq", *words], env=environment, stderr=subprocess.DEVNULL)
    while not partial.exists():
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.001)
    process.send_signal(number)
    return process.wait()
