"""Position probability matrices: from JASPAR (the database inside pyjaspar, no network) or from JASPAR text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lucidseq.core.errors import DataError, missing_extra, place


@dataclass(frozen=True)
class Motif:
    """A motif.

    Attributes
    ----------
    name, matrix_id
        Factor and JASPAR identifier.
    probabilities
        Base probabilities in the order ACGT, float64 of shape (width, 4); rows add up to 1.
    """

    name: str
    matrix_id: str
    probabilities: np.ndarray

    @property
    def width(self) -> int:
        """Positions of the motif."""
        return len(self.probabilities)

    @property
    def consensus(self) -> np.ndarray:
        """Most probable base of each position, uint8 codes of shape (width,)."""
        codes: np.ndarray = self.probabilities.argmax(axis=1).astype(np.uint8)
        return codes

    @property
    def information(self) -> np.ndarray:
        """Information content of each position against a uniform background, in bits, of shape (width,)."""
        p = self.probabilities
        logs = np.log2(p, out=np.zeros_like(p), where=p > 0)
        bits: np.ndarray = 2 + (p * logs).sum(axis=1)
        return bits

    def reverse_complement(self) -> Motif:
        """Return the motif on the other strand."""
        return Motif(self.name, self.matrix_id, self.probabilities[::-1, ::-1].copy())

    def log_odds(self) -> np.ndarray:
        """Return log2 odds against a uniform background with a pseudo-probability of 0.01, of shape (width, 4)."""
        p = (self.probabilities + 0.01) / 1.04
        odds: np.ndarray = np.log2(p / 0.25)
        return odds

    def relative_score(self, codes: np.ndarray) -> np.ndarray:
        """Return the log-odds score of instances as a share of the highest possible one.

        Parameters
        ----------
        codes
            Instances, uint8 of shape (n, width).

        Returns
        -------
        float64 of shape (n,); 1 for the consensus.
        """
        odds = self.log_odds()
        scores: np.ndarray = odds[np.arange(self.width), codes].sum(axis=-1) / odds.max(axis=1).sum()
        return scores

    def sample(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Draw instances, uint8 codes of shape (count, width)."""
        return sample_bases(np.broadcast_to(self.probabilities, (count, self.width, 4)), rng)


def sample_bases(probabilities: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw one base a position by inverse cumulative probability.

    Parameters
    ----------
    probabilities
        Shape (..., 4), rows adding up to 1.

    Returns
    -------
    uint8 codes of shape (...).
    """
    cumulative = probabilities.cumsum(axis=-1)
    draws = rng.random(probabilities.shape[:-1])[..., None] * cumulative[..., -1:]
    codes: np.ndarray = (draws > cumulative[..., :3]).sum(axis=-1).astype(np.uint8)
    return codes


def load_jaspar(matrix_ids: tuple[str, ...]) -> list[Motif]:
    """Load motifs by JASPAR matrix identifier.

    Raises
    ------
    MissingExtraError
        If pyjaspar is not installed.
    DataError
        If the database does not hold an identifier.
    """
    database = _database()
    motifs = []
    for matrix_id in matrix_ids:
        record = database.fetch_motif_by_id(matrix_id)
        if record is None:
            raise DataError(f"JASPAR matrix {matrix_id}", f"an identifier of {database.release}", "install pyjaspar >= 4")
        motifs.append(_from_counts(record.name, record.matrix_id, record.counts))
    return motifs


def load_vertebrate_core() -> list[Motif]:
    """Load every JASPAR vertebrate core motif, sorted by identifier."""
    records = _database().fetch_motifs(collection="CORE", tax_group=["vertebrates"])
    return sorted((_from_counts(record.name, record.matrix_id, record.counts) for record in records), key=lambda motif: motif.matrix_id)


def read_matrices(path: Path) -> list[Motif]:
    """Read count matrices in JASPAR text: a line ``>id name``, then one line a base with the counts.

    Raises
    ------
    DataError
        If a matrix is not four rows of equal length.
    """
    motifs: list[Motif] = []
    header = ""
    rows: list[list[float]] = []
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith(">"):
            header, rows = line[1:].strip(), []
        elif line.strip():
            rows.append([float(word) for word in re.findall(r"\d+(?:\.\d+)?", line)])
            if len(rows) == 4:
                if len({len(row) for row in rows}) != 1 or not rows[0] or not header:
                    raise DataError(
                        "a matrix with rows of different lengths",
                        "rows A, C, G and T of equal length",
                        "correct the matrix",
                        where=place(path, line=number),
                    )
                counts = np.array(rows, dtype=np.float64).T
                matrix_id, _, name = header.replace("\t", " ").partition(" ")
                motifs.append(Motif(name.strip() or matrix_id, matrix_id, counts / counts.sum(axis=1, keepdims=True)))
    if not motifs:
        raise DataError("no count matrix", "JASPAR text", "check the file", where=str(path))
    return motifs


def _database() -> Any:  # pyjaspar has no types
    try:
        from pyjaspar import jaspardb
    except ImportError as error:
        raise missing_extra("pyjaspar", "simulate") from error
    return jaspardb()


def _from_counts(name: str, matrix_id: str, counts: dict[str, list[float]]) -> Motif:
    matrix = np.array([counts[base] for base in "ACGT"], dtype=np.float64).T
    return Motif(name, matrix_id, matrix / matrix.sum(axis=1, keepdims=True))
