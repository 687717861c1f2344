"""The errors of difference quotients over their step, as an interactive figure.

The chapter `autodiff` derives them. In the built page figure_scripts/difference_errors.js computes
the same numbers.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from dlbook_utils.figures import COLORS

FUNCTIONS = {
    "x³": (lambda x: x * x * x, lambda x: 3 * x * x),
    "1/x": (lambda x: 1 / x, lambda x: -1 / (x * x)),
    "x⁵ − x": (lambda x: x * x * x * x * x - x, lambda x: 5 * x * x * x * x - 1),
}
FLOOR = 1e-17  # an error of exactly zero has no place on a logarithmic axis


def difference_errors(function: str, x: float, h) -> tuple[np.ndarray, np.ndarray]:
    """Relative errors of the forward and the central difference with step h, a number or many."""
    f, slope = FUNCTIONS[function]
    forward, central = (f(x + h) - f(x)) / h, (f(x + h) - f(x - h)) / (2 * h)
    return tuple(np.maximum(abs(q / slope(x) - 1), FLOOR) for q in (forward, central))


def draw_difference_errors(function: str, x: float, halvings: int) -> tuple[Figure, str]:
    """Both errors over the step on logarithmic axes, and a line at the step 2^-halvings."""
    steps = 2.0 ** -np.arange(2, 53)
    h = 2.0**-halvings
    fig, ax = plt.subplots(figsize=(6, 3))
    for errors, label in zip(
        difference_errors(function, x, steps), ("forward", "central"), strict=True
    ):
        ax.loglog(steps, errors, label=label)
    ax.plot([h, h], [FLOOR, 10], color=COLORS["gray"], linewidth=1.2, linestyle="-")
    ax.set(xlabel="step h", ylabel="relative error of the slope", ylim=(FLOOR, 10))
    ax.set(xlim=(steps[-1] / 2, 0.5))
    ax.legend(loc="upper center", ncols=2)
    forward, central = difference_errors(function, x, h)
    sentence = (
        f"With the step {short(h)} the slope of {function} at {x:g} is off by the share "
        f"{short(forward)} with the forward difference, {short(central)} with the central one."
    )
    return fig, sentence


def short(value: float) -> str:
    """Three digits, as the script in the page writes them."""
    digits, power = f"{value:.2e}".split("e")
    return f"{digits}e{int(power):+d}"
