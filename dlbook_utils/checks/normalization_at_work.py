"""Checks for the exercises of the chapter `normalization_at_work`."""

import math

import numpy as np
import torch
from torch import nn

from dlbook_utils.answers import number, numbers
from dlbook_utils.exercises import exercise, require


def close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-4, abs_tol=1e-9)


@exercise
def factors(answer):
    """Ten times the weight."""
    for a in (10.0, 0.5, 3.0):
        output, gradient, angle = numbers(answer(a), (3,), "three factors")
        require(not close(output, a), "BatchNorm divides the factor out again: f(aw) = f(w)")
        require(close(output, 1), f"the output does not change, but you say {output:g} for a = {a}")
        require(
            not close(gradient, a) and not close(gradient, 1),
            "differentiate f(aw) = f(w) in w: a factor a comes out on the left",
        )
        require(close(gradient, 1 / a), f"the gradient's factor at a = {a} is not {gradient:g}")
        require(
            not close(angle, 1 / a),
            "the angle is the step over the length, and both of them changed",
        )
        require(close(angle, 1 / a**2), f"the angle's factor at a = {a} is not {angle:g}")


@exercise
def balanced_length(answer):
    """Where decay holds a weight."""
    for lr, wd, G, beta in ((0.1, 0.01, 2.0, 0.0), (0.3, 0.05, 1.0, 0.9), (0.2, 1e-3, 3.0, 0.5)):
        got, want = number(answer(lr, wd, G, beta)), (lr / (1 - beta) * G**2 / (2 * wd)) ** 0.25
        require(not close(got, want**4), "that is the length to the fourth power")
        require(not close(got, want**2), "that is the square of the length")
        plain = (lr * G**2 / (2 * wd)) ** 0.25
        require(beta == 0 or not close(got, plain), "the momentum is missing: the rate grows by it")
        require(
            not close(got, want * 2**0.25),
            "the decay acts on the squared length twice: (1 - x)² is about 1 - 2x",
        )
        require(close(got, want), f"expected {want:.4f} for {(lr, wd, G, beta)}, got {got:.4f}")


@exercise
def growth_per_layer(answer):
    """A leaky ReLU."""
    for s in (0.0, 1.0, 0.1, 0.5):
        got, second = number(answer(s)), (1 + s**2) / 2
        variance = second - (1 - s) ** 2 / (2 * math.pi)
        want = math.sqrt(second / variance)
        require(
            s == 1 or not close(got, want**2), "that is the growth of the square; take its root"
        )
        require(
            s == 1 or not close(got, 1), "BatchNorm divides by the spread: the mean is taken off"
        )
        require(
            s != 1 or close(got, 1),
            "at s = 1 the layer is linear: nothing is lost, so nothing grows",
        )
        wrong = math.sqrt(second / (second - (1 + s) ** 2 / (2 * math.pi)))
        require(
            s == 0 or not close(got, wrong),
            "the negative half pulls the mean down: its sign is missing",
        )
        require(close(got, want), f"expected {want:.4f} at s = {s}, got {got:.4f}")


@exercise
def pictures_needed(answer):
    """How many values."""
    cases = (((8, 8, 0.05), 4), ((1, 1, 0.1), 50), ((2, 2, 0.1), 13), ((32, 32, 0.1), 1))
    for (height, width, error), want in cases:
        got = number(answer(height, width, error))
        values = 1 / (2 * error**2)
        require(
            height * width == 1 or not close(got, math.ceil(values)),
            "the places of a picture count too: a mean is taken over B, H and W",
        )
        require(not close(got, 1 / error**2 / height / width), "mind the 2 under the root")
        require(got == int(got) and got >= 1, f"a batch holds whole pictures, not {got:g}")
        require(got != want - 1, "rounding down leaves the error above its limit: round up instead")
        require(got == want, f"expected {want} for {(height, width, error)}, got {got:g}")


class _Leak(nn.Module):
    """The output at `to` reads the input at `source`; else each token is on its own."""

    def __init__(self, source: int, to: int):
        super().__init__()
        self.source, self.to = source, to

    def forward(self, x):
        y = 2 * x
        y[:, self.to] = y[:, self.to] + 0.5 * x[:, self.source]
        return y


@exercise
def sees_the_future(answer):
    """Does it see the future?"""
    torch.manual_seed(0)
    x = torch.randn(3, 6, 4)
    batch_norm = nn.BatchNorm1d(4)
    leaky = {
        "BatchNorm over all tokens": lambda h: batch_norm(h.flatten(0, 1)).view_as(h),
        "a leak from the last token to the first": _Leak(5, 0),
        "a leak from token 3 to token 2 only": _Leak(3, 2),
    }
    honest = {
        "LayerNorm": nn.LayerNorm(4),
        "a running sum of the past": lambda h: h.cumsum(1),
        "a token that reads an earlier one": _Leak(1, 4),
    }
    before = x.clone()
    for name, model in honest.items():
        got = answer(model, x)
        require(
            isinstance(got, bool | np.bool_) or getattr(got, "dtype", None) == torch.bool,
            f"answer True or False, not {got!r}",
        )
        require(not got, f"{name} does not look ahead: a token may depend on itself and the past")
    for name, model in leaky.items():
        require(
            bool(answer(model, x)), f"{name} went unnoticed: change every position, compare all"
        )
    require(torch.equal(x, before), "the input was changed on the way: work on a copy")


@exercise
def scaled_branch(answer):
    """A branch that begins at zero."""
    torch.manual_seed(0)
    block, x = answer(8), torch.randn(5, 8)
    require(isinstance(block, nn.Module), "return a module, so that its parameters can be found")
    out = block(x)
    require(out.shape == x.shape, f"the shape must stay {tuple(x.shape)}, not {tuple(out.shape)}")
    require(
        not torch.equal(out, torch.zeros_like(out)), "the skip is missing: x itself must be added"
    )
    require(torch.allclose(out, x), "at the start the block must be the identity")
    scalars = [p for p in block.parameters() if p.numel() == 1]
    require(
        len(scalars) == 1, "one learned number is wanted, as nn.Parameter: a plain one never moves"
    )
    optimizer = torch.optim.SGD(block.parameters(), lr=0.1)
    target = torch.randn(5, 8)
    first = (block(x) - target).square().mean()
    first.backward()
    require(
        scalars[0].grad is not None and scalars[0].grad.abs().item() > 0,
        "nothing can move: begin the scale at zero, and the branch's weights not",
    )
    for _ in range(100):
        optimizer.zero_grad()
        loss = (block(x) - target).square().mean()
        loss.backward()
        optimizer.step()
    require(loss < 0.9 * first, "after 100 steps the block has learned nothing")


@exercise
def matching_alpha(answer):
    """The slope of a tanh."""
    for spread in (2.0, 0.5, 4.0):
        got = number(answer(spread))
        require(not close(got, spread), "the other way round: a wide stream needs a flat tanh")
        require(not close(got, 1 / spread**2), "RMSNorm divides by the spread, not by the variance")
        require(close(got, 1 / spread), f"expected {1 / spread:g} for {spread:g}, got {got:g}")


@exercise
def flattest(answer):
    """The sharpest direction."""
    name = str(answer).lower().replace(" ", "")
    require(
        name in ("none", "layernorm", "batchnorm"),
        'give one of the three names: "none", "LayerNorm", "BatchNorm"',
    )
    require(
        name != "layernorm", "LayerNorm leaves in what all examples share: measure BatchNorm too"
    )
    require(name != "none", "the steep direction is there without a norm: measure BatchNorm too")
