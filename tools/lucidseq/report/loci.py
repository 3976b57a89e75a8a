"""Figures of loci: association, inclusion probabilities, credible sets and genes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lucidseq.core.gtf import Gene, read_genes
from lucidseq.core.ld import open_ld
from lucidseq.core.pvalues import neg_log10_p
from lucidseq.report.figure import COLOURS, GREY, Figure, new_axes, to_png
from lucidseq.report.result_files import Results, label

MAX_LOCI, WITHOUT_SETS, GENE_ROWS = 12, 3, 3
RING = 0.02  # PIPs under a flat prior are drawn from here on
LD_STEPS = ((0.2, "#2B4B9B"), (0.4, "#56B4E9"), (0.6, "#009E73"), (0.8, "#E69F00"), (1.01, "#D7191C"))
MARKERS = "os^DvPX"


def locus_figures(results: Results, gtf: Path | None) -> list[Figure]:
    """Return a figure for each locus with a credible set (at most 12, the strongest; without any set, the 3 strongest loci)."""
    genes = read_genes(gtf) if gtf else []
    loci = [
        (name, str(locus), rows.sort_values("base_pair_location", kind="stable"))
        for name, table in results.table("pips")
        for locus, rows in table[np.isfinite(table["z"])].groupby("locus", sort=True)
    ]
    members = {(name, locus): credible_sets(results, name, locus, rows) for name, locus, rows in loci}
    with_sets = [item for item in loci if members[item[:2]]]
    drawn = sorted(with_sets or loci, key=lambda item: -float(item[2]["z"].abs().max()))
    chosen = sorted(drawn[: MAX_LOCI if with_sets else WITHOUT_SETS], key=lambda item: item[:2])
    stores = results.store("ld")
    return [draw_locus(name, locus, rows, members[name, locus], genes, stores) for name, locus, rows in chosen]


def credible_sets(results: Results, name: str, locus: str, rows: pd.DataFrame) -> dict[str, list[str]]:
    """Return the members of each credible set of a locus; from the table of sets, where a variant may be in several."""
    for file_name, table in results.table("credible_sets"):
        if file_name == name:
            sets = table[table["locus"] == locus]
            return dict(zip(sets["credible_set"], sets["variants"].str.split(","), strict=True))
    marked = rows[rows["credible_set"] != ""]
    return {str(set_name): members["variant_id"].tolist() for set_name, members in marked.groupby("credible_set")}


def draw_locus(name: str, locus: str, rows: pd.DataFrame, sets: dict[str, list[str]], genes: list[Gene], stores: list[Path]) -> Figure:
    """Draw one locus in three panels."""
    canvas, axes = new_axes(3, 1, width=8.5, height=5.8, sharex=True, height_ratios=[3, 3, 1.1])
    contig = str(rows["chromosome"].iloc[0])
    position = rows["base_pair_location"].to_numpy() / 1e6
    strength = neg_log10_p(rows["z"].to_numpy())
    lead = int(np.abs(rows["z"].to_numpy()).argmax())
    own_first = sorted(stores, key=lambda path: (label(path) != name, path.name))
    r2 = ld_with_lead(rows["variant_id"].tolist(), lead, locus, own_first)
    draw_association(axes[0, 0], position, strength, lead, r2)
    draw_inclusion(axes[1, 0], position, rows, sets)
    draw_gene_track(axes[2, 0], genes, contig, float(position.min()), float(position.max()))
    axes[2, 0].set_xlabel(f"{contig}, position (Mb)", fontsize=9)
    lead_name = rows["variant_id"].iloc[lead]
    return Figure(
        f"locus_{name}_{locus}",
        f"Fine mapping: {locus} ({name})",
        _caption(rows, sets, with_ld=r2 is not None, with_genes=bool(genes)),
        f"Locus {locus} on {contig}, {position.min():.3f} to {position.max():.3f} Mb: strongest variant {lead_name} "
        f"(-log10 p {strength[lead]:.1f}, PIP {rows['pip'].iloc[lead]:.2f}); credible sets: "
        f"{'; '.join(f'{set_name} of {len(members)}' for set_name, members in sets.items()) or 'none'}.",
        to_png(canvas),
        rows.assign(minus_log10_p=strength, r2_with_lead=np.nan if r2 is None else r2),
    )


def _caption(rows: pd.DataFrame, sets: dict[str, list[str]], *, with_ld: bool, with_genes: bool) -> str:
    colours = "coloured by LD (r²) with the strongest variant (diamond)" if with_ld else "grey, because no LD of this locus was given"
    shapes = "each credible set has a colour and a shape, and a variant of two sets has both" if sets else "there is no credible set"
    parts = [f"Top: association, {colours}.", f"Middle: posterior inclusion probability; {shapes}."]
    if "pip_flat" in rows and rows["pip_flat"].notna().any():
        parts.append(f"Rings: the same under a flat prior, where above {RING:g}.")
    parts.append(f"The floor, {rows['pip'].median():.2g} here, is the prior of effects without signal: it is no evidence for a variant.")
    if with_genes:
        parts.append("Bottom: genes.")
    return " ".join(parts)


def ld_with_lead(variants: list[str], lead: int, locus: str, stores: list[Path]) -> np.ndarray | None:
    """Return r2 with the lead variant (NaN where unknown), or None without LD of that locus.

    The alleles of a variant may be flipped in the LD: r2 is the same.
    """
    keys = [_allele_free_key(name) for name in variants]
    for path in stores:
        with open_ld(path) as store:
            if locus not in store.names:
                continue
            block = store.block(store.names.index(locus))
        index = {_allele_free_key(str(name)): row for row, name in enumerate(block.variant_id)}
        if keys[lead] not in index:
            continue
        r = block.r[index[keys[lead]]].astype(np.float64)
        return np.array([r[index[key]] ** 2 if key in index else np.nan for key in keys])
    return None


def _allele_free_key(variant: str) -> tuple[str, ...]:
    """Return a key that is the same whichever allele is counted."""
    site, _, alt = variant.rpartition(":")
    position, _, ref = site.rpartition(":")
    return (position, *sorted((ref, alt)))


def ld_colours(r2: np.ndarray | None) -> list[str] | str:
    """Return a colour a variant; grey where LD is unknown.

    Examples
    --------
    >>> ld_colours(np.array([0.1, 1.0, np.nan]))
    ['#2B4B9B', '#D7191C', '#9A9A9A']
    """
    if r2 is None:
        return GREY
    steps = np.searchsorted([bound for bound, _ in LD_STEPS], np.minimum(r2, 1), side="right")
    return [GREY if np.isnan(value) else LD_STEPS[step][1] for value, step in zip(r2, steps, strict=True)]


def draw_association(axis: Any, position: np.ndarray, strength: np.ndarray, lead: int, r2: np.ndarray | None) -> None:
    """Draw -log10 p, coloured by LD, with the legend above the panel."""
    order = np.argsort(np.zeros(len(position)) if r2 is None else np.nan_to_num(r2, nan=-1), kind="stable")
    colours = ld_colours(r2)
    in_order = colours if isinstance(colours, str) else [colours[row] for row in order]
    axis.scatter(position[order], strength[order], c=in_order, s=11, linewidths=0)
    axis.scatter(position[lead], strength[lead], marker="D", s=34, color="#7B2D8B", zorder=3)
    axis.set_ylabel("-log10 p", fontsize=9)
    if r2 is None:
        return
    bounds = [0.0, *(min(bound, 1) for bound, _ in LD_STEPS)]
    handles = [
        axis.scatter([], [], s=14, color=colour, label=f"{low:g}-{high:g}")
        for low, high, (_, colour) in zip(bounds[:-1], bounds[1:], LD_STEPS, strict=True)
    ]
    if np.isnan(r2).any():
        handles.append(axis.scatter([], [], s=14, color=GREY, label="unknown"))
    axis.legend(
        handles=handles,
        title="r² with the strongest variant",
        title_fontsize=7,
        fontsize=7,
        frameon=False,
        ncols=len(handles),
        loc="lower right",
        bbox_to_anchor=(1, 0.98),
        borderaxespad=0,
    )


def draw_inclusion(axis: Any, position: np.ndarray, rows: pd.DataFrame, sets: dict[str, list[str]]) -> None:
    """Draw PIPs, and each credible set in a colour and a shape; a later set rings the variants of an earlier one."""
    pip, names = rows["pip"].to_numpy(), rows["variant_id"].to_numpy()
    axis.scatter(position, pip, c=GREY, s=9, linewidths=0)
    if "pip_flat" in rows:
        flat = rows["pip_flat"].to_numpy()
        shown = flat > RING  # never where NaN
        if shown.any():
            axis.scatter(position[shown], flat[shown], facecolors="none", edgecolors="#444444", s=20, linewidths=0.7, label="flat prior")
    sets_so_far = np.zeros(len(names), dtype=int)
    for number, (name, variants) in enumerate(sets.items()):
        inside = np.isin(names, variants)
        colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
        first, again = inside & (sets_so_far == 0), inside & (sets_so_far > 0)
        axis.scatter(position[first], pip[first], s=30, color=colour, marker=marker, linewidths=0, label=f"{name} ({len(variants)})")
        axis.scatter(
            position[again], pip[again], s=30 + 70 * sets_so_far[again], facecolors="none", edgecolors=colour, marker=marker, linewidths=1.3
        )
        sets_so_far += inside
    axis.set_ylabel("PIP", fontsize=9)
    axis.set_ylim(-0.03, 1.06)
    if axis.get_legend_handles_labels()[0]:
        axis.legend(fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(1, 1), borderaxespad=0)


def draw_gene_track(axis: Any, genes: list[Gene], contig: str, low: float, high: float) -> None:
    """Draw genes as lines in three rows, with names where there is room."""
    inside = [gene for gene in genes if gene.contig == contig and gene.end / 1e6 >= low and gene.start / 1e6 <= high]
    for number, gene in enumerate(inside):
        level = number % GENE_ROWS
        start, end = max(gene.start / 1e6, low), min(gene.end / 1e6, high)
        axis.plot([start, end], [level, level], color=COLOURS[0], linewidth=3, solid_capstyle="butt")
        if len(inside) <= 36:
            axis.text((start + end) / 2, level + 0.22, gene.gene_name, fontsize=5.5, ha="center", clip_on=True)
    axis.set_ylim(-0.6, GENE_ROWS)
    axis.set_yticks([])
    axis.spines["left"].set_visible(False)
