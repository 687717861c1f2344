"""Paths of optimizers over two-dimensional landscapes, as an interactive figure.

The chapters `gradient_descent` and `optimizers` explain the rules. In the built page
figure_scripts/trajectories.js computes the same numbers, by the same operations in the same order.
"""

from collections.abc import Callable
from math import sqrt
from typing import NamedTuple

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from dlbook_utils.difference_errors import short
from dlbook_utils.figures import COLORS

Point = tuple[float, float]
Curve = tuple[list[float], list[float]]

FRAME = (3.0, 2.0)  # half the width and half the height of the picture
FAR = 10.0  # a path that comes so far out is over
LEVELS = 10  # level curves of every landscape
TURN = (0.9986295347545738, 0.052335956242943835)  # cosine and sine of 3 degrees
DIAGONAL = sqrt(0.5)
EPS = 1e-8  # of AdaGrad, RMSProp and Adam


class Landscape(NamedTuple):
    """A function of (x, y), its gradient, where paths start, and the point of slope zero."""

    value: Callable[[float, float], float]
    slopes: Callable[[float, float], Point]
    start: Point
    flat: Point


def ravine_height(x: float, y: float) -> float:
    return 0.5 * (x * x + 25 * y * y)


def ravine_slopes(x: float, y: float) -> Point:
    return x, 25 * y


def turned_place(x: float, y: float) -> Point:
    """The place in the ravine's own axes when those are turned by 45 degrees."""
    return DIAGONAL * (x + y), DIAGONAL * (y - x)


def turned_slopes(x: float, y: float) -> Point:
    u, w = ravine_slopes(*turned_place(x, y))
    return DIAGONAL * (u - w), DIAGONAL * (u + w)


def rosenbrock_twentieth(x: float, y: float) -> float:
    """A twentieth of the usual one, so that its curvatures are like those of the others."""
    return 0.05 * (1 - x) * (1 - x) + 5 * (y - x * x) * (y - x * x)


def rosenbrock_slopes(x: float, y: float) -> Point:
    return -0.1 * (1 - x) - 20 * x * (y - x * x), 10 * (y - x * x)


LANDSCAPES = {
    "ravine": Landscape(ravine_height, ravine_slopes, (-2.5, 1.0), (0.0, 0.0)),
    "turned ravine": Landscape(
        lambda x, y: ravine_height(*turned_place(x, y)),
        turned_slopes,
        (DIAGONAL * (-2.5 - 1.0), DIAGONAL * (-2.5 + 1.0)),
        (0.0, 0.0),
    ),
    "Rosenbrock valley": Landscape(
        rosenbrock_twentieth, rosenbrock_slopes, (-1.2, 1.0), (1.0, 1.0)
    ),
    "saddle": Landscape(
        lambda x, y: x * x - y * y, lambda x, y: (2 * x, -2 * y), (-2.5, 0.01), (0.0, 0.0)
    ),
}
WITH_MOMENTUM = ("heavy ball", "Nesterov", "Adam")
OPTIMIZERS = ("gradient descent", *WITH_MOMENTUM[:2], "AdaGrad", "RMSProp", "Adam")


def trajectory(
    landscape: str,
    optimizer: str,
    lr: float,
    momentum: float,
    steps: int,
    beta2: float | None = None,
) -> list[Point]:
    """The places after 0, 1, ... steps; it ends early where it comes FAR out.

    `beta2` is the memory of the squares: 0.99 for RMSProp, 0.999 for Adam where it is not given.
    """
    _, slopes, start, _ = LANDSCAPES[landscape]
    beta2 = beta2 or {"RMSProp": 0.99}.get(optimizer, 0.999)
    w, m, v = list(start), [0.0, 0.0], [0.0, 0.0]
    share1 = share2 = 1.0  # beta1^t and beta2^t
    points = [start]
    for _ in range(steps):
        g = slopes(*w)
        share1, share2 = share1 * momentum, share2 * beta2
        for i in range(2):
            if optimizer == "gradient descent":
                step = g[i]
            elif optimizer == "heavy ball":
                m[i] = momentum * m[i] + g[i]
                step = m[i]
            elif optimizer == "Nesterov":
                m[i] = momentum * m[i] + g[i]
                step = g[i] + momentum * m[i]
            elif optimizer == "AdaGrad":
                v[i] += g[i] * g[i]
                step = g[i] / (sqrt(v[i]) + EPS)
            elif optimizer == "RMSProp":
                v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i]
                step = g[i] / (sqrt(v[i]) + EPS)
            elif optimizer == "Adam":
                m[i] = momentum * m[i] + (1 - momentum) * g[i]
                v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i]
                step = m[i] / (1 - share1) / (sqrt(v[i] / (1 - share2)) + EPS)
            else:
                raise ValueError(f"{optimizer!r} is not one of {', '.join(OPTIMIZERS)}")
            w[i] -= lr * step
        points.append((w[0], w[1]))
        if max(abs(w[0]), abs(w[1])) > FAR:
            break
    return points


