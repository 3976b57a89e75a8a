"""NumPy archives of LD: scipy's sparse triangle (UK Biobank, PolyFun), or a dense array."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError

import numpy as np
import pandas as pd
from numpy.lib import format as npy

from lucidseq.core.errors import DataError, place
from lucidseq.encode.ld.matrix import Published, from_dense

_HEADER = 1 << 14  # bytes of a .npy header at most
_INDEX = {"coo": ("row", "col"), "csr": ("indices", "indptr"), "csc": ("indices", "indptr")}


def read_npz(path: Path, variants: pd.DataFrame) -> Published:
    """Read an archive.

    Parameters
    ----------
    path
        ``scipy.sparse.save_npz`` of a triangle (0.5 or 1 on the diagonal) or a whole matrix, or an archive with one square array.
    variants
        Its p variants; the effect allele is allele1.

    Raises
    ------
    DataError
        If it is damaged, has other arrays or another size, or is not a correlation matrix.
    """
    size = len(variants)
    try:
        with zipfile.ZipFile(path) as archive:
            members = {name.removesuffix(".npy"): name for name in archive.namelist()}
            values = _sparse(archive, members, size, path) if "format" in members else _dense(archive, members, size, path)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise DataError(
            f"an archive that cannot be read ({error})", "a whole .npz file", "copy or create it again", where=str(path)
        ) from error
    return from_dense(values, variants, path)


def _dense(archive: zipfile.ZipFile, members: dict[str, str], size: int, path: Path) -> np.ndarray:
    """Read the one square array of real numbers."""
    shapes = {name: _shape(archive, name, path) for name in members.values()}
    square = [name for name, shape in shapes.items() if len(shape) == 2 and shape[0] == shape[1]]
    if len(square) != 1:
        received = f"arrays {', '.join(f'{name} {shape}' for name, shape in shapes.items())[:120] or 'none'}"
        raise DataError(received, "a sparse matrix of scipy, or one square array", "save the matrix alone", where=str(path))
    if shapes[square[0]][0] != size:
        raise _wrong_size(shapes[square[0]], size, path)
    return _floats(_read(archive, square[0], size * size, path), square[0], path).reshape(size, size)


def _sparse(archive: zipfile.ZipFile, members: dict[str, str], size: int, path: Path) -> np.ndarray:
    """Read a sparse matrix into a dense one."""
    kind = bytes(_member(archive, members, "format", 1, path).reshape(-1)[0]).decode("ascii", "replace")
    if kind not in _INDEX:
        raise DataError(f"a sparse matrix of kind {kind[:20]!r}", "coo, csr or csc", "save it as one of these", where=str(path))
    shape = tuple(int(value) for value in _whole(_member(archive, members, "shape", 2, path), "shape", path))
    if shape != (size, size):
        raise _wrong_size(shape, size, path)
    most = size * size
    data = _floats(_member(archive, members, "data", most, path), "data", path)
    first, second = (_whole(_member(archive, members, name, most + 1, path), name, path) for name in _INDEX[kind])
    if kind == "coo":
        rows, columns = first, second
    else:
        steps = np.diff(second)
        if len(second) != size + 1 or second[0] != 0 or second[-1] != len(data) or (steps < 0).any():
            raise _inconsistent("indptr", path)
        rows, columns = np.repeat(np.arange(size), steps), first
    if not len(rows) == len(columns) == len(data):
        raise _inconsistent("row, col and data differ in length", path)
    if len(data) and (min(rows.min(), columns.min()) < 0 or max(rows.max(), columns.max()) >= size):
        raise DataError("an index outside the matrix", f"indices from 0 to {size - 1}", "create the archive again", where=str(path))
    flat = rows * size + columns
    if len(np.unique(flat)) != len(flat):
        raise _inconsistent("an element twice", path)
    values = np.zeros(size * size, dtype=np.float32)
    values[flat] = data
    matrix = values.reshape(size, size)
    return matrix.T.copy() if kind == "csc" else matrix


def _member(archive: zipfile.ZipFile, members: dict[str, str], name: str, most: int, path: Path) -> np.ndarray:
    if name not in members:
        expected = "the arrays of scipy.sparse.save_npz"
        raise DataError(f"no array {name} (there are {', '.join(members)[:80]})", expected, "create the archive again", where=str(path))
    return _read(archive, members[name], most, path)


def _header(archive: zipfile.ZipFile, name: str, path: Path) -> tuple[tuple[int, ...], bool, np.dtype, int]:
    """Return shape, order, type and length of an array, from its header alone."""
    with archive.open(name) as handle:
        try:
            version = npy.read_magic(handle)
            reader = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, fortran, kind = reader(handle, max_header_size=_HEADER)
        except (ValueError, SyntaxError, TokenError, TypeError, KeyError, RecursionError, MemoryError) as error:
            received = f"an array {name} that is not NumPy's ({str(error)[:80]})"
            raise DataError(received, "a .npz file that numpy or scipy wrote", "create it again", where=str(path)) from error
        return shape, fortran, kind, handle.tell()


def _shape(archive: zipfile.ZipFile, name: str, path: Path) -> tuple[int, ...]:
    return _header(archive, name, path)[0]


def _read(archive: zipfile.ZipFile, name: str, most: int, path: Path) -> np.ndarray:
    """Read an array of at most ``most`` elements; its size must be as in its header."""
    shape, fortran, kind, start = _header(archive, name, path)
    count = int(np.prod([int(length) for length in shape], dtype=object))
    if kind.hasobject or kind.itemsize == 0 or kind.fields is not None:
        raise DataError(f"an array {name} of type {kind}", "numbers", "create the archive again", where=str(path))
    held = archive.getinfo(name).file_size - start
    if not 0 <= count <= most or held != count * kind.itemsize:
        expected = f"at most {most} elements, and the bytes they take"
        fix = "give the list of exactly these variants, or create the archive again"
        raise DataError(f"an array {name} of shape {shape} in {held} bytes", expected, fix, where=place(path, item=name))
    with archive.open(name) as handle:
        handle.read(start)
        data = handle.read(held)
    if len(data) != held:
        raise DataError(f"{len(data)} bytes of {name}", f"{held} bytes", "copy the archive again", where=str(path))
    return np.frombuffer(data, dtype=kind).reshape(shape, order="F" if fortran else "C")


def _floats(values: np.ndarray, name: str, path: Path) -> np.ndarray:
    if values.dtype.kind not in "fiu":
        raise DataError(f"an array {name} of type {values.dtype}", "real numbers", "create the archive again", where=str(path))
    with np.errstate(over="ignore", invalid="ignore"):
        return np.array(values, dtype=np.float32, order="C")


def _whole(values: np.ndarray, name: str, path: Path) -> np.ndarray:
    if values.dtype.kind not in "iu" or values.ndim != 1:
        received = f"an array {name} of type {values.dtype}, {values.ndim} dimensions"
        raise DataError(received, "a list of whole numbers", "create the archive again", where=str(path))
    return values.astype(np.int64)


def _inconsistent(what: str, path: Path) -> DataError:
    return DataError(f"an inconsistent sparse matrix ({what})", "the arrays of scipy.sparse.save_npz", "create it again", where=str(path))


def _wrong_size(shape: tuple[int, ...], size: int, path: Path) -> DataError:
    expected = "a row and a column for each variant of the list"
    fix = "give the list of exactly these variants"
    return DataError(f"a matrix of {' x '.join(map(str, shape))} and a list of {size} variants", expected, fix, where=str(path))
