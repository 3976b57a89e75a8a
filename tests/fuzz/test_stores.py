"""Damaged HDF5 stores of every kind: the arrays and attributes that were written, or a three-part error; no crash, hang or wrong value.

Each damaged file is read in a process of its own, which may take two CPU seconds and 4 GB beyond what the tests hold. LUCIDSEQ_FUZZ sets the
number of files of each kind (default 60); ``LUCIDSEQ_FUZZ=1500 pytest tests/fuzz/test_stores.py`` is the long run.
"""

from __future__ import annotations

import os
import resource
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from fixtures_structure import write_store
from lucidseq.core.errors import LucidseqError
from lucidseq.core.genotype_matrix import open_matrix
from lucidseq.core.outputs import OutputSet
from lucidseq.core.roles import Format, OutFile
from lucidseq.core.schema import ANNOTATIONS, ATTRIBUTIONS, GENOTYPE_MATRIX, GENOTYPES, HAPLOTYPES, LD, SEQUENCES, Store
from lucidseq.core.stores import create_store, open_store, write_array
from lucidseq.encode.haplotypes.haplotype_store import create_haplotypes
from lucidseq.encode.matrix.cli import MatrixOptions
from lucidseq.encode.matrix.run import matrix
from lucidseq.encode.sequences.one_hot import read_one_hot

ROUNDS = int(os.environ.get("LUCIDSEQ_FUZZ", "60"))
SECONDS, BYTES = 2.0, 4 << 30
LENGTHS = {"variants": 90, "samples": 12, "n": 30, "rows": 40, "blocks": 2, "sites": 50, "windows": 3, "length": 20}
Contents = dict[str, bytes]


def filled(schema: Store, path: Path) -> Path:
    """Write a store whose arrays have the declared kinds and axes, and random values."""
    random = np.random.default_rng(3)
    attributes = {name: ["a", "b"] if name.endswith(("names", "kinds")) else f"some {name}" for name in schema.attributes}
    with create_store(path, schema, **attributes) as store:
        for array in schema.arrays:
            shape = [
                int(axis) if axis.isdigit() else LENGTHS.get(axis, 3) for axis in array.axes.strip("()").replace(" ", "").split(",") if axis
            ]
            if array.kind == "text":
                values = np.array([f"name{number}" for number in range(shape[0])], dtype=object)
            else:
                values = random.integers(0, 3, shape).astype(array.kind.split("|")[0])
            write_array(store, array.path.replace("<i>", "0"), values)
    return path


def contents(path: Path, schema: Store) -> Contents:
    """Return every attribute and array of a store."""
    found: Contents = {}
    with open_store(path, schema) as store:
        found |= {f"@{name}": repr(store.attrs[name]).encode() for name in store.attrs}

        def keep(name: str, item: h5py.Dataset | h5py.Group) -> None:
            if isinstance(item, h5py.Dataset):
                found[name] = f"{item.dtype} {item.shape} ".encode() + item[()].tobytes()

        store.visititems(keep)
    return found


def matrix_contents(path: Path) -> Contents:
    """Return what a genotype matrix holds, its rows as they are read for training."""
    found = contents(path, GENOTYPE_MATRIX)
    with open_matrix(path) as opened:
        found["genotypes"] = opened.rows(np.arange(len(opened.samples))).tobytes()
    return found


def one_hot_contents(path: Path) -> Contents:
    """Return what is read from another program's file, which has no checksums."""
    rows, split = read_one_hot(path)
    return {"codes": rows.codes.tobytes(), "split": split.tobytes()}


