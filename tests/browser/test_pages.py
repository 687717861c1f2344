"""Every built page works offline, reads well, and stands in nobody's way."""

import page_faults
from conftest import HTML

KB = 1000
MOST = 250 * KB  # of a page, gzip, without its figures
SEARCH = 600 * KB  # its index grows with the book, and only those who search load it


def test_the_book_was_built():
    assert (HTML / "index.html").exists(), "make book builds the pages that these tests open"


def test_a_page_is_whole_light_and_open_to_everybody_at_any_width(open_page, path):
    page, asked, complaints = open_page(path)  # loaded once: the mathematics takes its time
    assert page_faults.from_elsewhere(asked) + complaints == []
    assert page_faults.in_mathematics(page) + page_faults.unseen(page) == []
    assert page_faults.unnamed(page) + page_faults.in_the_text(page) == []
    assert page_faults.barriers(page) == []
    weight = page_faults.weight(path, asked)
    assert weight["page"] <= (SEARCH if path.name == "search.html" else MOST)
    assert sum(weight.values()) <= 600 * KB
    for width in (390, 360, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert page_faults.sideways(page) == [], width


def test_a_dark_page_is_whole_and_has_contrast(open_page, path):
    page, _, complaints = open_page(path, theme="dark")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert complaints + page_faults.unseen(page) + page_faults.faint(page) == []


def test_a_browser_refuses_what_would_come_from_elsewhere(open_page):
    page, _, complaints = open_page(HTML / "index.html")
    page.evaluate("document.body.append(new Image()), document.images[0].src = 'http://a.example'")
    page.wait_for_timeout(200)
    assert any("Content Security Policy" in complaint for complaint in complaints)
