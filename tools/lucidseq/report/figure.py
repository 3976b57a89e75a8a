"""A figure of the report: the picture, the numbers behind it, and what it says."""

from __future__ import annotations

import io
from dataclasses import dataclass
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
        Text around it; the caption says how to read it.
    png
        The picture.
    numbers
        What was drawn.
    """

    name: str
    title: str
    caption: str
    png: bytes
    numbers: pd.DataFrame


def new_axes(
    rows: int = 1, columns: int = 1, *, width: float = 7.2, height: float = 3.2, **options: Any
) -> tuple[Any, Any]:
    """Return a matplotlib figure and its axes (an array, even for one), drawn without a display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(canvas)
    axes = canvas.subplots(rows, columns, squeeze=False, **options)
    for axis in axes.ravel():
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8)
    return canvas, axes


def to_png(canvas: Any) -> bytes:
    """Return a matplotlib figure as PNG; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    canvas.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()
