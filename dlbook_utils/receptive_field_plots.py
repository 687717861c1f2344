"""Pictures of receptive fields: the pyramid of units below one unit, and a map of weights."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dlbook_utils.figures import COLORS

WIDTH = 3  # of every kernel
REACH = 32  # inputs drawn to each side


def strides_and_dilations(stack: str, layers: int) -> list[tuple[int, int]]:
    """The stride and the dilation of each layer, the first layer first."""
    return {
        "plain, width 3": [(1, 1)] * layers,
        "stride 2 in every second layer": [(1 + i % 2, 1) for i in range(layers)],
        "stride 2 in every layer": [(2, 1)] * layers,
        "dilation 1, 2, 4, 8, 16": [(1, 2**i) for i in range(layers)],
        "dilation 2 in every layer": [(1, 2)] * layers,
    }[stack]


def units_read(chain: list[tuple[int, int]]) -> list[set[int]]:
    """Below the top unit, which units of each level are read, the input last.

    Positions are in inputs, the middle of the field at 0; kernels have width 3 and are centered.
    """
    jumps = [int(np.prod([stride for stride, _ in chain[:i]])) for i in range(len(chain) + 1)]
    levels = [{0}]
    for (_, dilation), jump in zip(reversed(chain), reversed(jumps[:-1]), strict=True):
        step = dilation * jump
        levels.append({unit + tap * step for unit in levels[-1] for tap in (-1, 0, 1)})
    return levels


def draw_field(stack: str, layers: int) -> tuple[Figure, str]:
    """The units that the unit at the top reads, level by level."""
    chain = strides_and_dilations(stack, layers)
    levels = units_read(chain)[::-1]  # the input first
    fig, ax = plt.subplots(figsize=(6.2, 2.8))
    jump = 1
    for level, read in enumerate(levels):
        grid = np.arange(-(REACH // jump) * jump, REACH + 1, jump)
        chosen = np.array(sorted(read))
        ax.plot(grid, np.full(len(grid), level), ".", color=COLORS["gray"], markersize=2)
        ax.plot(chosen, np.full(len(chosen), level), "o", color=COLORS["blue"], markersize=3.5)
        if level < layers:
            jump *= chain[level][0]
    field = max(levels[0]) - min(levels[0]) + 1
    ends = [0.5 * (max(level) - min(level)) for level in levels]
    for side in (-1, 1):
        ax.plot([side * end for end in ends], range(layers + 1), "-", color=COLORS["orange"], lw=1)
    ax.set(xlabel="input [places from the middle]", ylabel="layer", ylim=(-0.5, 5.5))
    ax.set(xlim=(-REACH - 1, REACH + 1), yticks=range(6))
    ax.grid(visible=False)
    sentence = (
        f"{stack}, {layers} {'layer' if layers == 1 else 'layers'}: the field is {field} inputs "
        f"wide, {len(levels[0])} of them are read, and neighbors at the top are {jump} "
        f"{'input' if jump == 1 else 'inputs'} apart."
    )
    return fig, sentence


def draw_map(field: np.ndarray, size: int) -> Figure:
    """The roots of the weights of a field, as a map of size by size pixels around the middle."""
    side, half = len(field), size // 2
    canvas = np.zeros((size, size))
    low = half - side // 2
    canvas[low : low + side, low : low + side] = np.sqrt(field / field.max())
    fig, ax = plt.subplots(figsize=(3.6, 3.2))
    image = ax.imshow(canvas, cmap="cividis", extent=(-half, half, half, -half), vmin=0, vmax=1)
    edge = side / 2 * (2 * half / size)
    ax.add_patch(Rectangle((-edge, -edge), 2 * edge, 2 * edge, fill=False, ec=COLORS["orange"]))
    ax.set(xlabel="offset [pixels]", ylabel="offset [pixels]")
    ax.grid(visible=False)
    fig.colorbar(image, label="weight, root, largest = 1")
    return fig
