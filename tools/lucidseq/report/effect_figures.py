"""Figures of predicted variant effects: all variants, and those with high inclusion probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lucidseq.core.schema import ATTRIBUTIONS
from lucidseq.core.stores import open_store, read_text
from lucidseq.report.figure import COLOURS, GREY, Figure, new_axes, new_canvas, tidy, to_png
from lucidseq.report.logo_figures import draw_letters, read_explained
from lucidseq.report.result_files import Results

KEPT, BARS, FLANK = 2000, 8, 14


def variant_figures(results: Results) -> list[Figure]:
    """Return the figures that the effects allow, with inclusion probabilities where they are known."""
    table = strongest_effects(results)
    if table.empty:
        return []
    return [effects_and_pips(table), breaking_variants(table, results.store("attributions"))]


def strongest_effects(results: Results) -> pd.DataFrame:
    """Return one row a variant, its target of largest effect, by falling |effect|; column pip where PIPs were given."""
    effects = [rows for _, rows in results.table("effects")]
    if not effects:
        return pd.DataFrame()
    table = pd.concat(effects, ignore_index=True).dropna(subset=["effect", "score"])
    table = table.sort_values(["score", "variant_id", "target_name"], ascending=[False, True, True], kind="stable")
    table = table.drop_duplicates("variant_id").reset_index(drop=True)
    pips = [rows for _, rows in results.table("pips")]
    if pips:
        highest = pd.concat(pips, ignore_index=True).groupby("variant_id")["pip"].max()
        table["pip"] = highest.reindex(table["variant_id"]).to_numpy()
    return table


def effects_and_pips(table: pd.DataFrame) -> Figure:
    """Draw the distribution of effects, and effects against inclusion probabilities."""
    with_pips = "pip" in table and table["pip"].notna().any()
    canvas, axes = new_axes(1, 2 if with_pips else 1, width=8.5 if with_pips else 4.6)
    axes[0, 0].hist(table["effect"], bins=60, color=COLOURS[0], log=True)
    axes[0, 0].yaxis.set_major_formatter("{x:g}")
    axes[0, 0].set(xlabel="predicted effect (ALT - REF)", ylabel="variants")
    caption = "How much each variant changes the network's output (log scale: most have almost no effect)."
    if with_pips:
        axes[0, 1].scatter(table["score"], table["pip"], s=11, color=COLOURS[1], linewidths=0, alpha=0.7)
        axes[0, 1].set(xlabel="|predicted effect|", ylabel="PIP", ylim=(-0.03, 1.06))
        caption = (
            f"Left: {caption[0].lower()}{caption[1:]} Right: variants with a high PIP and a large predicted effect are at the top right."
        )
    best = table.iloc[0]
    return Figure(
        "variant_effects",
        "Predicted effects of variants",
        caption,
        f"Predicted effects of {len(table)} variants; the largest is {best['effect']:.3g} ({best['variant_id']}).",
        to_png(canvas),
        table.head(KEPT),
    )


def breaking_variants(table: pd.DataFrame, attributions: list[Path]) -> Figure:
    """Draw the variants of largest |effect| x PIP: bars of the effect, and the bases around them where they were explained."""
    known = "pip" in table and bool(table["pip"].notna().any())
    weight = table["score"] * table["pip"].fillna(0) if known else table["score"]
    chosen = table.loc[weight.sort_values(ascending=False, kind="stable").index[:BARS]].reset_index(drop=True)
    explained = find_explained(chosen, attributions)
    width = 9.0 if explained else 6.5
    canvas = new_canvas(width, 0.9 + 0.62 * len(chosen))
    grid = canvas.add_gridspec(len(chosen), 2 if explained else 1, width_ratios=[1, 1] if explained else [1])
    bars = canvas.add_subplot(grid[:, 0])
    _draw_bars(bars, chosen)
    letters = []
    for number in range(len(chosen) if explained else 0):
        axis = canvas.add_subplot(grid[number, 1])
        tidy(axis)
        letters.append(_draw_bases(axis, chosen.iloc[number], explained.get(number)))
    chosen["bases_around"] = letters if explained else ""
    return Figure(
        "motif_breaking_variants",
        "Variants predicted to make or break a motif",
        _caption(chosen, known=known, explained=bool(explained)),
        "Effects of " + "; ".join(f"{row['variant_id']} {row['effect']:.3g}" for row in chosen.to_dict("records")) + ".",
        to_png(canvas),
        chosen,
    )


def find_explained(chosen: pd.DataFrame, attributions: list[Path]) -> dict[int, tuple[Path, int]]:
    """Return, for each row whose variant is inside an explained sequence (+ strand), the file and row of that sequence."""
    explained: dict[int, tuple[Path, int]] = {}
    for path in attributions:
        with open_store(path, ATTRIBUTIONS) as store:
            contigs, strands = read_text(store["contig"]), read_text(store["strand"])
            starts, ends = store["start"][()], store["end"][()]
            target = str(store.attrs["target_name"])
        for number, row in enumerate(chosen.to_dict("records")):
            first = row["base_pair_location"] - 1
            inside = (contigs == row["chromosome"]) & (strands != "-") & (starts + FLANK <= first) & (first < ends - FLANK)
            if number not in explained and target == row["target_name"] and inside.any():
                explained[number] = (path, int(inside.argmax()))
    return explained


def _caption(chosen: pd.DataFrame, *, known: bool, explained: bool) -> str:
    ranking = "|effect| x PIP" if known else "|effect|"
    parts = [f"The {len(chosen)} variants of largest {ranking}: change of the network's output from REF to ALT."]
    with_bars = "Error bars: one standard deviation over the ensemble's members."
    without = "There are no error bars: with one network, the spread of the effects is unknown."
    parts.append(with_bars if (chosen["effect_sd"] > 0).any() else without)
    if explained:
        parts.append("Right: what each base around the variant (shaded) contributes to the prediction of the reference sequence.")
    return " ".join(parts)


def _draw_bars(axis: Any, chosen: pd.DataFrame) -> None:
    rows = np.arange(len(chosen))
    colours = [COLOURS[0] if value >= 0 else COLOURS[1] for value in chosen["effect"]]
    spread = chosen["effect_sd"].fillna(0).to_numpy()
    axis.barh(rows, chosen["effect"], xerr=spread if (spread > 0).any() else None, height=0.55, color=colours, ecolor="#333333", capsize=2)
    axis.axvline(0, color=GREY, linewidth=0.8)
    axis.set_yticks(rows, [_name(row) for row in chosen.to_dict("records")])
    axis.set_ylim(len(chosen) - 0.5, -0.5)
    axis.set_xlabel("predicted effect (ALT - REF)")
    tidy(axis)


def _name(row: dict[Any, Any]) -> str:
    """Return the tick label of a variant: name, rsID if known, PIP."""
    variant = str(row["variant_id"])
    shown = variant if len(variant) <= 34 else variant[:31] + "..."
    second = [str(row["rsid"])] if row.get("rsid") and row["rsid"] not in (".", variant) else []
    if row.get("pip") == row.get("pip") and row.get("pip") is not None:
        second.append(f"PIP {row['pip']:.2f}")
    return shown + ("\n" + ", ".join(second) if second else "")


def _draw_bases(axis: Any, row: pd.Series, explained: tuple[Path, int] | None) -> str:
    """Draw the explained bases around a variant and return them."""
    if explained is None:
        axis.axis("off")
        axis.text(0.5, 0.5, "not in an explained sequence", fontsize=7, color=GREY, ha="center", va="center", transform=axis.transAxes)
        return ""
    sequence = read_explained(*explained)
    centre = int(row["base_pair_location"]) - 1 - sequence.start
    window = slice(centre - FLANK, centre + FLANK + 1)
    draw_letters(axis, sequence.codes[window], sequence.contributions[window])
    axis.axvspan(FLANK - 0.5, FLANK + 0.5, color="#F0E442", alpha=0.5, linewidth=0, zorder=-2)
    axis.tick_params(labelsize=6)
    return "".join("ACGTN"[code] for code in sequence.codes[window])
