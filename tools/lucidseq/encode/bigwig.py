"""Signal tracks (bigWig), base by base."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lucidseq.core.close_on_exit import CloseOnExit
from lucidseq.core.errors import DataError, place


class BigWig(CloseOnExit):
    """An open bigWig. Use as a context manager, or keep it open.

    Attributes
    ----------
    lengths
        Length (bp) of each contig.

    Raises
    ------
    DataError
        If the file is not bigWig.
    """

    def __init__(self, path: Path) -> None:
        import pybigtools

        self.path = path
        try:
            self._track = pybigtools.open(str(path))
            self.lengths: dict[str, int] = dict(self._track.chroms())
        except Exception as error:  # pybigtools raises several kinds
            raise DataError(
                f"a file that cannot be read as bigWig ({error})", "a bigWig file", "check the file", where=str(path)
            ) from error

    def close(self) -> None:
        """Close the files."""
        self._track.close()

    def bases(self, contig: str, start: int, end: int, *, missing: float = np.nan) -> np.ndarray:
        """Return the signal of each base, float64 of shape (end - start,); ``missing`` where there is none, and outside the contigs.

        Raises
        ------
        DataError
            If the file is damaged, or a value is infinite.
        """
        signal = np.full(end - start, missing)
        inner, outer = max(start, 0), min(end, self.lengths.get(contig, 0))
        if inner < outer:
            signal[inner - start : outer - start] = self._values(contig, inner, outer)
            self._refuse_infinite(signal, contig, start)
        signal[np.isnan(signal)] = missing
        return signal

    def _refuse_infinite(self, signal: np.ndarray, contig: str, start: int) -> None:
        infinite = np.isinf(signal)
        if infinite.any():
            at = int(np.argmax(infinite))
            fix = "remove these bases from the bigWig, or add a pseudocount to the ratio"
            where = place(self.path, contig=contig, item=f"base {start + at + 1}")
            raise DataError(f"a signal of {signal[at]}", "finite values (a ratio with a zero denominator is infinite)", fix, where=where)

    def _values(self, contig: str, start: int, end: int) -> np.ndarray:
        try:
            values: np.ndarray = self._track.values(contig, start, end, fillna=None)
        except BaseException as error:  # on damaged blocks pybigtools panics, which is no Exception
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            received = f"a bigWig file damaged near {contig}:{start}-{end}"
            raise DataError(received, "a whole bigWig file", "copy or create the file again", where=str(self.path)) from error
        return values
