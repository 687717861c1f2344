"""Checks for the exercises of the chapter `autograd`."""

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


def number(value) -> float:
    """A Python number from a number, an array or a tensor of one element."""
    return float(value.detach() if isinstance(value, torch.Tensor) else value)


def tensor(value) -> torch.Tensor:
    """A float64 tensor from a list, an array or a tensor."""
    if isinstance(value, torch.Tensor):
        return value.detach().double()
    return torch.tensor([number(v) for v in value], dtype=torch.float64)


@exercise
def which_tool(answer):
    """Which tool?"""
    require(isinstance(answer, dict), "give a dictionary: {case: tool}")
    for case, tool in TOOLS.items():
        require(case in answer, f"the case {case!r} is missing")
        require(answer[case] == tool, f"{case}: {REASONS[case]}")


@exercise
def micro_weights(answer):
    """Weights for micro-batches."""
    require(
        len(answer([8, 8, 8, 8])) == 4, "one factor for each micro-batch, in the order of the sizes"
    )
    got = tensor(answer([8, 8, 8, 8]))
    require(
        not torch.allclose(got, torch.ones_like(got)), "unweighted: the sum is four times too large"
    )
    uneven = tensor(answer([32, 32, 32, 4]))
    require(
        not torch.allclose(uneven, torch.full_like(uneven, 0.25)),
        "that is right for equal sizes only: the last four examples count as much as thirty-two",
    )
    require(
        not torch.allclose(uneven.sum(), torch.tensor(100.0).double()),
        "multiplied by its size, each mean is a sum: divide by the size of the whole batch",
    )
    want = torch.tensor([0.32, 0.32, 0.32, 0.04], dtype=torch.float64)
    require(
        torch.allclose(uneven, want, atol=1e-6), f"for sizes 32, 32, 32, 4 expected {want.tolist()}"
    )


@exercise
def row_norms(answer):
    """A norm without NaN."""
    x = torch.tensor([[3.0, 4.0], [0.0, 0.0], [1e-4, 0.0]], dtype=torch.float64, requires_grad=True)
    got = answer(x)
    require(got.shape == (3,), f"one norm a row: expected shape (3,), got {tuple(got.shape)}")
    require(
        got[1] == 0, f"the norm of a zero row is exactly 0, got {got[1].item():.1e}: no epsilon"
    )
    want = torch.tensor([5.0, 0.0, 1e-4], dtype=torch.float64)
    require(torch.allclose(got, want, rtol=1e-9, atol=0), "the other norms must not change")
    require(got.requires_grad, "the result is cut off from its input: no gradient can flow")
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
    """The diagonal, really."""

    def coupled(x):
        return x[0] * x[1] + x[0] ** 2 + torch.sin(x[1] * x[2])

    x = torch.tensor([1.0, 2.0, 0.5], dtype=torch.float64)
    H = hessian(coupled)(x)
    got = answer(coupled, x)
    require(isinstance(got, torch.Tensor) and got.shape == (3,), "expected a tensor of shape (3,)")
    got = got.detach()
    require(
        not torch.allclose(got, H.sum(1)),
        "those are the row sums: differentiating the sum of a gradient gives H times ones",
    )
    require(
        torch.allclose(got, H.diagonal()), f"expected {H.diagonal().tolist()}, got {got.tolist()}"
    )


@exercise
def log_cosh_backward(answer):
    """Backward of log cosh."""

    class LogCosh(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.abs() + torch.log1p(torch.exp(-2 * x.abs())) - torch.log(torch.tensor(2.0))

        @staticmethod
        def backward(ctx, grad_output):
            return answer(ctx.saved_tensors[0], grad_output)

    x = torch.tensor([-1.5, 0.2, 2.0], dtype=torch.float64, requires_grad=True)
    ones = torch.ones(3, dtype=torch.float64)
    got, twice = answer(x.detach(), ones), answer(x.detach(), 2 * ones)
    require(isinstance(got, torch.Tensor), "return a tensor: the gradient with respect to x")
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
        torch.allclose(answer(big, torch.ones(2)), big.sign()),
        "right, but at x = 1000 it overflows: sinh x / cosh x has a name of its own",
    )


@exercise
def best_segments(answer):
    """How many segments?"""
    for layers, boundary, inside in [(36, 1, 1), (32, 1, 16), (48, 2, 1), (8, 1, 100)]:
        got = number(answer(layers, boundary, inside))
        require(got == int(got), f"a number of segments is an integer, got {got}")
        peak = [k * boundary + layers / k * inside for k in range(1, layers + 1)]
        require(
            not (inside != boundary and got == round(layers**0.5)),
            "the square root of L alone is right only when a layer's inside and its boundary "
            "weigh the same",
        )
        require(1 <= got <= layers, f"between 1 and {layers} segments, got {got:.0f}")
        require(
            peak[int(got) - 1] <= min(peak) + 1e-9,
            f"L = {layers}, b = {boundary}, s = {inside}: {got:.0f} segments peak at "
            f"{peak[int(got) - 1]:.1f}, the least is {min(peak):.1f}",
        )


@exercise
def td_target(answer):
    """A right TD target."""
    reward = torch.tensor([1.0, 0.0, 2.0])
    done = torch.tensor([0.0, 0.0, 1.0])
    q_next = torch.tensor([[1.0, 3.0], [4.0, 2.0], [9.0, 9.0]], requires_grad=True)
    got = answer(reward, done, q_next, 0.5)
    require(got.shape == (3,), f"one target a transition: expected (3,), got {tuple(got.shape)}")
    require(not got.requires_grad, "a gradient flows into the target: detach, or no_grad")
    require(got[2] != 6.5, "after the end of an episode nothing follows: multiply by (1 - done)")
    require(
        not torch.allclose(got, torch.tensor([1.5, 2.0, 0.0])),
        "the reward is missing: without it all values shrink to zero",
    )
    require(
        torch.allclose(got, torch.tensor([2.5, 2.0, 2.0])),
        f"expected [2.5, 2.0, 2.0], got {got.tolist()}: the best next action, per row",
    )


@exercise
def largest_bounded_rate(answer):
    """When does the spring break?"""
    got = [number(answer(lam)) for lam in (1.0, 5.0)]
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
    """The sharpest direction."""
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
