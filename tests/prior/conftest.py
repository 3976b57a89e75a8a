"""Fixtures of the prior's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small matrices: threads of BLAS would only wait for each other."""
    with threadpool_limits(1):
        yield
