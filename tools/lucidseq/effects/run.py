"""`effects variants`: read sites and genome, score both alleles, write table and annotated VCF."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.card import Card
from lucidseq.core.errors import DataError, UsageError, place
from lucidseq.core.genome import Genome
from lucidseq.core.intervals import read_bed
from lucidseq.core.log import Progress
from lucidseq.core.options import parse_shard
from lucidseq.core.outputs import OutputSet
from lucidseq.core.schema import EFFECTS
from lucidseq.core.tables import write_table
from lucidseq.core.variants import variant_ids
from lucidseq.effects.allele_windows import Variant, allele_windows, reference_matches
from lucidseq.effects.card import variants_card
from lucidseq.effects.choices import RefMismatch
from lucidseq.effects.cli import VariantsOptions
from lucidseq.effects.scoring import Scores, score
from lucidseq.effects.variant_sites import check_info_key, read_sites, write_annotated

CHUNK = 2048  # variants read and scored at once
STRAND_SAMPLE = 500  # variants of strongest effect, whose strands are compared


def variants(options: VariantsOptions, out: OutputSet) -> Card:
    """Score variants (options as in cli.py)."""
    part, parts = parse_shard(options.shard)
    check_info_key(options.info_key)
    sites = read_sites(options.variants, read_bed(options.regions).records() if options.regions else None, options.max_allele_length)
    check_info_key(options.info_key, sites)
    with Genome(options.fasta) as genome:
        kept, mismatches = check_reference(genome, sites.variants, options.ref_mismatch, options.variants)
        shard = [kept[int(index)] for index in np.array_split(np.arange(len(kept)), parts)[part]]

        from lucidseq.nets import backend

        backend.prepare(threads=options.threads)
        from lucidseq.nets.facts import scale_in_words
        from lucidseq.nets.io import final_activation, load_model
        from lucidseq.nets.model_card import check_model
        from lucidseq.nets.predict import Predictor

        network, facts = load_model(options.model)
        predictor = Predictor(network, batch_size=options.batch_size, output="logit")
        length = window_length(predictor.length, options.window)
        chunks = []
        with Progress("variants", total=len(shard)) as progress:
            for first in range(0, len(shard), CHUNK):
                chunk = shard[first : first + CHUNK]
                chunks.append(score(predictor, allele_windows(genome, chunk, length)))
                progress.step(len(chunk))
        scores = join(chunks, targets=network.output_shape[-1])
        strongest = [shard[int(row)] for row in np.argsort(-np.abs(scores.effect[:, 0]), kind="stable")[:STRAND_SAMPLE]]
        one_strand = Predictor(network, batch_size=options.batch_size, output="logit", reverse_complement_average=False)
        agreement = strand_agreement(one_strand, allele_windows(genome, strongest, length))
    names = target_names(facts.target_names if facts else None, scores.effect.shape[1])
    write_table(effects_table(shard, scores, names), out["effects"], EFFECTS)
    write_annotated(out["annotated"], sites, record_notes(shard, scores, names), options.info_key)
    activation = final_activation(network)
    unknown_head = activation == "linear" and facts is None
    card = variants_card(sites, scores, mismatches, agreement, scale=scale_in_words(activation), unknown_head=unknown_head)
    check_model(card, facts)
    return card


def check_reference(genome: Genome, variants: list[Variant], policy: RefMismatch, paths: list[Path]) -> tuple[list[Variant], int]:
    """Return the variants whose REF is the genome's, and the number of the other variants.

    Raises
    ------
    DataError
        If a contig is not in the genome; under the policy ``error`` at the first mismatch; under ``skip`` when more than half
        mismatch, since the build is then wrong.
    """
    where = ", ".join(map(str, paths))
    for contig in dict.fromkeys(variant.contig for variant in variants):
        genome.require(contig, where=where)
    kept = []
    for variant in variants:
        if reference_matches(genome, variant):
            kept.append(variant)
        elif policy is RefMismatch.ERROR:
            from lucidseq.core.alphabet import decode

            bases = decode(genome.fetch(variant.contig, variant.position, variant.position + len(variant.ref)))
            name = f"{variant.contig}:{variant.position + 1}:{variant.ref}:{variant.alt}"
            raise DataError(
                f"REF {variant.ref} where the genome has {bases}",
                "variants and FASTA of the same genome build",
                "give the matching FASTA, or --ref-mismatch skip to skip such variants",
                where=place(where, contig=variant.contig, variant=name),
            )
    mismatches = len(variants) - len(kept)
    if mismatches > 0.5 * len(variants):
        raise DataError(
            f"REF differs from the genome in {mismatches} of {len(variants)} variants",
            "variants and FASTA of the same build",
            "give the genome build the variants were called on",
            where=where,
        )
    return kept, mismatches


def window_length(model_length: int | None, requested: int | None) -> int:
    """Return the window: the model's length, or the requested one where the model takes any.

    Raises
    ------
    UsageError
        If both differ, or neither is known.
    """
    if model_length is None and requested is None:
        raise UsageError("a model that takes any length, without --window", "--window", "give --window in bp")
    if model_length is not None and requested not in (None, model_length):
        raise UsageError(f"--window {requested}", f"{model_length}, the model's length", "omit --window")
    return int(model_length or requested or 0)


def strand_agreement(predictor: object, windows: np.ndarray) -> float:
    """Return the correlation of the effects on the two strands (NaN with fewer than three variants)."""
    from lucidseq.core.alphabet import reverse_complement

    forward = score(predictor, windows).effect[:, 0]  # type: ignore[arg-type]  # a Predictor, known after the backend is ready
    backward = score(predictor, reverse_complement(windows)).effect[:, 0]  # type: ignore[arg-type]
    if len(forward) < 3 or forward.std() == 0 or backward.std() == 0:
        return float("nan")
    return float(np.corrcoef(forward, backward)[0, 1])


def join(chunks: list[Scores], *, targets: int) -> Scores:
    """Join the chunks' scores; a shard without variants gives empty arrays."""
    if not chunks:
        return Scores(*(np.empty((0, targets)) for _ in range(4)))
    pairs = zip(*((chunk.ref, chunk.alt, chunk.effect, chunk.spread) for chunk in chunks), strict=True)
    return Scores(*(np.concatenate(arrays) for arrays in pairs))


