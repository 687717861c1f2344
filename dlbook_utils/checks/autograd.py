"""Checks for the exercises of the chapter `autograd`."""

import math
from collections.abc import Iterable

import numpy as np
import torch
from torch.autograd import gradcheck
from torch.func import hessian

from dlbook_utils.exercises import exercise, require

TOOLS = {
    "two losses apart": "retain_graph",
    "MAML": "create_graph",
    "truncated BPTT": "detach",
    "gradient penalty": "create_graph",
    "target network": "detach",
}
REASONS = {
    "two losses apart": "one graph is traversed twice, and nothing is differentiated twice",
    "MAML": "the inner gradient must itself be differentiated; keeping the graph is not enough",
    "truncated BPTT": "each chunk gets its own graph, so the state must be cut, not the graph kept",
    "gradient penalty": "the loss contains a gradient, which must itself be differentiated",
    "target network": "the target is data: its gradient must stop",
}


def tensor(value) -> torch.Tensor:
    """A float64 tensor from numbers in any form: a number, a list, an array, a tensor."""
    if isinstance(value, torch.Tensor | np.ndarray):
        return torch.as_tensor(value).detach().double()
    try:
        if isinstance(value, Iterable) and not isinstance(value, str):
            return torch.stack([tensor(v) for v in value])
        return torch.tensor(float(value), dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError):
        require(False, f"expected numbers, got {value!r}")


def number(value) -> float:
    """A Python number from a number, an array or a tensor of one element."""
    got = tensor(value)
    require(got.numel() == 1, f"expected one number, got {got.numel()} of them")
    return got.item()


def tool_name(tool) -> str:
    """The tool's bare name, however it is called: "x.detach()" and "retain_graph=True" too."""
    return str(tool).lower().split(".")[-1].split("=")[0].split("(")[0].strip()


def nodes_of(result: torch.Tensor) -> set[str]:
    """The names of the backward functions below a result."""
    names, todo = set(), [result.grad_fn]
    while todo:
        node = todo.pop()
        if node is not None:
            names.add(node.name())
            todo += [parent for parent, _ in node.next_functions]
    return names


@exercise
def which_tool(answer):
    """Exercise 1. Which tool?"""
    require(isinstance(answer, dict), "give a dictionary: {case: tool}")
    for case, tool in TOOLS.items():
        require(case in answer, f"the case {case!r} is missing")
        got = tool_name(answer[case])
        require(got in set(TOOLS.values()), f"{case}: {answer[case]!r} is none of the three")
        require(got == tool, f"{case}: {REASONS[case]}")


@exercise
def micro_weights(answer):
    """Exercise 2. Weights for micro-batches."""
    sizes = [32, 32, 32, 4]
    got = answer(list(sizes))
    counted = isinstance(got, Iterable) and not isinstance(got, str)
    got = list(got) if counted else []
    require(len(got) == 4, "one factor for each micro-batch, in the order of the sizes")
    got, n = tensor(got), torch.tensor(sizes).double()

    def is_like(wrong):
        return got.shape == n.shape and torch.allclose(got, wrong, atol=1e-6)

    require(
        not is_like(torch.ones(4).double()),
        "unweighted: for equal sizes the sum is four times too large",
    )
    require(
        not is_like(torch.full((4,), 0.25).double()),
        "that is right for equal sizes only: the last four examples count as much as thirty-two",
    )
    require(
        not is_like(n),
        "multiplied by its size, each mean is a sum: divide by the size of the whole batch",
    )
    require(not is_like(n / 32), "divide by the size of the whole batch, not by the largest size")
    require(
        not is_like(n / 25),
        "in the right proportion, but they add up to 4, and the shares of one batch add up to 1",
    )
    require(is_like(n / 100), f"for sizes 32, 32, 32, 4 expected {(n / 100).tolist()}")
    require(
        torch.allclose(tensor(answer([8, 8])), torch.full((2,), 0.5).double()),
        "right for four micro-batches, but for two of one size the factors are 1/2 and 1/2",
    )


