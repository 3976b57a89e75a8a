"""Long statistical checks: the same test with few replicates in every run, and with many under `make verify`, whose figures are kept in
docs/verification.md."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from lucidseq import __version__

FILE = Path(__file__).parents[1] / "docs" / "verification.md"
TEXT = """# Long statistical checks

`make verify` repeats statistical tests with many more simulated data sets than `make test` has time for, and writes this page. Seeds are fixed,
and the few data sets of `make test` are the first of the many here.

| test | replicates | seeds | figure | expected | lucidseq | date |
|---|---|---|---|---|---|---|
"""


def replicates(few: int, many: int) -> pytest.MarkDecorator:
    """Give a test its argument `replicates`: few in every run, many under `make verify`."""
    return pytest.mark.parametrize("replicates", [few, pytest.param(many, marks=pytest.mark.verify)])


class VerifyTable:
    """The plugin: rows of what the tests recorded under ``figure``, a tuple (seeds, figure, expected)."""

    def __init__(self) -> None:
        self.rows: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" or not report.passed:
            return
        name, _, parameters = report.nodeid.partition("[")
        for key, (seeds, figure, expected) in report.user_properties:
            if key == "figure":
                cells = (
                    f"`{name.removeprefix('tests/')}`",
                    parameters.rstrip("]"),
                    seeds,
                    figure,
                    expected,
                    __version__,
                    f"{datetime.date.today()}",
                )
                self.rows.append(f"| {' | '.join(cells)} |\n")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        whole = session.config.args_source is pytest.Config.ArgsSource.TESTPATHS
        if whole and session.exitstatus == pytest.ExitCode.OK and not hasattr(session.config, "workerinput"):
            FILE.write_text(TEXT + "".join(sorted(self.rows)), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("markexpr") == "verify":
        config.pluginmanager.register(VerifyTable(), "lucidseq-verify-table")