def target_names(known: list[str] | None, count: int) -> list[str]:
    """Return the targets' names; ``target_<i>`` for a model without names."""
    return known if known and len(known) == count else [f"target_{index}" for index in range(count)]


def effects_table(variants: list[Variant], scores: Scores, names: list[str]) -> pd.DataFrame:
    """Return one row a variant and target."""
    repeat = len(names)
    contigs = [variant.contig for variant in variants]
    positions = [variant.position + 1 for variant in variants]
    refs, alts = [variant.ref for variant in variants], [variant.alt for variant in variants]
    columns = {
        "variant_id": variant_ids(contigs, positions, refs, alts),
        "chromosome": contigs,
        "base_pair_location": positions,
        "effect_allele": alts,
        "other_allele": refs,
        "rsid": [variant.rsid for variant in variants],
    }
    frame = pd.DataFrame({name: np.repeat(np.array(values, dtype=object), repeat) for name, values in columns.items()})
    frame["target_name"] = names * len(variants)
    for name, values in (("ref_score", scores.ref), ("alt_score", scores.alt), ("effect", scores.effect)):
        frame[name] = values.ravel()
    return frame.assign(effect_sd=scores.spread.ravel(), score=np.abs(scores.effect).ravel())


def record_notes(variants: list[Variant], scores: Scores, names: list[str]) -> dict[int, list[str]]:
    """Return the INFO values of every record that has scores."""
    notes: dict[int, list[str]] = {}
    safe = [name.replace("|", "_").replace(",", "_").replace(";", "_").replace(" ", "_") for name in names]
    for row, variant in enumerate(variants):
        for column, name in enumerate(safe):
            values = (scores.ref, scores.alt, scores.effect, scores.spread)
            texts = "|".join(f"{item[row, column]:.5g}" for item in values)
            notes.setdefault(variant.record, []).append(f"{variant.alt}|{name}|{texts}")
    return notes
