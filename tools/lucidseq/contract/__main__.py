"""`python -m lucidseq.contract` writes the generated files; with --check it prints the difference and fails."""

from __future__ import annotations

import argparse

from lucidseq.contract import files


def main() -> None:
    """Write or check the generated files."""
    parser = argparse.ArgumentParser(
        prog="python -m lucidseq.contract", description="Write the files made from the contract."
    )
    parser.add_argument("--check", action="store_true", help="print the difference and fail instead of writing")
    arguments = parser.parse_args()
    if not arguments.check:
        files.write()
        return
    lines = files.differences()
    print("\n".join(lines) or "generated files are up to date")
    raise SystemExit(1 if lines else 0)


if __name__ == "__main__":
    main()
