"""Each check of a page is shown the fault that it must see."""

import os
from pathlib import Path

import conftest
import page_faults
import pytest

GOOD = """<!doctype html><html lang="en" data-theme="light"><head><title>A page</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body style="margin: 0"><main><article><h1>A page</h1>{}</article></main></body></html>"""
FIGURE = '<div class="dl-figure"><svg role="img" aria-label="{}" width="9" height="9"/></div>'


@pytest.fixture
def page_with(open_page, tmp_path):
    def write(body: str, width: int = 360):
        path = tmp_path / "page.html"
        path.write_text(GOOD.format(body))
        return open_page(path, width=width)

    return write


def all_faults(page, asked, complaints):
    checks = ["in_mathematics", "unseen", "unnamed", "in_the_text", "sideways", "barriers"]
    found = page_faults.from_elsewhere(asked) + complaints
    return found + [fault for name in checks for fault in getattr(page_faults, name)(page)]


def test_a_good_page_has_no_faults(page_with):
    assert all_faults(*page_with("<p>Text</p>" + FIGURE.format("A line that rises"))) == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('<script src="https://cdn.example/a.js"></script>', "asks https://cdn.example"),
        ('<img src="http://img.example/a.png" alt="one two three">', "asks http://img"),
        ("<script>nothing_of_this_name()</script>", "nothing_of_this_name"),
        ("<script>console.error('a complaint')</script>", "a complaint"),
        ('<span class="math">\\(x^2\\)</span>', "not set"),
        ("<math><mi>x</mi></math>", "not set"),
        ('<div class="cell_output"><div class="output"></div></div>', "not to be seen"),
        (FIGURE.format(""), "without words"),
        ('<img src="data:," alt="figure_1.png" width="9" height="9">', "without words"),
        ("<p>Traceback (most recent call last):</p>", "a traceback"),
        ("<p>see {cite}`somebody2020`</p>", "a raw role"),
        ("<p>as equation ?? says</p>", "an unresolved reference"),
        ("<p>where \\frac{a}{b} is small</p>", "raw mathematics"),
        ("<pre>:::</pre><p>\n:::{note}</p>", "a raw directive"),
        ('<div style="width: 999px">wide</div>', "sideways"),
        ('<p style="color: #bbb">faint</p>', "color-contrast"),
        ("<button></button>", "button-name"),
        ("<h4>Too deep</h4>", "heading-order"),
    ],
)
def test_a_fault_is_seen(page_with, body, says):
    assert says in " | ".join(all_faults(*page_with(body)))


def test_faint_text_is_seen_without_the_other_rules(page_with):
    page, *_ = page_with('<p style="color: #bbb">faint</p><button></button>')
    assert [fault.split(":")[0] for fault in page_faults.faint(page)] == ["color-contrast"]


def test_what_a_page_loads_is_weighed(open_page, tmp_path):
    (tmp_path / "mathjax").mkdir()
    (tmp_path / "mathjax" / "m.js").write_bytes(os.urandom(2000).hex().encode())
    (tmp_path / "a.js").write_bytes(os.urandom(3000).hex().encode())
    path = tmp_path / "page.html"
    drawing = FIGURE.format("A line").replace("/>", ">" + os.urandom(9000).hex() + "</svg>")
    scripts = '<script src="a.js"></script><script src="mathjax/m.js"></script>'
    path.write_text(GOOD.format(scripts + drawing))
    weight = page_faults.weight(path, open_page(path)[1])
    assert 3000 < weight["page"] < 5000
    assert 2000 < weight["mathematics"] < 3000


def test_without_a_browser_ci_fails_and_a_person_gets_a_hint(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install chromium"):
        conftest.without_browser()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="apt-get install chromium"):
        conftest.without_browser()


def test_the_browser_is_found_where_the_environment_says(monkeypatch):
    monkeypatch.setenv("CHROMIUM", "/a/browser")
    assert conftest.chromium() == "/a/browser"
    monkeypatch.delenv("CHROMIUM")
    monkeypatch.setattr(conftest.shutil, "which", lambda name: None)
    assert conftest.chromium() is None
    assert isinstance(conftest.HTML, Path)
