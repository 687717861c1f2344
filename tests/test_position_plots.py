"""Drawings of the losses at each place."""

import matplotlib.pyplot as plt
import numpy as np
from numpy.testing import assert_allclose

from dlbook_utils.position_plots import draw_rescue, draw_scheme, running_means

LOSSES = np.tile(np.linspace(1.0, 2.0, 128), (3, 1)).tolist()
TASK = {"schemes": {"RoPE": {"losses": LOSSES}}, "best": [0.7] * 128}
TASK |= {kind: {"by parts": LOSSES} for kind in ("rescues", "rescues, then tuned")}
RESULT = {"trained": 32, "tasks": {"echoes": TASK, "prose": {**TASK, "best": None}}}
del RESULT["tasks"]["prose"]["best"]


def test_a_straight_line_stays_straight():
    assert_allclose(running_means(np.arange(20.0), 5), np.arange(2.0, 18.0))


def test_the_sentence_says_the_losses_and_the_floor():
    fig, sentence = draw_scheme("RoPE", "echoes", RESULT)
    assert "RoPE: 1.19 nats per token" in sentence
    assert "best possible there is 0.70" in sentence
    plt.close(fig)


def test_a_task_without_a_floor_names_none():
    fig, sentence = draw_rescue("by parts", "prose", "none", RESULT)
    assert "no further training: 1.19 nats per byte" in sentence
    assert "best possible" not in sentence
    plt.close(fig)
