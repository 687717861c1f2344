"""The numbers of a simple figure can be read, and those of a crowded one are left to the eye."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from dlbook_utils.figure_tables import MOST_POINTS, data_tables


@pytest.fixture
def axes():
    fig, ax = plt.subplots()
    ax.set(xlabel="steps", ylabel="loss")
    yield fig, ax
    plt.close(fig)


def test_lines_become_columns(axes):
    fig, ax = axes
    ax.plot([1, 2], [0.5, 0.25], label="ours")
    ax.plot([1, 2], [0.123456, 3e-7], label="$y^{2}$")
    ax.axhline(0)
    html = data_tables(fig)
    assert html.startswith("<details")
    for cell in ("steps", "loss", "ours", "y^2", "0.25", "0.1235", "3e-07"):
        assert f">{cell}<" in html
    assert html.count("<tr>") == 3


def test_bars_become_rows_named_by_their_ticks(axes):
    fig, ax = axes
    ax.bar(["SGD", "Adam"], [1, 2])
    html = data_tables(fig)
    assert ">SGD</td><td" in html
    assert ">2</td>" in html


def test_lines_over_different_x_have_no_common_table(axes):
    fig, ax = axes
    ax.plot([1, 2], [0, 1], label="a")
    ax.plot([1, 3], [0, 1], label="b")
    assert data_tables(fig) == ""


def test_a_crowded_figure_has_no_table(axes):
    fig, ax = axes
    ax.plot(np.arange(MOST_POINTS + 1), np.arange(MOST_POINTS + 1), label="a")
    assert data_tables(fig) == ""


def test_a_picture_has_no_table(axes):
    fig, ax = axes
    ax.imshow(np.eye(3))
    assert data_tables(fig) == ""
