"""Paths of first- and second-order steps on a landscape with a saddle: a figure of `curvature`."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from dlbook_utils.figures import COLORS

STARTS = {"near the saddle": (0.25, 0.8), "beyond the bend": (1.6, 0.8)}
LIMITS = ((-2.2, 2.2), (-1.1, 1.1))


def height(x, y):
    """x^4/4 - x^2/2 + 2 y^2: minima at x = 1 and -1, a saddle at the origin."""
    return x**4 / 4 - x**2 / 2 + 2 * y**2


def damped_path(start, damping: float, saddle_free: bool, steps: int = 12) -> np.ndarray:
    """Points (steps + 1, 2) of damped Newton steps; the Hessian is diag(3 x^2 - 1, 4)."""
    points = [np.array(start, dtype=float)]
    for _ in range(steps):
        x, y = points[-1]
        bends = np.array([3 * x**2 - 1, 4.0])
        bends = (abs(bends) if saddle_free else bends) + damping
        step = -np.array([x**3 - x, 4 * y]) / np.where(bends == 0, 1e-12, bends)
        points.append(np.clip(points[-1] + step, -1e3, 1e3))
    return np.array(points)


def gradient_path(start, lr: float = 0.2, steps: int = 12) -> np.ndarray:
    """Points (steps + 1, 2) of gradient descent."""
    points = [np.array(start, dtype=float)]
    for _ in range(steps):
        x, y = points[-1]
        points.append(points[-1] - lr * np.array([x**3 - x, 4 * y]))
    return np.array(points)


def where(point) -> str:
    """The place a path ended at, in words."""
    for name, place in {
        "the minimum at x = 1": (1, 0),
        "the minimum at x = -1": (-1, 0),
        "the saddle": (0, 0),
    }.items():
        if np.hypot(*(point - np.array(place))) < 0.1:
            return name
    return f"({point[0]:.2g}, {point[1]:.2g})"


def draw_damping(damping: float, start: str) -> tuple[Figure, str]:
    """Contours, and three paths of twelve steps from this start."""
    fig, ax = plt.subplots(figsize=(6, 3.4))
    X, Y = np.meshgrid(np.linspace(*LIMITS[0], 60), np.linspace(*LIMITS[1], 30))
    ax.contour(X, Y, height(X, Y), levels=8, colors=COLORS["gray"], linewidths=0.5)
    paths = {
        "gradient, lr = 0.2": gradient_path(STARTS[start]),
        "(H + λI)⁻¹ g": damped_path(STARTS[start], damping, saddle_free=False),
        "(|H| + λI)⁻¹ g": damped_path(STARTS[start], damping, saddle_free=True),
    }
    for (label, path), color, marker in zip(
        paths.items(), ("orange", "blue", "green"), "os^", strict=True
    ):
        ax.plot(*path.T, marker=marker, markersize=4, color=COLORS[color], label=label)
    ax.set(xlim=LIMITS[0], ylim=LIMITS[1], xlabel="x", ylabel="y")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, fontsize=9)
    _, plain, free = (where(path[-1]) for path in paths.values())
    return fig, (
        f"Start {start}, damping {damping:g}: after twelve steps the damped Newton path is at "
        f"{plain}, the saddle-free one at {free}."
    )
