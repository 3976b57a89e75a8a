"""`lucidseq`: list the tools, or run a tool, importing no other."""

from __future__ import annotations

import importlib
import sys

import lucidseq

TOOLS = {
    "simulate": "make genomes, sequences and traits with planted truth",
    "encode": "convert genomic files into lucidseq's formats",
    "train": "train, apply and evaluate sequence networks",
    "attribute": "explain a network base by base",
    "effects": "score variants with a network",
    "prior": "learn from summary statistics which variants matter",
    "finemap": "find causal variants in associated loci",
    "enrich": "test genes and gene sets",
    "report": "collect results in one page",
    "check": "validate pipeline parameters and sample sheets",
}


def module_of(tool: str) -> str:
    """Return the module that declares a tool's commands."""
    return f"lucidseq.{'contract' if tool == 'check' else tool}.cli"


def main(arguments: list[str] | None = None) -> None:
    """Dispatch ``lucidseq TOOL ...`` to the tool's command line."""
    words = sys.argv[1:] if arguments is None else arguments
    if not words or words[0] in ("-h", "--help"):
        width = max(map(len, TOOLS))
        print("usage: lucidseq TOOL [COMMAND] [OPTIONS]\n\ntools:")
        print("\n".join(f"  {name:<{width}}  {text}" for name, text in TOOLS.items()))
        print("\n`lucidseq TOOL --help` describes a tool; `lucidseq --version` prints the version.")
        return
    if words[0] == "--version":
        print(f"lucidseq {lucidseq.__version__}")
        return
    if words[0] not in TOOLS:
        print(f"received: {words[0]}\nexpected: one of {', '.join(TOOLS)}\nfix: see lucidseq --help", file=sys.stderr)
        raise SystemExit(2)
    sys.argv = [f"lucidseq-{words[0]}", *words[1:]]
    importlib.import_module(module_of(words[0])).main()


if __name__ == "__main__":
    main()
