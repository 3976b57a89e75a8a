"""Load the backend once, as commands do."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True, scope="session")
def prepared_backend() -> None:
    from lucidseq.nets import backend

    backend.prepare(seed=1, threads=2)
