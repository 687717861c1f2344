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


def column_of(root) -> dict:
    """A node's column is its level; a leaf stands one before its first reader."""
    order = topological_order(root)
    column = {node: i for i, level in enumerate(levels(root)) for node in level}
    for node in order:
        if not node.parents:
            readers = [column[n] for n in order if any(p is node for p in n.parents)]
            column[node] = min(readers, default=1) - 1
    return column


def layout(root) -> tuple[dict, list[list]]:
    """A place (x, y) for each node, and for each arrow the points it goes through.

    An arrow over several columns gets a place of its own in each, so that no arrow crosses a node
    (Sugiyama, Tagawa and Toda, 1981). Rows are sorted by the mean height of their neighbors.
    """
    column = column_of(root)
    columns: list[list] = [[] for _ in range(max(column.values()) + 1)]
    for node, i in column.items():
        columns[i].append(node)
    near: dict = {node: [] for node in column}
    routes = []
    for node in column:
        for parent in dict.fromkeys(node.parents):
            between = [(parent, node, i) for i in range(column[parent] + 1, column[node])]
            route = [parent, *between, node]
            for point in between:
                columns[point[2]].append(point)
                near[point] = []
            for left, right in zip(route, route[1:], strict=False):
                near[left].append(right)
                near[right].append(left)
            routes.append(route)
    y: dict = {}
    for sweep in range(12):
        for points in columns if sweep % 2 == 0 else columns[::-1]:
            if sweep:
                points.sort(key=lambda point: -np.mean([y[n] for n in near[point]] or [0]))
            for row, point in enumerate(points):
                y[point] = (len(points) - 1) / 2 - row
    x = {point: i for i, points in enumerate(columns) for point in points}
    return {point: (x[point], y[point]) for point in y}, routes


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

    text(node): what to write beside a node ("" for nothing). bold: nodes with a thick border.
    color(node): one of the book's colors for the border; leaves are blue, operations gray.
    """
    places, routes = layout(root)
    for route in routes:
        twice = sum(p is route[0] for p in route[-1].parents) > 1
        for left, right in zip(route, route[1:], strict=False):
            last = right is route[-1]
            arrow = {"arrowstyle": "-|>" if last else "-", "color": COLORS["gray"]}
            arrow |= {"shrinkA": 13 * (left is route[0]), "shrinkB": 13 * last}
            arrow["lw"] = 2.4 if twice else 1
            ax.annotate("", places[right], places[left], arrowprops=arrow)
    for node in topological_order(root):
        x, y = places[node]
        edge = color(node) if color else COLORS["gray" if node.parents else "blue"]
        box = {"boxstyle": "round,pad=0.35", "fc": "none", "ec": edge}
        box["lw"] = 3 if any(node is b for b in bold) else 1.2
        ax.text(x, y, symbol(node), ha="center", va="center", bbox=box)
        ax.annotate(
            text(node) if text else "",
            (x, y),
            xytext=(0, 14 if y > 0 else -15),  # outside, where fewer arrows pass
            textcoords="offset points",
            ha="center",
            va="bottom" if y > 0 else "top",
            fontsize=9,
        )
    xs, ys = zip(*places.values(), strict=True)
    ax.set(xlim=(min(xs) - 0.5, max(xs) + 0.5), ylim=(min(ys) - 0.7, max(ys) + 0.7))
    ax.axis("off")
    return ax
