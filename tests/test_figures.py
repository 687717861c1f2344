"""Figures follow the theme, have words, and are small."""

import gzip
import json
import re
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from dlbook_utils import figures
from dlbook_utils.figures import COLORS, GRID, INK, PAPER, STYLE, explore, show, stored, svg
from dlbook_utils.plotting import plot_band

ALT = "A straight line rises from zero to one."
CSS = Path(__file__).parents[1] / "_static" / "book.css"


@pytest.fixture(autouse=True)
def _book_style():
    with plt.rc_context(STYLE):
        yield
    plt.close("all")


def a_line(slope=1.0, height=2):
    fig, ax = plt.subplots(figsize=(4, height))
    ax.plot([0, 1], [0, slope], label="0.123456")
    ax.set(xlabel="time in s", ylim=(0, 3))
    ax.legend()
    return fig, f"A straight line rises from zero to {slope}."


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


def frames_of(html):
    """The frames and sentences as the script in the page puts them together."""
    data = json.loads(re.search(r'application/json">(.*)</script>', html, re.DOTALL)[1])
    frames = ["\n".join(data["lines"][n] for n in numbers) for numbers in data["frames"]]
    return frames, data["sentences"]


def test_each_state_is_stored_as_it_was_drawn():
    slopes = [0.5, 1.0, 2.0]
    frames, sentences = frames_of(stored(a_line, "Lines", {"slope": slopes}, None))
    name = figures.name_for("Lines")
    assert frames == [svg(*a_line(slope), name) for slope in slopes]
    assert sentences == [a_line(slope)[1] for slope in slopes]


def test_the_last_parameter_runs_fastest():
    def draw(slope, kind):
        return a_line(slope)[0], f"A line of slope {slope}, drawn in {kind}."

    html = stored(draw, "Lines", {"slope": [1, 2], "kind": ["ink", "chalk"]}, None)
    says = [(1, "ink"), (1, "chalk"), (2, "ink"), (2, "chalk")]
    assert frames_of(html)[1] == [f"A line of slope {s}, drawn in {k}." for s, k in says]


def test_what_frames_share_is_stored_once():
    def kb(n):
        html = stored(a_line, "Lines", {"slope": list(np.linspace(0.5, 2, n))}, None)
        return len(gzip.compress(html.encode()))

    alone = len(gzip.compress(svg(*a_line()).encode()))
    assert kb(21) - kb(1) < 20 * 0.3 * alone


def test_a_figure_over_its_budget_is_refused(monkeypatch):
    monkeypatch.setattr(figures, "BUDGET_KB", 1)
    with pytest.raises(ValueError, match="KB of 1"):
        stored(a_line, "Lines", {"slope": [1, 2]}, None)


def test_only_a_parameter_can_be_played():
    with pytest.raises(ValueError, match="'time' is not one of slope"):
        explore(a_line, caption="Lines", play="time", slope=[1, 2])


def test_the_book_stores_and_a_kernel_draws_anew(monkeypatch):
    shown = []
    monkeypatch.setattr(figures, "display", lambda what, **_: shown.append(what))
    explore(a_line, caption="Lines", slope=[1, 2])
    monkeypatch.setenv("DLBOOK_BUILD", "1")
    explore(a_line, caption="Lines", slope=[1, 2])
    live, built = shown[-2:]
    assert type(live).__module__.startswith("ipywidgets")
    assert "dl-explore" in built["text/html"]


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
