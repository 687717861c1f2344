"""Figures of a sweep: results at the best rate, and what other rates would have given.

They draw what `experiments.optimizer_comparison` stores of one task, its `methods`.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from dlbook_utils.experiments.optimizer_comparison import best
from dlbook_utils.figures import COLORS

TITLES = {
    "regression": "regression",
    "mlp": "digits, MLP",
    "cnn": "digits, CNN",
    "characters": "characters, transformer",
}
STYLES = {
    "SGD": (COLORS["gray"], "-", "o"),
    "Momentum": (COLORS["blue"], "-", "s"),
    "Adam": (COLORS["orange"], "--", "^"),
    "Lion": (COLORS["purple"], ":", "D"),
    "Muon": (COLORS["green"], "-.", "v"),
}


def losses_by_rate(methods: dict, method: str) -> np.ndarray:
    """(rates, seeds); nan where a run diverged."""
    return np.array(methods[method]["test"], dtype=float)


def at_best(methods: dict, method: str, what: str = "test") -> np.ndarray:
    """The results of the chosen rate, a number for each seed."""
    return np.array(methods[method][what][best(methods[method])], dtype=float)


def scale_with_plain_numbers(ax: Axes, which: str) -> None:
    """A plain scale for values that lie within a factor of three, else a logarithmic one."""
    axis = getattr(ax, f"{which}axis")
    low, high = axis.get_data_interval()
    if high / low > 3:
        ax.set(**{f"{which}scale": "log"})
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 30 else (1,)))
        axis.set_major_formatter(lambda value, place: f"{value:g}")
        axis.set_minor_formatter(NullFormatter())


def draw_ranking(ax: Axes, methods: dict) -> Axes:
    """A row for each method, best on top: a dot for each seed and a bar for the mean."""
    order = sorted(methods, key=lambda name: -at_best(methods, name).mean())
    for row, name in enumerate(order):
        losses = at_best(methods, name)
        ax.plot(losses, [row] * len(losses), "o", color=COLORS["blue"], alpha=0.5, markersize=4)
        ax.plot(losses.mean(), row, "|", color=COLORS["orange"], markersize=11, markeredgewidth=2)
    ax.set(yticks=range(len(order)), xlabel="test loss")
    ax.set_yticklabels(order, fontsize=8)
    scale_with_plain_numbers(ax, "x")
    return ax


def draw_sweeps(ax: Axes, methods: dict) -> Axes:
    """Mean test loss of five methods against their rate, in units of each one's best rate."""
    for name, (color, line, marker) in STYLES.items():
        losses = losses_by_rate(methods, name)
        rates = np.array(methods[name]["rates"])
        offsets = np.log10(rates / rates[best(methods[name])])
        style = {"color": color, "linestyle": line, "marker": marker, "markersize": 3.5}
        ax.plot(offsets, losses.mean(1), label=name, **style)
    ax.set(xlabel="log₁₀ of rate / best rate", ylabel="test loss")
    scale_with_plain_numbers(ax, "y")
    return ax


def draw_curves(ax: Axes, table: dict) -> Axes:
    """Training loss at the best rate of five methods: mean over seeds, and the range."""
    for name, (color, line, _) in STYLES.items():
        curve = table["methods"][name]["curve"]
        points = len(curve["mean"])
        x = (np.arange(points) + 0.5) * table["steps"] / points
        ax.plot(x, curve["mean"], color=color, linestyle=line, label=name)
        ax.fill_between(x, curve["low"], curve["high"], color=color, alpha=0.15, linewidth=0)
    ax.set(xlabel="step", ylabel="training loss")
    scale_with_plain_numbers(ax, "y")
    return ax


def draw_one_sweep(task: str, method: str, tasks: dict) -> tuple[Figure, str]:
    """One method in color above all others in gray: test loss, relative to the best of all."""
    methods = tasks[task]["methods"]
    least = min(at_best(methods, name).mean() for name in methods)
    fig, ax = plt.subplots(figsize=(6, 3.2))
    # logarithms on plain axes: far quicker to draw than logarithmic axes
    for name in methods:
        if name != method:
            losses = np.log10(losses_by_rate(methods, name).mean(1) / least)
            x = np.log10(methods[name]["rates"])
            ax.plot(x, losses, "-", color=COLORS["gray"], alpha=0.35, linewidth=1)
    rates, losses = np.array(methods[method]["rates"]), losses_by_rate(methods, method) / least
    x, finite = np.log10(rates), np.isfinite(losses).all(1)
    low, high = np.log10(losses[finite].min(1)), np.log10(losses[finite].max(1))
    ax.fill_between(x[finite], low, high, color=COLORS["blue"], alpha=0.3)
    ax.plot(x, np.log10(losses.mean(1)), "o-", color=COLORS["blue"], markersize=4)
    i = best(methods[method])
    ax.plot(x[i], np.log10(losses[i].mean()), "D", color=COLORS["orange"], markersize=7)
    ax.set(xlim=(-5, 4), ylim=(-0.1, 2.5), xticks=range(-5, 5), yticks=[0, 1, 2])
    ax.set_xticklabels([f"{10.0**k:g}" for k in range(-5, 5)])
    ax.set_yticklabels(["1", "10", "100"])
    ax.set(xlabel="learning rate", ylabel="test loss / best of all")
    return fig, (
        f"{TITLES[task]}, {method}: best at a rate of {rates[i]:.2g}, where its loss is "
        f"{losses[i].mean():.2f} times the best of all; {near_best(methods, method)} of its "
        f"{len(rates)} rates stay within 1.5 times its own best."
    )


def near_best(methods: dict, method: str, factor: float = 1.5) -> int:
    """How many rates of the sweep give at most `factor` times the method's best mean loss."""
    means = losses_by_rate(methods, method).mean(1)
    return int((means <= factor * means[best(methods[method])]).sum())
