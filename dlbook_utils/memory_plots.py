"""Pictures of what autograd records and how long values live. The chapter `autograd` uses them.

Each function but `plot_backward_graph` draws on the axes it is given and returns them.
"""

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from dlbook_utils.figures import COLORS


def backward_edges(root) -> list[tuple[object, object]]:
    """(from, to) for each edge below a backward function; an edge taken twice is listed twice."""
    edges, todo, seen = [], [root], {root}
    while todo:
        node = todo.pop()
        for parent, _ in node.next_functions:
            if parent is not None:
                edges.append((node, parent))
                if parent not in seen:
                    seen.add(parent)
                    todo.append(parent)
    return edges


def depths(root, edges) -> dict[object, int]:
    """The length of the longest way from the root to each node."""
    depth, changed = {root: 0}, True
    while changed:
        changed = False
        for node, parent in edges:
            if node in depth and depth.get(parent, -1) < depth[node] + 1:
                depth[parent], changed = depth[node] + 1, True
    return depth


def places(root, edges) -> dict[object, tuple[float, float]]:
    """A column for each depth, the root at the right; nodes of one column share the height."""
    depth = depths(root, edges)
    columns = {}
    for node, d in depth.items():
        columns.setdefault(d, []).append(node)
    last = max(columns)
    return {
        node: (last - d, (len(column) - 1) / 2 - row)
        for d, column in columns.items()
        for row, node in enumerate(column)
    }


def label_of(node, names: dict[Tensor, str]) -> str:
    """The operation, or the name of the leaf."""
    leaf = getattr(node, "variable", None)
    if leaf is None:
        return node.name().removesuffix("Backward0").removesuffix("Backward1")
    return next((name for tensor, name in names.items() if tensor is leaf), "leaf")


def plot_backward_graph(
    root, names: dict[Tensor, str] | None = None, ax: Axes | None = None
) -> Figure:
    """Draw the backward functions below `root`, leaves at the left, and return the figure.

    names: {leaf: its name}. Arrows show the way of the values; a gradient goes against them.
    """
    edges = backward_edges(root)
    where = places(root, edges)
    width = 1 + max(x for x, _ in where.values())
    height = 1 + 2 * max(y for _, y in where.values())
    ax = ax or plt.subplots(figsize=(min(6.5, 1.1 * width), 0.5 + 0.6 * height))[1]
    for node, parent in dict.fromkeys(edges):
        twice = edges.count((node, parent)) > 1
        bends = (-0.35, 0.35) if twice else (0.0,)
        for bend in bends:
            arrow = {
                "arrowstyle": "-|>",
                "color": COLORS["gray"],
                "connectionstyle": f"arc3,rad={bend}",
                "shrinkA": 16,
                "shrinkB": 16,
            }
            ax.annotate("", xy=where[node], xytext=where[parent], arrowprops=arrow)
    for node, (x, y) in where.items():
        leaf = hasattr(node, "variable")
        box = {
            "boxstyle": "round,pad=0.35" if leaf else "square,pad=0.35",
            "facecolor": "none",
            "edgecolor": COLORS["orange" if leaf else "blue"],
            "linestyle": "--" if leaf else "-",
        }
        ax.text(x, y, label_of(node, names or {}), ha="center", va="center", bbox=box)
    ax.set(xlim=(-0.5, width - 0.5), ylim=(-height / 2 - 0.1, height / 2 + 0.1))
    ax.axis("off")
    return ax.figure


def plot_lifetimes(spans: list[tuple[int, int]], ax: Axes) -> Axes:
    """Draw a bar from birth to last use for each value. spans: (first step, last step)."""
    for row, (birth, death) in enumerate(spans):
        ax.barh(
            row, death - birth + 1, left=birth - 0.5, height=0.7, color=COLORS["blue"], zorder=2
        )
    ax.set(ylim=(-0.7, len(spans) - 0.3))
    return ax


def plot_memory(ax: Axes, history: list[float], turn: int, **style) -> Axes:
    """Draw live memory over its changes, with a line where backward begins.

    history: memory after each birth or death; turn: index of the first change in backward.
    """
    ax.step(range(len(history)), history, where="post", **style)
    ax.axvline(turn, color=COLORS["gray"], linestyle=":")
    return ax
