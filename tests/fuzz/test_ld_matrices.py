"""Damaged LD matrices and lists of variants: correlations or a three-part error, never another exception, a hang, or much memory.

Run directly (``python tests/fuzz/test_ld_matrices.py 20000``) for the long run whose figures docs/methods/ld.md gives.
"""

from __future__ import annotations

import gzip
import logging
import resource
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.linalg import toeplitz

if __name__ == "__main__":  # pytest puts this folder on the path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fixtures_ld import variant_table, write_bim, write_ldgm, write_ukb, write_ukb_list
from lucidseq.encode.ld.choices import InputFormat
from lucidseq.encode.ld.from_matrix import open_matrix
from lucidseq.encode.ld.variant_lists import read_variants
from mutation import PIECES, mutate, survive

COUNT = 24
SPARE = [*PIECES, b"#CHROM", b"PK\x03\x04", b"(1000000000,)", b"0.5", b"2", b"\x7f"]
SECONDS, MEGABYTES = 10.0, 600.0  # what one damaged file may take, and what all of them may


def read(path: Path, listing: Path, kind: InputFormat = InputFormat.AUTO) -> None:
    """Read a matrix and check what every result must hold."""
    published = open_matrix(path, listing, kind, None)
    r = published.matrix(np.arange(len(published.variants)))
    assert r.dtype == np.float32 and r.shape == (len(published.variants),) * 2
    assert np.isfinite(r).all() and np.abs(r).max() <= 1
    assert (np.diagonal(r) == 1).all() and np.array_equal(r, r.T)


def as_kind(listing: Path, kind: InputFormat) -> Callable[[Path], None]:
    """Return the reader of a matrix with this list of variants."""
    return lambda path: read(path, listing, kind)


def read_list(path: Path) -> None:
    """Read a list of variants and check what every result must hold."""
    table = read_variants(path, "chr1")
    assert (table["position"] >= 1).all() and len(table) > 0
    assert not table[["contig", "other", "effect"]].isna().any().any()


def packed(path: Path, folder: Path) -> bytes:
    """Return an archive's bytes without compression, so that damage reaches the arrays' headers and numbers with right checksums."""
    bare = folder / "bare.npz"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(bare, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    return bare.read_bytes()


class Inner:
    """Damages one member of an archive and packs it again: what is wrong then is the content, not the archive."""

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as source:
            self.members = {name: source.read(name) for name in source.namelist()}

    def write(self, path: Path, random: np.random.Generator) -> None:
        name = list(self.members)[random.integers(len(self.members))]
        with zipfile.ZipFile(path, "w") as target:
            for other, data in self.members.items():
                target.writestr(other, mutate(data, random, SPARE) if other == name else data)


class Target:
    """Reads matrices and lists of every kind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        table = variant_table(COUNT)
        r = toeplitz((-0.8) ** np.arange(COUNT))
        bim, ukb = write_bim(folder / "a.bim", table), write_ukb_list(folder / "a.gz", table)
        edges, snplist = write_ldgm(
            folder, np.linalg.inv(r) * (np.abs(np.subtract.outer(range(COUNT), range(COUNT))) < 2), [*range(COUNT)], table
        )
        text, sparse, dense = folder / "m.ld", write_ukb(folder / "m.npz", r, "csr"), folder / "d.npz"
        np.savetxt(text, r, fmt="%.6g", delimiter="\t")
        np.savez(dense, r=r)
        pvar = "##x\n#CHROM\tPOS\tID\tREF\tALT\n" + "".join(
            f"{row.contig}\t{row.position}\t{row.rsid}\t{row.other}\t{row.effect}\n" for row in table.itertuples()
        )
        plain = gzip.decompress(edges.read_bytes())
        self.cases: dict[str, tuple[bytes | Inner, Callable[[Path], None]]] = {
            "text": (text.read_bytes(), as_kind(bim, InputFormat.PLINK)),
            "text, gzip": (gzip.compress(text.read_bytes(), mtime=0), as_kind(bim, InputFormat.PLINK)),
            "raw": (r.astype("<f8").tobytes(), as_kind(bim, InputFormat.PLINK)),
            "raw 4": (r.astype("<f4").tobytes(), as_kind(bim, InputFormat.AUTO)),
            "npz, sparse": (packed(sparse, folder), as_kind(ukb, InputFormat.NPZ)),
            "npz, sparse inside": (Inner(sparse), as_kind(ukb, InputFormat.AUTO)),
            "npz, dense inside": (Inner(dense), as_kind(ukb, InputFormat.NPZ)),
            "ldgm": (plain, as_kind(snplist, InputFormat.LDGM)),
            "ldgm, gzip": (edges.read_bytes(), as_kind(snplist, InputFormat.AUTO)),
            "bim": (bim.read_bytes(), read_list),
            "pvar": (pvar.encode(), read_list),
            "ids": ("".join(f"chr1:{row.position}:A:G\n" for row in table.itertuples()).encode(), read_list),
            "ukb list": (gzip.decompress(ukb.read_bytes()), read_list),
            "snplist": (gzip.decompress(snplist.read_bytes()), read_list),
            "snplist of a matrix": (gzip.decompress(snplist.read_bytes()), lambda path: read(edges, path)),
            "bim of a matrix": (bim.read_bytes(), lambda path: read(text, path)),
        }

    def run(self, rounds: int, seed: int) -> Counter[str]:
        """Damage each file ``rounds`` times; return how many were read and refused, and the slowest (in ms)."""
        return survive(self.cases, self.folder, rounds, seed, prefix="damaged_chr1_", pieces=SPARE, seconds=SECONDS)


def test_damaged_files(tmp_path: Path) -> None:
    target = Target(tmp_path)
    outcome = target.run(rounds=25, seed=1)
    assert outcome["read"] > 20 and outcome["refused"] > 100
    assert outcome["read"] + outcome["refused"] == 25 * len(target.cases)


def main() -> None:
    """Run long: the argument is how many damaged files at least."""
    logging.getLogger("lucidseq").setLevel(logging.ERROR)
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        target = Target(Path(folder))
        used = time.process_time()
        outcome = target.run(rounds=-(-wanted // len(target.cases)), seed=int(sys.argv[2]) if len(sys.argv) > 2 else 7)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert peak < MEGABYTES
    print(f"{dict(outcome)}, {len(target.cases)} kinds of files, {time.process_time() - used:.0f} CPU s, peak {peak:.0f} MB")


if __name__ == "__main__":
    main()
