"""What a script computes in the page is what its twin in Python draws."""

import itertools
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from node import results

from dlbook_utils.bias_correction import draw_bias_correction
from dlbook_utils.difference_errors import FUNCTIONS, draw_difference_errors
from dlbook_utils.figures import svg
from dlbook_utils.interactive import SCRIPTS, computed
from dlbook_utils.schedule_designer import KINDS, draw_schedule
from dlbook_utils.trajectories import LANDSCAPES, OPTIMIZERS, draw_trajectory

TESTS = Path(__file__).parent
pytestmark = pytest.mark.usefixtures("book_style")

TWINS = {
    "bias_correction": (
        draw_bias_correction,
        {
            "t": [1, 12, 3000],
            "beta1": [0.0, 0.9, 0.99],
            "beta2": [0.9, 0.99, 0.9999],
        },
    ),
    "difference_errors": (
        draw_difference_errors,
        {"function": list(FUNCTIONS), "x": [0.3, 0.7, 1.1, 3.0], "halvings": list(range(2, 52, 7))},
    ),
    "schedule_designer": (
        draw_schedule,
        {
            "schedule": KINDS,
            "warmup": [0, 5, 30],
            "peak": [0.1, 1.0],
            "final": [0.0, 0.1],
        },
    ),
    "trajectories": (
        draw_trajectory,
        {
            "landscape": list(LANDSCAPES),
            "optimizer": list(OPTIMIZERS),
            "lr": [0.01, 0.1, 1],
            "momentum": [0.0, 0.9],
            "steps": [100],
            "beta2": [0.95],
        },
    ),
}


def test_every_script_has_a_twin():
    workbenches = {file.stem for file in SCRIPTS.glob("*.js") if "build(" in file.read_text()}
    assert {file.stem for file in SCRIPTS.glob("*.js")} == set(TWINS) | workbenches
    for name in workbenches:
        assert "results(" in (TESTS / f"test_{name}.py").read_text(), "compute is tested there"


@pytest.mark.parametrize("name", TWINS)
def test_a_script_draws_what_its_twin_draws(name):
    draw, values = TWINS[name]
    states = [dict(zip(values, s, strict=True)) for s in itertools.product(*values.values())]
    for state, got in zip(states, results(name, [[s] for s in states]), strict=True):
        fig, sentence = draw(**state)
        lines = fig.axes[0].lines
        assert got["sentence"] == sentence
        assert len(got["curves"]) == len(lines)
        for curve, line in zip(got["curves"], lines, strict=True):
            np.testing.assert_allclose(curve, line.get_data(), rtol=1e-6)
        plt.close(fig)


def test_a_curve_is_put_where_the_drawing_has_it():
    fig, sentence = draw_difference_errors("x³", 0.7, 20)
    data = computed(fig, "difference_errors")
    line = fig.axes[0].lines[0]
    drawn = re.search(r'id="[\w-]+-curve-0">\s*<path d="M ([\d.]+) ([\d.]+)', svg(fig, sentence))
    for value, way, place in zip(line.get_xydata()[0], "xy", drawn.groups(), strict=True):
        at = data[way]["start"] + data[way]["slope"] * np.log10(value)
        assert at == pytest.approx(float(place), abs=0.05)
