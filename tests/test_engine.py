"""What the chapter on automatic differentiation says of its engine."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, mutually_broadcastable_shapes
from numpy.testing import assert_allclose

from dlbook_utils import engine
from dlbook_utils.engine import (
    Tensor,
    logsumexp,
    no_grad,
    operation,
    record,
    saved_arrays,
    softmax,
    take,
    topological_order,
    transpose,
    unbroadcast,
)

numbers = st.floats(0.25, 2).flatmap(lambda size: st.sampled_from([-size, size]))
boxes = arrays(float, array_shapes(min_dims=1, max_dims=4, max_side=4), elements=numbers)
cubes = arrays(float, st.tuples(*[st.integers(1, 4)] * 3), elements=numbers)


@st.composite
def pairs(draw):
    shapes = draw(mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=4)).input_shapes
    return [draw(arrays(float, shape, elements=numbers)) for shape in shapes]


@st.composite
def products(draw):
    rows, inner, columns = (draw(st.integers(1, 4)) for _ in range(3))
    batch = draw(mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=3)).input_shapes
    shapes = [(*batch[0], rows, inner), (*batch[1], inner, columns)]
    return [draw(arrays(float, shape, elements=numbers)) for shape in shapes]


def leaf(data):
    return Tensor(data, requires_grad=True)


def assert_is_torchs(ours, theirs, *data):
    """Same value and, for one random seed gradient, same gradients."""
    a, b = [leaf(x) for x in data], [torch.tensor(x, requires_grad=True) for x in data]
    out, torch_out = ours(*a), theirs(*b)
    assert_allclose(out.data, torch_out.detach().numpy(), rtol=1e-12, atol=1e-12)
    seed = np.random.default_rng(0).normal(size=out.shape)
    out.backward(seed)
    torch_out.backward(torch.tensor(seed))
    for x, y in zip(a, b, strict=True):
        assert_allclose(x.grad, y.grad.numpy(), rtol=1e-9, atol=1e-9)


ONE = {
    "neg": lambda x: -x,
    "power": lambda x: x**3,
    "exp": lambda x: x.exp(),
    "log": lambda x: (x * x).log(),
    "sin": lambda x: x.sin(),
    "tanh": lambda x: x.tanh(),
    "sigmoid": lambda x: x.sigmoid(),
    "relu": lambda x: x.relu(),
    "sum": lambda x: x.sum(),
    "mean": lambda x: x.mean(),
    "sum of an axis": lambda x: x.sum(axis=-1),
    "mean of an axis, kept": lambda x: x.mean(axis=0, keepdims=True),
    "reshape": lambda x: x.reshape((-1,)),
    "an entry twice": lambda x: x[[0, 0, -1]],
    "a slice": lambda x: x[:-1],
    "constants on the left": lambda x: 2 - 3 / x + 2 * x + 1,
}
TWO = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "shared": lambda a, b: a * b + a * a * b,
}


@pytest.mark.parametrize("name", ONE)
@settings(max_examples=25, deadline=None)
@given(x=boxes)
def test_a_function_of_one_tensor_is_torchs(name, x):
    assert_is_torchs(ONE[name], ONE[name], x)


@pytest.mark.parametrize("name", TWO)
@settings(max_examples=25, deadline=None)
@given(two=pairs())
def test_arithmetic_broadcasts_like_torchs(name, two):
    assert_is_torchs(TWO[name], TWO[name], *two)


@settings(max_examples=50, deadline=None)
@given(two=products())
def test_a_batched_matrix_product_is_torchs(two):
    assert_is_torchs(lambda a, b: a @ b, lambda a, b: a @ b, *two)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@settings(max_examples=25, deadline=None)
@given(x=cubes)
def test_softmax_log_sum_exp_and_max_are_torchs(axis, x):
    assert_is_torchs(lambda x: softmax(x, axis=axis), lambda x: x.softmax(axis), x)
    assert_is_torchs(lambda x: logsumexp(x, axis=axis), lambda x: x.logsumexp(axis), x)
    assert_is_torchs(lambda x: x.max(axis=axis), lambda x: x.amax(axis), x)


@settings(max_examples=25, deadline=None)
@given(x=cubes)
def test_transposes_are_torchs(x):
    assert_is_torchs(
        lambda x: transpose(x, axes=(2, 0, 1)), lambda x: x.permute(2, 0, 1).contiguous(), x
    )
    assert_is_torchs(lambda x: x.T * 1, lambda x: x.permute(2, 1, 0) * 1, x)
    assert_is_torchs(
        lambda x: transpose(x, axes=(-1, 0, 1)), lambda x: x.permute(-1, 0, 1).contiguous(), x
    )


def test_tied_maxima_share_the_gradient_as_torchs_amax():
    assert_is_torchs(lambda x: x.max(axis=0), lambda x: x.amax(0), np.array([1.0, 3, 3, 2]))
    assert_is_torchs(lambda x: x.max(), lambda x: x.amax(), np.array([[3.0, 1], [3, 3]]))


def test_relu_at_zero_has_slope_zero_as_torchs():
    assert_is_torchs(lambda x: x.relu(), lambda x: x.relu(), np.array([-1.0, 0, 2]))


def test_relu_of_minus_infinity_is_zero():
    assert_is_torchs(lambda x: x.relu(), lambda x: x.relu(), np.array([-np.inf, 2]))


def test_an_index_with_labels_is_torchs():
    rows, labels = np.arange(3), np.array([1, 0, 1])
    x = np.random.default_rng(0).normal(size=(3, 2))
    assert_is_torchs(lambda x: x[rows, labels], lambda x: x[rows, labels], x)


@settings(max_examples=50, deadline=None)
@given(two=pairs())
def test_unbroadcast_undoes_broadcasting_by_summing(two):
    a, b = two
    stretched = np.broadcast_shapes(a.shape, b.shape)
    ones = unbroadcast(np.ones(stretched), a.shape)
    assert ones.shape == a.shape
    assert ones.sum() == np.prod(stretched, dtype=float)


def test_unbroadcast_refuses_a_gradient_that_cannot_belong():
    with pytest.raises(ValueError, match="a gradient of shape"):
        unbroadcast(np.ones((2, 3)), (2, 4))


@pytest.mark.parametrize("big", [1e3, -1e3])
def test_large_logits_do_not_overflow(big):
    x = leaf([[big, 0.0]])
    (logsumexp(x) + softmax(x)[0, 0] + x.sigmoid().sum()).sum().backward()
    assert np.isfinite(x.grad).all()


def test_a_finite_difference_agrees():
    rng = np.random.default_rng(0)
    W, x, h = rng.normal(size=(4, 3)), rng.normal(size=(2, 4)), 1e-6

    def f(W):
        return logsumexp((Tensor(x) @ W).tanh() / 2).sum()

    T = leaf(W)
    f(T).backward()
    way = rng.normal(size=W.shape)
    slope = (f(Tensor(W + h * way)).data - f(Tensor(W - h * way)).data) / (2 * h)
    assert_allclose((T.grad * way).sum(), slope, rtol=1e-8)


def test_a_value_used_twice_gets_both_gradients():
    a, b, c = leaf(2.0), leaf(3.0), leaf(4.0)
    (a * b + a * c).backward()
    assert (a.grad, b.grad, c.grad) == (7, 2, 2)


def test_gradients_accumulate_over_calls():
    x = leaf([1.0, 2.0])
    for _ in range(2):
        (2 * x).sum().backward()
    assert x.grad.tolist() == [4, 4]


def test_accumulated_gradients_do_not_share_memory():
    a, b = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    (a + b).sum().backward()
    a.grad *= 10
    assert b.grad.tolist() == [1, 1]


def test_depth_has_no_limit():
    x = y = leaf(1.0)
    for _ in range(20_000):
        y = y + 0.5
    y.backward()
    assert x.grad == 1


def test_parents_come_before_their_readers():
    a, b = leaf(1.0), leaf(2.0)
    c = a * b
    root = c + a * c
    order = topological_order(root)
    assert len(order) == len(set(order)) == 5
    place = {node: i for i, node in enumerate(order)}
    assert all(place[p] < place[node] for node in order for p in node.parents)


def test_under_no_grad_nothing_is_recorded():
    x = leaf(2.0)
    with no_grad():
        with no_grad():
            pass
        y = x * x
    assert not y.requires_grad
    assert y.parents == ()
    assert (x * x).requires_grad


def test_recording_comes_back_after_an_error_under_no_grad():
    x = leaf(np.ones(2))
    with pytest.raises(ValueError, match="does not fit"), no_grad():
        x + np.ones(3)
    assert (x * x).requires_grad


def test_constants_are_not_recorded_and_get_no_gradient():
    assert (Tensor(2.0) * 3).parents == ()
    x, constant = leaf(2.0), Tensor(5.0)
    (x * constant).backward()
    assert x.grad == 5
    assert constant.grad is None


def test_detach_shares_the_array_and_cuts_the_graph():
    x = leaf([1.0, 2.0])
    y = x * 3
    cut = y.detach()
    assert cut.data is y.data
    assert not cut.requires_grad
    (x * cut).sum().backward()
    assert x.grad.tolist() == [3, 6]


def test_backward_frees_the_graph_and_a_second_one_says_so():
    x = leaf(2.0)
    y = x * x
    z = y * 3
    z.backward()
    assert y.parents == z.parents == ()
    for root in (z, y + 1):
        with pytest.raises(RuntimeError, match="keep=True"):
            root.backward()
    assert x.grad == 12


def test_a_backward_that_cannot_finish_changes_no_gradient():
    x, w = leaf(2.0), leaf(5.0)
    y = x * x
    y.backward()
    with pytest.raises(RuntimeError, match="keep=True"):
        (y + w * 1).backward()
    assert w.grad is None


def test_a_kept_graph_can_be_used_again_and_shows_all_gradients():
    x = leaf(2.0)
    y = x * x
    z = y * 3
    z.backward(keep=True)
    assert (z.grad, y.grad, x.grad) == (1, 3, 12)
    z.backward()
    assert x.grad == 24


@pytest.mark.parametrize(
    ("run", "says"),
    [
        (lambda: (leaf([1.0, 2.0]) * 2).backward(), "needs a seed gradient"),
        (lambda: (leaf([1.0, 2.0]) * 2).backward(np.ones(3)), "a seed of shape"),
        (lambda: Tensor(1.0).exp().backward(), "nothing below"),
        (lambda: leaf(np.ones((2, 3))) + np.ones(2), r"add does not fit \(2, 3\) and \(2,\)"),
        (lambda: leaf(np.ones((2, 3))) @ np.ones((2, 3)), "matmul does not fit"),
        (lambda: leaf(np.ones(3)) @ np.ones((3, 2)), "two axes or more"),
        (lambda: leaf(np.ones(6)).reshape((4, 2)), "reshape does not fit"),
    ],
)
def test_a_mistake_is_named(run, says):
    with pytest.raises(ValueError, match=says):
        run()


def test_one_entry_of_any_shape_has_the_seed_one():
    x = leaf([[3.0]])
    (x * 2).backward()
    assert x.grad.tolist() == [[2]]


def test_a_rule_that_forgets_an_input_is_noticed():
    with pytest.raises(ValueError, match="zip"):
        operation(lambda a, b: (a + b, lambda g: g))(leaf(1.0), leaf(2.0))


def test_a_pull_holds_what_its_formula_names_and_no_more():
    x = leaf(np.ones((10, 10)))

    def bytes_of(root):
        return sum(a.nbytes for a in saved_arrays(root))

    assert bytes_of(x + 1) == bytes_of(x.sum()) == bytes_of(x.reshape((100,))) == 0
    assert bytes_of(x.relu()) == 100
    assert bytes_of(x.exp()) == bytes_of(x * x) == 800
    assert bytes_of(take(x, index=3)) == 0


def test_checkpointing_can_be_written_on_top():
    def checkpoint(f, *inputs):
        with no_grad():
            value = f(*inputs).data

        def vjp(g):
            again = [Tensor(x.data, x.requires_grad) for x in inputs]
            f(*again).backward(g)
            return [x.grad for x in again]

        return record(value, inputs, vjp)

    rng = np.random.default_rng(0)
    x, w = leaf(rng.normal(size=(2, 3))), leaf(rng.normal(size=(3, 3)))
    kept = ((x @ w).tanh() @ w).tanh().sum()
    kept.backward()
    expected, x.grad, w.grad = (x.grad, w.grad), None, None
    checkpoint(lambda x, w: ((x @ w).tanh() @ w).tanh(), x, w).sum().backward()
    assert_allclose(x.grad, expected[0])
    assert_allclose(w.grad, expected[1])


def test_every_public_operation_has_a_test_above():
    tested = set(ONE) | set(TWO) | {"matmul", "softmax", "logsumexp", "max_over", "transpose"}
    tested |= {"sum_over", "take"}  # by their methods
    operations = {n for n, f in vars(engine).items() if hasattr(f, "__wrapped__")} - {"no_grad"}
    assert operations <= tested
