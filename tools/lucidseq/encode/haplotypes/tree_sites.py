"""Sites of tree sequences (tskit).

References
----------
Kelleher, Etheridge & McVean (2016) PLoS Computational Biology 12:e1004842.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lucidseq.core.errors import DataError
from lucidseq.encode.haplotypes.sites import MULTIALLELIC, NO_ALTERNATE, NOT_SNP, SITES, SiteChunk

if TYPE_CHECKING:
    import tskit

MAGIC = b"\x89KAS\r\n\x1a\n"


def is_tree_sequence(path: Path) -> bool:
    """Return whether a file has the magic number of tskit."""
    with Path(path).open("rb") as handle:
        return handle.read(len(MAGIC)) == MAGIC


class TreeSiteReader:
    """Reader of a tree sequence (see `sites.SiteReader`): one contig, named after the file.

    Samples are individuals, called ``tsk_0``, ``tsk_1``, ... as tskit's own VCF calls them; where nodes have no individual, each sample node is one.
    Allele 0 is the ancestral state. Positions are rounded down to whole bases.

    Raises
    ------
    DataError
        If the file is damaged, has no samples, or individuals of different ploidy.
    """

    knows_ancestral = True

    def __init__(self, path: Path) -> None:
        import tskit

        self.path = Path(path)
        self.skipped: Counter[str] = Counter()
        try:
            self._trees = tskit.load(str(path))
        except (tskit.TskitException, tskit.FileFormatError, OSError, EOFError, KeyError, ValueError) as error:
            expected = "a whole .trees file of tskit"
            fix = "copy or create it again; unpack .tsz with tsunzip"
            raise DataError(f"a tree sequence that cannot be read ({error})", expected, fix, where=str(path)) from error
        self._nodes, self.samples = _columns(self._trees, self.path)
        self.contig = self.path.name.removesuffix(".trees")
        self.lengths = {self.contig: int(np.ceil(self._trees.sequence_length))}

    def chunks(self) -> Iterator[SiteChunk]:
        """Read up to `sites.SITES` sites at a time."""
        self.skipped.clear()
        rows: list[tuple[int, str, str, np.ndarray]] = []
        for variant in self._trees.variants(samples=self._nodes.ravel(), copy=False):
            position, reason = int(variant.site.position), _kind(variant)
            self.skipped[reason] += bool(reason)
            if reason:
                continue
            reference, alternate = variant.alleles[0], variant.alleles[1]
            rows.append((position, reference, alternate, variant.genotypes.astype(np.int8)))
            if len(rows) == SITES:
                yield self._stack(rows)
                rows = []
        if rows:
            yield self._stack(rows)

    def _stack(self, rows: list[tuple[int, str, str, np.ndarray]]) -> SiteChunk:
        positions, reference, alternate, calls = zip(*rows, strict=True)
        alleles = np.stack(calls).reshape(len(rows), *self._nodes.shape)
        ancestral = np.array(reference, dtype=object)
        return SiteChunk(
            self.contig,
            np.array(positions, dtype=np.int64),
            ancestral,
            np.array(alternate, dtype=object),
            ancestral.copy(),
            alleles,
            np.ones(alleles.shape[:2], dtype=bool),
        )


def _kind(variant: tskit.Variant) -> str:
    """Return why a site is skipped; empty for one with two alleles of one letter each."""
    alleles = [allele for allele in variant.alleles if allele is not None]
    if len(alleles) != 2:
        return MULTIALLELIC if len(alleles) > 2 else NO_ALTERNATE
    return "" if all(len(allele) == 1 and allele.isascii() and allele.isalnum() for allele in alleles) else NOT_SNP


def _columns(trees: tskit.TreeSequence, path: Path) -> tuple[np.ndarray, list[str]]:
    """Return the sample nodes of each sample, shape (samples, ploidy), and the samples' names."""
    nodes = trees.samples()
    if not len(nodes):
        raise DataError("zero samples", "sample nodes", "give a tree sequence with samples", where=str(path))
    individual = trees.nodes_individual[nodes]
    if (individual < 0).any():
        return nodes[:, None], [f"tsk_{index}" for index in range(len(nodes))]
    order = np.argsort(individual, kind="stable")
    individuals, counts = np.unique(individual, return_counts=True)
    if len(set(counts.tolist())) > 1:
        expected = "one ploidy for all individuals"
        fix = "simplify the tree sequence to individuals of one ploidy"
        raise DataError(f"individuals with {counts.min()} and with {counts.max()} sample nodes", expected, fix, where=str(path))
    return nodes[order].reshape(len(individuals), -1), [f"tsk_{name}" for name in range(len(individuals))]
