"""Interactive figures keep every state, small, for a page without a kernel."""

import gzip
import json

import figure_data
import ipywidgets
import numpy as np
import pytest
from drawings import a_line
from traitlets import TraitError

from dlbook_utils import interactive
from dlbook_utils.figures import name_for, svg
from dlbook_utils.interactive import control, explore, page_html, player_for, stored, workbench

pytestmark = pytest.mark.usefixtures("book_style")


def frames_of(data):
    """The frames and sentences as the script in the page puts them together."""
    frames = ["\n".join(data["lines"][n] for n in numbers) for numbers in data["frames"]]
    return frames, data["sentences"]


def test_each_state_is_stored_as_it_was_drawn():
    slopes = [0.5, 1.0, 2.0]
    frames, sentences = frames_of(stored(a_line, "Lines", {"slope": slopes}))
    name = name_for("Lines")
    assert frames == [svg(*a_line(slope), name) for slope in slopes]
    assert sentences == [a_line(slope)[1] for slope in slopes]


def test_the_last_parameter_runs_fastest():
    def draw(slope, kind):
        return a_line(slope)[0], f"A line of slope {slope}, drawn in {kind}."

    data = stored(draw, "Lines", {"slope": [1, 2], "kind": ["ink", "chalk"]})
    says = [(1, "ink"), (1, "chalk"), (2, "ink"), (2, "chalk")]
    assert frames_of(data)[1] == [f"A line of slope {s}, drawn in {k}." for s, k in says]


def test_what_frames_share_is_stored_once():
    def kb(n):
        data = stored(a_line, "Lines", {"slope": list(np.linspace(0.5, 2, n))})
        return len(gzip.compress(json.dumps(data).encode()))

    alone = len(gzip.compress(svg(*a_line()).encode()))
    assert kb(21) - kb(1) < 20 * 0.3 * alone


def test_a_figure_over_its_budget_is_refused(monkeypatch):
    monkeypatch.setitem(interactive.BUDGET_KB, "dl-explore", 1)
    with pytest.raises(ValueError, match="KB of 1"):
        page_html(*a_line(), "Lines", stored(a_line, "Lines", {"slope": [1, 2]}))


def test_nothing_in_the_data_can_end_its_script():
    html = page_html(*a_line(), "Lines", {"sentences": ["</script><b>"]})
    assert html.count("</script>") == 1
    assert "\\u003c/script>\\u003cb>" in html


def test_only_a_parameter_can_be_played():
    with pytest.raises(ValueError, match="'time' is not one of slope"):
        explore(a_line, caption="Lines", play="time", slope=[1, 2])


def test_a_range_goes_up():
    with pytest.raises(ValueError, match="the values of slope as a list"):
        explore(a_line, caption="Lines", slope=range(3, 0, -1))


def test_the_book_stores_and_a_kernel_draws_anew(monkeypatch):
    shown = []
    monkeypatch.setattr(interactive, "display", lambda what, **_: shown.append(what))
    explore(a_line, caption="Lines", slope=[1, 2])
    monkeypatch.setenv("DLBOOK_BUILD", "1")
    explore(a_line, caption="Lines", slope=[1, 2])
    live, built = shown[-2:]
    assert type(live).__module__.startswith("ipywidgets")
    assert "dl-explore" in built["text/html"]


@pytest.mark.parametrize(
    ("options", "kind", "another", "allowed"),
    [
        (range(1, 8), "IntSlider", 5, True),
        ([0.1, 0.5, 2.0], "FloatSlider", 0.3, True),
        ([1, 2, 3, 6], "SelectionSlider", 4, False),
        (["sine", "cosine"], "Dropdown", "tangent", False),
    ],
)
def test_in_a_kernel_a_parameter_takes_what_makes_sense(options, kind, another, allowed):
    widget = control(ipywidgets, "k", options)
    assert type(widget).__name__ == kind
    assert widget.value == list(options)[0]
    if allowed:
        widget.value = another
        assert widget.value == pytest.approx(another, abs=0.02)
    else:
        with pytest.raises(TraitError):
            widget.value = another


@pytest.mark.parametrize(("options", "moved"), [(range(2, 9, 3), "value"), ([1, 2, 6], "index")])
def test_a_kernel_plays_through_all_values(options, moved):
    slider = control(ipywidgets, "k", options)
    player = player_for(ipywidgets, slider)
    ends = (2, 8, 3) if moved == "value" else (0, 2, 1)
    assert (player.min, player.max, player.step) == ends


def test_a_workbench_brings_its_script_and_its_data(monkeypatch, tmp_path):
    script = "({ compute: (data, input) => 0, build: (root) => root.append('</script>') })"
    (tmp_path / "bench.js").write_text(script)
    monkeypatch.setattr(interactive, "SCRIPTS", tmp_path)
    shown = []
    monkeypatch.setattr(interactive, "display", lambda what, **_: shown.append(what))
    workbench(a_line, "Lines", "bench", {"weights": [1, 2]}, slope=[1, 2])
    monkeypatch.setenv("DLBOOK_BUILD", "1")
    workbench(a_line, "Lines", "bench", {"weights": [1, 2]}, slope=[1, 2])
    live, built = shown
    assert type(live).__module__.startswith("ipywidgets")
    html = built["text/html"]
    assert 'class="dl-workbench"' in html
    assert html.count("<svg") == html.count("</script>") == 1
    [data] = figure_data.DATA.findall(html)
    assert json.loads(data) == {"data": {"weights": [1, 2]}, "script": script}
