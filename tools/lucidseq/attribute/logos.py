"""Logos of attribution maps."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lucidseq.core.alphabet import BASES, N_CODE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDEST = 120  # bases in one logo


def window(contributions: np.ndarray, widest: int = WIDEST) -> tuple[int, int]:
    """Return the part of a sequence to draw: all of it, or the window with the largest sum of absolute scores.

    Examples
    --------
    >>> window(np.array([0.0, 0, 0, 1, 2, 1, 0, 0]), 3)
    (3, 6)
    """
    if len(contributions) <= widest:
        return 0, len(contributions)
    sums = np.convolve(np.abs(contributions), np.ones(widest), mode="valid")
    first = int(sums.argmax())
    return first, first + widest


def peak(contributions: np.ndarray, width: int = 20) -> float:
    """Return the largest sum of absolute scores in any window of ``width`` bases."""
    return float(np.convolve(np.abs(contributions), np.ones(min(width, len(contributions))), mode="valid").max())


def draw(path: Path, codes: np.ndarray, contributions: np.ndarray, title: str, unit: str) -> None:
    """Draw the bases of one sequence, each as tall as its contribution.

    Parameters
    ----------
    path
        PNG file to write.
    codes, contributions
        Shape (length,).
    title
        Heading.
    unit
        Label of the vertical axis.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    first, last = window(contributions)
    heights = np.zeros((last - first, 4))
    known = codes[first:last] < N_CODE
    heights[known, codes[first:last][known]] = contributions[first:last][known]
    figure = Figure(figsize=(max(3.0, 0.11 * (last - first) + 0.8), 1.9), dpi=120)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    draw_letters(axes, heights, first)
    axes.set_title(title, fontsize=8, loc="left")
    axes.set_ylabel(unit, fontsize=7)
    axes.tick_params(labelsize=6)
    figure.tight_layout()
    figure.savefig(path, metadata={"Software": None})


def draw_letters(axes: Axes, heights: np.ndarray, first: int) -> None:
    """Draw letters on axes.

    Parameters
    ----------
    axes
        Axes to draw on.
    heights
        Height of each base at each position, shape (length, 4).
    first
        Number of the first position.
    """
    import logomaker
    import pandas as pd

    logomaker.Logo(pd.DataFrame(heights, columns=list(BASES), index=np.arange(first, first + len(heights))), ax=axes)
    axes.spines[["top", "right"]].set_visible(False)


def file_name(rank: int, name: str) -> str:
    """Return a file name that is valid on any system.

    Examples
    --------
    >>> file_name(2, "chr1:100-200(+)")
    '002_chr1_100-200_.png'
    """
    return f"{rank:03d}_{re.sub('[^A-Za-z0-9.-]+', '_', name)[:80]}.png"
