"""Checks for the exercises of the chapter `attention`."""

import torch
from torch import nn

from dlbook_utils.answers import array, call, parts
from dlbook_utils.exercises import exercise, require


@exercise
def shapes(answer):
    """Exercise 1. Shapes"""
    weights, output = (
        tuple(int(n) for n in array(part).ravel())
        for part in parts(answer, 2, "2 shapes: of the weights, of the output")
    )
    require(weights != (4, 2, 5, 7), "rows are queries: each has a weight for each key")
    require(len(weights) == 4, "batch, heads, queries, keys: four axes")
    require(weights == (4, 2, 7, 5), f"expected the weights to be (4, 2, 7, 5), not {weights}")
    require(output != (4, 2, 7, 8), "the output has the width of the values, not of the keys")
    require(output != (4, 2, 5, 3), "there is one output for each query")
    require(output == (4, 2, 7, 3), f"expected the output to be (4, 2, 7, 3), not {output}")


@exercise
def decoder_mask(answer):
    """Exercise 2. One mask for another"""
    is_real = torch.tensor([[0, 1, 1, 0], [1, 1, 1, 1]])
    got = call(answer, is_real)
    require(torch.is_tensor(got), "expected a tensor of booleans")
    require(got.dtype == torch.bool, "expected booleans: floats are added to the scores")
    past = torch.ones(4, 4, dtype=torch.bool).tril()
    want = (past & is_real.bool()[:, None, None, :]).expand(2, 3, 4, 4)
    try:
        wide = got.expand(2, 3, 4, 4)
    except RuntimeError:
        wide = None
    require(
        wide is not None,
        f"{tuple(got.shape)} does not broadcast to (B, heads, T, T): B comes first, heads second",
    )
    real = is_real.bool()[:, None, :, None].expand(2, 3, 4, 4)  # rows that matter
    require(
        not torch.equal(wide & real, ~want & real),
        "this function takes True for what a query may look at",
    )
    require(bool((wide & ~past & real).sum() == 0), "some query may look at a later key")
    require(
        bool((wide & real & ~is_real.bool()[:, None, None, :]).sum() == 0),
        "some query may look at padding: the keys are the last axis",
    )
    require(
        torch.equal(wide & real, want & real), "a real query may look at every earlier real key"
    )


@exercise
def heads_of(answer):
    """Exercise 3. Split into heads"""
    x = torch.arange(2 * 5 * 12.0).view(2, 5, 12)
    want = torch.stack(x.chunk(3, dim=2), dim=1)
    got = call(answer, x, 3)
    require(torch.is_tensor(got), "expected a tensor")
    require(
        tuple(got.shape) == (2, 3, 5, 4), f"expected the shape (2, 3, 5, 4), not {tuple(got.shape)}"
    )
    require(
        not torch.equal(got, x.view(2, 3, 5, 4)),
        "a view to that shape mixes places and channels: split the last axis, then swap two axes",
    )
    require(
        not torch.equal(got, x.view(2, 5, 4, 3).permute(0, 3, 1, 2)),
        "each head holds neighboring channels: the heads are the first part of the split axis",
    )
    require(torch.equal(got, want), "head h holds the channels h * C // n_heads and following")


def causal_sum(x):
    return x.cumsum(1)


def shifted(x):
    return torch.cat([x[:, 1:], x[:, :1]], 1)


class OverTime(nn.Module):
    """A BatchNorm whose statistics are taken over the places as well."""

    def forward(self, x):
        return (x - x.mean((0, 1))) / x.std((0, 1))


def wide_convolution(x):
    padded = nn.functional.pad(x, (0, 0, 1, 1))
    return padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]


def last_leaks(x):
    y = x.cumsum(1)
    return torch.cat([y[:, :-2], y[:, -2:].flip(1)], 1)


@exercise
def leaks(answer):
    """Exercise 4. Does it look ahead?"""
    T, C = 6, 4
    for layer in (nn.Identity(), causal_sum, nn.Linear(C, C)):
        require(not call(answer, layer, T, C), "a layer that never looks ahead is called leaky")
    named = {
        shifted: "a shift by one place",
        wide_convolution: "a convolution with padding on both sides",
        OverTime(): "a normalization over time",
        last_leaks: "a leak between the last two places only",
    }
    for layer, name in named.items():
        require(bool(call(answer, layer, T, C)), f"not seen: {name}")


@exercise
def softmax_or_nothing(answer):
    """Exercise 5. Without weights that add to one"""
    s = torch.tensor([[0.0, 1.0, -1.0], [2.0, 2.0, 2.0]])
    want = s.exp() / (1 + s.exp().sum(-1, keepdim=True))
    got = call(answer, s)
    require(torch.is_tensor(got), "expected a tensor")
    require(got.shape == s.shape, f"expected the shape {tuple(s.shape)}, not {tuple(got.shape)}")
    require(not torch.allclose(got, s.softmax(-1)), "that is the plain softmax: its rows sum to 1")
    require(torch.allclose(got, want, atol=1e-6), f"expected {want.tolist()}, not {got.tolist()}")
    large = call(answer, torch.tensor([1000.0, 999.0]))
    require(bool(large.isfinite().all()), "at scores of 1000 it overflows: subtract the maximum")
    expected = torch.tensor([1.0, -1.0]).sigmoid()
    require(torch.allclose(large, expected, atol=1e-3), "at scores of 1000 the ratio is still e")
    nothing = call(answer, torch.full((3,), -torch.inf))
    require(
        not bool(nothing.isnan().any()), "a row of minus infinity gives NaN: 0 is in the maximum"
    )
    require(bool((nothing == 0).all()), "a row of minus infinity gives zeros")
    small = call(answer, torch.full((2,), -1000.0))
    require(bool((small < 1e-6).all()), "at scores of -1000 the weights are zero, not shared out")


@exercise
def another(answer):
    """Exercise 6. Two explanations of one output"""
    generator = torch.Generator().manual_seed(0)
    for m, d in ((4, 2), (10, 3)):
        p = torch.rand(m, generator=generator).add(0.2)
        p, v = p / p.sum(), torch.randn(m, d, generator=generator)
        got = array(call(answer, p, v))
        require(got is not None and got.shape == (m,), f"expected {m} weights")
        got = torch.tensor(got)
        require(bool((got > -1e-5).all()), "a weight is below zero: walk no further than that")
        require(abs(got.sum() - 1) < 1e-4, "the weights have to sum to 1")
        require(
            torch.allclose(got @ v.double(), p.double() @ v.double(), atol=1e-4),
            "the output has changed: move along what v cannot see, with a sum of zero",
        )
        require(
            bool((got - p).abs().max() > 1e-2), "that is p again: walk until a weight reaches zero"
        )
