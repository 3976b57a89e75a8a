"""Copy the screenshots that `make test-galaxy` left into docs/images/galaxy, after somebody has looked at them."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "build" / "galaxy" / "screenshots"
TARGET = ROOT / "docs" / "images" / "galaxy"


def main() -> None:
    """Replace the pictures of the docs."""
    pictures = sorted(SOURCE.glob("*.png"))
    if not pictures:
        sys.exit(f"no pictures in {SOURCE.relative_to(ROOT)}: run `make test-galaxy` first")
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    for picture in pictures:
        shutil.copy(picture, TARGET)
    print(f"{len(pictures)} pictures, {sum(path.stat().st_size for path in TARGET.iterdir()) / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
