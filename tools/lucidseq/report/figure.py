"""A figure of the report: the picture, its numbers, and its caption."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

DPI = 110
# Colour-blind safe (Okabe and Ito)
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
GREY = "#9A9A9A"


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes
    ----------
    name
        File name without suffix.
    title, caption
        Text around it; the caption explains how to read it.
    alt
        Alternative text: one sentence that describes the figure.
    png
        The picture.
    numbers
        The numbers drawn.
    """

    name: str
    title: str
    caption: str
    alt: str
    png: bytes
    numbers: pd.DataFrame


def new_canvas(width: float, height: float) -> Any:
    """Return an empty matplotlib figure that needs no display and ignores the user's settings."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    matplotlib.rcdefaults()  # a matplotlibrc in the working folder would change the bytes
    matplotlib.rcParams.update({"axes.titlesize": 9.5, "axes.labelsize": 9})
    matplotlib.rcParams["text.parse_math"] = False  # names come from data and may hold a dollar sign
    canvas = Canvas(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(canvas)
    return canvas


def new_axes(rows: int = 1, columns: int = 1, *, width: float = 7.2, height: float = 3.2, **options: Any) -> tuple[Any, Any]:
    """Return a matplotlib figure and its axes (an array, even for one)."""
    canvas = new_canvas(width, height)
    axes = canvas.subplots(rows, columns, squeeze=False, **options)
    for axis in axes.ravel():
        tidy(axis)
    return canvas, axes


def tidy(axis: Any) -> None:
    """Apply the common style to an axis."""
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=8)


def to_png(canvas: Any) -> bytes:
    """Return a matplotlib figure as PNG; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    canvas.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


def unique_file_names(figures: list[Figure]) -> list[Figure]:
    """Give every figure a name that is unique and safe as a file name: names of loci and files come from data.

    Examples
    --------
    >>> names = ["locus_../a", "locus_../a", "qq"]
    >>> [figure.name for figure in unique_file_names([Figure(name, "", "", "", b"", None) for name in names])]
    ['locus_.._a', 'locus_.._a_2', 'qq']
    """
    taken: set[str] = set()
    renamed = []
    for figure in figures:
        stem = re.sub(r"[^A-Za-z0-9._-]+", "_", figure.name)[:120]
        name, number = stem, 1
        while name in taken:
            number += 1
            name = f"{stem}_{number}"
        taken.add(name)
        renamed.append(replace(figure, name=name))
    return renamed
