"""Get what the tests of containers and Galaxy need from elsewhere (packages, wheels, a base image), as far as this machine allows: `make prepare`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "containers"))
sys.path.insert(0, str(ROOT / "tests" / "galaxy"))
sys.path.insert(0, str(ROOT / "containers"))


def main() -> None:
    """Prepare one after the other; without the right to, the tests themselves will give the reason."""
    import browser
    import build
    import machine
    import server

    if server.obstacle() is None:
        server.install()
    if browser.obstacle() is None:
        browser.install()
    if machine.obstacle() is None:
        machine.prepare()
        for lock in ("core", "nets-cpu", "motifs", "simulate"):
            build.gather_wheels(lock)
        build.gather_wheels("nets-gpu", without_cuda=True)


if __name__ == "__main__":
    main()
