"""Checks for the exercises of the chapter "Automatic differentiation"."""

import numpy as np
import torch
from torch.fx.experimental.proxy_tensor import make_fx

from dlbook_utils.answers import agree, numbers, parts
from dlbook_utils.exercises import exercise, require

AB_PLUS_BC = [("p", "*", ("a", "b")), ("q", "*", ("b", "c")), ("f", "+", ("p", "q"))]
SQUARE_OF_DIFFERENCE = [("d", "-", ("a", "b")), ("f", "*", ("d", "d"))]
DIFFERENCE_TIMES_C = [("d", "-", ("a", "b")), ("r", "*", ("d", "c"))]


@exercise
def find_the_slip(answer):
    """Exercise 1. Find the slip."""
    got = numbers(answer, (2,), "a pair of numbers, (slope in x, slope in y)")
    require(
        not agree(got, (2, 4)),
        "2 and 4 are the slopes with the slip in them: half of the product rule is missing",
    )
    require(
        not agree(got, (-1, 7)), "right numbers, wrong order: first the slope in x, then that in y"
    )
    require(not agree(got, (7, 9)), "the slope of x - y in y is -1")
    require(
        agree(got, (7, -1)),
        "use the product rule once for each input: (x - y)' (x + 2y) + (x - y) (x + 2y)'",
    )


@exercise
def cheaper_mode(answer):
    """Exercise 2. Which mode."""
    for inputs, outputs, want in [
        (7_000_000, 1, "reverse"),
        (2, 1, "reverse"),
        (3, 50, "forward"),
        (1, 1000, "forward"),
        (50, 3, "reverse"),
        (30, 50, "forward"),
    ]:
        got = str(answer(inputs, outputs)).lower()
        require(got in ("forward", "reverse"), f"the answer is 'forward' or 'reverse', not {got!r}")
        require(
            got == want,
            f"for {inputs:,} inputs and {outputs:,} outputs: forward mode needs one pass per "
            "input, reverse mode one per output",
        )


@exercise
def run_program(answer):
    """Exercise 3. Run a program."""
    one_number = "one number, the value of the last step"
    values = {"a": 2, "b": 3, "c": 4}
    got = answer(AB_PLUS_BC, values)
    require(
        set(values) == set("abc"), "the caller's values changed: work on a copy of the dictionary"
    )
    got = numbers(got, (), one_number)
    require(agree(got, 18), f"ab + bc at (2, 3, 4) is 18, not {got:g}")
    got = numbers(answer(SQUARE_OF_DIFFERENCE, {"a": 2, "b": 5}), (), one_number)
    require(
        agree(got, 9),
        f"(a - b)(a - b) at (2, 5) is 9, not {got:g}: a step may read an earlier result twice",
    )
    try:
        got = answer(DIFFERENCE_TIMES_C, {"a": 2.5, "b": 4, "c": 3})
    except KeyError as error:
        require(False, f"no name {error} in this program: its last step is named 'r', not 'f'")
    got = numbers(got, (), one_number)
    require(not agree(got, 4.5), "the order of a difference matters: left minus right")
    require(
        agree(got, -4.5),
        f"(a - b)c at (2.5, 4, 3) is -4.5, not {got:g}: return what the last step made",
    )


@exercise
def run_tape(answer):
    """Exercise 4. Play a tape backward."""

    def adjoints(tape, n):
        what = f"the {n} adjoints, a list of numbers in the order of the values"
        return numbers(answer(tape, n), (n,), what)

    # x = 3; 1: x + 1 = 4; 2: the square of that
    got = adjoints([(1, ((0, 1.0),)), (2, ((1, 4.0), (1, 4.0)))], 3)
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
    require(
        agree(got, [8, 8, 1]),
        f"for (x + 1)² at x = 3 the adjoints are 8, 8, 1, not {got.tolist()}",
    )
    # 2 = 0 * 1 (values 2 and 5), 3 = 2 + 0
    got = adjoints([(2, ((0, 5.0), (1, 2.0))), (3, ((2, 1.0), (0, 1.0)))], 4)
    require(
        agree(got, [6, 2, 1, 1]),
        f"for ab + a at (2, 5) the adjoints are 6, 2, 1, 1, not {got.tolist()}",
    )
    # 3 = 0.5 * 0 - 1.5 * 1, 2 = 0.25 * 3 + 2 * 0: the root is number 2
    got = adjoints([(3, ((0, 0.5), (1, -1.5))), (2, ((3, 0.25), (0, 2.0)))], 4)
    require(
        not agree(got, [0.5, -1.5, 0, 1]),
        "the root is the output of the last entry, whatever its number (here 2 of 0 to 3)",
    )
    require(
        agree(got, [2.125, -0.375, 1, 0.25]),
        "for the slopes 0.5, -1.5, then 0.25, 2 and the root 2 the adjoints are 2.125, -0.375, "
        f"1, 0.25, not {got.tolist()}",
    )