def unit_circle() -> Curve:
    """The unit circle in steps of 3 degrees, without calls of sine and cosine."""
    x, y = 1.0, 0.0
    xs, ys = [x], [y]
    for _ in range(120):
        x, y = x * TURN[0] - y * TURN[1], x * TURN[1] + y * TURN[0]
        xs.append(x)
        ys.append(y)
    return xs, ys


def level_curves(landscape: str) -> list[Curve]:
    """LEVELS curves on which the landscape has one height each."""
    cos, sin = unit_circle()
    curves = []
    if landscape in ("ravine", "turned ravine"):
        for a in range(1, LEVELS + 1):  # half axes a and a / 5: height a^2 / 2
            us, ws = [a * c for c in cos], [a * s / 5 for s in sin]
            if landscape == "turned ravine":
                pairs = list(zip(us, ws, strict=True))
                us = [DIAGONAL * (u - w) for u, w in pairs]
                ws = [DIAGONAL * (u + w) for u, w in pairs]
            curves.append((us, ws))
    elif landscape == "Rosenbrock valley":
        for c in (0.1, 0.5, 2, 6, 16, 36, 80, 160, 320, 640):  # 20 times the height
            low, high = max(-3.5, 1 - sqrt(c)), min(3.5, 1 + sqrt(c))
            xs = [(low + high) / 2 + (high - low) / 2 * u for u in cos]
            off = [sqrt(max(0, c - (1 - x) * (1 - x))) / 10 for x in xs]
            ys = [x * x + (o if s > 0 else -o) for x, o, s in zip(xs, off, sin, strict=True)]
            curves.append((xs, ys))
    else:
        grow = [1.1**0]
        for _ in range(40):
            grow.append(grow[-1] * 1.1)
        us = [1 / u for u in grow[:0:-1]] + grow
        for root in (1, 2):  # heights 1 and 4, of both signs
            near = [root * (u + 1 / u) / 2 for u in us]
            along = [root * (u - 1 / u) / 2 for u in us]
            other = [-u for u in near]
            curves += [(near, along), (other, along), (along, near), (along, other)]
        curves += [([-3.5, 3.5], [-3.5, 3.5]), ([-3.5, 3.5], [3.5, -3.5])]
    return curves


def ring_around(center: Point, radius: float) -> Curve:
    cos, sin = unit_circle()
    return [center[0] + radius * c for c in cos], [center[1] + radius * s for s in sin]


def loss_text(value: float) -> str:
    """Three places, or a power of ten; as the script in the page writes it."""
    return f"{value:.3f}" if 0.001 <= abs(value) < 1000 else short(value)


def draw_trajectory(
    landscape: str,
    optimizer: str,
    lr: float,
    momentum: float = 0.9,
    steps: int = 100,
    beta2: float | None = None,
) -> tuple[Figure, str]:
    """The path on the landscape's level curves, and what has become of the loss."""
    height, _, start, flat = LANDSCAPES[landscape]
    points = trajectory(landscape, optimizer, lr, momentum, steps, beta2)
    fig, ax = plt.subplots(figsize=(4.4, 3.5))
    for xs, ys in level_curves(landscape):
        ax.plot(xs, ys, color=COLORS["gray"], linewidth=0.5, linestyle="-")
    for (x0, y0), (x1, y1) in (((-0.1, 0.0), (0.1, 0.0)), ((0.0, -0.1), (0.0, 0.1))):
        ends = [flat[0] + x0, flat[0] + x1], [flat[1] + y0, flat[1] + y1]
        ax.plot(*ends, color=COLORS["green"], linewidth=2, linestyle="-")
    ax.lines[-1].set_label("slope zero")
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    ax.plot(xs, ys, color=COLORS["blue"], linewidth=1.4, linestyle="-", label="path")
    ax.plot(*ring_around(start, 0.06), color=COLORS["blue"], linewidth=1.4, linestyle="-")
    ax.plot(
        *ring_around(points[-1], 0.1),
        color=COLORS["orange"],
        linewidth=2,
        linestyle="-",
        label="end",
    )
    ax.set(xlabel="x", ylabel="y", xlim=(-FRAME[0], FRAME[0]), ylim=(-FRAME[1], FRAME[1]))
    ax.set(aspect="equal", xticks=range(-2, 3), yticks=range(-2, 3))
    ax.grid(visible=False)
    fig.legend(loc="outside upper center", ncols=3)
    setting = f"{optimizer[0].upper()}{optimizer[1:]} on the {landscape}, lr {lr:g}"
    setting += f", momentum {momentum:g}" if optimizer in WITH_MOMENTUM else ""
    first, last = height(*start), height(*points[-1])
    count = f"{len(points) - 1} step{'s' * (len(points) > 2)}"
    if max(map(abs, points[-1])) <= FAR:
        end = f"{loss_text(last)} after {count}"
    elif last < first:
        end = f"it escapes downhill, out of the picture after {count}"
    else:
        end = f"it has diverged after {count}"
    return fig, f"{setting}: the loss is {loss_text(first)} at the start, {end}."
