"""A workbench builds itself in the page, is open to everybody, and says what it shows."""

import page_faults
import pytest
from conftest import HTML

PAGES = [p for p in sorted(HTML.glob("chapters/*.html")) if 'class="dl-workbench"' in p.read_text()]


@pytest.fixture(params=PAGES, ids=[page.stem for page in PAGES])
def bench(open_page, request):
    """open(theme) -> the page and its workbench, scrolled to and built."""

    def open_(theme: str = "light"):
        page, _, complaints = open_page(request.param, theme=theme, mathematics=False)
        figure = page.locator(".dl-workbench").first
        figure.scroll_into_view_if_needed()
        figure.locator(".dl-bench label").first.wait_for()
        assert complaints == []
        return page, figure

    return open_


def test_the_keyboard_moves_a_workbench_and_words_follow(bench):
    _, figure = bench()
    says = figure.locator(".dl-says")
    before = says.inner_text()
    figure.locator("select").first.press("ArrowDown")
    assert says.inner_text() != before
    assert says.get_attribute("aria-live") == "polite"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_workbench_is_open_to_everybody(bench, theme):
    page, _ = bench(theme)
    assert page_faults.barriers(page) == []
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert page_faults.sideways(page) == [], width