@exercise
def row_norms(answer):
    """Exercise 3. A norm without NaN."""
    x = torch.tensor([[3.0, 4.0], [0.0, 0.0], [1e-4, 0.0]], dtype=torch.float64, requires_grad=True)
    got = answer(x)
    require(isinstance(got, torch.Tensor), "return a tensor, so that a gradient can flow")
    require(got.shape == (3,), f"one norm a row: expected shape (3,), got {tuple(got.shape)}")
    require(
        got[1] == 0, f"the norm of a zero row is exactly 0, got {got[1].item():.1e}: no epsilon"
    )
    want = torch.tensor([5.0, 0.0, 1e-4], dtype=torch.float64)
    require(torch.allclose(got, want, rtol=1e-9, atol=0), "the other norms must not change")
    require(got.requires_grad, "the result is cut off from its input: no gradient can flow")
    require(
        not any("norm" in name.lower() or "dist" in name.lower() for name in nodes_of(got)),
        "torch's own norm hides the trap, for its backward knows about 0: build yours from sqrt",
    )
    got.sum().backward()
    require(
        not x.grad[1].isnan().any(),
        "the gradient of the zero row is NaN: where does not protect the branch not taken; make "
        "the argument of sqrt safe first",
    )
    slope = torch.tensor([[0.6, 0.8], [0.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    require(torch.allclose(x.grad, slope), f"expected the gradient {slope.tolist()}")


@exercise
def hessian_diagonal(answer):
    """Exercise 4. The diagonal, really."""

    def coupled(x):
        return x[0] * x[1] + x[0] ** 2 + torch.sin(x[1] * x[2])

    x = torch.tensor([1.0, 2.0, 0.5], dtype=torch.float64)
    H = hessian(coupled)(x)
    got = tensor(answer(coupled, x))
    require(got.shape == (3,), f"expected the shape (3,), got {tuple(got.shape)}")
    require(
        not torch.allclose(got, H.sum(1)),
        "those are the row sums: differentiating the sum of a gradient gives H times ones",
    )
    require(
        torch.allclose(got, H.diagonal()), f"expected {H.diagonal().tolist()}, got {got.tolist()}"
    )


@exercise
def log_cosh_backward(answer):
    """Exercise 5. Backward of log cosh."""

    def gradient(x, grad_output):  # backward may return a tuple of one
        got = answer(x, grad_output)
        return got[0] if isinstance(got, tuple | list) and len(got) == 1 else got

    class LogCosh(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.abs() + torch.log1p(torch.exp(-2 * x.abs())) - torch.log(torch.tensor(2.0))

        @staticmethod
        def backward(ctx, grad_output):
            return gradient(ctx.saved_tensors[0], grad_output)

    x = torch.tensor([-1.5, 0.2, 2.0], dtype=torch.float64, requires_grad=True)
    ones = torch.ones(3, dtype=torch.float64)
    got, twice = gradient(x.detach(), ones), gradient(x.detach(), 2 * ones)
    require(isinstance(got, torch.Tensor), "return a tensor: the gradient with respect to x")
    require(
        got.shape == x.shape,
        f"the gradient has the shape of x, {tuple(x.shape)}, not {tuple(got.shape)}: no sum here",
    )
    require(
        not torch.allclose(got, twice),
        "that is the local derivative alone: multiply by grad_output, the chain rule",
    )
    require(
        gradcheck(LogCosh.apply, x, raise_exception=False),
        "gradcheck rejects it: the derivative of log cosh x is sinh x / cosh x",
    )
    big = torch.tensor([1000.0, -1000.0])
    require(
        torch.allclose(gradient(big, torch.ones(2)), big.sign()),
        "right, but at x = 1000 it overflows: sinh x / cosh x has a name of its own",
    )


@exercise
def best_segments(answer):
    """Exercise 6. How many segments?"""
    cases = [(36, 1, 1), (32, 1, 16), (48, 2, 1), (8, 1, 100), (10, 1, 1), (11, 5, 1)]
    for layers, boundary, inside in cases:
        got = number(answer(layers, boundary, inside))
        require(got.is_integer(), f"a number of segments is an integer, got {got}")
        peak = [k * boundary + layers / k * inside for k in range(1, layers + 1)]
        require(
            not (inside != boundary and got == round(layers**0.5)),
            "the square root of n alone is right only when a layer's inside and its boundary "
            "weigh the same",
        )
        require(1 <= got <= layers, f"between 1 and {layers} segments, got {got:.0f}")
        best = min(peak)
        law = math.sqrt(layers * inside / boundary)
        rounded = got in (math.floor(law), math.ceil(law))
        require(
            peak[int(got) - 1] <= best + 1e-9 or not rounded,
            f"n = {layers}, b = {boundary}, s = {inside}: the formula gives {law:.2f}, and "
            f"{got:.0f} segments are not the better choice: compare both neighbors",
        )
        require(
            peak[int(got) - 1] <= best + 1e-9,
            f"n = {layers}, b = {boundary}, s = {inside}: {got:.0f} segments peak at "
            f"{peak[int(got) - 1]:.1f}, the least is {best:.1f}",
        )


@exercise
def td_target(answer):
    """Exercise 7. A right TD target."""
    reward = torch.tensor([1.0, 0.0, 2.0, -1.0])
    done = torch.tensor([0.0, 0.0, 1.0, 0.0])
    q_next = torch.tensor([[1.0, 3.0], [4.0, 2.0], [9.0, 9.0], [-4.0, -2.0]], requires_grad=True)
    try:
        got = answer(reward, done, q_next, 0.5)
    except (RuntimeError, TypeError) as error:
        require(
            False,
            f"it raises {type(error).__name__}: {error}. The best action of each row is "
            "q_next.max(dim=1).values, of shape (B,)",
        )
    follows = getattr(got, "requires_grad", False)
    got = tensor(got)
    require(got.shape == (4,), f"one target a transition: expected (4,), got {tuple(got.shape)}")
    require(not follows, "a gradient flows into the target: detach, or no_grad")
    require(got[2] != 6.5, "after the end of an episode nothing follows: multiply by (1 - done)")
    going_on, best = 1 - done.double(), torch.tensor([3.0, 4.0, 9.0, -2.0]).double()

    def is_like(wrong):
        return torch.allclose(got, wrong, atol=1e-5)

    require(
        not is_like(0.5 * going_on * best),
        "the reward is missing: without it all values shrink to zero",
    )
    require(
        not is_like(0.5 * (reward + going_on * best)),
        "gamma discounts what comes after, not the reward",
    )
    rate = (got[0].item() - 1) / 3
    require(
        abs(rate - 0.5) < 1e-5 or not is_like(reward + rate * going_on * best),
        f"that discounts by {rate:.3g}, where gamma is 0.5",
    )
    require(
        got[:3].tolist() != [2.5, 2.0, 2.0] or got[3] == -2,
        "a value may be negative: the better of -4 and -2 is -2, with its sign",
    )
    require(
        is_like(reward + 0.5 * going_on * best),
        f"expected [2.5, 2.0, 2.0, -2.0], got {got.tolist()}: the best next action, per row",
    )


@exercise
def largest_bounded_rate(answer):
    """Exercise 8. When does the spring break?"""
    got = [number(answer(lam)) for lam in (1.0, 5.0)]
    require(min(got) > 0, f"a rate is a positive number, got {min(got)}")
    require(
        abs(got[0] - 2) > 1e-9,
        "2 / lambda is the limit with zero_grad; without it the recursion has two steps of memory",
    )
    require(abs(got[0] / got[1] - 5) < 1e-6, "a curvature five times as large allows a fifth")
    require(
        abs(got[0] - 4) < 1e-6,
        f"expected 4 for lambda = 1, got {got[0]}: where are both "
        "roots of z² - (2 - lr lambda) z + 1 on the unit circle?",
    )


@exercise
def sharpest(answer):
    """Exercise 9. The sharpest direction."""
    torch.manual_seed(0)
    basis, _ = torch.linalg.qr(torch.randn(30, 30, dtype=torch.float64))
    for largest in (4.0, -4.0):
        spectrum = torch.linspace(-2.0, 2.0, 30, dtype=torch.float64)
        spectrum[0] = largest
        H = basis @ torch.diag(spectrum) @ basis.T
        got = number(answer(lambda w, H=H: w @ H @ w / 2 + w.sum(), torch.ones(30).double()))
        require(
            largest > 0 or abs(got - 4) > 1e-3,
            "the size is right, the sign is lost: here the curvature is -4; use v · Hv, not |Hv|",
        )
        require(
            largest > 0 or abs(got - 2) > 1e-3,
            "that is the largest eigenvalue with its sign; asked is the one largest in size",
        )
        require(abs(got - largest) < 1e-3, f"expected {largest}, got {got:.4f}: enough steps?")