def made(kind: str, folder: Path) -> tuple[Path, Callable[[Path], Contents]]:
    """Make a good file of a kind; return it with its reader."""
    path = folder / f"{kind}.h5"
    calls = np.random.default_rng(1).integers(-1, 3, (90, 12)).astype(np.int8)
    if kind == "genotypes":
        return write_store(path, calls, traits={"height": np.arange(12.0)}), lambda at: contents(at, GENOTYPES)
    if kind == "matrix":
        out = OutputSet(folder / "m", {"matrix": OutFile(".matrix.h5", Format.HDF5, "")}, command="matrix")
        store = write_store(folder / "g.h5", calls, traits={"height": np.arange(12.0)})
        with out.transaction():
            matrix(MatrixOptions(genotypes=store), out)
        return folder / "m.matrix.h5", matrix_contents
    if kind == "haplotypes":
        with create_haplotypes(path, build="b", calls="haplotypes", polarization="derived") as writer:
            letters = np.array(["A"] * 90, dtype=object)
            writer.add(calls, 0, np.arange(90), letters, letters)
            arrays = {
                array.path: np.zeros(2, dtype=array.kind) if array.kind != "text" else np.array(["a", "b"], dtype=object)
                for array in HAPLOTYPES.arrays
                if not array.path.startswith(("sites/", "alleles"))
            }
            writer.finish(arrays, ploidy=2)
        return path, lambda at: contents(at, HAPLOTYPES)
    if kind == "one_hot":
        with h5py.File(path, "w") as store:  # the oldest format: symbol tables, B-trees, local heaps
            for part in ("train", "test"):
                store[f"x_{part}"] = np.eye(4)[np.random.default_rng(2).integers(0, 4, (20, 30))]
                store.create_dataset(f"y_{part}", data=np.arange(20.0), compression="gzip", chunks=(5,))
            store.attrs["author"] = "somebody"
        return path, one_hot_contents
    schema = {"ld": LD, "annotations": ANNOTATIONS, "sequences": SEQUENCES, "attributions": ATTRIBUTIONS}[kind]
    return filled(schema, path), lambda at: contents(at, schema)


def damage(data: bytes, random: np.random.Generator) -> bytes:
    """Flip bits, half of them among the structures at the beginning; cut off; exchange blocks; or write a number that lies."""
    changed, head = bytearray(data), min(len(data), 6144)
    for _ in range(random.integers(1, 4)):
        kind, at = random.random(), int(random.integers(head if random.random() < 0.5 else len(changed)))
        at = min(at, len(changed) - 1)
        if kind < 0.6:
            changed[at] ^= 1 << int(random.integers(8))
        elif kind < 0.8:
            lie = [0, 1, 0xFF, 0xFFFFFFFF, 2**63, 2**64 - 1, int(random.integers(2**32))][random.integers(7)]
            changed[at : at + 8] = lie.to_bytes(8, "little")
        elif kind < 0.95:
            size, other = int(random.integers(1, 64)), int(random.integers(len(changed)))
            changed[at : at + size], changed[other : other + size] = (changed[other : other + size], changed[at : at + size])
        else:
            del changed[max(at, 1) :]
    return bytes(changed)


def mapped() -> int:
    """Return the bytes of address space in use: some libraries that other tests load take several GB of it."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


def outcome(path: Path, read: Callable[[Path], Contents], good: Contents) -> str:
    """Read in a child process; return read, refused, or what went wrong."""
    end, start = os.pipe()
    child = os.fork()
    if child == 0:
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)  # ends the process, as its own limit of memory does
        limit = mapped() + BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            found = read(path)
            wrong = sorted(name for name in found.keys() | good.keys() if found.get(name) != good.get(name))
            said = f"wrong {wrong[:3]}" if wrong else "read"
        except (LucidseqError, UnicodeDecodeError):  # core/app.py translates the latter
            said = "refused"
        except BaseException as error:  # a traceback for the user
            said = f"{type(error).__name__}: {error}"[:200]
        os.write(start, said.encode())
        os._exit(0)
    os.close(start)
    _, status = os.waitpid(child, 0)
    with os.fdopen(end, "rb") as pipe:
        said = pipe.read().decode()
    return signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else said


def fuzz(kind: str, folder: Path, count: int) -> Counter[str]:
    """Read damaged files; return how often what came of it."""
    whole, read = made(kind, folder)
    good, data, random = read(whole), whole.read_bytes(), np.random.default_rng([11, len(kind)])
    path, tally = folder / "damaged.h5", Counter[str]()
    for number in range(count):
        damaged = damage(data, random)
        path.write_bytes(damaged)
        said = outcome(path, read, good)
        tally[said] += 1
        if said not in ("read", "refused"):
            (folder / f"{kind}{number}.h5").write_bytes(damaged)
    return tally


@pytest.mark.parametrize("kind", ["genotypes", "matrix", "haplotypes", "annotations", "ld", "sequences", "attributions"])
def test_damaged_stores__are_read_right_or_refused(tmp_path: Path, kind: str) -> None:
    tally = fuzz(kind, tmp_path, ROUNDS)
    print(kind, dict(tally))
    assert set(tally) <= {"read", "refused"}, tally
    assert tally["refused"] > ROUNDS / 3, tally


def test_damaged_files_of_other_programs__are_read_or_refused(tmp_path: Path) -> None:
    tally = fuzz("one_hot", tmp_path, ROUNDS)
    print(dict(tally))
    assert {said for said in tally if not said.startswith(("read", "refused", "wrong"))} == set(), tally
