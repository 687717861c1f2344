"""What the pictures of graphs and memory show."""

import matplotlib
import matplotlib.pyplot as plt
import pytest
import torch

matplotlib.use("Agg")

from dlbook_utils.memory_plots import (
    backward_edges,
    depths,
    plot_backward_graph,
    plot_lifetimes,
    plot_memory,
)


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield ax
    plt.close(fig)


def a_loss():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    h = w.tanh()
    return w, (h * h).sum()


def test_an_edge_taken_twice_is_listed_twice():
    _, loss = a_loss()
    names = [(a.name(), b.name()) for a, b in backward_edges(loss.grad_fn)]
    assert names.count(("MulBackward0", "TanhBackward0")) == 2
    assert len(names) == 4


def test_a_node_stands_left_of_all_that_use_it():
    w = torch.tensor(1.0, requires_grad=True)
    root = (w * w.sin().exp()).grad_fn  # w is used at two depths
    depth = depths(root, backward_edges(root))
    assert all(depth[a] < depth[b] for a, b in backward_edges(root))


def test_the_graph_is_drawn_with_the_names_of_its_leaves(ax):
    w, loss = a_loss()
    assert plot_backward_graph(loss.grad_fn, {w: "w"}, ax=ax) is ax.figure
    labels = [text.get_text() for text in ax.texts if text.get_text()]
    assert sorted(labels) == ["Mul", "Sum", "Tanh", "w"]
    arrows = [text for text in ax.texts if not text.get_text()]
    assert len(arrows) == 4


def test_a_leaf_without_a_name_is_called_a_leaf(ax):
    _, loss = a_loss()
    plot_backward_graph(loss.grad_fn, ax=ax)
    assert "leaf" in [text.get_text() for text in ax.texts]


def test_a_bar_lasts_from_birth_to_last_use(ax):
    assert plot_lifetimes([(0, 5), (2, 3)], ax=ax) is ax
    first, second = ax.patches
    assert (first.get_x(), first.get_width()) == (-0.5, 6)
    assert (second.get_x(), second.get_width()) == (1.5, 2)


def test_memory_is_drawn_with_its_turn(ax):
    assert plot_memory(ax, [0, 2, 1], turn=2) is ax
    curve, line = ax.lines
    assert list(curve.get_ydata()) == [0, 2, 1]
    assert list(line.get_xdata()) == [2, 2]
