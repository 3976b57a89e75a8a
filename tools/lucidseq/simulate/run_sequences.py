"""`simulate sequences`: the synthetic regulatory code with per-base truth."""

from __future__ import annotations

import numpy as np

from lucidseq.core import seeds
from lucidseq.core.card import Card
from lucidseq.core.outputs import OutputSet
from lucidseq.core.schema import BASE_TRUTH
from lucidseq.core.stores import create_store, write_array
from lucidseq.simulate import regulatory_code
from lucidseq.simulate.card import sequences_card
from lucidseq.simulate.cli import SimulateSequencesOptions
from lucidseq.simulate.motifs import load_vertebrate_core, read_matrices
from lucidseq.simulate.writers import write_fasta

SPLITS = (("train", 0.7), ("valid", 0.1), ("test", 0.2))


def sequences(options: SimulateSequencesOptions, out: OutputSet) -> Card:
    """Simulate and write the set (options as in cli.py)."""
    collection = load_vertebrate_core() if options.motifs is None else read_matrices(options.motifs)
    core = [name.strip() for name in options.core_motifs.split(",") if name.strip()]
    core_set, background_set = regulatory_code.choose_motifs(
        collection, core, options.background_motifs, seeds.stream(options.seed, "motifs")
    )
    positive = regulatory_code.simulate_code(core_set, options.positives, options.length, seeds.stream(options.seed, "positives"))
    negative = regulatory_code.simulate_code(background_set, options.negatives, options.length, seeds.stream(options.seed, "negatives"))

    ids = np.array([f"pos_{i}" for i in range(options.positives)] + [f"neg_{i}" for i in range(options.negatives)], dtype=object)
    codes = np.concatenate([positive.codes, negative.codes])
    label = np.repeat([1, 0], [options.positives, options.negatives])
    order = seeds.stream(options.seed, "order").permutation(len(ids))
    bounds = np.round(np.cumsum([share for _, share in SPLITS])[:-1] * len(ids)).astype(int)
    split = np.empty(len(ids), dtype=object)
    for (name, _), rows in zip(SPLITS, np.split(np.arange(len(ids)), bounds), strict=True):
        split[rows] = name
    write_fasta(out["fasta"], ((ids[i], codes[i]) for i in order))
    lines = [f"{ids[i]}\t{label[i]}\t{split[rank]}\n" for rank, i in enumerate(order)]
    out["labels"].write_text("id\tlabel\tsplit\n" + "".join(lines), encoding="ascii")
    with create_store(out["truth"], BASE_TRUTH) as store:
        write_array(store, "id", ids[order])
        write_array(store, "label", label[order].astype(np.uint8))
        write_array(store, "motif_count", np.concatenate([positive.motif_count, negative.motif_count])[order].astype(np.uint8))
        write_array(store, "probabilities", np.concatenate([positive.probabilities, negative.probabilities])[order])
    return sequences_card(positive, negative)
