"""The same command, inputs, seed and thread count give the same bytes: in another folder, under another hash seed, over old results."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from lucidseq.contract.model import read_contract
from support import run_cli, run_process
from verification.small_chain import ROOT, Call, Chain, checksums, describe

CALLS = describe()
every_call = pytest.mark.parametrize("call", CALLS, ids=[call.name for call in CALLS])
CONTRACT = {(item.tool, item.command): item for item in read_contract()}
# docs/guides/pipelines.md names them, section Determinism
MAY_DIFFER = {"train fit", "attribute maps", "encode ld", "finemap locus"}
THREADED = [
    call
    for call in CALLS
    if CONTRACT[call.tool, call.command].option("threads") is not None and f"{call.tool} {call.command}" not in MAY_DIFFER
]


@pytest.fixture(scope="module")
def elsewhere(chain: Chain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of every file of the chain in a folder of another name."""
    return Path(shutil.copytree(chain.folder, tmp_path_factory.mktemp("elsewhere") / "copy of everything"))


@every_call
def test_another_folder_and_hash_seed(call: Call, chain: Chain, elsewhere: Path, tmp_path: Path) -> None:
    """Relative paths, another working folder, other copies of the inputs, another order of hashes; a process started afresh."""
    environment = {"PYTHONHASHSEED": "4321", "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "TZ": "Asia/Tokyo"}
    inputs = Path(os.path.relpath(elsewhere, tmp_path))
    result = run_process(*call.words(inputs, Path("again") / call.name), cwd=tmp_path, environment=environment)
    assert result.returncode == 0, result.stderr
    assert checksums(tmp_path / "again") == chain.outputs(call.name)


@pytest.mark.parametrize("call", THREADED, ids=[call.name for call in THREADED])
def test_number_of_threads(call: Call, chain: Chain, tmp_path: Path) -> None:
    """Only the commands that the guide names may change with the number of threads, and then only the manifest says the number."""
    found = []
    for threads in (1, 2):
        out = tmp_path / str(threads) / call.name
        result = run_cli(*call.words(chain.folder, out, {"--threads": threads}))
        assert result.returncode == 0, result.stderr
        found.append({name: digest for name, digest in checksums(out.parent).items() if not name.endswith(".manifest.json")})
    assert found[0] == found[1]


def test_guide__names_the_commands_whose_threads_matter() -> None:
    text = (ROOT / "docs" / "guides" / "pipelines.md").read_text(encoding="utf-8").partition("## Determinism")[2]
    assert {f"{item.tool} {item.command}" for item in CONTRACT.values() if f"`{item.tool} {item.command}`" in text} == MAY_DIFFER


@every_call
def test_force__over_old_results_and_the_remains_of_a_killed_run(call: Call, chain: Chain, tmp_path: Path) -> None:
    out = tmp_path / "run" / call.name
    for name in chain.outputs(call.name):
        old = out.parent / name
        old.parent.mkdir(parents=True, exist_ok=True)
        old.write_bytes(b"old")
    remains = out.parent / f".{call.name}.{call.tool}_{call.command}.partial"
    remains.mkdir()
    (remains / "half").write_bytes(b"half")
    result = run_cli(*call.words(chain.folder, out, {"--force": True}))
    assert result.returncode == 0, result.stderr
    assert checksums(out.parent) == chain.outputs(call.name)
