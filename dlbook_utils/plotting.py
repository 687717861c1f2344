"""Colors of the book's figures, and what several chapters draw.

Each function draws on the axes it is given and returns them; none shows or saves.
"""

import numpy as np
from matplotlib.axes import Axes

from dlbook_utils.figures import COLORS

__all__ = ["COLORS", "plot_band"]


def plot_band(ax: Axes, x, runs, label: str, **style) -> Axes:
    """Draw the median of several runs as a line and their whole range as a band.

    x: (points,); runs: (seeds, points); style: what `Axes.plot` takes.
    """
    runs = np.asarray(runs, dtype=float)
    if runs.ndim != 2 or runs.shape[1] != len(x):
        raise ValueError(f"runs must be (seeds, {len(x)}), one row a run, not {runs.shape}")
    [line] = ax.plot(x, np.median(runs, axis=0), label=label, **style)
    low, high = runs.min(axis=0), runs.max(axis=0)
    ax.fill_between(x, low, high, color=line.get_color(), alpha=0.25, linewidth=0)
    return ax
