"""Damaged genotype files of every format: genotypes or a three-part error, never a crash, a hang, much memory or impossible values.

The long run: ``python tests/fuzz/genotype_mutants.py all 11 10000`` (docs/methods/genotype-encoding.md gives its figures).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROUNDS = int(os.environ.get("LUCIDSEQ_FUZZ", "25"))
MUTANTS = Path(__file__).with_name("genotype_mutants.py")


def test_mutants__of_every_format() -> None:
    line = [sys.executable, "-W", "ignore", str(MUTANTS), "all", "1", str(ROUNDS)]
    done = subprocess.run(line, capture_output=True, text=True, errors="replace", timeout=120 + 2 * ROUNDS, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = re.findall(r"(\S+): (\d+) of (\d+) refused; (\d+) cut off and not refused", done.stdout)
    assert len(found) == 18
    for kind, refused, count, accepted in found:
        assert 0 < int(refused) <= int(count) == ROUNDS, kind
        assert accepted == "0", f"{kind}: a file that was cut off was read as whole"
