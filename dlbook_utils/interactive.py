"""Interactive figures: native controls in the built page, without a kernel; widgets in a live one.

Two ways to give the page its states, one call for both: `explore`. Either every state is drawn
when the chapter runs, and the page stores the drawings; or a small script computes the curves in
the page, and moves those of the first drawing. A script's twin in Python is the drawing function
itself: a test holds the two together.

`workbench` is for what has no list of states, such as a drawing of the reader's own: its script
makes the controls as well.
"""

import gzip
import itertools
import json
import math
import os
from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path

from IPython.display import display
from matplotlib.figure import Figure

from dlbook_utils.figures import name_for, show, svg

# of one interactive figure, gzip; loaded when a reader comes near, and a tool may carry a model
BUDGET_KB = {"dl-explore": 150, "dl-workbench": 240}
SCRIPTS = Path(__file__).parent / "figure_scripts"

Draw = Callable[..., tuple[Figure, str]]
Values = dict[str, list]


def explore(
    draw: Draw,
    caption: str,
    play: str | None = None,
    script: str | None = None,
    **values: Iterable,
) -> None:
    """Show a figure of parameters that the reader sets.

    `draw(**state)` returns a figure and one sentence that says what this state shows; all its
    figures must have one size. `values` names each parameter and the values it may take. `play`
    names the parameter that is time: it gets buttons that step and play. `script` names a file of
    `figure_scripts` that computes in the page what `draw` draws; without it, all states are stored.
    In a live kernel widgets call `draw` anew, and there a list of floats stands for all that lies
    between its least and its greatest.
    """
    if play is not None and play not in values:
        raise ValueError(f"play names a parameter; {play!r} is not one of {', '.join(values)}")
    if down := [name for name, v in values.items() if isinstance(v, range) and v.step < 0]:
        raise ValueError(f"a range goes up; give the values of {down[0]} as a list")
    if os.environ.get("DLBOOK_BUILD") or not show_widgets(draw, values, play):
        values = {name: list(options) for name, options in values.items()}
        fig, sentence = draw(**next(states_of(values)))
        data = stored(draw, caption, values) if script is None else computed(fig, script)
        parameters = [{"name": name, "values": options} for name, options in values.items()]
        data = {"parameters": parameters, "play": play, **data}
        html = page_html(fig, sentence, caption, data)
        display({"text/html": html, "text/plain": f"Interactive figure: {caption}"}, raw=True)


def workbench(draw: Draw, caption: str, script: str, data: dict, **values: Iterable) -> None:
    """Show a figure that a script of `figure_scripts` replaces by a small tool of its own.

    The script is one object: `compute(data, input)` returns numbers and a `sentence`, and
    `build(root, tools)` fills an empty element with labeled controls, made with the tools of
    `explore.js`, and calls `tools.say(sentence)` after each change. A test holds `compute` to its
    twin in Python. `draw(**state)` gives what stands there without scripts, from the first of the
    `values`; in a live kernel widgets call it.
    """
    if os.environ.get("DLBOOK_BUILD") or not show_widgets(draw, values, None):
        fig, sentence = draw(**next(states_of(values)))
        source = (SCRIPTS / f"{script}.js").read_text()
        data = {"data": data, "script": source}
        html = page_html(fig, sentence, caption, data, kind="dl-workbench")
        display({"text/html": html, "text/plain": f"Interactive figure: {caption}"}, raw=True)


def page_html(
    fig: Figure, sentence: str, caption: str, data: dict, kind: str = "dl-explore"
) -> str:
    """The first state as a figure, and the data from which `explore.js` makes the others."""
    name = name_for(caption)
    # "<" as an escape, so that nothing in the data can end the script element
    packed = json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    html = (
        f'<figure class="{kind}" id="{name}"><div class="dl-controls"></div>'
        f'<div class="dl-figure" tabindex="0">{svg(fig, sentence, name)}</div>'
        f'<p class="dl-says" aria-live="polite">{escape(sentence)}</p>'
        f"<figcaption>{escape(caption)}</figcaption>"
        f'<script type="application/json">{packed}</script></figure>'
    )
    kb = len(gzip.compress(html.encode())) / 1000
    if kb > BUDGET_KB[kind]:
        raise ValueError(
            f"the interactive figure weighs {kb:.0f} KB of {BUDGET_KB[kind]}: {caption}"
        )
    return html


