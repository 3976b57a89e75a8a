"""`python -m lucidseq.contract` writes the generated files; with --check, it reports differences and mistakes in Galaxy's forms, and fails."""

from __future__ import annotations

import argparse

from lucidseq.contract import files, forms, skeleton
from lucidseq.contract.model import read_contract


def main() -> None:
    """Write or check the generated files."""
    parser = argparse.ArgumentParser(prog="python -m lucidseq.contract", description="Write the files made from the contract.")
    parser.add_argument("--check", action="store_true", help="print the difference and fail instead of writing")
    parser.add_argument("--form", metavar="COMMAND", help="print a first draft of a Galaxy form, such as finemap_locus")
    arguments = parser.parse_args()
    if arguments.form:
        print(skeleton.render_form(next(command for command in read_contract() if command.name == arguments.form)))
        return
    if not arguments.check:
        files.write()
        return
    lines = files.differences() + forms.problems(files.ROOT, read_contract())
    print("\n".join(lines) or "generated files are up to date, and Galaxy's forms agree with the commands")
    raise SystemExit(1 if lines else 0)


if __name__ == "__main__":
    main()
