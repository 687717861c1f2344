"""Figures follow the theme, have words, and are small."""

import re
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from drawings import a_line

from dlbook_utils.figures import COLORS, GRID, INK, PAPER, show, svg
from dlbook_utils.plotting import plot_band

pytestmark = pytest.mark.usefixtures("book_style")

ALT = "A straight line rises from zero to one."
CSS = Path(__file__).parents[1] / "_static" / "book.css"


@pytest.mark.parametrize("alt", ["", "line", "figure_1.png"])
def test_a_figure_without_words_is_refused(alt):
    with pytest.raises(ValueError, match="says in words"):
        show(a_line()[0], alt=alt)


def test_a_figure_has_its_words_as_its_name():
    assert 'role="img" aria-label="It&#x27;s 5 &lt; 6 &amp; more words."' in svg(
        a_line()[0], "It's 5 < 6 & more words."
    )


def test_no_color_of_the_book_is_left_fixed():
    source = svg(a_line()[0], ALT)
    for color in [INK, PAPER, GRID, *COLORS.values()]:
        assert not re.search(rf"(?<!, ){color}", source), color
    assert "currentColor" in source
    assert "var(--dl-blue, " in source


def test_black_is_the_color_of_the_pages_text():
    fig, ax = plt.subplots()
    ax.boxplot([1.0, 2.0, 4.0])
    ax.plot([1, 2], [1, 2], "k--")
    assert "#000" not in svg(fig, "a box, its whiskers and a dashed line")


def test_text_stays_text_and_keeps_its_digits():
    source = svg(a_line()[0], ALT)
    assert ">time in s</text>" in source
    assert ">0.123456</text>" in source
    assert "DejaVu" not in source


def test_nothing_in_a_figure_reaches_the_rest_of_the_page():
    source = svg(a_line()[0], ALT)
    assert "<style" not in source
    ids, used = re.findall(r' id="([^"]*)"', source), re.findall(r"#(figure-[\w-]+)", source)
    assert set(ids) == set(used) != set()


def test_two_figures_of_a_page_share_no_ids():
    one, other = (svg(a_line()[0], f"A straight line, seen for the {n} time.") for n in "12")
    assert not set(re.findall(r' id="([^"]*)"', one)) & set(re.findall(r' id="([^"]*)"', other))


def test_a_line_through_nothing_leaves_no_empty_path():
    fig, ax = plt.subplots()
    ax.plot([0, 1], [np.nan, np.nan])
    paths = re.findall(r"<path[^>]*>", svg(fig, "a line whose values are not numbers"))
    assert len(paths) > 5
    assert all(" d=" in path for path in paths)


def test_the_same_figure_gives_the_same_bytes():
    assert svg(a_line()[0], ALT) == svg(a_line()[0], ALT)


def test_drawing_leaves_the_readers_settings_alone():
    before = dict(matplotlib.rcParams)
    svg(a_line()[0], ALT)
    assert dict(matplotlib.rcParams) == before


def test_a_shown_figure_is_closed():
    fig, _ = a_line()
    svg(fig, ALT)
    assert not plt.fignum_exists(fig.number)


def luminance(color):
    """WCAG 2.2, relative luminance of "#rrggbb"."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one, other):
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def theme(name):
    """The colors that the style sheet gives a theme: name -> "#rrggbb"."""
    block = re.search(rf'data-theme="{name}"\] {{(.*?)}}', CSS.read_text(), re.DOTALL)[1]
    return dict(re.findall(r"--dl-(\w+): (#\w{6})", block))


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "wash"])
def test_words_and_marks_in_a_color_can_be_read_in_both_themes(name, ground):
    colors = theme(name)
    for color in [*COLORS, "quiet"]:
        assert contrast(colors[color], colors[ground]) >= 4.5, color


def test_a_faint_color_is_noticed():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#bbbbbb", "#ffffff") < 3


def test_the_style_sheet_says_of_the_light_theme_what_figures_assume():
    light = theme("light")
    assert {name: light[name] for name in COLORS} == COLORS
    assert (light["paper"], light["grid"]) == (PAPER, GRID)


def test_a_band_shows_the_whole_range_and_the_median():
    _, ax = plt.subplots()
    runs = [[0, 1], [1, 2], [5, 9]]
    assert plot_band(ax, [0, 1], runs, label="runs") is ax
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [1, 2])
    [band] = ax.collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (0, 9)


def test_runs_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"must be \(seeds, 2\)"):
        plot_band(plt.subplots()[1], [0, 1], [[0, 1, 2]], label="runs")
