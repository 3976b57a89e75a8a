"""Features of a network's attribution maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.schema import ATTRIBUTIONS
from lucidseq.core.stores import open_store, read_text
from lucidseq.encode.annotations.choices import FeatureKind
from lucidseq.encode.annotations.feature_source import stem
from lucidseq.encode.annotations.targets import TargetRows
from lucidseq.encode.regions import require_shared


class AttributionSource:
    """Mean contribution of the bases a row covers (see `feature_source.Source`), over all maps that cover them; NaN outside the maps."""

    def __init__(self, path: Path, contigs: list[str]) -> None:
        self.path = path
        with open_store(path, ATTRIBUTIONS) as store:
            contig, start, end = read_text(store["contig"]), store["start"][()], store["end"][()]
            strand = read_text(store["strand"])
            contributions = store["contributions"][()].astype(np.float64)
        require_shared(contigs, contig, path)
        backward = strand == "-"
        contributions[backward] = contributions[backward, ::-1]  # maps run along the strand, rows along the contig
        self._before = np.concatenate([np.zeros((len(contributions), 1)), np.cumsum(contributions, axis=1)], axis=1)
        self._frame = pd.DataFrame({"chrom": contig, "start": start, "end": end, "map": np.arange(len(start))})
        self.names, self.kinds = [stem(path)], [FeatureKind.ATTRIBUTION]

    def values(self, rows: TargetRows) -> np.ndarray:
        """Return the feature of rows."""
        import bioframe

        pairs = bioframe.overlap(rows.frame(), self._frame, how="inner", return_index=True, suffixes=("", "_"))
        columns = {name: pairs[name].to_numpy(dtype=np.int64) for name in ("index", "start", "end", "start_", "end_", "map_")}
        first = np.maximum(columns["start"], columns["start_"]) - columns["start_"]
        last = np.minimum(columns["end"], columns["end_"]) - columns["start_"]
        sums = self._before[columns["map_"], last] - self._before[columns["map_"], first]
        total = np.bincount(columns["index"], weights=sums, minlength=len(rows))
        bases = np.bincount(columns["index"], weights=last - first, minlength=len(rows))
        mean = np.divide(total, bases, out=np.full(len(rows), np.nan), where=bases > 0)
        return mean[:, None].astype(np.float32)
