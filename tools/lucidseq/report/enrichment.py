"""Figures of gene and gene-set tests."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lucidseq.report.figure import COLOURS, GREY, Figure, new_axes, to_png
from lucidseq.report.results import Results

LABELS = 8


def enrichment_figures(results: Results) -> list[Figure]:
    """Return a figure a gene table and one a pathway table."""
    figures = [draw_genes(name, table) for name, table in results.table("genes")]
    return figures + [draw_pathways(name, table) for name, table in results.table("pathways")]


def draw_genes(name: str, table: pd.DataFrame) -> Figure:
    """Draw gene p-values along the genome, named where strongest."""
    canvas, axes = new_axes(width=8.5)
    axis = axes[0, 0]
    ordered = table.sort_values(["contig", "start"]).reset_index(drop=True)
    strength = -np.log10(ordered["p_value"].to_numpy())
    colours = [COLOURS[0] if q < 0.05 else GREY for q in ordered["q_value"]]
    contigs = list(dict.fromkeys(ordered["contig"]))
    axis.scatter(np.arange(len(ordered)), strength, c=colours, s=14, linewidths=0)
    for row in np.argsort(-strength)[:LABELS]:
        axis.annotate(
            ordered["gene_name"].iloc[row], (row, strength[row]), fontsize=6, xytext=(2, 2), textcoords="offset points"
        )
    for contig in contigs[1:]:
        axis.axvline(int((ordered["contig"] == contig).to_numpy().argmax()) - 0.5, color=GREY, linewidth=0.5)
    axis.set(
        xlabel=f"genes in order ({', '.join(contigs[:4])}{', ...' if len(contigs) > 4 else ''})", ylabel="-log10 p"
    )
    return Figure(f"genes_{name}", f"Genes: {name}", "Each point is a gene; coloured where the false discovery rate is below 5 %. "
                  "Neighbours in LD share their signal.", to_png(canvas), ordered)  # fmt: skip


def draw_pathways(name: str, table: pd.DataFrame) -> Figure:
    """Draw the strongest sets of each method."""
    methods = list(dict.fromkeys(table["method"]))
    top = {method: table[table["method"] == method].nsmallest(12, "p_value")[::-1] for method in methods}
    canvas, axes = new_axes(1, len(methods), width=4.2 * len(methods), height=0.6 + 0.24 * max(map(len, top.values())))
    for axis, method in zip(axes[0], methods, strict=True):
        rows = top[method]
        colours = [COLOURS[0] if q < 0.05 else GREY for q in rows["q_value"]]
        axis.barh(rows["gene_set"].str.slice(0, 40), -np.log10(rows["p_value"]), color=colours)
        axis.set(xlabel="-log10 p", title=method)
    return Figure(f"pathways_{name}", f"Gene sets: {name}",
                  "Bars are coloured where the false discovery rate is below 5 %. The competitive test accounts for LD between genes; "
                  "GSEA does not.", to_png(canvas), table)  # fmt: skip
