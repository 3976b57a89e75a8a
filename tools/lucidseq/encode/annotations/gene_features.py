"""Features of genes: the kind of sequence a row covers, and the distance to the nearest transcription start."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lucidseq.core.intervals import Intervals
from lucidseq.encode.annotations.bed import covered_share, interval_frame, nearest_distance
from lucidseq.encode.annotations.choices import FeatureKind
from lucidseq.encode.annotations.targets import TargetRows
from lucidseq.encode.gene_models import promoters, read_gene_models
from lucidseq.encode.regions import Regions, require_shared

_SHARES = ("coding", "noncoding_exon", "intron", "promoter", "intergenic")


class GeneSource:
    """Shares of sequence kinds and the distance to the nearest transcription start (see `feature_source.Source`).

    Every base is coding, non-coding exon, intron (in a gene, outside its exons) or intergenic; where transcripts differ, the first of these
    counts. Promoters overlap them.
    """

    def __init__(self, path: Path, contigs: list[str], *, upstream: int, downstream: int) -> None:
        self.path = path
        models = read_gene_models(path)
        require_shared(contigs, models.genes.contig, path)
        coding, exons, genes = Regions(models.coding), Regions(models.exons), Regions(models.genes)
        kinds = {
            "coding": models.coding,
            "noncoding_exon": exons.subtract(coding).intervals(),
            "intron": genes.subtract(exons).subtract(coding).intervals(),
            "promoter": promoters(models.starts, upstream, downstream),
            "genic": Intervals.join([models.genes, models.exons]),
        }
        self._frames = {name: interval_frame(items) if len(items) else None for name, items in kinds.items()}
        self._starts = interval_frame(models.starts)
        self.names = [*_SHARES, "tss_distance"]
        self.kinds = [*[FeatureKind.SHARE] * len(_SHARES), FeatureKind.DISTANCE]

    def values(self, rows: TargetRows) -> np.ndarray:
        """Return the features of rows."""
        shares = {name: np.zeros(len(rows)) if frame is None else covered_share(rows, frame) for name, frame in self._frames.items()}
        shares["intergenic"] = 1 - shares["genic"]
        columns = [shares[name] for name in _SHARES]
        return np.column_stack([*columns, nearest_distance(rows, self._starts)]).astype(np.float32)
