"""How much of their weight Adam's running means hold after t steps, as an interactive figure.

The chapter `optimizers` derives it. In the built page figure_scripts/bias_correction.js computes
the same numbers.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from dlbook_utils.figures import COLORS

TIMES = np.unique(np.round(np.logspace(0, 5, 101)))
LOW, HIGH = 0.005, 200.0  # the vertical axis


def held(beta1: float, beta2: float, t) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """After t steps on a constant gradient: m / g, sqrt(v) / |g|, and the first by the second."""
    first, root = 1 - beta1**t, np.sqrt(1 - beta2**t)
    return first, root, first / root


def draw_bias_correction(t: int, beta1: float, beta2: float) -> tuple[Figure, str]:
    """The three curves of `held` over the number of steps, and a line at t."""
    fig, ax = plt.subplots(figsize=(6, 3.2))
    labels = ("mean of gradients", "root of mean square", "step without correction")
    for values, label in zip(held(beta1, beta2, TIMES), labels, strict=True):
        ax.loglog(TIMES, values, label=label)
    ax.plot([t, t], [LOW, HIGH], color=COLORS["gray"], linewidth=1.2, linestyle="-")
    ax.set(xlabel="steps t", ylabel="uncorrected / corrected", ylim=(LOW, HIGH), xlim=(0.8, 1.2e5))
    ax.legend(loc="upper right")
    first, root, ratio = held(beta1, beta2, t)
    sentence = (
        f"After {t} step{'s' * (t > 1)} with beta1 = {beta1:g} and beta2 = {beta2:g} the mean of "
        f"the gradients holds {100 * first:.1f}% of its weight and the root of the mean square "
        f"{100 * root:.1f}%: without correction the step is {ratio:.2f} times as long."
    )
    return fig, sentence
