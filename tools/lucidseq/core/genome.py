"""Reference genomes in FASTA, by pysam's faidx."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from lucidseq.core import alphabet
from lucidseq.core.close_on_exit import CloseOnExit
from lucidseq.core.errors import DataError, place
from lucidseq.core.fasta_index import unindexed_records
from lucidseq.core.log import get_logger

_log = get_logger("lucidseq.genome")


class Genome(CloseOnExit):
    """A FASTA file whose bases are fetched as codes (0-3 = ACGT, 4 = N). Use as a context manager.

    An index is read from ``<path>.fai``. If it is missing or does not match the FASTA (`fasta_index.unindexed_records`), an index is created in a
    temporary folder, so that the input folder may be read-only. Its age is no sign: copies of a large FASTA are finished after those of its index.

    Raises
    ------
    DataError
        If the file is not a FASTA file that can be indexed (plain gzip cannot; bgzip can), or a contig occurs twice.
    """

    def __init__(self, path: Path) -> None:
        import pysam

        self.path = Path(path)
        self._scratch = tempfile.TemporaryDirectory(prefix="lucidseq-fai-")
        try:
            index, blocks, unindexed = self._indexed()
            options = {"filepath_index_compressed": str(blocks)} if blocks.exists() else {}
            self._fasta = pysam.FastaFile(str(self.path), filepath_index=str(index), **options)
        except (OSError, ValueError, pysam.utils.SamtoolsError) as error:
            self._scratch.cleanup()
            raise DataError(
                f"a FASTA file that cannot be indexed ({str(error).strip()[:200]})",
                "FASTA text, plain or bgzip-compressed",
                "check the file; recompress plain gzip with bgzip",
                where=str(self.path),
            ) from error
        self.lengths: dict[str, int] = dict(zip(self._fasta.references, self._fasta.lengths, strict=True))
        repeated = next((name for name in unindexed if name in self.lengths), None)
        if repeated is not None:
            self.close()
            fix = "remove or rename the copies"
            raise DataError(f"contig {repeated} more than once", "contigs whose names differ", fix, where=str(self.path))

    def _indexed(self) -> tuple[Path, Path, list[str]]:
        """Return an index, the index of bgzip's blocks (plain text has none), and the names of records that are not in the index."""
        import pysam

        index, blocks = Path(f"{self.path}.fai"), Path(f"{self.path}.gzi")
        changed = self.path.stat().st_mtime_ns
        if index.exists():
            beside = [index, *([blocks] if blocks.exists() else [])]
            older = next((path for path in beside if path.stat().st_mtime_ns < changed), None)
            unindexed = unindexed_records(self.path, index, blocks)
            if unindexed is not None:
                if older is not None:
                    _log.info(f"{older.name} is older than {self.path.name}, as after a copy of both, and matches it: it is used")
                return index, blocks, unindexed
            reason = f"{older.name} is older than, and does not fit" if older else f"{index.name} does not match"
            _log.warning(f"{reason} {self.path.name}: it is not used, and the FASTA is indexed again in a temporary folder")
        index = Path(self._scratch.name) / "genome.fai"
        blocks = Path(f"{index}.gzi")
        verbosity = pysam.set_verbosity(1)  # htslib's warnings are errors of this class
        try:
            pysam.samtools.faidx("--fai-idx", str(index), "--gzi-idx", str(blocks), str(self.path))
        finally:
            pysam.set_verbosity(verbosity)
        return index, blocks, unindexed_records(self.path, index, blocks) or []

    def close(self) -> None:
        """Close the files."""
        self._fasta.close()
        self._scratch.cleanup()

    def require(self, contig: str, *, where: str) -> None:
        """Check that the genome has a contig.

        Raises
        ------
        DataError
            If not; it names the contig if it exists with or without ``chr``.
        """
        if contig in self.lengths:
            return
        spelling = contig[3:] if contig.startswith("chr") else f"chr{contig}"
        suggestion = f"; the FASTA calls it {spelling}" if spelling in self.lengths else ""
        known = ", ".join(list(self.lengths)[:5])
        raise DataError(
            f"contig {contig}{suggestion}",
            f"a contig of {self.path.name} ({known}, ...)",
            "use the same genome build and contig names in every file",
            where=where,
        )

    def fetch(self, contig: str, start: int, end: int) -> np.ndarray:
        """Return the codes of a window, uint8 of shape (end - start,); positions outside the contig are N.

        Parameters
        ----------
        contig
            A contig of the file.
        start, end
            0-based, half-open; may reach beyond either end.
        """
        self.require(contig, where=str(self.path))
        inner_start, inner_end = max(start, 0), min(end, self.lengths[contig])
        codes = np.full(end - start, alphabet.N_CODE, dtype=np.uint8)
        if inner_start < inner_end:
            text = self._fasta.fetch(contig, inner_start, inner_end)
            try:
                codes[inner_start - start : inner_end - start] = alphabet.encode(text)
            except ValueError as error:
                where = place(self.path, contig=contig)
                raise DataError(str(error), "the letters of DNA (IUPAC)", "check the FASTA", where=where) from error
        return codes

    def letters(self, contig: str, start: int, end: int) -> bytes:
        """Return the letters of a window inside the contig, with their case."""
        self.require(contig, where=str(self.path))
        text: str = self._fasta.fetch(contig, start, end)
        return text.encode("ascii")
