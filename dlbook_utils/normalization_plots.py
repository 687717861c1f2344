"""A block of activations (N, C, H, W), and which of its entries share a mean.

The chapter `normalization` uses it.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from dlbook_utils.figures import COLORS

GAP = 1.0  # between two maps, in entries


def draw_block(shares: np.ndarray, at: tuple[int, int, int, int]) -> Figure:
    """Draw the block as N rows of C maps; fill the entries that share a mean with entry `at`.

    shares: (N, C, H, W), whether an entry takes part. Where none but `at` itself does, only its
    dot is seen: nothing is averaged.
    """
    N, C, H, W = shares.shape
    fig, ax = plt.subplots(figsize=(6, 4.2))
    squares = np.array([corners(n, c, h, w, H, W) for n, c, h, w in np.ndindex(shares.shape)])
    taken = np.asarray(shares).ravel()
    edges = {"edgecolors": COLORS["gray"], "linewidths": 0.8}
    ax.add_collection(PolyCollection(squares[~taken], facecolors="none", **edges))
    ax.add_collection(PolyCollection(squares[taken], facecolors=COLORS["blue"], **edges))
    x, y = corners(*at, H, W).mean(axis=0)
    ax.plot([x], [y], "o", color=COLORS["orange"], markersize=8)
    ax.set_xlim(-0.5, C * (W + GAP))
    ax.set_ylim(N * (H + GAP), -0.5)
    ax.set_aspect("equal")
    ax.set_xticks([c * (W + GAP) + W / 2 for c in range(C)], [str(c) for c in range(C)])
    ax.set_yticks([n * (H + GAP) + H / 2 for n in range(N)], [str(n) for n in range(N)])
    ax.set(xlabel="channel", ylabel="example in the batch")
    ax.grid(visible=False)
    ax.tick_params(length=0)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    return fig


def corners(n: int, c: int, h: int, w: int, H: int, W: int) -> np.ndarray:
    """The four corners of one entry's square, (4, 2)."""
    x, y = c * (W + GAP) + w, n * (H + GAP) + h
    return np.array([(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)])
