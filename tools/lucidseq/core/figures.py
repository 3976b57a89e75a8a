"""New axes for figures, where the caller gives none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def new_axes(width: float = 6.4, height: float = 3.2) -> Axes:
    """Return the axes of a new pyplot figure, so that a notebook shows it.

    Parameters
    ----------
    width, height
        Inches.
    """
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(figsize=(width, height), layout="constrained")
    return axes
