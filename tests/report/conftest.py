"""Fixtures of the report's tests."""

from __future__ import annotations

import pytest

from report.inputs import Study, make_study


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """One file of every kind."""
    return make_study(tmp_path_factory.mktemp("study"))
