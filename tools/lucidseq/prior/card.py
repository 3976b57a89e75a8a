"""Checks of the trust card of `prior fit`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lucidseq.core import seeds
from lucidseq.core.card import Card, Verdict
from lucidseq.core.ld_quality import LdQuality, check_ld_quality
from lucidseq.prior.choices import PriorModel, ResidualScale

if TYPE_CHECKING:
    from lucidseq.prior.block_data import Block
    from lucidseq.prior.cli import FitOptions

SCALE = (0.7, 2.0)  # of the residuals where LD and statistics belong together
FEW_BLOCKS, MOST_ODD, RESAMPLES = 50, 0.1, 2000


def fit_card(
    blocks: list[Block],
    table: pd.DataFrame,
    statistics: pd.DataFrame,
    quality: LdQuality,
    options: FitOptions,
    scale: float,
    *,
    names: list[str],
    in_sample: bool,
) -> Card:
    """Return the checks: matching on all three sides, annotations, residual scale, and the gain on the blocks held out for testing."""
    card = Card("prior", "fit")
    variants = sum(len(block.n) for block in blocks)
    advice = "Many variants are in one file only: check build and alleles."
    card.at_least("statistics with LD", variants / len(statistics), 0.9, refuse_below=0.5, advice=advice)
    card.at_least("LD variants with statistics", variants / sum(block.ld_variants for block in blocks), 0.9, advice=advice)
    known = sum(int(np.isfinite(block.features).any(axis=1).sum()) for block in blocks)
    card.at_least("variants with annotations", known / variants, 0.9, refuse_below=0.1, advice="Encode annotations for these statistics.")
    flipped = sum(block.flipped for block in blocks) / variants
    card.at_most("share of variants with flipped alleles", flipped, 1.0, text="any", advice="Effects have the statistics' alleles.")
    _check_annotations(card, [block for block, split in zip(blocks, table["split"], strict=True) if split == "train"], names)
    card.at_least("blocks", len(blocks), FEW_BLOCKS, advice="A prior needs hundreds of blocks: use the whole genome.")
    _check_scale(card, table, scale, options, in_sample=in_sample)
    _check_overlap(card, blocks, table["split"].eq("test").to_numpy())
    if options.model is not PriorModel.CONSTANT:  # which is what the gain is over
        _check_gain(card, table, options.seed)
    check_ld_quality(card, quality, in_sample=in_sample)
    return card


def _check_annotations(card: Card, train: list[Block], names: list[str]) -> None:
    features = np.concatenate([block.features for block in train])
    known = np.isfinite(features)
    low, high = np.where(known, features, np.inf).min(axis=0), np.where(known, features, -np.inf).max(axis=0)
    flat = [name for name, varies in zip(names, high > low, strict=True) if not varies]
    advice = f"Nothing can be learnt from them (constant, or without values): {', '.join(flat[:5])}."
    card.at_most("annotations that do not vary among the training blocks", len(flat), 0, advice=advice if flat else "None.")


def _check_overlap(card: Card, blocks: list[Block], test: np.ndarray) -> None:
    """Check that the blocks held out hold no variant that was learnt from."""
    ids = [set(block.variants["variant_id"]) for block in blocks]
    held_out = set().union(*(names for names, held in zip(ids, test, strict=True) if held))
    learnt = set().union(*(names for names, held in zip(ids, test, strict=True) if not held))
    if held_out:
        advice = "Blocks overlap, so that the gain is partly on variants that were learnt from: give LD blocks that do not overlap."
        share = len(held_out & learnt) / len(held_out)
        card.at_most("share of test variants that are in other blocks too", share, 0.0, refuse_above=0.1, advice=advice)


def _check_scale(card: Card, table: pd.DataFrame, scale: float, options: FitOptions, *, in_sample: bool) -> None:
    low, high = SCALE
    fixed = options.residual_scale is ResidualScale.FIXED
    if fixed and not in_sample:
        advice = "With LD of other samples a fixed scale turns mismatch into effects: give --residual-scale free."
        card.add("residual scale", "fixed, LD of other samples", Verdict.REFUSE, threshold="free, or in-sample LD", advice=advice)
    elif not fixed:
        advice = "Statistics and LD do not belong together (other samples, build or N): lower --keep, or use LD of the same samples."
        card.expect("residual scale", scale, low <= scale <= high, threshold=f"{low:g} to {high:g}", advice=advice)
    clear = np.abs(np.log(table["residual_scale"])) > 3 * np.sqrt(2 / table["rank"])  # beyond what a block of this rank shows by chance
    odd = clear & ~table["residual_scale"].between(low, high)
    worst = ", ".join(table.loc[odd, "block"].head(3))
    advice = f"See residual_scale in the table of blocks (such as {worst}): LD and statistics do not fit there." if worst else "None."
    card.at_most(f"share of blocks whose own residual scale is outside {low:g} to {high:g}", float(odd.mean()), MOST_ODD, advice=advice)


def _check_gain(card: Card, table: pd.DataFrame, seed: int) -> None:
    """The gain over the constant prior in nats a block, with an interval by resampling blocks."""
    gain = table.loc[table["split"] == "test", "gain"].to_numpy()
    name, threshold = "gain over a constant prior on test blocks (nats a block)", "interval above 0"
    if not len(gain):
        card.add(name, None, Verdict.CAUTION, threshold=threshold, advice="Hold out blocks: --test-share or --test-contigs.")
        return
    draws = seeds.stream(seed, "gain").choice(gain, (RESAMPLES, len(gain))).mean(axis=1)
    lower, upper = (float(value) for value in np.quantile(draws, [0.025, 0.975]))
    advice = "The annotations do not help to predict the statistics of other blocks: use the constant prior."
    card.expect(name, float(gain.mean()), lower > 0, threshold=threshold, advice=advice, interval=(lower, upper), level=0.95)