@exercise
def two_layer_gradients(answer):
    """Exercise 5. Two layers by hand."""
    rng = np.random.default_rng(0)
    W1, W2, x, y = (rng.normal(size=s) for s in [(5, 4), (3, 5), (7, 4), (7, 3)])
    T1, T2 = (torch.tensor(w, requires_grad=True) for w in (W1, W2))
    want = ((torch.tensor(x) @ T1.T).relu() @ T2.T - torch.tensor(y)).square().mean()
    want.backward()
    got = parts(answer(W1, W2, x, y), 3, "three results, (loss, dW1, dW2)")
    loss = numbers(got[0], (), "the loss first, as one number")
    require(agree(loss, want.item()), f"the loss is {want.item():.6f}, the mean over all entries")
    dW2 = numbers(got[2], (3, 5), "dW2 third, in the shape of W2, (3, 5)")
    z1 = x @ W1.T
    d2 = 2 * (np.maximum(z1, 0) @ W2.T - y) / y.size
    for times, says in [
        (21, "the mean divides: its slope is 2 (z2 - y) / y.size"),
        (10.5, "the mean divides, and the square has a 2: its slope is 2 (z2 - y) / y.size"),
        (3, "dW2 is 3 times too large: the mean divides by all 21 entries, not by the 7 rows"),
        (1.5, "the mean divides by all 21 entries, not by the 7 rows, and the square has a 2"),
        (0.5, "dW2 is half of what it should be: the 2 of the square's slope is missing"),
    ]:
        require(not agree(dW2, times * T2.grad), says)
    require(not agree(dW2, d2.T @ z1), "the second layer read relu(z1), not z1")
    require(agree(dW2, T2.grad), "dW2 is the slope at the output, transposed, times relu(z1)")
    dW1 = numbers(got[1], (5, 4), "dW1 second, in the shape of W1, (5, 4)")
    require(not agree(dW1, (d2 @ W2).T @ x), "the ReLU's mask is missing: multiply by (z1 > 0)")
    require(agree(dW1, T1.grad), "dW2 is right; follow d2 back through W2 and the mask for dW1")


@exercise
def softplus_rule(answer):
    """Exercise 6. A new rule."""
    x = np.array([-1000.0, -1.0, 0.0, 2.0, 1000.0])
    two = "two results, the value and its pull (a function of g)"
    with np.errstate(all="ignore"):
        got = answer(x)
        value, pull = parts(got, 2, two)
        require(callable(pull), f"expected {two}; the second is no function")
        value = numbers(value, (5,), "a value in the shape of x")
        require(
            np.isfinite(value).all(),
            "exp(1000) overflows: log(1 + e^x) = max(x, 0) + log1p(e^-|x|)",
        )
        require(agree(value, np.logaddexp(0, x)), "the value is log(1 + e^x), entry by entry")
        g = np.array([3.0, -2.0, 1.0, 0.5, 2.0])
        got = numbers(pull(g), (5,), "from the pull an array in the shape of x")
        slope = 0.5 + 0.5 * np.tanh(x / 2)
    require(np.isfinite(got).all(), "the pull overflows: write its slope, the sigmoid, without e^x")
    require(not agree(got, slope), "the pull multiplies the gradient that comes in by the slope")
    require(agree(got, g * slope), "the slope of log(1 + e^x) is e^x / (1 + e^x), the sigmoid")


@exercise
def convolution_cost(answer):
    """Exercise 7. The cost of a convolution."""
    for n, k, c_in, c_out in [(32, 3, 8, 16), (14, 5, 3, 7)]:
        got = parts(answer(n, k, c_in, c_out), 2, "two numbers, (forward, backward)")
        forward, backward = numbers(got, (2,), "two numbers, (forward, backward)")
        right = n**2 * k**2 * c_in * c_out
        require(
            not agree(forward, n**2 * k**2 * c_out),
            "each output entry sums over all input channels: the factor c_in is missing",
        )
        require(not agree(forward, 2 * right), "count a multiplication with its addition as one")
        require(
            agree(forward, right), "an output entry costs k·k·c_in; there are n·n·c_out of them"
        )
        require(
            not agree(backward, right),
            "backward makes two gradients, that of the weights and that of the input",
        )
        require(agree(backward, 2 * right), "backward is two convolutions of the forward's size")


@exercise
def static_branch(answer):
    """Exercise 8. A branch in a graph."""
    try:
        graph = make_fx(answer)(torch.ones(2))
    except (RuntimeError, TypeError, ValueError, AttributeError) as error:
        require(
            "data-dependent" not in str(error),
            "the tracer met `if`, `.item()` or `bool()`: a traced tensor has no truth to ask for",
        )
        first = str(error).strip().splitlines() or [type(error).__name__]
        require(False, f"the tracer follows operations of PyTorch only, and stopped: {first[0]}")

    def at(*entries):
        return numbers(graph(torch.tensor(entries)), (2,), "a tensor in the shape of v")

    got = at(-3.0, 1.0)
    require(
        not agree(got, [-6.0, 2.0]),
        "the trace holds only the branch that the example took: both must be in the graph",
    )
    require(not agree(got, [-4.0, 2.0]), "the condition is on the sum, not on each entry")
    require(
        agree(got, [-4.0, 0.0]),
        f"for (-3, 1) the sum is negative: expected (-4, 0), got {got.tolist()}",
    )
    require(agree(at(5.0, -1.0), [10.0, -2.0]), "the other branch is 2x")
    require(agree(at(2.0, -2.0), [1.0, -3.0]), "a sum of 0 is not positive: there it is v - 1")


@exercise
def directions_needed(answer):
    """Exercise 9. How many directions."""
    for p, c in [(10_000, 0.5), (1_000_000, 0.1), (7_000_000_000, 0.9)]:
        got, want = numbers(answer(p, c), (), "one number, k"), c * c * (p + 1) / (1 - c * c)
        require(
            not agree(got, c * p, 0.02),
            "the cosine grows like the square root of the number of directions",
        )
        require(
            not agree(got, c * c * p, 0.005) or c * c < 0.02,
            "k stands below the fraction bar, too: solve c² (k + p + 1) = k for k",
        )
        require(
            agree(got, want, 0.02), f"for p = {p:,} and cosine {c} about {want:,.0f}, not {got:,g}"
        )
