"""Checks for the exercises of the chapter "Automatic differentiation"."""

import numpy as np
import torch
from torch.fx.experimental.proxy_tensor import make_fx

from dlbook_utils.exercises import exercise, require

AB_PLUS_BC = [("p", "*", ("a", "b")), ("q", "*", ("b", "c")), ("f", "+", ("p", "q"))]
SQUARE_OF_DIFFERENCE = [("d", "-", ("a", "b")), ("f", "*", ("d", "d"))]


def close(got, want, tolerance=1e-9) -> bool:
    """Whether numbers, sequences, arrays or tensors agree in shape and, nearly, in value."""
    got = [g.detach() if isinstance(g, torch.Tensor) else g for g in (got, want)]
    got, want = (np.asarray(g, dtype=float) for g in got)
    return got.shape == want.shape and bool(np.allclose(got, want, rtol=tolerance, atol=tolerance))


@exercise
def find_the_slip(answer):
    """Exercise 1. Find the slip."""
    dfdx, dfdy = (float(v) for v in answer)
    require((dfdx, dfdy) != (9, -5), "9 and -5 are the slopes with the slip in them")
    require(
        (dfdx, dfdy) != (-4, 6), "right numbers, wrong order: first the slope in x, then that in y"
    )
    require(
        close((dfdx, dfdy), (6, -4)),
        "use the product rule once for each input: (x + y)' (x - y) + (x + y) (x - y)'; "
        "the slope of x - y in y is -1",
    )


@exercise
def cheaper_mode(answer):
    """Exercise 2. Which mode."""
    for inputs, outputs, want in [
        (7_000_000, 1, "reverse"),
        (2, 1, "reverse"),
        (3, 50, "forward"),
        (1, 1000, "forward"),
    ]:
        got = answer(inputs, outputs)
        require(got in ("forward", "reverse"), f"the answer is 'forward' or 'reverse', not {got!r}")
        require(
            got == want,
            f"for {inputs:,} inputs and {outputs:,} outputs: forward mode needs one pass per "
            "input, reverse mode one per output",
        )


@exercise
def run_program(answer):
    """Exercise 3. Run a program."""
    values = {"a": 2, "b": 3, "c": 4}
    got = answer(AB_PLUS_BC, values)
    require(
        set(values) == set("abc"), "the caller's values changed: work on a copy of the dictionary"
    )
    require(close(got, 18), f"ab + bc at (2, 3, 4) is 18, not {got}")
    got = answer(SQUARE_OF_DIFFERENCE, {"a": 2, "b": 5})
    require(
        close(got, 9),
        f"(a - b)(a - b) at (2, 5) is 9, not {got}: a step may read an earlier result twice, and "
        "the order of a difference matters",
    )


@exercise
def run_tape(answer):
    """Exercise 4. Play a tape backward."""
    # x = 3; 1: x + 1 = 4; 2: the square of that
    got = list(answer([(1, ((0, 1.0),)), (2, ((1, 4.0), (1, 4.0)))], 3))
    require(
        got[-1] != 0, "the slope of the last value in itself is 1: that is where the tape starts"
    )
    require(
        got[0] != 4,
        "the square reads its input twice: what comes back over both arrows is added, not replaced",
    )
    require(
        got[0] != 0, "walk the tape from its end: a value must be finished before it is passed on"
    )
    require(close(got, [8, 8, 1]), f"for (x + 1)² at x = 3 the adjoints are 8, 8, 1, not {got}")
    # 2 = 0 * 1 (values 2 and 5), 3 = 2 + 0
    got = list(answer([(2, ((0, 5.0), (1, 2.0))), (3, ((2, 1.0), (0, 1.0)))], 4))
    require(
        close(got, [6, 2, 1, 1]), f"for ab + a at (2, 5) the adjoints are 6, 2, 1, 1, not {got}"
    )


