"""Figures that follow the page's theme.

A figure becomes inline SVG. Its colors are replaced by names that the page defines once for its
light and once for its dark theme; text and axes take the color of the page's text.
"""

import hashlib
import re
from html import escape
from io import StringIO

import matplotlib.pyplot as plt
from cycler import cycler
from IPython.display import display
from matplotlib.figure import Figure

from dlbook_utils.figure_tables import data_tables

INK, PAPER, GRID = "#1f2329", "#ffffff", "#d5d9de"
COLORS = {
    "blue": "#0068ad",
    "orange": "#b85000",
    "green": "#007a5a",
    "purple": "#a03c90",
    "red": "#c4213a",
    "gray": "#6a7078",
}
THEMED = {INK: "currentColor", PAPER: f"var(--dl-paper, {PAPER})", GRID: f"var(--dl-grid, {GRID})"}
# matplotlib's own black, of box plots and "k--", is ink as well
THEMED["#000000"] = "currentColor"
THEMED |= {color: f"var(--dl-{name}, {color})" for name, color in COLORS.items()}

STYLE = {
    "axes.edgecolor": INK,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.prop_cycle": cycler(
        color=list(COLORS.values()),
        linestyle=["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1))],
    ),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "none",
    "font.size": 10,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "patch.edgecolor": INK,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",  # text stays text: the reader's font, selectable, and small
    "svg.hashsalt": "dlbook",  # the same figure gives the same bytes
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def show(fig: Figure, alt: str) -> None:
    """Show a figure; `alt` says what it shows, as one would to somebody who cannot see it."""
    numbers = data_tables(fig)
    html = f'<figure class="dl-figure" tabindex="0">{svg(fig, alt)}</figure>{numbers}'
    display({"text/html": html, "text/plain": f"Figure: {alt}"}, raw=True)


def svg(fig: Figure, alt: str, name: str | None = None) -> str:
    """The figure as one SVG element that follows the page's theme; the figure is closed.

    `name` sets the ids inside it apart from those of other figures on the page.
    """
    if len(alt.split()) < 5:
        raise ValueError(f"alt text says in words what the figure shows; this does not: {alt!r}")
    out = StringIO()
    with plt.rc_context({k: v for k, v in STYLE.items() if k.startswith("svg.")}):
        fig.savefig(out, format="svg", metadata={"Date": None})
    plt.close(fig)
    source = themed(slim(out.getvalue(), name or name_for(alt)))
    return accessible(source, alt, width=fig.get_figwidth() * 96)


def name_for(words: str) -> str:
    """A name made from a figure's words: links to it outlive rebuilds."""
    return "figure-" + hashlib.sha1(words.encode()).hexdigest()[:8]


def slim(source: str, name: str) -> str:
    """Drop what a page does not need: prolog, metadata, unused ids, digits below a hundredth.

    The ids that are used get `name` before them.
    """
    source = source[source.index("<svg") :]
    source = re.sub(r"<metadata>.*?</metadata>", "", source, flags=re.DOTALL)
    source = re.sub(r"<!--.*?-->", "", source, flags=re.DOTALL)
    # its rule for `*` would hold for the whole page; the root element says the same below
    source = re.sub(r"<style.*?</style>", "", source, flags=re.DOTALL)
    # the outline of nothing, such as a box plot's whiskers without a spread; no reader takes it
    source = re.sub(r"<path(?![^>]*\sd=)[^>]*/>", "", source)
    # what the figure itself refers to, and the curves that a script moves
    used = set(re.findall(r"(?:url\(#|href=\"#)([^)\"]+)|id=\"(curve-\d+)\"", source))
    used = {name for pair in used for name in pair}
    source = re.sub(r' id="([^"]*)"', lambda found: found[0] if found[1] in used else "", source)
    source = re.sub(r"( id=\"|url\(#|href=\"#)", rf"\1{name}-", source)
    # only inside tags: a number that is text in the figure stays as it is
    return re.sub(r"<(?!image)[^>]*>", lambda tag: re.sub(r"(\.\d\d)\d+", r"\1", tag[0]), source)


def themed(source: str) -> str:
    """Replace the book's colors by the names that the page defines, and the font by the page's."""
    source = re.sub(r"#[0-9a-f]{6}\b", lambda found: THEMED.get(found[0], found[0]), source)
    font = "var(--dl-font, sans-serif)"
    source = re.sub(r"font-family: [^;\"]*", f"font-family: {font}", source)
    return re.sub(r"(font: [^;\"]*?\d(?:\.\d+)?px) [^;\"]*", rf"\1 {font}", source)


def accessible(source: str, alt: str, width: float) -> str:
    """Give the SVG its name and its size; below that size the page scales it."""
    box = re.search(r'viewBox="[^"]*"', source)[0]
    head = (
        f'<svg role="img" aria-label="{escape(alt)}" {box} style="width: {width:.0f}px; '
        'stroke-linejoin: round; stroke-linecap: butt" '
        'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    )
    return head + source[source.index(">") + 1 :].strip()
