"""FASTA records as sequences of a dataset, with coordinates from their headers where they have them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lucidseq.core import alphabet
from lucidseq.core.errors import DataError, place
from lucidseq.core.tables import open_text
from lucidseq.encode.sequences.sequence_rows import SequenceRows

# name|chr1:100-200(+), bedtools' name::chr1:100-200(+), or chr1:100-200 alone
_COORDINATES = re.compile(r"(?:^|\||::)(?P<contig>[^|\s:]+):(?P<start>\d+)-(?P<end>\d+)(?:\((?P<strand>[+-])\))?$")


@dataclass(frozen=True)
class FastaRecord:
    """A record: the first word of its header, its line, and its bases."""

    name: str
    line: int
    codes: np.ndarray


def read_fasta(path: Path) -> list[FastaRecord]:
    """Read every record of a FASTA file (plain, gzip or bgzip).

    Raises
    ------
    DataError
        If there is no record, one has no name or bases, or a letter is not DNA.
    """
    records: list[FastaRecord] = []
    name, line, parts = "", 0, [""]

    def close() -> None:
        if line:
            records.append(FastaRecord(name, line, _encode("".join(parts), path, name, line)))

    with open_text(path) as handle:
        for number, text in enumerate(handle, start=1):
            if text.startswith(">"):
                close()
                words = text[1:].split()
                if not words:
                    raise DataError("a header without a name", ">name", "name the record", where=place(path, line=number))
                name, line, parts = words[0], number, []
            elif text.strip():
                if not line:
                    raise DataError(
                        f"{text.strip()[:40]!r}", "a FASTA file that begins with >", "check the file", where=place(path, line=number)
                    )
                parts.append(text.strip())
    close()
    if not records:
        raise DataError("zero sequences", "a FASTA file with at least one record", "check the file", where=str(path))
    return records


def _encode(text: str, path: Path, name: str, line: int) -> np.ndarray:
    if not text:
        raise DataError(f"no bases in {name}", "a sequence below each header", "remove the record", where=place(path, line=line))
    try:
        return alphabet.encode(text)
    except ValueError as error:
        raise DataError(f"{error} in {name}", "the letters of DNA (IUPAC)", "correct the sequence", where=place(path, line=line)) from error


def parse_coordinates(name: str, length: int) -> tuple[str, int, int, str]:
    """Return (contig, start, end, strand) of a header's name; 0-based, with contig empty where there are none.

    Starts are 0-based (bedtools) where ``end - start`` is the length, 1-based (samtools) where it is one less.

    Examples
    --------
    >>> parse_coordinates("peak1|chr1:100-200(-)", 100)
    ('chr1', 100, 200, '-')
    >>> parse_coordinates("peak1::chr1:100-200", 100)
    ('chr1', 100, 200, '.')
    >>> parse_coordinates("chr1:101-200", 100)
    ('chr1', 100, 200, '.')
    >>> parse_coordinates("peak1", 100)
    ('', 0, 100, '.')
    """
    match = _COORDINATES.search(name)
    if match is not None:
        start, end = int(match["start"]), int(match["end"])
        start -= end - start + 1 == length
        if end - start == length:
            return match["contig"], start, end, match["strand"] or "."
    return "", 0, length, "."


def to_rows(records: list[FastaRecord], path: Path, *, window: int | None, targets: np.ndarray) -> SequenceRows:
    """Crop or pad records to one length.

    Parameters
    ----------
    records
        As read.
    path
        Their file, for the error message.
    window
        Length to crop or pad (with N) to, around the middle; None requires records of one length.
    targets
        float32 of shape (records, targets).

    Raises
    ------
    DataError
        If lengths differ and there is no window.
    """
    length = window or len(records[0].codes)
    codes = np.full((len(records), length), alphabet.N_CODE, dtype=np.uint8)
    places = []
    for row, record in enumerate(records):
        size = len(record.codes)
        if window is None and size != length:
            received = f"{record.name} of {size} bases, the first record of {length}"
            raise DataError(received, "sequences of one length", "add --window to crop and pad", where=place(path, line=record.line))
        shift = size // 2 - length // 2  # where the window begins in the record
        first, last = max(shift, 0), min(shift + length, size)
        codes[row, first - shift : last - shift] = record.codes[first:last]
        contig, start, end, strand = parse_coordinates(record.name, size)
        # On the minus strand the record runs from its end backwards
        start = end - shift - length if strand == "-" else start + shift
        places.append((contig, start, start + length, strand, record.name))
    contigs, starts, ends, strands, names = zip(*places, strict=True)
    return SequenceRows(
        codes,
        np.array(contigs, dtype=object),
        np.array(starts, dtype=np.int64),
        np.array(ends, dtype=np.int64),
        np.array(strands, dtype=object),
        np.array(names, dtype=object),
        targets,
        np.maximum(length - np.array([len(record.codes) for record in records], dtype=np.int64), 0),
    )
