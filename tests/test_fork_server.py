"""The fork server runs commands as processes of their own would: tests/verification/test_same_bytes.py compares what both write."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import fork_server
from support import run_cli, run_ok, run_process, starts_afresh

SMALL = ("simulate", "sequences", "--positives", 5, "--negatives", 5, "--core-motifs", "SP1", "--background-motifs", 1)


def test_command__runs_in_the_folder_and_the_environment_given(tmp_path: Path) -> None:
    run_ok(*SMALL, "--out", "s", cwd=tmp_path)
    assert (tmp_path / "s.fa").is_file()
    wide, narrow = (run_cli("encode", "ld", "--help", environment={"COLUMNS": columns}).stdout for columns in ("200", "60"))
    assert max(map(len, narrow.splitlines())) <= 60 < max(map(len, wide.splitlines()))


@pytest.mark.parametrize("words", [("--version",), ("no-such-tool",), ("encode", "ld", "--no-such-option"), ("train", "fit", "--help")])
def test_command__ends_as_a_process_of_its_own(words: tuple[str, ...]) -> None:
    forked, real = run_cli(*words), run_process(*words)
    assert (forked.returncode, forked.stdout, forked.stderr) == (real.returncode, real.stdout, real.stderr)


def test_command_that_takes_too_long_or_a_server_that_is_killed__do_not_stop_the_next(tmp_path: Path) -> None:
    server = fork_server.ForkServer()
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            server.run("simulate", "locus", "--out", tmp_path / "l", timeout=0.5)
        assert server.run("--version").stdout.startswith("lucidseq ")
        assert server._process is not None
        server._process.kill()
        with pytest.raises(RuntimeError, match="the fork server ended"):
            server.run("--version")
        assert server.run("--version").returncode == 0
        assert server.cpu_seconds > 0
    finally:
        server.stop()


def test_new_processes__are_for_threads_and_for_variables_read_at_start() -> None:
    assert starts_afresh(("train", "fit", "--threads", 2), {})
    assert starts_afresh((), {"PYTHONHASHSEED": "1"}) and starts_afresh((), {"OMP_NUM_THREADS": "2"})
    assert not starts_afresh(("train", "fit", "--threads", 1), {"TZ": "Asia/Tokyo"})
