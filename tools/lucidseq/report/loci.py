"""Figures of loci: association, inclusion probabilities, credible sets and genes; and variant effects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import log_ndtr

from lucidseq.core.gtf import Gene, read_genes
from lucidseq.core.ld import open_ld
from lucidseq.report.figure import COLOURS, GREY, Figure, new_axes, to_png
from lucidseq.report.results import Results

MAX_LOCI = 12
LD_STEPS = ((0.2, "#2B4B9B"), (0.4, "#56B4E9"), (0.6, "#009E73"), (0.8, "#E69F00"), (1.01, "#D7191C"))


def locus_figures(results: Results, gtf: Path | None) -> list[Figure]:
    """Return a figure for each locus with a credible set (at most 12, the strongest), and the effects."""
    genes = read_genes(gtf) if gtf else []
    sets = [table for _, table in results.table("credible_sets")]
    with_sets = set(pd.concat(sets)["locus"]) if sets else set()
    loci = [
        (name, str(locus), rows.sort_values("base_pair_location"))
        for name, table in results.table("pips")
        for locus, rows in table.groupby("locus", sort=True)
        if locus in with_sets
    ]
    loci.sort(key=lambda item: -float(item[2]["z"].abs().max()))
    figures = [
        draw_locus(name, locus, rows, genes, results.store("ld"))
        for name, locus, rows in sorted(loci[:MAX_LOCI], key=lambda i: i[:2])
    ]
    return figures + effect_figure(results)


def minus_log10_p(z: np.ndarray) -> np.ndarray:
    """Return -log10 of the two-sided p-value, finite for any z."""
    values: np.ndarray = -(np.log(2) + log_ndtr(-np.abs(z))) / np.log(10)
    return values


def draw_locus(name: str, locus: str, rows: pd.DataFrame, genes: list[Gene], stores: list[Path]) -> Figure:
    """Draw one locus in three panels."""
    canvas, axes = new_axes(3, 1, width=8.5, height=5.6, sharex=True, height_ratios=[3, 3, 1.1])
    association, inclusion, gene_track = axes[:, 0]
    position = rows["base_pair_location"].to_numpy() / 1e6
    strength = minus_log10_p(rows["z"].to_numpy())
    lead = int(np.abs(rows["z"].to_numpy()).argmax())
    r2 = ld_with_lead(rows["variant_id"].to_numpy(), lead, locus, stores)
    colours = ld_colours(r2)
    association.scatter(position, strength, c=colours, s=10, linewidths=0)
    association.scatter(position[lead], strength[lead], marker="D", s=34, color="#7B2D8B", zorder=3)
    association.set_ylabel("-log10 p", fontsize=9)
    if r2 is not None:
        handles = [
            association.scatter([], [], s=12, color=colour, label=f"r2 < {min(bound, 1):g}")
            for bound, colour in LD_STEPS
        ]
        association.legend(handles=handles, fontsize=6.5, frameon=False, ncols=5, loc="upper right")
    inclusion.scatter(position, rows["pip"], c=GREY, s=8, linewidths=0)
    if "pip_flat" in rows and rows["pip_flat"].notna().any():
        inclusion.scatter(
            position,
            rows["pip_flat"],
            facecolors="none",
            edgecolors="#444444",
            s=14,
            linewidths=0.5,
            label="flat prior",
        )
    for number, (credible, members) in enumerate(rows[rows["credible_set"] != ""].groupby("credible_set")):
        inclusion.scatter(
            members["base_pair_location"] / 1e6,
            members["pip"],
            s=26,
            color=COLOURS[number % len(COLOURS)],
            label=str(credible),
        )
    inclusion.set_ylabel("PIP", fontsize=9)
    inclusion.set_ylim(-0.03, 1.05)
    inclusion.legend(fontsize=7, frameon=False)
    draw_genes(gene_track, genes, str(rows["chromosome"].iloc[0]), float(position.min()), float(position.max()))
    gene_track.set_xlabel(f"{rows['chromosome'].iloc[0]}, position (Mb)", fontsize=9)
    return Figure(
        f"locus_{name}_{locus}",
        f"{locus} ({name})",
        "Top: association, coloured by LD (r2) with the strongest variant (diamond). Middle: posterior inclusion probability; "
        "filled colours are credible sets, rings the same under a flat prior. Bottom: genes.",
        to_png(canvas),
        rows.assign(minus_log10_p=strength, r2_with_lead=np.nan if r2 is None else r2),
    )


def ld_with_lead(variants: np.ndarray, lead: int, locus: str, stores: list[Path]) -> np.ndarray | None:
    """Return r2 with the lead variant (NaN where unknown), or None without LD of that locus."""
    for path in stores:
        with open_ld(path) as store:
            if locus not in store.names:
                continue
            block = store.block(store.names.index(locus))
        index = {name: row for row, name in enumerate(block.variant_id)}
        if variants[lead] not in index:
            continue
        column = block.r[index[variants[lead]]]
        return np.array([column[index[name]] ** 2 if name in index else np.nan for name in variants])
    return None


def ld_colours(r2: np.ndarray | None) -> list[str] | str:
    """Return a colour a variant; grey where LD is unknown."""
    if r2 is None:
        return GREY
    return [
        GREY if np.isnan(value) else next(colour for bound, colour in LD_STEPS if value < bound)
        for value in np.minimum(r2, 1)
    ]


def draw_genes(axis: Any, genes: list[Gene], contig: str, low: float, high: float) -> None:
    """Draw genes as lines in three rows, with names."""
    inside = [gene for gene in genes if gene.contig == contig and gene.end / 1e6 >= low and gene.start / 1e6 <= high]
    for number, gene in enumerate(inside):
        level = number % 3
        axis.plot(
            [max(gene.start / 1e6, low), min(gene.end / 1e6, high)], [level, level], color=COLOURS[0], linewidth=3
        )
        if len(inside) <= 30:
            axis.text(
                (gene.start + gene.end) / 2e6, level + 0.25, gene.gene_name, fontsize=5, ha="center", clip_on=True
            )
    axis.set_ylim(-0.6, 3.0)
    axis.set_yticks([])
    axis.spines["left"].set_visible(False)


def effect_figure(results: Results) -> list[Figure]:
    """Draw predicted effects against inclusion probabilities, where both are known; the effects alone otherwise."""
    effects = [table for _, table in results.table("effects")]
    if not effects:
        return []
    table = pd.concat(effects)
    best = table.loc[table.groupby("variant_id")["score"].idxmax()].set_index("variant_id")
    canvas, axes = new_axes(1, 2)
    axes[0, 0].hist(best["effect"], bins=60, color=COLOURS[0], log=True)
    axes[0, 0].set(xlabel="predicted effect (ALT - REF)", ylabel="variants")
    pips = [rows for _, rows in results.table("pips")]
    numbers = best.reset_index()
    if pips:
        joined = pd.concat(pips).set_index("variant_id")["pip"]
        numbers["pip"] = joined[~joined.index.duplicated()].reindex(best.index).to_numpy()
        axes[0, 1].scatter(numbers["score"], numbers["pip"], s=9, color=COLOURS[1], linewidths=0, alpha=0.7)
        axes[0, 1].set(xlabel="|predicted effect|", ylabel="PIP")
    else:
        axes[0, 1].set_visible(False)
    return [
        Figure(
            "variant_effects",
            "Predicted effects of variants",
            "Left: how much each variant changes the network's output. Right: variants that fine mapping trusts and the network "
            "predicts to act are at the top right.",
            to_png(canvas),
            numbers.sort_values("score", ascending=False).head(2000),
        )
    ]
