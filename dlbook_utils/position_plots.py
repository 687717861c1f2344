"""Losses at each place, for models that are asked for more places than they were trained on."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlbook_utils.plotting import COLORS, plot_band

LIMITS = {"echoes": (0.5, 2.2), "prose": (1.6, 4.3)}
UNITS = {"echoes": "nats per token", "prose": "nats per byte"}


def running_means(losses, width: int = 8) -> np.ndarray:
    """Means over `width` neighboring places: (..., T) -> (..., T - width + 1)."""
    windows = np.lib.stride_tricks.sliding_window_view(np.asarray(losses), width, axis=-1)
    return windows.mean(-1)


def draw_losses(ax: Axes, losses, task: str, result: dict, label: str) -> Axes:
    """The losses (seeds, places) as a band, the training length, and the floor where one is."""
    middle = np.arange(128 - 7) + 4.5
    plot_band(ax, middle, running_means(losses), label, color=COLORS["blue"], linestyle="-")
    if "best" in result["tasks"][task]:
        best = running_means(result["tasks"][task]["best"])
        ax.plot(middle, best, color=COLORS["gray"], linestyle=":", label="best possible")
    ax.axvline(result["trained"], color=COLORS["orange"], linestyle="--", label="training length")
    ax.set(xlabel="place", ylabel=UNITS[task], xlim=(0, 128), ylim=LIMITS[task])
    ax.set(xticks=[1, 32, 64, 96, 128])
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
    return ax


def said(name: str, losses, task: str, result: dict) -> str:
    """One sentence with the losses within the training length and far beyond it."""
    mean = np.asarray(losses).mean(0)
    sentence = (
        f"{name}: {mean[16:32].mean():.2f} {UNITS[task]} at places 17 to 32, "
        f"{mean[96:].mean():.2f} at places 97 to 128"
    )
    best = result["tasks"][task].get("best")
    return sentence + (f"; the best possible there is {np.mean(best[96:]):.2f}." if best else ".")


def draw_scheme(scheme: str, task: str, result: dict) -> tuple[Figure, str]:
    """One scheme over the places, the medians of all others thin behind it."""
    at = result["tasks"][task]["schemes"]
    fig, ax = plt.subplots(figsize=(6.4, 2.8))
    for other in at.values():
        middle = np.arange(128 - 7) + 4.5
        ax.plot(
            middle,
            np.median(running_means(other["losses"]), 0),
            color=COLORS["gray"],
            lw=0.5,
            ls="-",
        )
    ax.lines[0].set_label("all six")
    draw_losses(ax, at[scheme]["losses"], task, result, scheme)
    return fig, said(f"Positions: {scheme}", at[scheme]["losses"], task, result)


def draw_rescue(frequencies: str, task: str, training: str, result: dict) -> tuple[Figure, str]:
    """A rotary model with changed frequencies, as it is or trained a little at the new length."""
    kind = "rescues" if training == "none" else "rescues, then tuned"
    losses = result["tasks"][task][kind][frequencies]
    fig, ax = plt.subplots(figsize=(6.4, 2.8))
    draw_losses(ax, losses, task, result, "RoPE")
    after = "no further training" if training == "none" else f"after {training}"
    return fig, said(f"Frequencies {frequencies}, {after}", losses, task, result)
