"""A schedule and what it does to a noisy quadratic, as an interactive figure.

The chapter `schedules` derives the loss. In the built page figure_scripts/schedule_designer.js
computes the same numbers.
"""

import math

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from dlbook_utils.figures import COLORS

STEPS = 200
KINDS = [
    "cosine",
    "constant",
    "step",
    "linear",
    "warm-up-stable-decay",
    "inverse square root",
    "warm restarts",
    "cosine past its end",
]
CURVATURES = (1.0, 0.02)
LEAST = 1e-4  # a rate of exactly zero has no place on a logarithmic axis


def designed_factor(kind: str, t: int, warm: int, final: float) -> float:
    """The share of the peak rate at step t of STEPS, after `warm` steps of linear warm-up."""
    if t < warm:
        return (t + 1) / warm
    share = (t - warm) / (STEPS - warm)  # of the time after the warm-up, in [0, 1)
    if kind == "inverse square root":
        start = max(warm, 10)
        return math.sqrt(start / (start + t - warm))
    if kind == "constant":
        return 1.0
    if kind == "step":
        return 0.1 ** math.floor(3 * share)
    if kind == "linear":
        shape = 1 - share
    elif kind == "warm-up-stable-decay":
        shape = min(1, (1 - share) / 0.2)
    elif kind == "warm restarts":
        shape = (1 + math.cos(math.pi * (4 * share - math.floor(4 * share)))) / 2
    else:
        turns = 2 if kind == "cosine past its end" else 1
        shape = (1 + math.cos(math.pi * turns * share)) / 2
    return final + (1 - final) * shape


def designed_rates(kind: str, warmup: int, peak: float, final: float) -> list[float]:
    """The learning rates of all steps; `warmup` is a percentage of STEPS."""
    warm = warmup * STEPS // 100
    return [peak * designed_factor(kind, t, warm, final) for t in range(STEPS)]


def expected_losses(rates: list[float]) -> list[float]:
    """The mean loss of a quadratic with two curvatures, gradient noise of variance 1, before steps.

    E[w^2] <- (1 - lr h)^2 E[w^2] + lr^2, from w = 3 along both axes; the loss is half the sum of
    h E[w^2].
    """
    squares, losses = [9.0 for _ in CURVATURES], []
    for lr in rates:
        losses.append(sum(h * m for h, m in zip(CURVATURES, squares, strict=True)) / 2)
        squares = [(1 - lr * h) ** 2 * m + lr**2 for h, m in zip(CURVATURES, squares, strict=True)]
    return losses


def draw_schedule(schedule: str, warmup: int, peak: float, final: float) -> tuple[Figure, str]:
    """The rate and the mean loss over the steps, on one logarithmic axis."""
    rates = designed_rates(schedule, warmup, peak, final)
    losses = expected_losses(rates)
    fig, ax = plt.subplots(figsize=(6, 3))
    ax.semilogy(range(STEPS), [max(lr, LEAST) for lr in rates], label="learning rate")
    ax.semilogy(range(STEPS), losses, label="mean loss", color=COLORS["orange"])
    ax.set(xlabel="step", ylabel="rate, loss", xlim=(0, STEPS), ylim=(LEAST / 2, 30))
    ax.legend(loc="upper right", ncols=2)
    sentence = (
        f"{schedule}, warm-up {warmup}%, peak rate {peak:g}: the loss falls from "
        f"{losses[0]:.3f} to {losses[-1]:.3f}; its least value on the way is {min(losses):.3f}."
    )
    return fig, sentence
