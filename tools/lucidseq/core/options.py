"""Options that mean the same in every tool. A command takes the ones it uses; the house adds `HOUSE` to all."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated

import typer

Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of every random choice of this command.")]
Threads = Annotated[
    int, typer.Option("--threads", min=1, envvar="GALAXY_SLOTS", help="Processor threads to use (default: GALAXY_SLOTS, else 1).")
]
Shard = Annotated[str | None, typer.Option("--shard", help="Do only part i of n, written i/n with i from 1; results do not depend on n.")]
CheckpointDir = Annotated[
    Path | None, typer.Option("--checkpoint-dir", help="Folder for checkpoints of long work, read again with --resume.")
]
Resume = Annotated[bool, typer.Option("--resume/--no-resume", help="Go on from the checkpoints in --checkpoint-dir.")]

_Force = Annotated[bool, typer.Option("--force/--no-force", help="Replace output files that exist.")]
_Strict = Annotated[bool, typer.Option("--strict/--no-strict", help="End with exit code 5 when the trust card says refuse.")]
_Quiet = Annotated[bool, typer.Option("--quiet/--no-quiet", help="Log warnings and errors only.")]

HOUSE: tuple[inspect.Parameter, ...] = tuple(
    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=annotation)
    for name, annotation in (("force", _Force), ("strict", _Strict), ("quiet", _Quiet))
)


def parse_shard(shard: str | None) -> tuple[int, int]:
    """Return (index from 0, number of shards) of an ``i/n`` text; (0, 1) for None.

    Raises
    ------
    UsageError
        If the text is not two whole numbers with 1 <= i <= n.

    Examples
    --------
    >>> parse_shard("2/4")
    (1, 4)
    """
    from lucidseq.core.errors import UsageError

    if shard is None:
        return 0, 1
    index, _, count = shard.partition("/")
    if not (index.isdigit() and count.isdigit() and 1 <= int(index) <= int(count)):
        raise UsageError(f"--shard {shard}", "i/n with 1 <= i <= n, such as 2/8", "correct the value of --shard")
    return int(index) - 1, int(count)
