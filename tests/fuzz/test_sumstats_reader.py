"""Damaged summary statistics: data or a three-part error, never another exception, a hang, or much memory.

Run directly (``python tests/fuzz/test_sumstats_reader.py 20000``) for the long run whose figures docs/methods/sumstats.md gives.
"""

from __future__ import annotations

import gzip
import logging
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

if __name__ == "__main__":  # pytest puts this folder on the path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fixtures_sumstats import WRITTEN, Study, simulate
from lucidseq.core.errors import LucidseqError
from lucidseq.encode.sumstats.choices import Dialect, StrandRule
from lucidseq.encode.sumstats.export import export_table
from lucidseq.encode.sumstats.file import References, harmonise_file
from lucidseq.encode.sumstats.liftover import read_chain
from lucidseq.encode.sumstats.read import ReadOptions
from lucidseq.encode.sumstats.sumstats_columns import Ledger
from mutation import survive

CHAIN = b"chain 9 chr1 30000 + 0 30000 chr1 30500 + 500 30500 1\n12000 0 0\n18000\n\nchain 8 chr2 30000 + 0 30000 chr2 30000 + 0 30000 2\n30000\n"
SECONDS, MEGABYTES = 10.0, 600.0  # what one damaged file may take, and what all of them may


def read(path: Path, folder: Path, dialect: Dialect = Dialect.AUTO, **references: object) -> int:
    """Read, harmonise and check what every result must hold; return the number of rows."""
    given = {"fasta": None, "panel": None, "chain": None, "strand": StrandRule.AUTO, "max_palindrome_frequency": 0.4} | references
    with Ledger(folder / "dropped.tsv.gz") as ledger:
        found = harmonise_file(path, ReadOptions(dialect, n=100.0, drop_incomplete=True), References(**given), ledger)
    study = found.study
    assert len(study) + sum(ledger.counts.values()) == found.source.read
    for name in ("beta", "z", "n", "tail"):
        assert np.isfinite(study[name]).all(), name
    assert (study["position"] >= 1).all() and (study["n"] > 0).all() and (study["effect"] != study["other"]).all()
    assert not study.duplicates().any()
    return len(study)


class Target:
    """Reads files of every dialect, panels and chain files."""

    def __init__(self, folder: Path, study: Study) -> None:
        self.folder = folder
        rows = study.rows.iloc[:8]
        self.small = Study(rows, study.genome)
        self.fasta, self.bim = study.write_fasta(folder / "g.fa"), self.small.write_bim(folder / "p.bim")
        self.panel = self.small.write_panel(folder / "p.tsv")
        self.good = WRITTEN["gwas-ssf"].write(rows, folder / "good.tsv")
        self.cases: dict[str, tuple[bytes, Callable[[Path], object]]] = {}
        for name, written in WRITTEN.items():
            data = written.write(rows, folder / f"{name}.txt").read_bytes()
            plain = {"panel": self.bim} if written.panel else {}
            plain |= {"dialect": Dialect(written.dialect)} if written.named else {}
            self.cases[name] = data, lambda path, plain=plain: read(path, folder, **plain)
            if not written.panel:
                whole = {"fasta": self.fasta, "panel": self.panel}
                self.cases[f"{name}, whole"] = data, lambda path, whole=whole: read(path, folder, **whole)
        self.cases["gzip"] = gzip.compress(self.good.read_bytes(), mtime=0), lambda path: read(path, folder)
        self.cases["bim"] = self.bim.read_bytes(), lambda path: read(self.good, folder, panel=path)
        self.cases["panel"] = self.panel.read_bytes(), lambda path: read(self.good, folder, panel=path)
        self.cases["chain"] = CHAIN, lambda path: (read_chain(path), read(self.good, folder, chain=path))

    def run(self, rounds: int, seed: int) -> Counter[str]:
        """Damage each file ``rounds`` times; return how many were read and refused, and the slowest (in ms)."""
        return survive(self.cases, self.folder, rounds, seed, prefix="damaged ", seconds=SECONDS)


def test_damaged_files(tmp_path: Path) -> None:
    target = Target(tmp_path, simulate(indels=True))
    outcome = target.run(rounds=12, seed=1)
    assert outcome["read"] > 20 and outcome["refused"] > 20
    assert outcome["read"] + outcome["refused"] == 12 * len(target.cases)


def test_export__of_what_a_damaged_file_gave(tmp_path: Path) -> None:
    """Whatever was read can be written in every dialect."""
    from lucidseq.encode.sumstats.dialects import DIALECTS

    study = simulate()
    path = WRITTEN["metal-z"].write(study.rows.iloc[:20], tmp_path / "in.txt")
    with Ledger(tmp_path / "dropped.tsv.gz") as ledger:
        found = harmonise_file(path, ReadOptions(), References(None, None, None, StrandRule.AUTO, 0.4), ledger)
    for dialect, facts in DIALECTS.items():
        if facts.export and dialect is not Dialect.GWAS_VCF:
            export_table(found.study, dialect, tmp_path / "x.gz")
            assert gzip.decompress((tmp_path / "x.gz").read_bytes()).count(b"\n") == 21


@pytest.mark.parametrize("size", [2_000_000])
def test_gzip_bomb__is_read_in_blocks(tmp_path: Path, size: int) -> None:
    """A small file that unpacks to 200 times its size: the run ends at the first bad line, not after all of it."""
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"SNP A1 A2 Z N\n" + b"\n" * size + b"rs1 A C x 5\n" * 5))
    with pytest.raises(LucidseqError, match="Z = 'x'"), Ledger(tmp_path / "dropped.tsv.gz") as ledger:
        harmonise_file(path, ReadOptions(), References(None, None, None, StrandRule.AUTO, 0.4), ledger)


def main() -> None:
    """Run long: the argument is how many damaged files at least."""
    logging.getLogger("lucidseq").setLevel(logging.ERROR)
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        target = Target(Path(folder), simulate())
        used = time.process_time()
        outcome = target.run(rounds=-(-wanted // len(target.cases)), seed=int(sys.argv[2]) if len(sys.argv) > 2 else 7)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert peak < MEGABYTES
    print(f"{dict(outcome)}, {len(target.cases)} kinds of files, {time.process_time() - used:.0f} CPU s, peak {peak:.0f} MB")


if __name__ == "__main__":
    main()
