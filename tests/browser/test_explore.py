"""Interactive figures work without a kernel, by keyboard, in words."""

import pytest
from conftest import HTML

CHAPTERS = [
    p for p in sorted(HTML.glob("chapters/*.html")) if 'class="dl-explore"' in p.read_text()
]


@pytest.fixture(params=CHAPTERS, ids=[path.stem for path in CHAPTERS])
def chapter(open_page, request):
    """An opened chapter, and what it asked for."""
    page, asked, _ = open_page(request.param, mathematics=False)
    return page, asked


@pytest.fixture
def figure(chapter):
    """The first interactive figure of a chapter, scrolled to and loaded."""
    figure = chapter[0].locator(".dl-explore").first
    figure.scroll_into_view_if_needed()
    figure.locator("label").first.wait_for()
    return figure


def first_control(figure):
    """A slider or a list; the arrow keys move both."""
    return figure.locator("input[type=range], select").first


def test_every_chapter_has_an_interactive_figure():
    kinds = ('class="dl-explore"', 'class="dl-workbench"')
    for path in HTML.glob("chapters/*.html"):
        assert any(kind in path.read_text() for kind in kinds), path.stem


def test_a_page_loads_no_figures_data_before_it_is_near(chapter):
    page, asked = chapter
    figure = page.locator(".dl-explore").last
    address = figure.get_attribute("data-frames").removeprefix("../")
    assert not any(url.endswith(address) for url in asked)
    figure.scroll_into_view_if_needed()
    figure.locator("label").first.wait_for()
    assert any(url.endswith(address) for url in asked)


def test_a_state_can_be_linked_to(figure, open_page):
    first_control(figure).press("ArrowRight")
    says, link = figure.locator(".dl-says").inner_text(), figure.page.url
    assert "#figure-" in link
    other, *_ = open_page(HTML / "index.html", mathematics=False)
    other.goto(link)
    there = other.locator(f"[id='{figure.get_attribute('id')}']")
    there.locator("label").first.wait_for()
    assert there.locator(".dl-says").inner_text() == says
    assert there.bounding_box()["y"] < 900


def test_the_keyboard_moves_a_figure_and_words_follow(figure):
    control = first_control(figure)
    before = figure.locator(".dl-says").inner_text(), figure.locator("svg").inner_html()
    control.focus()
    control.press("ArrowRight")
    after = figure.locator(".dl-says").inner_text(), figure.locator("svg").inner_html()
    assert before[0] != after[0]
    assert before[1] != after[1]
    assert figure.locator("svg").get_attribute("aria-label") == after[0]
    if control.get_attribute("type") == "range":  # a list says its options itself
        assert control.get_attribute("aria-valuetext")
    # the first drawing may write its curves in other digits than the script that moves them
    control.press("ArrowLeft")
    back = figure.locator(".dl-says").inner_text(), figure.locator("svg").inner_html()
    assert back[0] == before[0]
    control.press("ArrowRight")
    control.press("ArrowLeft")
    assert (figure.locator(".dl-says").inner_text(), figure.locator("svg").inner_html()) == back


def test_time_can_be_stepped_and_played(figure):
    if not figure.get_by_role("button", name="Play").count():
        pytest.skip("no parameter of this figure is time")
    says = figure.locator(".dl-says")
    first = says.inner_text()
    figure.get_by_role("button", name="Next").click()
    second = says.inner_text()
    assert second != first
    figure.get_by_role("button", name="Back").click()
    assert says.inner_text() == first
    figure.get_by_role("button", name="Play").click()
    figure.page.wait_for_timeout(1200)
    assert says.inner_text() == second
    figure.get_by_role("button", name="Pause").click()


def test_words_are_announced(figure):
    assert figure.locator(".dl-says").get_attribute("aria-live") == "polite"
