"""Pictures of computational graphs."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pytest

from dlbook_utils.engine import Tensor
from dlbook_utils.graph_drawing import draw_graph, layout, levels, symbol


def leaf(value, name=""):
    return Tensor(value, requires_grad=True, name=name)


@pytest.fixture
def graph():
    """(x + y)(x - y), and its leaves."""
    x, y = leaf(3.0, "x"), leaf(2.0, "y")
    return (x + y) * (x - y), x, y


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield ax
    plt.close(fig)


def test_a_level_holds_nodes_that_do_not_need_each_other(graph):
    root, x, y = graph
    assert levels(root) == [[x, y], list(root.parents), [root]]


def test_every_arrow_points_to_the_right(graph):
    places, _ = layout(graph[0])
    for node in [graph[0], *graph[0].parents]:
        assert all(places[parent][0] < places[node][0] for parent in node.parents)


def test_no_two_nodes_share_a_place():
    x = leaf(1.0)
    root = ((x * x + x).exp() * x).sin() + x
    places, _ = layout(root)
    assert len(set(places.values())) == len(places)


def test_a_long_arrow_has_a_place_in_every_column_it_crosses():
    x = leaf(1.0, "x")
    root = x.exp().exp().exp() * x
    _, routes = layout(root)
    [long] = [route for route in routes if route[0] is x and route[-1] is root]
    assert len(long) == 5


def test_a_leaf_stands_just_before_its_first_reader():
    x, late = leaf(1.0), leaf(2.0)
    root = x.exp().exp() * late
    places, _ = layout(root)
    assert places[late][0] == places[root][0] - 1


def test_a_lonely_leaf_can_be_drawn(ax):
    assert draw_graph(leaf(1.0, "x"), ax) is ax


def test_symbols_are_names_signs_or_values():
    x = leaf(2.0, "x")
    nodes = [x, x + 1, x**2, x.exp(), leaf(0.5), leaf([1.0, 2.0]).sum().parents[0]]
    assert [symbol(n) for n in nodes] == ["x", "+", "^2", "exp", "0.5", "array"]


def test_the_drawing_says_what_it_is_asked_to_say(graph, ax):
    root, x, _ = graph
    draw_graph(root, ax, text=lambda node: f"value {node.data:g}", bold=[x])
    words = [t.get_text() for t in ax.texts]
    assert words.count("value 5") == 2
    assert {"x", "y", "+", "−", "×"} <= set(words)


def test_drawing_leaves_the_readers_settings_alone(graph, ax):
    before = dict(matplotlib.rcParams)
    draw_graph(graph[0], ax)
    assert dict(matplotlib.rcParams) == before
