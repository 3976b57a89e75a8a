"""Figures of gene and gene-set tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lucidseq.core.pvalues import neg_log10
from lucidseq.report.figure import COLOURS, GREY, Figure, new_axes, to_png
from lucidseq.report.result_files import Results

LABELS, SETS, FDR = 8, 12, 0.05


def enrichment_figures(results: Results) -> list[Figure]:
    """Return a figure a gene table and one a pathway table."""
    figures = [draw_genes(name, table) for name, table in results.table("genes") if table["p_value"].notna().any()]
    return figures + [draw_pathways(name, table) for name, table in results.table("pathways") if table["p_value"].notna().any()]


def draw_genes(name: str, table: pd.DataFrame) -> Figure:
    """Draw gene p-values along the genome, with the names of the strongest."""
    canvas, axes = new_axes(width=8.5)
    axis = axes[0, 0]
    ordered = table.dropna(subset=["p_value"]).sort_values(["contig", "start", "gene_id"]).reset_index(drop=True)
    strength = neg_log10(ordered["p_value"].to_numpy())
    colours = [COLOURS[0] if q < FDR else GREY for q in ordered["q_value"]]
    axis.scatter(np.arange(len(ordered)), strength, c=colours, s=14, linewidths=0)
    strongest = np.argsort(-strength, kind="stable")[:LABELS]
    label_points(axis, strongest, strength[strongest], ordered["gene_name"].iloc[strongest].tolist(), len(ordered))
    contigs = list(dict.fromkeys(ordered["contig"]))
    for contig in contigs[1:]:
        axis.axvline(int((ordered["contig"] == contig).to_numpy().argmax()) - 0.5, color=GREY, linewidth=0.5)
    axis.set_xlabel(f"genes in order ({', '.join(contigs[:4])}{', ...' if len(contigs) > 4 else ''})", fontsize=9)
    axis.set_ylabel("-log10 p", fontsize=9)
    axis.set_ylim(bottom=0, top=max(float(strength.max()) * 1.08, 1))
    best = ordered.iloc[strongest[0]]
    return Figure(
        f"genes_{name}",
        f"Genes: {name}",
        "Each point is a gene; blue where the false discovery rate is below 5 %. Neighbours in LD share their signal: a small p does not "
        "mean that the gene acts.",
        f"Gene p-values of {len(ordered)} genes; {(ordered['q_value'] < FDR).sum()} below 5 % false discovery; strongest "
        f"{best['gene_name']}, p {best['p_value']:.2g}.",
        to_png(canvas),
        ordered.assign(minus_log10_p=strength),
    )


def label_points(axis: Any, x: np.ndarray, y: np.ndarray, names: list[str], width: int) -> None:
    """Label points; a point close to the right of a labelled point gets its label on the other side."""
    height = float(y.max()) or 1.0
    for number, (place, level, name) in enumerate(zip(x, y, names, strict=True)):
        near = np.flatnonzero((np.abs(x[:number] - place) < 0.1 * width) & (np.abs(y[:number] - level) < 0.06 * height))
        left = (len(near) > 0 and place < x[near[0]]) or (len(near) == 0 and place > 0.9 * width)
        lower = len(near) > 0 and not left
        offset = (-3 if left else 3, -7 if lower else 2)
        axis.annotate(name[:20], (place, level), fontsize=6, xytext=offset, textcoords="offset points", ha="right" if left else "left")


def draw_pathways(name: str, table: pd.DataFrame) -> Figure:
    """Draw the strongest sets of each method."""
    methods = list(dict.fromkeys(table["method"]))
    top = {method: table[table["method"] == method].nsmallest(SETS, "p_value")[::-1] for method in methods}
    canvas, axes = new_axes(1, len(methods), width=4.2 * max(len(methods), 2), height=0.8 + 0.24 * max(map(len, top.values())))
    for axis, method in zip(axes[0], methods, strict=True):
        rows = top[method]
        colours = [COLOURS[0] if q < FDR else GREY for q in rows["q_value"]]
        places = np.arange(len(rows))
        axis.barh(places, neg_log10(rows["p_value"].to_numpy()), color=colours)
        axis.set_yticks(places, [text if len(text) <= 36 else text[:33] + "..." for text in rows["gene_set"]])
        axis.set(xlabel="-log10 p", title={"gsea": "GSEA"}.get(method, method))
    first = {method: rows.iloc[-1] for method, rows in top.items() if len(rows)}
    return Figure(
        f"pathways_{name}",
        f"Gene sets: {name}",
        f"The {SETS} strongest sets of each method, blue where the false discovery rate is below 5 %. The competitive test accounts for LD "
        "between genes; GSEA does not, and its smallest p is one over the number of permutations.",
        "Strongest gene sets: " + "; ".join(f"{method} {row['gene_set']}, p {row['p_value']:.2g}" for method, row in first.items()) + ".",
        to_png(canvas),
        table,
    )
