"""Screenshots of a running Galaxy by headless Chromium, small enough to be kept."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--virtual-time-budget=60000",
)
COLOURS = 64


def obstacle() -> str | None:
    """Return why no browser can be had; None when one can."""
    if any(map(shutil.which, PROGRAMS)):
        return None
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return "no Chromium, and no right to install one"
    return None


def install() -> str:
    """Return the browser, installed from Debian's packages where there is none."""
    if not any(map(shutil.which, PROGRAMS)):
        apt = ["apt-get", "--option", "DPkg::Lock::Timeout=500"]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
            subprocess.run([*apt, *words], env=environment, check=True, capture_output=True, timeout=900)
    return next(found for found in map(shutil.which, PROGRAMS) if found)


def photograph(url: str, target: Path, profile: Path, size: tuple[int, int] = (1400, 1100)) -> None:
    """Save what a page looks like, with few colours."""
    words = [install(), *OPTIONS, f"--user-data-dir={profile}", f"--window-size={size[0]},{size[1]}"]
    subprocess.run([*words, f"--screenshot={target}", url], check=True, capture_output=True, timeout=180)
    reduce(target)


def reduce(target: Path) -> None:
    """Write a picture again with few colours."""
    from PIL import Image

    with Image.open(target) as picture:
        few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(target, optimize=True)