@exercise
def two_layer_gradients(answer):
    """Exercise 5. Two layers by hand."""
    rng = np.random.default_rng(0)
    W1, W2, x, y = (rng.normal(size=s) for s in [(5, 4), (3, 5), (7, 4), (7, 3)])
    T1, T2 = (torch.tensor(w, requires_grad=True) for w in (W1, W2))
    want = ((torch.tensor(x) @ T1.T).relu() @ T2.T - torch.tensor(y)).square().mean()
    want.backward()
    loss, dW1, dW2 = answer(W1, W2, x, y)
    require(close(loss, want.item()), f"the loss is {want.item():.6f}, the mean over all entries")
    require(
        not close(dW2, 2 * want.numel() * T2.grad * y.size / 2)
        and not close(dW2, T2.grad * y.size),
        "the mean divides: its slope is 2 (z2 - y) / y.size",
    )
    require(np.shape(dW2) == (3, 5), f"dW2 has the shape of W2, (3, 5), not {np.shape(dW2)}")
    require(close(dW2, T2.grad), "dW2 is the slope at the output, transposed, times relu(z1)")
    d2 = 2 * (np.maximum(x @ W1.T, 0) @ W2.T - y) / y.size
    require(not close(dW1, (d2 @ W2).T @ x), "the ReLU's mask is missing: multiply by (z1 > 0)")
    require(np.shape(dW1) == (5, 4), f"dW1 has the shape of W1, (5, 4), not {np.shape(dW1)}")
    require(close(dW1, T1.grad), "dW2 is right; follow d2 back through W2 and the mask for dW1")


@exercise
def softplus_rule(answer):
    """Exercise 6. A new rule."""
    x = np.array([-1000.0, -1.0, 0.0, 2.0, 1000.0])
    with np.errstate(all="ignore"):
        value, pull = answer(x)
        require(
            np.isfinite(value).all(),
            "exp(1000) overflows: log(1 + e^x) = max(x, 0) + log1p(e^-|x|)",
        )
        require(close(value, np.logaddexp(0, x)), "the value is log(1 + e^x), entry by entry")
        g = np.array([3.0, -2.0, 1.0, 0.5, 2.0])
        got, slope = pull(g), 0.5 + 0.5 * np.tanh(x / 2)
    require(np.isfinite(got).all(), "the pull overflows: write its slope, the sigmoid, without e^x")
    require(not close(got, slope), "the pull multiplies the gradient that comes in by the slope")
    require(close(got, g * slope), "the slope of log(1 + e^x) is e^x / (1 + e^x), the sigmoid")


@exercise
def convolution_cost(answer):
    """Exercise 7. The cost of a convolution."""
    forward, backward = answer(n=32, k=3, c_in=8, c_out=16)
    right = 32**2 * 3**2 * 8 * 16
    require(
        not close(forward, 32**2 * 3**2 * 16),
        "each output entry sums over all input channels: the factor c_in is missing",
    )
    require(not close(forward, 2 * right), "count a multiplication with its addition as one")
    require(close(forward, right), "an output entry costs k·k·c_in; there are n·n·c_out of them")
    require(
        not close(backward, right),
        "backward makes two gradients, that of the weights and that of the input",
    )
    require(close(backward, 2 * right), "backward is two convolutions of the forward's size")


@exercise
def static_branch(answer):
    """Exercise 8. A branch in a graph."""
    try:
        graph = make_fx(answer)(torch.ones(2))
    except RuntimeError as error:
        require(
            "data-dependent" not in str(error),
            "the tracer met a Python `if`: it cannot ask a traced tensor for its truth",
        )
        raise
    got = graph(torch.tensor([-3.0, 1.0]))
    require(
        not close(got, [-6.0, 2.0]),
        "the trace holds only the branch that the example took: both must be in the graph",
    )
    require(not close(got, [-4.0, 2.0]), "the condition is on the sum, not on each entry")
    require(
        close(got, [-4.0, 0.0]), f"for (-3, 1) the sum is negative: expected (-4, 0), got {got}"
    )
    require(close(graph(torch.tensor([5.0, -1.0])), [10.0, -2.0]), "the other branch is 2x")


@exercise
def directions_needed(answer):
    """Exercise 9. How many directions."""
    for p, c in [(10_000, 0.5), (1_000_000, 0.1), (7_000_000_000, 0.9)]:
        got, want = answer(p, c), c * c * (p + 1) / (1 - c * c)
        require(
            not close(got, c * p, 0.02),
            "the cosine grows like the square root of the number of directions",
        )
        require(
            not close(got, c * c * p, 0.005) or c * c < 0.02,
            "k stands below the fraction bar, too: solve c² (k + p + 1) = k for k",
        )
        require(
            close(got, want, 0.02), f"for p = {p:,} and cosine {c} about {want:,.0f}, not {got}"
        )