def states_of(values: Values) -> Iterable[dict]:
    """Every combination of values, the last parameter fastest."""
    return (dict(zip(values, state, strict=True)) for state in itertools.product(*values.values()))


def stored(draw: Draw, caption: str, values: Values) -> dict:
    """Every state as a frame: a list of line numbers, so that shared lines are stored once."""
    lines: dict[str, int] = {}
    frames, sentences = [], []
    for state in states_of(values):
        fig, sentence = draw(**state)
        source = svg(fig, sentence, name_for(caption))
        frames.append([lines.setdefault(line, len(lines)) for line in source.split("\n")])
        sentences.append(sentence)
    return {"lines": list(lines), "frames": frames, "sentences": sentences}


def computed(fig: Figure, script: str) -> dict:
    """The script's source, and where its curves lie in the drawing.

    The curves are the lines of the figure's only axes, in order; the script gives them anew.
    """
    [ax] = fig.axes
    for n, line in enumerate(ax.lines):
        line.set_gid(f"curve-{n}")
    fig.set_dpi(72)  # SVG counts in points
    fig.canvas.draw()  # only now does the layout say where the axes are
    fig.set_layout_engine("none")  # and there they stay
    height = fig.bbox.height
    (left, bottom), (right, top) = ax.transAxes.transform([(0, 0), (1, 1)])
    return {
        "script": (SCRIPTS / f"{script}.js").read_text(),
        "x": scale(ax.get_xlim(), ax.get_xscale(), (left, right)),
        "y": scale(ax.get_ylim(), ax.get_yscale(), (height - bottom, height - top)),
    }


def scale(limits: tuple[float, float], kind: str, places: tuple[float, float]) -> dict:
    """How a value becomes a place: start + slope * value, or * log10(value)."""
    low, high = map(math.log10, limits) if kind == "log" else limits
    slope = (places[1] - places[0]) / (high - low)
    return {"log": kind == "log", "start": places[0] - slope * low, "slope": slope}


def show_widgets(draw: Draw, values: dict[str, Iterable], play: str | None) -> bool:
    """Show live controls; False where ipywidgets is not installed."""
    try:
        import ipywidgets as widgets
    except ModuleNotFoundError:
        return False

    def redraw(**state):
        fig, sentence = draw(**state)
        show(fig, alt=sentence)
        print(sentence)

    controls = {name: control(widgets, name, options) for name, options in values.items()}
    extras = []
    if play is not None:
        extras = [player_for(widgets, controls[play])]
    output = widgets.interactive_output(redraw, controls)
    display(widgets.VBox([widgets.HBox([*controls.values(), *extras]), output]))
    return True


def control(widgets, name: str, options: Iterable):
    """A menu for words, a slider for a range or for all between floats, else for these values."""
    how = {"description": name, "continuous_update": False}
    if isinstance(options, range):
        ends = {"min": options[0], "max": options[-1], "step": options.step}
        return widgets.IntSlider(value=options[0], **ends, **how)
    options = list(options)
    if isinstance(options[0], str):
        return widgets.Dropdown(options=options, description=name)
    if all(isinstance(value, float) for value in options):
        low, high = min(options), max(options)
        ends = {"min": low, "max": high, "step": (high - low) / 100}
        return widgets.FloatSlider(value=options[0], **ends, **how)
    return widgets.SelectionSlider(options=options, **how)


def player_for(widgets, slider):
    """A button that moves a slider through its values."""
    if hasattr(slider, "index"):
        player, moved = widgets.Play(min=0, max=len(slider.options) - 1, interval=700), "index"
    else:
        ends = {"min": slider.min, "max": slider.max, "step": slider.step}
        player, moved = widgets.Play(value=slider.min, **ends, interval=700), "value"
    widgets.jslink((player, "value"), (slider, moved))
    return player
