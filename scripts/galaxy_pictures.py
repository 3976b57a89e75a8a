"""Draw the pictures of the Galaxy forms' help from their test data: `.venv/bin/python scripts/galaxy_pictures.py`."""

from __future__ import annotations

import csv
import gzip
import math
import random
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

FOLDER = Path(__file__).resolve().parent.parent / "tools" / "galaxy"
DATA = FOLDER / "test-data"
TARGET = FOLDER / "static" / "images" / "lucidseq"  # the name of its place under Galaxy's own static folder
BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#9a9a9a"  # distinguishable with colour blindness
BASE_COLOURS = {"A": GREEN, "C": BLUE, "G": "#e69f00", "T": ORANGE}
CAUSAL = "chr3:11670:G:C"
CAUSAL_GENES = ("GENE00007", "GENE00010")
Row = dict[str, str]


def main() -> None:
    """Draw every picture."""
    TARGET.mkdir(parents=True, exist_ok=True)
    plt.rcParams.update({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False})
    drawers = {
        "encode_sequences": window,
        "train_fit": history,
        "train_evaluate": evaluation,
        "attribute_maps": logo,
        "effects_variants": effects,
        "finemap_locus": locus,
        "enrich_genes": genes,
        "enrich_pathways": gene_sets,
    }
    for name, draw in drawers.items():
        figure = draw()
        figure.savefig(TARGET / f"{name}.png", dpi=110, metadata={"Software": None})
        plt.close(figure)


def table(name: str) -> list[Row]:
    """Return the rows of a table of the test data."""
    with (DATA / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def numbers(rows: list[Row], column: str) -> list[float]:
    """Return a column as numbers."""
    return [float(row[column]) for row in rows]


def kilobases(rows: list[Row]) -> list[float]:
    """Return the positions of variants in kb."""
    return [position / 1e3 for position in numbers(rows, "base_pair_location")]


def window() -> Figure:
    """A schematic: a signal, a region, the window around its middle, and the target."""
    figure, axes = plt.subplots(figsize=(6.4, 2.0), layout="constrained")
    noise = random.Random(1)
    place = list(range(0, 1000, 5))
    height = [3.0 * math.exp(-(((x - 470) / 90) ** 2)) + 0.35 + 0.12 * noise.random() for x in place]
    axes.fill_between(place, height, color=GREY, alpha=0.5, lw=0)
    inside = [(x, y) for x, y in zip(place, height, strict=True) if 400 <= x <= 600]
    mean = sum(y for _, y in inside) / len(inside)
    axes.fill_between(*zip(*inside, strict=True), color=BLUE, alpha=0.6, lw=0)
    axes.hlines(mean, 400, 600, color=ORANGE, lw=2)
    axes.text(608, mean, "its mean: the target", color=ORANGE, va="center")
    axes.plot([330, 670], [-0.35, -0.35], color="black", lw=5, solid_capstyle="butt")
    axes.text(680, -0.35, "region (peak)", va="center")
    axes.plot([400, 600], [-0.85, -0.85], color=BLUE, lw=5, solid_capstyle="butt")
    axes.text(680, -0.85, "the sequence: a window around the region's middle", va="center", color=BLUE)
    axes.set(xlim=(150, 1150), ylim=(-1.1, 3.8), xticks=[], yticks=[], ylabel="signal")
    axes.spines["bottom"].set_visible(False)
    return figure


def history() -> Figure:
    """Losses and AUROC by pass."""
    rows = table("ap1_history.tsv")
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 2.2), layout="constrained")
    epoch = numbers(rows, "epoch")
    left.plot(epoch, numbers(rows, "loss"), color=GREY, label="training (with dropout)")
    left.plot(epoch, numbers(rows, "valid_loss"), color=BLUE, label="validation")
    left.set(xlabel="pass over the training sequences", ylabel="loss", ylim=(0, None))
    left.legend()
    right.plot(epoch, numbers(rows, "valid_metric"), color=BLUE)
    right.axhline(0.5, color=GREY, lw=1, ls="--")
    right.text(epoch[-1], 0.51, "chance", ha="right", color=GREY)
    right.set(xlabel="pass over the training sequences", ylabel="validation AUROC", ylim=(0.4, 1.03))
    return figure


