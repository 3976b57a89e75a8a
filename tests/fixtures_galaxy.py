"""One real Galaxy for all tests, with the project's forms as they are now."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import need

sys.path.insert(0, str(Path(__file__).parent / "galaxy"))
import discovery
import server

from discovery_chain import plain_run


@pytest.fixture(scope="session")
def programs() -> Path:
    """Return the folder of planemo's programs; skip where Galaxy cannot run, except in CI."""
    need(server.obstacle())
    server.install()
    return server.HOME / "planemo" / "bin"


@pytest.fixture(scope="session")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a form that must fail: a good one under another id, whose test expects what is not so."""
    folder = tmp_path_factory.mktemp("canary")
    text = (server.TOOLS / "encode_ld.xml").read_text()
    for old, new in (('id="lucidseq_encode_ld"', 'id="lucidseq_canary"'), ('value="lucidseq.ld"', 'value="lucidseq.somethingelse"')):
        assert old in text
        text = text.replace(old, new)
    (folder / "canary.xml").write_text(text)
    (folder / "macros.xml").write_text((server.TOOLS / "macros.xml").read_text())
    (folder / "test-data").symlink_to(server.TOOLS / "test-data")
    return folder / "canary.xml"


@pytest.fixture(scope="session")
def galaxy(programs: Path, canary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.Galaxy]:
    """Return a running server."""
    with server.serve(tmp_path_factory.mktemp("galaxy"), [canary]) as running:
        yield running


@pytest.fixture(scope="session")
def discovered(galaxy: server.Galaxy) -> discovery.Invocation:
    """Return a finished run of the discovery workflow on the demo's data."""
    return discovery.run_discovery(galaxy, plain_run() / "simulate" / "locus")
