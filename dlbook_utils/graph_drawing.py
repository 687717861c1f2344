"""Draw a computational graph, in layers: leaves on the left, the root on the right.

A node is anything with `parents` (a sequence of nodes); the engine's Tensors are, and so are the
Scalars of the chapter `autodiff`. A node's symbol comes from its `name` or its operation's.
"""

from collections.abc import Callable, Collection

import numpy as np
from matplotlib.axes import Axes

from dlbook_utils.engine import topological_order
from dlbook_utils.figures import COLORS

SYMBOLS = {
    "add": "+",
    "sub": "−",
    "mul": "×",
    "div": "÷",
    "neg": "−",
    "matmul": "@",
}
SYMBOLS |= {"sum_over": "sum", "max_over": "max", "mean_over": "mean"}


def levels(root) -> list[list]:
    """The nodes below root by level: a node's level is the longest way to it from a leaf.

    Nodes of one level do not need each other, so they could run at the same time.
    """
    depth: dict = {}
    for node in topological_order(root):
        depth[node] = 1 + max((depth[parent] for parent in node.parents), default=-1)
    return [[n for n, d in depth.items() if d == level] for level in range(max(depth.values()) + 1)]


def layout(root) -> dict:
    """A place (x, y) for each node: x is its level, y keeps it near the nodes that it reads.

    A leaf stands one level before its first reader, so that its arrow is short.
    """
    order = topological_order(root)
    x = {node: i for i, level in enumerate(levels(root)) for node in level}
    for node in order:
        if not node.parents:
            readers = [x[n] for n in order if any(p is node for p in n.parents)]
            x[node] = min(readers, default=1) - 1
    columns = [[n for n in order if x[n] == i] for i in range(max(x.values()) + 1)]
    y = {}
    for sweep in range(4):
        for i, column in enumerate(columns):
            if sweep:
                column.sort(key=lambda node: -mean_height(node, order, y))
            for row, node in enumerate(column):
                y[node] = (len(column) - 1) / 2 - row + 0.1 * (i % 2)  # no arrow hides a node
    return {node: (x[node], y[node]) for node in order}


def mean_height(node, order: list, y: dict) -> float:
    """The mean height of the neighbors that have a place already."""
    near = [*node.parents, *(n for n in order if any(p is node for p in n.parents))]
    return float(np.mean([y[n] for n in near if n in y] or [0.0]))


def symbol(node) -> str:
    """What stands in the node's circle: its name, else its operation's sign, else its value."""
    name = node.name or getattr(getattr(node, "op", None), "__name__", "")
    if name == "power":
        return f"^{node.options['exponent']:g}"
    if name or np.ndim(node.data):
        return SYMBOLS.get(name, name) or "array"
    return f"{float(node.data):g}"


def draw_graph(
    root,
    ax: Axes,
    text: Callable[[object], str] | None = None,
    bold: Collection = (),
    color: Callable[[object], str] | None = None,
) -> Axes:
    """Draw the graph below root on ax and return ax.

    text(node): what to write below a node ("" for nothing). bold: nodes with a thick border.
    color(node): one of the book's colors for the border; leaves are blue, operations gray.
    """
    places = layout(root)
    for node, (x, y) in places.items():
        for parent in dict.fromkeys(node.parents):
            twice = sum(p is parent for p in node.parents) > 1
            arrow = {"arrowstyle": "-|>", "color": COLORS["gray"], "shrinkA": 13, "shrinkB": 13}
            ax.annotate("", (x, y), places[parent], arrowprops=arrow | {"lw": 2.4 if twice else 1})
        edge = color(node) if color else COLORS["gray" if node.parents else "blue"]
        box = {"boxstyle": "round,pad=0.35", "fc": "none", "ec": edge}
        box["lw"] = 3 if any(node is b for b in bold) else 1.2
        ax.text(x, y, symbol(node), ha="center", va="center", bbox=box)
        ax.annotate(
            text(node) if text else "",
            (x, y),
            xytext=(0, -15),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=9,
        )
    xs, ys = zip(*places.values(), strict=True)
    ax.set(xlim=(min(xs) - 0.5, max(xs) + 0.5), ylim=(min(ys) - 0.75, max(ys) + 0.45))
    ax.axis("off")
    return ax
