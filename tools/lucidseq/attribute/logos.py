"""Logos of attribution maps."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from lucidseq.core.alphabet import BASES, N_CODE

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
    import matplotlib

    matplotlib.use("Agg")
    import logomaker
    import matplotlib.pyplot as plt
    import pandas as pd

    first, last = window(contributions)
    heights = np.zeros((last - first, 4))
    known = codes[first:last] < N_CODE
    heights[known, codes[first:last][known]] = contributions[first:last][known]
    figure, axes = plt.subplots(figsize=(max(3.0, 0.11 * (last - first) + 0.8), 1.9), dpi=120)
    logomaker.Logo(pd.DataFrame(heights, columns=list(BASES), index=np.arange(first, last)), ax=axes)
    axes.set_title(title, fontsize=8, loc="left")
    axes.set_ylabel(unit, fontsize=7)
    axes.tick_params(labelsize=6)
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)


def file_name(rank: int, name: str) -> str:
    """Return a file name that any system takes.

    Examples
    --------
    >>> file_name(2, "chr1:100-200(+)")
    '002_chr1_100-200_.png'
    """
    return f"{rank:03d}_{re.sub('[^A-Za-z0-9.-]+', '_', name)[:80]}.png"
