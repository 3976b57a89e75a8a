"""Readers whose library runs in a child process (`lucidseq.core.guarded`): damaged bytes that end the library become a DataError."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from lucidseq.core import guarded
from lucidseq.core.errors import DataError, LucidseqError
from lucidseq.core.genotypes import CHUNK
from lucidseq.encode.readers.reader import GenotypeReader, VariantChunk

_PIECE_BYTES, _LEAST_ROWS = 1 << 21, 64  # of the dosages of a piece
_BETWEEN = "\0"  # texts, none of which has it in these formats
Names = tuple[str, int, str, str, str]  # contig, start, effect allele, other allele, id
Rows = tuple[list[Names], np.ndarray, list[int], np.ndarray | None]  # names, dosages, doubled haploid calls, and which are calls


class LibraryReader(GenotypeReader):
    """A reader that decodes in a child process; subclasses implement `_read`."""

    def _chunks(self, first: int, last: int | None) -> Iterator[VariantChunk]:
        room = most_rows(len(self.samples), self.dtype) * len(self.samples) * np.dtype(self.dtype).itemsize
        pieces = guarded.stream(self.path, lambda space: self._pieces(space, first, last), piece_bytes=room)
        for text, repeated, start, dosage, doubled, called, skipped, split in pieces:
            self.skipped, self.split = Counter(skipped), split
            if len(start):
                contig, effect, other, rsid = split_columns(text, repeated, len(start))
                yield VariantChunk(contig, start, effect, other, rsid, dosage, doubled, called)

    def _pieces(self, space: guarded.Space, first: int, last: int | None) -> Iterator[guarded.Piece]:
        """Run `_read` in the child, which returns its counts with the rows."""
        with library_errors(self.path):
            for names, dosage, doubled, called in self._read(space, first, last):
                contig, start, effect, other, rsid = zip(*names, strict=True) if names else ((),) * 5
                if min(start, default=0) < 0:
                    raise ValueError(f"position {min(start) + 1}")
                texts = join_columns(contig, effect, other, rsid)
                numbers = np.array(start, dtype=np.int64), dosage, np.array(doubled, dtype=np.int64), called
                yield *texts, *numbers, dict(self.skipped), self.split

    @abstractmethod
    def _read(self, space: guarded.Space, first: int, last: int | None) -> Iterator[Rows]:
        """Yield rows first..last-1 of the file, in pieces of the given `sizes`, with dosages in shared memory if they fit."""

    @property
    def dtype(self) -> type[np.generic]:
        """The type of dosages in chunks."""
        return np.int8 if self.hard_calls else np.float32

    def sizes(self) -> Iterator[int]:
        """Yield how many variants are handed over together (see `piece_rows`)."""
        return piece_rows(len(self.samples), self.dtype)

    def _positions(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Read the file without decoding genotypes."""
        for text, repeated, start in guarded.stream(self.path, self._name_pieces):
            (contig,) = split_columns(text, repeated, len(start))
            yield contig, start

    def _name_pieces(self, _: guarded.Space) -> Iterator[guarded.Piece]:
        with library_errors(self.path):
            places = self._read_places()
            while some := list(itertools.islice(places, CHUNK)):
                contig, start = zip(*some, strict=True)
                yield *join_columns(contig), np.array(start, dtype=np.int64)

    @abstractmethod
    def _read_places(self) -> Iterator[tuple[str, int]]:
        """Yield contig and 0-based position of each row."""


def most_rows(samples: int, dtype: type[np.generic]) -> int:
    """Return how many variants a child process hands over together at most."""
    return min(CHUNK, max(_LEAST_ROWS, _PIECE_BYTES // max(1, samples * np.dtype(dtype).itemsize)))


def piece_rows(samples: int, dtype: type[np.generic]) -> Iterator[int]:
    """Yield without end how many variants a child process hands over together: few at first, because fresh shared memory costs time."""
    rows, most = _LEAST_ROWS, most_rows(samples, dtype)
    while True:
        yield rows
        rows = min(2 * rows, most)


def join_columns(*columns: tuple[str, ...]) -> tuple[np.ndarray, list[bool]]:
    """Join columns of texts to bytes; of a column that repeats one text it is taken once."""
    repeated = [column.count(column[0]) == len(column) if column else False for column in columns]
    texts = [column[:1] if same else column for column, same in zip(columns, repeated, strict=True)]
    return np.frombuffer(_BETWEEN.join(itertools.chain(*texts)).encode(), dtype=np.uint8), repeated


def split_columns(text: np.ndarray, repeated: list[bool], rows: int) -> list[np.ndarray]:
    """Undo `join_columns`."""
    values, first, columns = text.tobytes().decode().split(_BETWEEN), 0, []
    for same in repeated:
        column = np.empty(rows, dtype=object)
        count = 1 if same else rows
        column[:] = values[first] if same else values[first : first + count]
        columns.append(column)
        first += count
    return columns


@contextmanager
def library_errors(path: Path) -> Iterator[None]:
    """Make a DataError of what a library raises, of whatever kind, at a file that it cannot read.

    Raises
    ------
    DataError
        Of the library's exception, memory that a damaged file asks for included.
    """
    try:
        yield
    except (LucidseqError, BrokenPipeError):
        raise
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise DataError(
            f"a file that cannot be read ({reason})", "a whole file", "copy or create the file again", where=str(path)
        ) from error
