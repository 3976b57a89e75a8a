"""x."""
from __future__ import annotations
from pathlib import Path
from typing import Annotated
import typer
from lucidseq.core.app import Tool
from lucidseq.core.options import Seed, Threads
from lucidseq.core.roles import Format, In, OutFile, OutputPrefix

tool = Tool("finemap", "Find causal variants in associated loci.")
main = tool.main

@tool.command(run="lucidseq.finemap.run:locus")
def locus(
    sumstats: Annotated[Path, typer.Option("--sumstats", help="x"), In(Format.TSV, schema="lucidseq.sumstats")],
    out: Annotated[Path, typer.Option("--out", help="Prefix."), OutputPrefix(pips=OutFile(".pips.tsv.gz", Format.TSV, "PIPs."))],
    seed: Seed = 1, threads: Threads = 1,
) -> None:
    """Fine-map loci."""
