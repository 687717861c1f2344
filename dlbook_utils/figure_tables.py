"""The numbers behind a simple figure, as a table for those who would rather read them."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlbook_utils.tables import html_table, rich

MOST_POINTS = 40  # a longer table is not read; the figure's words must do


def data_tables(fig: Figure) -> str:
    """The data of the figure's lines and bars under a disclosure; empty where there is too much."""
    tables = "".join(html for ax in fig.axes if (html := data_table(ax)))
    if not tables:
        return ""
    return (
        f'<details class="dl-data"><summary>The numbers of this figure</summary>{tables}</details>'
    )


def data_table(ax: Axes) -> str:
    """A column for what lies along x, and one for each labelled line or group of bars."""
    x, columns = bars(ax) or lines(ax) or ([], {})
    if not columns or len(x) > MOST_POINTS:
        return ""
    cells = [list(row) for row in zip(x, *columns.values(), strict=True)]
    headings = [ax.get_xlabel() or "x", *columns]
    caption = ax.get_title() or ax.get_ylabel() or "Data"
    numbers = [False] + [True] * len(columns)
    return html_table(
        [plain(h) for h in headings],
        [[rich(c) for c in row] for row in cells],
        plain(caption),
        numbers,
    )


def lines(ax: Axes) -> tuple[list[str], dict[str, list[str]]] | None:
    """The labelled lines of an axes that share their x values; None where there are none."""
    found = [line for line in ax.lines if not line.get_label().startswith("_")]
    if not found:
        return None
    x = np.asarray(found[0].get_xdata(), dtype=float)
    for line in found:
        other = np.asarray(line.get_xdata(), dtype=float)
        if other.shape != x.shape or not np.array_equal(other, x):
            return None
    return shown(x), {plain(line.get_label()): shown(line.get_ydata()) for line in found}


def bars(ax: Axes) -> tuple[list[str], dict[str, list[str]]] | None:
    """The groups of bars of an axes, named by its tick labels; None where there are none."""
    groups = [c for c in ax.containers if getattr(c, "patches", None)]
    if not groups:
        return None
    upright = groups[0].orientation == "vertical"
    ticks = ax.get_xticklabels() if upright else ax.get_yticklabels()
    names = [plain(tick.get_text()) for tick in ticks]
    if any(len(group.patches) != len(names) for group in groups):
        return None
    value = ax.get_ylabel() if upright else ax.get_xlabel()
    columns = {}
    for group in groups:
        label = str(group.get_label())
        heading = plain(value if label.startswith("_") else label)
        columns[heading or "value"] = shown(group.datavalues)
    return names, columns


def shown(values) -> list[str]:
    """Four digits say what an eye could read off, and a little more."""
    return [f"{value:.4g}" for value in np.asarray(values, dtype=float)]


def plain(label: str) -> str:
    """A label without the signs of its mathematics and without backticks."""
    return label.translate(str.maketrans("", "", "${}\\`"))
