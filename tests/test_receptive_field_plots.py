import matplotlib.pyplot as plt
import numpy as np
import pytest

from dlbook_utils.receptive_field_plots import draw_field, draw_map, units_read


@pytest.mark.parametrize(
    ("chain", "width", "read"),
    [
        ([(1, 1)] * 5, 11, 11),
        ([(2, 1)] * 3, 15, 15),
        ([(1, 1), (1, 2), (1, 4)], 15, 15),
        ([(1, 2)] * 3, 13, 7),
    ],
)
def test_the_pyramid_has_the_field_of_the_recursion(chain, width, read):
    inputs = units_read(chain)[-1]
    assert max(inputs) - min(inputs) + 1 == width
    assert len(inputs) == read


def test_the_sentence_says_what_is_drawn():
    fig, sentence = draw_field("stride 2 in every layer", 2)
    assert "7 inputs wide" in sentence
    assert "4 inputs apart" in sentence
    plt.close(fig)


def test_a_map_keeps_its_middle():
    field = np.zeros((5, 5))
    field[2, 2] = 1
    fig = draw_map(field, 31)
    assert np.argwhere(fig.axes[0].images[0].get_array()).tolist() == [[15, 15]]
    plt.close(fig)
