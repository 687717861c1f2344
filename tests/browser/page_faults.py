"""What can be wrong with a page. Each function returns the faults that it finds, in words."""

import gzip
import re
from pathlib import Path
from urllib.parse import unquote, urlparse

from axe_playwright_python.sync_playwright import Axe

LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SCANNED = {
    r"Traceback \(most recent call last\)": "a traceback",
    r"\?\?": "an unresolved reference",
    r"\{(cite|ref|numref|eq|doc|term)(:\w+)?\}`": "a raw role",
    r"^:::|^```": "a raw directive",
    r"\\(frac|partial|sum|bar|dot)\b": "raw mathematics",
}
# chapters show code, and code may hold anything: only the text around it is scanned
PROSE = """() => {
  const copy = (document.querySelector("article") ?? document.body).cloneNode(true);
  copy.querySelectorAll("pre, code, script, mjx-container").forEach((node) => node.remove());
  return copy.textContent;
}"""
WIDE = """() => {
  const width = document.documentElement.clientWidth;
  return document.documentElement.scrollWidth > width
    ? [...document.querySelectorAll("article *")]
        .filter((node) => node.getBoundingClientRect().right > width + 1)
        .slice(0, 3)
        .map((node) => node.outerHTML.slice(0, 80))
        .concat("the page scrolls sideways")
    : [];
}"""
UNSEEN = """() =>
  [...document.querySelectorAll(".cell_output .output, .dl-figure svg, .dl-claim, .dl-table")]
  .filter((node) => !node.closest("details:not([open])"))
  .filter((node) => { const box = node.getBoundingClientRect(); return !box.width || !box.height; })
  .map((node) => "not to be seen: " + node.outerHTML.slice(0, 80))"""
UNNAMED = """() => [...document.querySelectorAll("article img, article svg")]
  .filter((node) => !node.closest("mjx-container, button, a, .dl-sign"))
  .filter((node) => {
    const words = node.getAttribute("alt") ?? node.getAttribute("aria-label") ?? "";
    return words.trim().split(/\\s+/).length < 3;
  })
  .map((node) => "a figure without words: " + node.outerHTML.slice(0, 80))"""


def from_elsewhere(asked: list[str]) -> list[str]:
    """Requests that leave the book."""
    return [f"asks {url}" for url in asked if not url.startswith(("file:", "data:", "blob:"))]


def in_the_text(page) -> list[str]:
    """Tracebacks, raw markup and unresolved references."""
    text = page.evaluate(PROSE)
    return [
        f"{name}: {found[0]}"
        for pattern, name in SCANNED.items()
        for found in re.finditer(pattern, text, re.MULTILINE)
    ]


def in_mathematics(page) -> list[str]:
    """Formulas that were not set, or set with an error."""
    unset = page.locator(".math:not(:has(mjx-container))").count()
    unset += page.locator("math:not(mjx-container math)").count()
    errors = page.locator("mjx-merror").all_inner_texts()
    return [f"{unset} formulas are not set"] * bool(unset) + [f"mathematics: {e}" for e in errors]


def sideways(page) -> list[str]:
    """What makes the page wider than the window."""
    return page.evaluate(WIDE)


def unseen(page) -> list[str]:
    """Outputs and figures that take no room on the page."""
    return page.evaluate(UNSEEN)


def unnamed(page) -> list[str]:
    """Figures without alternative text."""
    return page.evaluate(UNNAMED)


def barriers(page) -> list[str]:
    """What axe finds against WCAG 2.2 AA, and headings out of order."""
    return violations(page, {"runOnly": LEVELS, "rules": {"heading-order": {"enabled": True}}})


def faint(page) -> list[str]:
    """What axe finds of colors alone: all else is the same in both themes."""
    return violations(page, {"runOnly": ["color-contrast", "link-in-text-block"]})


def violations(page, options: dict) -> list[str]:
    """A page has 25,000 nodes: axe is spared the list of those that pass."""
    found = Axe().run(page, options=options | {"resultTypes": ["violations"]})
    return [
        f"{v['id']}: {node['html'][:150]} {node['failureSummary'][:300]}"
        for v in found.response["violations"]
        for node in v["nodes"][:3]
    ]


def weight(path: Path, asked: list[str]) -> dict[str, int]:
    """Bytes, gzip, of a page and what it loads: "page" without figures, and "mathematics"."""
    bytes_of = {"page": packed(without_figures(path.read_text()).encode()), "mathematics": 0}
    for url in set(asked):
        file = Path(unquote(urlparse(url).path))
        # the data of interactive figures has a budget of its own, and `explore` keeps it
        if url.startswith("file:") and file != path.resolve() and file.parent.name != "figures":
            kind = "mathematics" if "mathjax" in file.parts else "page"
            bytes_of[kind] += packed(file.read_bytes())
    return bytes_of


def without_figures(html: str) -> str:
    """A page's HTML less its drawings and their data."""
    html = re.sub(r"<svg.*?</svg>", "", html, flags=re.DOTALL)
    return re.sub(r'<script type="application/json">.*?</script>', "", html, flags=re.DOTALL)


def packed(content: bytes) -> int:
    return len(gzip.compress(content))
