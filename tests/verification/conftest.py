"""The chain, run once."""

from __future__ import annotations

import pytest

from support import run_cli
from verification.small_chain import Chain, run_chain


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return run_chain(tmp_path_factory.mktemp("chain"), run_cli)