def evaluation() -> Figure:
    """Predictions of a network that has learnt something, and of one that has not."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 2.4), layout="constrained")
    noise, rows = random.Random(1), table("ap1_predictions.tsv")
    for target, colour in (("0.0", GREY), ("1.0", BLUE)):
        values = [float(row["prediction"]) for row in rows if row["target"] == target]
        left.scatter([float(target) + noise.uniform(-0.2, 0.2) for _ in values], values, s=9, color=colour, lw=0)
    left.set(xticks=[0, 1], xticklabels=["bases in another order", "site of AP-1"], ylabel="predicted probability", ylim=(-0.03, 1.03))
    left.set_title("Network that has learnt the site", loc="left", fontsize=8)
    rows = [row for row in table("curves.tsv") if row["curve"] == "scatter"]
    right.scatter(numbers(rows, "x"), numbers(rows, "y"), s=9, color=ORANGE, lw=0)
    right.set(xlabel="predicted signal", ylabel="observed signal")
    right.set_title("Network trained for two passes: refused", loc="left", fontsize=8)
    return figure


def logo() -> Figure:
    """The bases of a sequence, each as tall as its contribution."""
    figure, axes = plt.subplots(figsize=(6.4, 1.9), layout="constrained")
    rows = table("ap1_94.tsv")
    heights = numbers(rows, "contribution")
    for place, (row, height) in enumerate(zip(rows, heights, strict=True)):
        letter(axes, row["base"], place, height)
    sequence = "".join(row["base"] for row in rows)
    sites = ("ATGACTCAT", "ATGAGTCAT")
    start = next(sequence.find(site) for site in sites if site in sequence)
    axes.hlines(max(heights) * 1.08, start, start + 9, color="black", lw=1.5)
    axes.text(start + 4.5, max(heights) * 1.12, "the site", ha="center")
    axes.axhline(0, color=GREY, lw=0.6)
    axes.set(
        xlim=(0, len(rows)),
        ylim=(min(0.0, *heights) * 1.2, max(heights) * 1.3),
        xlabel="position in the sequence (bp)",
        ylabel="contribution (logit)",
    )
    return figure


def letter(axes: Axes, base: str, place: int, height: float, level: float = 0.0, colour: str = "") -> None:
    """Draw one letter in a unit of width, as tall as asked for (below its level where negative)."""
    shape = TextPath((0, 0), base, size=1, prop=FontProperties(family="DejaVu Sans", weight="bold"))
    box = shape.get_extents()
    fit = Affine2D().translate(-box.x0, -box.y0).scale(0.92 / box.width, height / box.height).translate(place + 0.04, level)
    axes.add_patch(PathPatch(shape.transformed(fit), color=colour or BASE_COLOURS[base], lw=0))


def effects() -> Figure:
    """The two sequences of a variant, what the network predicts for each, and the effect."""
    row_of_variant = next(row for row in table("effects.tsv") if row["variant_id"] == CAUSAL)
    place, shown = int(row_of_variant["base_pair_location"]) - 1, 15
    bases = contig("chr3")[place - shown : place + shown + 1]
    figure, axes = plt.subplots(figsize=(6.4, 1.7), layout="constrained")
    rows = (
        ("with the other allele", row_of_variant["other_allele"], row_of_variant["ref_score"], 1.6),
        ("with the effect allele", row_of_variant["effect_allele"], row_of_variant["alt_score"], 0.0),
    )
    for words, allele, score, level in rows:
        for offset, base in enumerate(bases[:shown] + allele + bases[shown + 1 :]):
            letter(axes, base, offset, 1.0, level, ORANGE if offset == shown else GREY)
        axes.text(-1, level + 0.5, words, ha="right", va="center")
        axes.text(len(bases) + 1, level + 0.5, f"prediction {float(score):.3f}", va="center")
    axes.text(len(bases) + 14, 1.3, f"effect\n{float(row_of_variant['effect']):+.3f}", va="center", ha="center", color=ORANGE)
    axes.text(shown + 0.5, 3.1, f"{CAUSAL}, in the middle of 200 bp", ha="center", color=ORANGE)
    axes.set(xlim=(-14, len(bases) + 17), ylim=(-0.2, 3.7))
    axes.set_axis_off()
    return figure


def contig(name: str) -> str:
    """Return the bases of a contig of the genome."""
    with gzip.open(DATA / "genome.fa.gz", "rt") as file:
        record = next(part for part in file.read().split(">") if part.split("\n", 1)[0].split(" ")[0] == name)
    return record.split("\n", 1)[1].replace("\n", "").upper()


def locus() -> Figure:
    """Association and PIPs of a locus, with its credible set."""
    rows = [row for row in table("pips.tsv") if row["locus"] == "locus1"]
    log_p = {row["variant_id"]: float(row["neg_log_10_p_value"]) for row in table("sumstats.tsv")}
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(6.4, 3.2), sharex=True, layout="constrained")
    place, pip = kilobases(rows), numbers(rows, "pip")
    colours = [BLUE if row["credible_set"] not in ("", "#NA") else GREY for row in rows]
    for axes, height in ((top, [log_p[row["variant_id"]] for row in rows]), (bottom, pip)):
        axes.scatter(place, height, s=12, c=colours, lw=0)
        at = [row["variant_id"] for row in rows].index(CAUSAL)
        axes.scatter(place[at], height[at], s=45, facecolors="none", edgecolors=ORANGE, lw=1.5)
    top.set(ylabel="association (-log10 p)", ylim=(0, None))
    bottom.set(xlabel="position on chr3 (kb)", ylabel="PIP", ylim=(0, 0.3))
    for words, colour in (("variants of the credible set", BLUE), ("other variants", GREY)):
        bottom.scatter([], [], s=12, c=colour, lw=0, label=words)
    bottom.scatter([], [], s=45, facecolors="none", edgecolors=ORANGE, lw=1.5, label=f"the causal variant, {CAUSAL}")
    bottom.legend(loc="upper right")
    return figure


def genes() -> Figure:
    """The tested genes along the chromosome: association, and the probability of a causal variant."""
    rows = sorted(table("gene_tests.tsv"), key=lambda row: int(row["start"]))
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(6.4, 2.6), sharex=True, layout="constrained")
    for row in rows:
        span, colour = ([int(row["start"]) / 1e3, int(row["end"]) / 1e3], ORANGE if row["gene_id"] in CAUSAL_GENES else GREY)
        for axes, column in ((top, "neg_log_10_p_value"), (bottom, "pip")):
            axes.fill_between(span, float(row[column]), color=colour, lw=0)
        if colour == ORANGE:
            top.text(sum(span) / 2, float(row["neg_log_10_p_value"]) + 0.2, row["gene_name"], ha="center", color=colour)
    top.set(ylabel="-log10 p", ylim=(0, 7.6), title="Tested genes; the causal ones in orange")
    bottom.set(xlabel="position on chr3 (kb)", ylabel="gene PIP", ylim=(0, 1))
    return figure


def gene_sets() -> Figure:
    """z of the genes of each set, and of the others."""
    rows, noise = table("many_genes.tsv"), random.Random(1)
    sets = {line.split("\t")[0]: line.split("\t")[2:] for line in (DATA / "many_sets.gmt").read_text().splitlines()}
    members = {name: set(sets[name]) for name in ("IMMUNE", "MUSCLE")}
    members["other genes"] = {row["gene_id"] for row in rows} - members["IMMUNE"] - members["MUSCLE"]
    figure, axes = plt.subplots(figsize=(6.4, 1.9), layout="constrained")
    for level, (name, ids) in enumerate(reversed(members.items())):
        z, colour = [float(row["z"]) for row in rows if row["gene_id"] in ids], ORANGE if name == "IMMUNE" else GREY
        axes.scatter(z, [level + noise.uniform(-0.18, 0.18) for _ in z], s=12, color=colour, lw=0)
        axes.vlines(sum(z) / len(z), level - 0.32, level + 0.32, color=colour if name == "IMMUNE" else "black", lw=1.5)
    axes.set(yticks=range(3), yticklabels=list(reversed(members)), xlabel="z of the gene test (line: mean of the set)")
    return figure


if __name__ == "__main__":
    main()
