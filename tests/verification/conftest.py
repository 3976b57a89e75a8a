"""The chain, run once for all workers of xdist: tests read it and write elsewhere."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess

import pytest

from support import run_cli
from verification.small_chain import Chain, describe, run_chain


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, record = shared / "chain", shared / "chain.json"
    with (shared / "chain.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not record.exists():
            done = run_chain(folder, run_cli)
            record.write_text(json.dumps({name: vars(ended) for name, ended in done.said.items()}))
    ended = {name: subprocess.CompletedProcess(**fields) for name, fields in json.loads(record.read_text()).items()}
    return Chain(folder, {call.name: call for call in describe()}, ended)
