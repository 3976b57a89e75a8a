"""Count the CPU seconds of every test folder, and fail a run in CI whose folder uses much more than its line in budgets.toml grants.

Counted are the tests' own process and the children it has waited for, by `os.times`, and what the fork server used. Under xdist each worker
counts for itself and sends its counts to the controller when it ends.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import fork_server

FILE = Path(__file__).with_name("budgets.toml")
ALLOWED = 1.5  # times the budget: machines differ, and so do two runs
START = "start and collection"
SLOW = ("pipeline", "containers", "galaxy")


def used(*, children: bool) -> float:
    """CPU seconds of this process, and of its ended children and the fork server."""
    own, ended = sum(os.times()[:2]), sum(os.times()[2:4])
    return own + (ended + fork_server.shared.cpu_seconds if children else 0.0)


def name_of(item: pytest.Item) -> str:
    """Return the line of budgets.toml a test counts for: its folder, and the marker of its make target where that is not the folder's."""
    parts = item.nodeid.partition("::")[0].split("/")
    folder = "doctests" if parts[0] == "tools" else parts[1] if len(parts) > 2 else "tests"
    marker = next((name for name in SLOW if item.get_closest_marker(name)), folder)
    return folder if marker in (folder, "pipeline") else f"{folder}, {marker}"


class Budgets:
    """The plugin: counts by name, its own and, in the controller, those of all workers."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self.over: list[str] = []
        self._counted = 0.0  # from the start of the process
        self._last = START

    def count(self, name: str) -> None:
        """Give what was used since the last call to a name."""
        now = used()
        self.seconds[name] += now - self._counted
        self._counted = now

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.count(self._last)
        self._last = name_of(item)
        result = yield
        self.count(self._last)
        return result

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        fork_server.shared.stop()
        self.count(self._last)
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output["cpu_seconds"] = dict(self.seconds)

    def pytest_testnodedown(self, node: Any) -> None:
        self.seconds.update(getattr(node, "workeroutput", {}).get("cpu_seconds", {}))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("CPU seconds by folder")
        for name, seconds in sorted(self.seconds.items(), key=lambda item: -item[1]):
            terminalreporter.write_line(f"{name:<24} {seconds:8.1f}")
        terminalreporter.write_line(f"{'sum':<24} {sum(self.seconds.values()):8.1f}")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Budgets(), "lucidseq-budgets")
