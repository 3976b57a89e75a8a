"""The chain, run once, and the server that runs its commands again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from verification.small_chain import Chain, run_chain
from verification.worker import Worker


@pytest.fixture(scope="session")
def worker() -> Iterator[Worker]:
    with Worker() as server:
        yield server


@pytest.fixture(scope="session")
def chain(worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return run_chain(tmp_path_factory.mktemp("chain"), worker.run)
