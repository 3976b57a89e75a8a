"""`attribute maps`: read sequences and network, explain block by block, write maps, track and logos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

from lucidseq.attribute import logos as drawing
from lucidseq.attribute.card import COMPLETE, Evidence, maps_card
from lucidseq.attribute.choices import Engine, Method
from lucidseq.attribute.choose import Sequences, choose, read_sequences
from lucidseq.attribute.cli import MapsOptions
from lucidseq.attribute.track import write_track
from lucidseq.core import manifest, stores
from lucidseq.core.card import Card
from lucidseq.core.errors import DataError, UsageError
from lucidseq.core.log import Progress
from lucidseq.core.options import parse_shard
from lucidseq.core.outputs import OutputSet
from lucidseq.core.schema import ATTRIBUTIONS
from lucidseq.core.sequence_dataset import COLUMNS
from lucidseq.nets import backend
from lucidseq.nets.facts import scale_in_words

if TYPE_CHECKING:
    from lucidseq.attribute.explained import Explained
    from lucidseq.attribute.methods import Maps
    from lucidseq.attribute.setup import Setup


def maps(options: MapsOptions, out: OutputSet) -> Card:
    """Explain a network (options as in cli.py)."""
    part, parts = parse_shard(options.shard)
    if options.engine is Engine.SHAP and options.method is not Method.DEEPSHAP:
        raise UsageError(f"--engine shap with --method {options.method.value}", "--method deepshap", "omit --engine")
    dataset = read_sequences(options.dataset, options.split)
    backend.prepare(seed=options.seed, threads=options.threads)
    from lucidseq.attribute.explained import explain
    from lucidseq.attribute.setup import Setup
    from lucidseq.nets.io import load_model

    network, facts = load_model(options.model)
    explained = explain(network, facts, target=options.target, output=options.output, reduce=options.reduce.value)
    setup = Setup(
        explained,
        options.model,
        options.method,
        options.engine,
        options.reference,
        options.references,
        options.steps,
        options.correct,
        options.reverse_complement_average,
        options.batch_size,
        options.seed,
    )
    check_length(dataset, explained, options.dataset)
    sequences = dataset.take(choose(dataset, options.max_sequences, options.select, seed=options.seed, predict=setup.predict))
    shard = sequences.take(shard_rows(len(sequences.codes), setup.block, part, parts))
    attributes = {
        "build": shard.build,
        "method": options.method.value,
        "target_name": explained.name,
        "corrected": int(setup.corrected),
        "model_sha256": manifest.sha256(options.model),
        "engine": options.engine.value,
        "scale": scale_in_words(explained.activation),
    }
    with stores.create_store(out["attributions"], ATTRIBUTIONS, **attributes) as store:
        evidence = write_maps(store, setup, shard)
        check_completeness(setup, shard, evidence, options.model)
        write_track(out["track"], store["contributions"], shard.columns, shard.contig_lengths)
        draw_logos(out["logos"], store["contributions"], shard, options.logos, explained.name)
    selected = f"{len(sequences.codes)} of {len(dataset.codes)}"
    return maps_card(setup, shard, evidence, selected=selected, facts=facts)


def check_length(sequences: Sequences, explained: Explained, path: Path) -> None:
    """Check that sequences and network have one length.

    Raises
    ------
    DataError
        If not.
    """
    length = sequences.codes.shape[1]
    if explained.length is not None and explained.length != length:
        raise DataError(
            f"sequences of {length} bp",
            f"sequences of {explained.length} bp, the length of the model",
            f"encode the sequences again with windows of {explained.length} bp",
            where=str(path),
        )


def shard_rows(count: int, block: int, part: int, parts: int) -> np.ndarray:
    """Return the rows of a shard: whole blocks, so that blocks do not depend on the number of shards.

    Examples
    --------
    >>> shard_rows(10, 4, 1, 2).tolist()
    [8, 9]
    """
    blocks = np.array_split(np.arange(-(-count // block)), parts)[part]
    rows = [np.arange(number * block, min((number + 1) * block, count)) for number in blocks]
    return np.concatenate(rows) if rows else np.arange(0)


def write_maps(store: h5py.File, setup: Setup, sequences: Sequences) -> Evidence:
    """Explain all sequences and write them block by block; return the figures for the card."""
    n, length = sequences.codes.shape
    stores.write_array(store, "codes", sequences.codes)
    for name in COLUMNS:
        stores.write_array(store, name, sequences.columns[name])
    evidence = Evidence()
    arrays: dict[str, h5py.Dataset] = {}
    with Progress("sequences", total=n) as progress:
        for first in range(0, n, setup.block):
            rows = slice(first, min(first + setup.block, n))
            block_maps = setup.explain(sequences.codes[rows], sequences.ids[rows])
            for name, values in named_arrays(block_maps).items():
                if name not in arrays:
                    arrays[name] = stores.create_array(store, name, (n, *values.shape[1:]), np.float32)
                arrays[name][rows] = values
            evidence.add(block_maps, sequences.take(np.arange(rows.start, rows.stop)), setup)
            progress.step(rows.stop - rows.start)
    if not n:  # a shard beyond the last block
        for name, shape in (("hypothetical", (0, length, 4)), ("contributions", (0, length)), ("prediction", (0,))):
            stores.create_array(store, name, shape, np.float32)
    return evidence


def check_completeness(setup: Setup, sequences: Sequences, evidence: Evidence, path: Path) -> None:
    """Check that the scores of most sequences sum to the difference they explain.

    Raises
    ------
    DataError
        If not; it names the layer with the largest error.
    """
    error = evidence.median_error()
    if setup.method is not Method.DEEPSHAP or setup.engine is not Engine.OWN or error is None or error <= COMPLETE:
        return
    from lucidseq.attribute.diagnose import weakest_layer

    first = sequences.take(np.arange(min(2, len(sequences.codes))))
    x, compared = setup.inputs(first.codes, first.ids)
    weakest = weakest_layer(setup.explained, x, compared) if compared is not None else None
    cause = f"; the layer {weakest[0]} distributes its difference with an error of {weakest[1]:.2g}" if weakest else ""
    raise DataError(
        f"scores that miss the difference they explain by {error:.2g} of it (median){cause}",
        f"an error of at most {COMPLETE:g}",
        "use --method integrated-gradients or ism, or replace the layer",
        where=str(path),
    )


def named_arrays(block_maps: Maps) -> dict[str, np.ndarray]:
    """Return the arrays of `ATTRIBUTIONS` that a method gives."""
    arrays = {
        "hypothetical": block_maps.hypothetical,
        "contributions": block_maps.contributions,
        "prediction": block_maps.prediction,
        "reference_prediction": block_maps.reference_prediction,
        "completeness_error": block_maps.completeness_error(),
    }
    return {name: np.ascontiguousarray(values) for name, values in arrays.items() if values is not None}


def draw_logos(folder: Path, contributions: h5py.Dataset, sequences: Sequences, count: int, target: str) -> None:
    """Draw the sequences whose contributions have the largest absolute sum of any 20 bases."""
    if not count or not len(sequences.codes):
        return
    folder.mkdir()
    strength = np.array([drawing.peak(contributions[row]) for row in range(len(sequences.codes))])
    for rank, row in enumerate(np.argsort(-strength, kind="stable")[:count], start=1):
        name = sequences.ids[row]
        path = folder / drawing.file_name(rank, name)
        drawing.draw(path, sequences.codes[row], contributions[int(row)], name, f"contribution to {target}")
