"""Every input of every command, damaged in every way: an error in three parts that names the place, and nothing left behind.

The cases come from the contract, so that a new command or option is held to them without a line here.
"""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from lucidseq.contract.model import read_contract
from support import assert_bad_input
from verification.small_chain import Call, Chain, describe
from verification.worker import Worker

CALLS = describe()
# Plain text ends anywhere without being damaged: half a table may be a smaller table
TEXT = (".bed", ".tsv", ".csv", ".gtf", ".gmt", ".fa", ".jaspar")


def _cases() -> list[tuple[Call, str]]:
    """Return one call for each input option of each command."""
    first: dict[tuple[str, str, str], Call] = {}
    for call in CALLS:
        for flag in call.inputs():
            first.setdefault((call.tool, call.command, flag), call)
    return [(call, flag) for (_, _, flag), call in first.items()]


CASES = _cases()
every_input = pytest.mark.parametrize(("call", "flag"), CASES, ids=[f"{call.name}{flag}" for call, flag in CASES])


def test_cases__hold_every_input_option_of_the_contract() -> None:
    declared = {(item.tool, item.command, option.flag) for item in read_contract() for option in item.inputs}
    assert {(call.tool, call.command, flag) for call, flag in CASES} == declared


def run_with(
    chain: Chain, worker: Worker, call: Call, changed: dict[str, object], out: Path
) -> subprocess.CompletedProcess[str]:
    return worker.run(*call.words(chain.folder, out, changed))


def refuse(chain: Chain, worker: Worker, call: Call, flag: str, bad: Path, tmp_path: Path) -> None:
    """Give a bad file to one option; the error must name the file."""
    out = tmp_path / "out"
    result = run_with(chain, worker, call, {flag: bad}, out / "run")
    assert_bad_input(result, bad.name, folder=out, exit_code=2 if result.returncode == 2 else 3)


def damaged(chain: Chain, call: Call, flag: str, tmp_path: Path, content: bytes) -> Path:
    """Write a file with other content, under the name of the valid one."""
    bad = tmp_path / f"bad_{call.inputs()[flag].name}"
    bad.write_bytes(content)
    return bad


@every_input
def test_empty_file(call: Call, flag: str, chain: Chain, worker: Worker, tmp_path: Path) -> None:
    refuse(chain, worker, call, flag, damaged(chain, call, flag, tmp_path, b""), tmp_path)


@every_input
def test_random_bytes(call: Call, flag: str, chain: Chain, worker: Worker, tmp_path: Path) -> None:
    content = random.Random(call.name + flag).randbytes(1024)
    refuse(chain, worker, call, flag, damaged(chain, call, flag, tmp_path, content), tmp_path)


@every_input
def test_half_of_the_file(call: Call, flag: str, chain: Chain, worker: Worker, tmp_path: Path) -> None:
    whole = (chain.folder / call.inputs()[flag]).read_bytes()
    bad = damaged(chain, call, flag, tmp_path, whole[: len(whole) // 2])
    if bad.suffix in TEXT:
        out = tmp_path / "out"
        result = run_with(chain, worker, call, {flag: bad}, out / "run")
        if result.returncode != 0:
            assert_bad_input(result, folder=out)
    else:
        refuse(chain, worker, call, flag, bad, tmp_path)


@every_input
def test_path_that_does_not_exist(call: Call, flag: str, chain: Chain, worker: Worker, tmp_path: Path) -> None:
    refuse(chain, worker, call, flag, tmp_path / f"absent_{call.inputs()[flag].name}", tmp_path)


@every_input
def test_folder(call: Call, flag: str, chain: Chain, worker: Worker, tmp_path: Path) -> None:
    folder = tmp_path / f"folder_{call.inputs()[flag].name}"
    folder.mkdir()
    refuse(chain, worker, call, flag, folder, tmp_path)
