"""`encode annotations`: variants or windows, and files about the genome -> features."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.card import Card
from lucidseq.core.columns import ColumnSpools
from lucidseq.core.errors import DataError, UsageError
from lucidseq.core.hdf5 import CHECKED
from lucidseq.core.log import Progress
from lucidseq.core.outputs import OutputSet
from lucidseq.core.schema import ANNOTATION_SUMMARY, ANNOTATIONS
from lucidseq.core.stores import create_store, write_array
from lucidseq.core.tables import write_table
from lucidseq.encode.annotations.bed import BedSource, DistanceSource
from lucidseq.encode.annotations.card import build_card
from lucidseq.encode.annotations.cli import AnnotationsOptions
from lucidseq.encode.annotations.feature_source import Source
from lucidseq.encode.annotations.gene_features import GeneSource
from lucidseq.encode.annotations.maps import AttributionSource
from lucidseq.encode.annotations.signal import SignalSource
from lucidseq.encode.annotations.summary import Summary
from lucidseq.encode.annotations.targets import Targets, VariantTargets, WindowTargets
from lucidseq.encode.annotations.variant_tables import TableSource

_ROWS = 1 << 17  # annotated at a time
_CHUNK_BYTES, _CHUNK_ROWS = 1 << 20, 1 << 17


def annotations(options: AnnotationsOptions, out: OutputSet) -> Card:
    """Encode annotations (options as in ``cli.annotations``)."""
    if options.windows is not None and options.table:
        raise UsageError("--table with --windows", "--variants with --table: tables are matched by variant", "omit one of them")
    with _targets(options.variants, options.windows, scratch=out["annotations"].parent) as targets:
        sources: list[Source] = [BedSource(path, options.bed_value, targets.contigs) for path in options.bed or []]
        sources += [DistanceSource(path, targets.contigs) for path in options.distance or []]
        sources += [SignalSource(path, options.flank, targets.contigs) for path in options.signal or []]
        if options.gtf is not None:
            sources.append(
                GeneSource(options.gtf, targets.contigs, upstream=options.promoter_upstream, downstream=options.promoter_downstream)
            )
        sources += [TableSource(path, targets.parts(_ROWS)) for path in options.table or []]
        sources += [AttributionSource(path, targets.contigs) for path in options.attributions or []]
        _refuse_equal_names(sources)
        summary = _write(out["annotations"], targets, sources, options.build)
        write_table(summary, out["summary"], ANNOTATION_SUMMARY)
        return build_card(summary, targets, [source for source in sources if isinstance(source, TableSource)])


@contextmanager
def _targets(variants: Path | None, windows: Path | None, scratch: Path) -> Iterator[Targets]:
    """Open the variants or windows.

    Raises
    ------
    UsageError
        If not exactly one of them is given.
    """
    if variants is not None and windows is None:
        with VariantTargets(variants, scratch) as opened:
            yield opened
    elif windows is not None and variants is None:
        yield WindowTargets(windows)
    else:
        raise UsageError(
            "both --variants and --windows" if variants else "neither --variants nor --windows",
            "one of the two",
            "give the variants or the windows to annotate",
        )


def _refuse_equal_names(sources: list[Source]) -> None:
    if not sources:
        raise UsageError("no source of features", "--bed, --distance, --signal, --gtf, --table or --attributions", "add one of them")
    twice = [name for name, count in Counter(name for source in sources for name in source.names).items() if count > 1]
    if twice:
        paths = [source.path for source in sources if twice[0] in source.names]
        raise DataError(
            f"two features called {twice[0]}",
            "different names (they come from file names and columns)",
            "rename a file or column",
            where=" and ".join(map(str, dict.fromkeys(paths))),
        )


def _write(path: Path, targets: Targets, sources: list[Source], build: str) -> pd.DataFrame:
    """Write the features part by part, and return the summary of each feature."""
    names = [name for source in sources for name in source.names]
    summary = Summary(sources)
    with (
        create_store(path, ANNOTATIONS, build=build, unit=targets.unit) as store,
        ColumnSpools(("contig", "start", "end", "id"), path.parent) as columns,
        Progress(f"{targets.unit}s", total=len(targets)) as progress,
    ):
        chunk = (min(len(targets), _chunk_rows(4 * len(names))), len(names))
        values = store.create_dataset(
            "values", (len(targets), len(names)), "f4", chunks=chunk, compression="gzip", compression_opts=4, shuffle=True, **CHECKED
        )
        first = 0
        for part in targets.parts(_ROWS):
            features = np.concatenate([source.values(part) for source in sources], axis=1)
            values[first : first + len(part)] = features
            first += len(part)
            summary.add(features)
            columns.add({"contig": part.contig, "start": part.start, "end": part.end, "id": part.id})
            progress.step(len(part))
        columns.write(store, "rows")
        table = summary.table()
        for name in ("feature", "kind", "source"):
            write_array(store, f"features/{'name' if name == 'feature' else name}", table[name].to_numpy(dtype=object))
    return table


def _chunk_rows(row_bytes: int) -> int:
    """Return the rows of a chunk: a power of two, so that parts are written in whole chunks."""
    rows = max(1, min(_CHUNK_ROWS, _CHUNK_BYTES // row_bytes))
    return 1 << (rows.bit_length() - 1)
