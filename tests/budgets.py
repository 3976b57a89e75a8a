"""Count the CPU seconds of every test folder, and fail a run in CI when a folder uses much more than its line in budgets.toml grants.

Counted are the process of the tests, the processes it has waited for, and what the fork server used. Under xdist each worker counts for itself
and sends its counts to the controller when it ends. What daemons use (containers' engines, Galaxy's jobs) is not seen.
"""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import fork_server

FILE = Path(__file__).with_name("budgets.toml")
FACTOR = 1.5  # over the budget: machines differ, and so do two runs
START = "collection"
TARGETS = ("containers", "galaxy")  # markers of make targets that run tests of several folders


def cpu_seconds() -> float:
    """CPU seconds of this process, of its ended children and of the fork server."""
    return sum(os.times()[:4]) + fork_server.shared.cpu_seconds


def line_of(nodeid: str, markers: set[str]) -> str:
    """Return the line of budgets.toml a test counts for: its folder, and the make target that runs it when that is another.

    Examples
    --------
    >>> line_of("tests/encode/test_ld.py::test_cli", set())
    'encode'
    >>> line_of("tests/pipeline/test_identity.py::test_jobs", {"galaxy", "slow"})
    'pipeline of test-galaxy'
    """
    parts = nodeid.partition("::")[0].split("/")
    if parts[0] == "tools":
        return "doctests"
    folder = parts[1] if len(parts) > 2 else "tests"
    target = next((name for name in TARGETS if name in markers), folder)
    return folder if target == folder else f"{folder} of test-{target}"


def over(seconds: Mapping[str, float], budgets: Mapping[str, float]) -> list[str]:
    """Return the lines that used more than `FACTOR` times their budget; one without a budget has none to use.

    Examples
    --------
    >>> over({"encode": 140.0, "train": 160.0, "new": 1.0}, {"encode": 100.0, "train": 100.0})
    ['new', 'train']
    """
    return sorted(name for name, used in seconds.items() if used > FACTOR * budgets.get(name, 0.0))


class Budgets:
    """The plugin: counts by line, its own and, in xdist's controller, those of all workers."""

    def __init__(self, *, controller: bool) -> None:
        self.seconds: Counter[str] = Counter()
        self.budgets: dict[str, float] = tomllib.loads(FILE.read_text(encoding="utf-8"))["cpu_seconds"]
        self._controller = controller  # runs no test, and its children are the workers
        self._counted = 0.0  # since the process started
        self._line = START

    def _count(self) -> None:
        """Give what was used since the last call to the current line."""
        now = sum(os.times()[:2]) if self._controller else cpu_seconds()
        self.seconds[self._line] += now - self._counted
        self._counted = now

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._count()
        self._line = line_of(item.nodeid, {mark.name for mark in item.iter_markers()})
        result = yield
        self._count()
        return result

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        fork_server.shared.stop()
        self._count()
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output["cpu_seconds"] = dict(self.seconds)
        elif over(self.seconds, self.budgets) and os.environ.get("CI") == "true" and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.seconds.update(getattr(node, "workeroutput", {}).get("cpu_seconds", {}))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("CPU seconds (budget)")
        for name, seconds in sorted(self.seconds.items()):
            terminalreporter.write_line(f"{name:<28}{seconds:8.1f} {self.budgets.get(name, 0):8.0f}")
        granted = sum(self.budgets.get(name, 0) for name in self.seconds)
        terminalreporter.write_line(f"{'sum':<28}{sum(self.seconds.values()):8.1f} {granted:8.0f}")
        for name in over(self.seconds, self.budgets):
            terminalreporter.write_line(f"{name} is over {FACTOR} times its budget of CPU seconds: see tests/{FILE.name}", red=True)


def pytest_configure(config: pytest.Config) -> None:
    controller = bool(config.getoption("numprocesses", None)) and not hasattr(config, "workerinput")
    config.pluginmanager.register(Budgets(controller=controller), "lucidseq-budgets")
