"""Checks for the exercises of the chapter `convolution`."""

import copy

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from dlbook_utils.answers import agree, call, finite, number, numbers, parts
from dlbook_utils.exercises import exercise, require

CONVOLUTION = 16 * 3 * 9 + 16
PIXELS, OUTPUTS = 3 * 32 * 32, 16 * 32 * 32


@exercise
def shared_or_not(answer):
    """Exercise 1. Shared and not shared"""
    conv, dense = (number(n) for n in parts(answer, 2, "2 things: the counts (convolution, dense)"))
    require(conv != CONVOLUTION - 16, "the convolution has a bias for each output channel")
    require(conv != 16 * 9 + 16, "each kernel has a slice of 9 for each of the 3 input channels")
    require(conv != 28, "that is one kernel with its bias; there are 16")
    require(
        conv not in {432 * 1024, CONVOLUTION * 1024, 432 * 1024 + 16},
        "the same weights serve every place: do not multiply by the places",
    )
    require(conv == CONVOLUTION, f"16 kernels of 3 · 9 weights and a bias each; got {conv:g}")
    require(dense != PIXELS * OUTPUTS, "the dense layer has a bias for each of its outputs as well")
    require(
        dense != PIXELS * OUTPUTS + 16,
        "without sharing the biases are not shared either: 16 · 1024",
    )
    require(
        dense not in {1024 * 16 * 1024, 1024 * 16 * 1024 + OUTPUTS},
        "the picture is in color: 3 · 1024 inputs",
    )
    require(
        dense == PIXELS * OUTPUTS + OUTPUTS,
        f"every output has a weight for every input, and a bias; got {dense:g}",
    )


@exercise
def keeping(answer):
    """Exercise 2. Keep the size"""
    for k, d in [(1, 1), (3, 1), (5, 1), (3, 2), (4, 2), (4, 1), (2, 1), (4, 3), (7, 4)]:
        got, extra = call(answer, k, d), d * (k - 1)
        if extra % 2:
            require(
                got is None,
                f"k = {k}, d = {d}: the same padding on both sides adds an even number, and "
                f"{extra} pixels are missing: return None",
            )
            continue
        require(
            got is not None,
            f"k = {k}, d = {d}: there is a padding; what has to be even is d(k - 1)",
        )
        got = number(got, f"a number for k = {k}, d = {d}")
        require(
            not (d > 1 and got == (k - 1) // 2),
            "the spread window covers d(k - 1) + 1 pixels: use d",
        )
        require(
            not (got == extra and extra), "the padding goes to both sides: half of what is missing"
        )
        require(got == extra / 2, f"k = {k}, d = {d}: expected {extra // 2}, got {got:g}")


@exercise
def edges(answer):
    """Exercise 3. Sobel's edges"""
    generator = torch.Generator().manual_seed(0)
    across = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    for shape in [(7, 9), (6, 6)]:
        picture = torch.rand(shape, generator=generator)
        a, c = F.conv2d(picture[None, None], torch.stack([across, across.T])[:, None])[0]
        got = call(answer, picture.clone())
        size = (shape[0] - 2, shape[1] - 2)
        full = torch.is_tensor(got) and got.shape[-2:] == picture.shape
        require(not full, "no padding: the result has two rows and two columns less")
        got = finite(got, size, f"strengths in the shape {size}")
        require(
            not (agree(got, a.abs(), 1e-4) or agree(got, c.abs(), 1e-4)),
            "that sees one direction only: combine both responses",
        )
        require(
            not agree(got, a.abs() + c.abs(), 1e-4),
            "that adds the sizes; the length is the root of the sum of squares",
        )
        require(not agree(got, a.square() + c.square(), 1e-4), "the root is missing")
        require(
            not (agree(got, a, 1e-4) or agree(got, a + c, 1e-4)),
            "a strength is never negative: square the responses, add, take the root",
        )
        require(
            not agree(8 * got, (a.square() + c.square()).sqrt(), 1e-4),
            "do not divide: the kernel's weights are 1 and 2",
        )
        require(
            agree(got, (a.square() + c.square()).sqrt(), 1e-4),
            "the strengths are not right: kernels (-1, 0, 1; -2, 0, 2; -1, 0, 1) and its transpose",
        )


@exercise
def conv1d_gradients(answer):
    """Exercise 4. Backward, in one dimension"""
    rng = np.random.default_rng(0)
    for n, k, stride in [(9, 3, 1), (9, 3, 2), (10, 3, 2), (11, 4, 3)]:
        x, w = torch.tensor(rng.normal(size=n)), torch.tensor(rng.normal(size=k))
        x.requires_grad_()
        w.requires_grad_()
        z = F.conv1d(x[None, None], w[None, None], stride=stride)[0, 0]
        g = torch.tensor(rng.normal(size=len(z)))
        dx, dw = torch.autograd.grad(z, (x, w), g)
        where = f"{n} pixels, kernel {k}, stride {stride}"
        got = call(answer, g.numpy(), x.detach().numpy(), w.detach().numpy(), stride)
        mine_x, mine_w = parts(got, 2, "2 things: (dx, dw)")
        mine_x = finite(mine_x, (n,), f"dx with {n} entries, also those that no window reads")
        mine_w = finite(mine_w, (k,), f"dw with {k} entries")
        flipped = torch.autograd.grad(
            F.conv1d(x[None, None], w.flip(0)[None, None], stride=stride)[0, 0], x, g
        )[0]
        require(
            not agree(mine_x, flipped),
            f"{where}: dx is as if the kernel were flipped once too often or once too little",
        )
        require(
            not (agree(mine_w, dw.flip(0)) and not agree(dw, dw.flip(0))),
            f"{where}: dw is backward; w[u] met x[s·i + u]",
        )
        require(not agree(mine_w, dw / len(g)), f"{where}: dw is a sum over the places, not a mean")
        if stride > 1:
            first = torch.autograd.grad(
                F.conv1d(x[None, None], w[None, None])[0, 0], x, padded(g, n, k)
            )
            require(
                not agree(mine_x, first[0]), f"{where}: output i was read at s·i, not at i: use s"
            )
        require(agree(mine_x, dx), f"{where}: dx is not right")
        require(agree(mine_w, dw), f"{where}: dw is not right")


def padded(g, n: int, k: int):
    """The gradient as it would arrive if the outputs lay side by side."""
    full = torch.zeros(n - k + 1, dtype=g.dtype)
    full[: len(g)] = g
    return full


def is_truth(got) -> bool:
    return isinstance(got, bool | np.bool_) or (
        torch.is_tensor(got) and got.dtype == torch.bool and got.numel() == 1
    )


def dense_by_trial(n: int, k: int, padding: int, stride: int) -> bool:
    """Whether one output reads every pixel, by looking at where a convolution puts them."""
    size = n + 2 * padding
    if k > size or (size - k) // stride + 1 != 1:
        return False
    return padding + n <= k


@exercise
def is_dense(answer):
    """Exercise 5. Still a dense layer?"""
    cases = [
        (8, 8, 0, 1, "no padding, a kernel as large as the picture: it is dense"),
        (8, 8, 0, 3, "stride has nowhere to go when there is a single window: still dense"),
        (8, 8, 1, 1, "padding gives the window room: nine outputs, not one"),
        (8, 8, 1, 3, "one output is not enough: this one misses a row and a column"),
        (8, 10, 1, 1, "a kernel of n + 2p meets zeros at its rim and every pixel inside: dense"),
        (8, 9, 1, 1, "a kernel of n + p at stride 1 has four places, not one"),
        (8, 9, 1, 2, "the window begins at -p: k of n + p reaches the last pixel: dense"),
        (8, 3, 0, 1, "a small kernel has many places"),
        (8, 3, 0, 6, "one output, but it sees 3 by 3 pixels of 8 by 8"),
        (5, 9, 1, 1, "the window is larger than the padded picture: there is no output"),
        (4, 7, 2, 2, "that is one output that sees everything: it begins at -2 and ends at 4"),
        (4, 6, 2, 2, "(4 + 4 - 6)/2 + 1 is 2: two outputs a side"),
    ]
    for *setting, words in cases:
        got = call(answer, *setting)
        right = dense_by_trial(*setting)
        require(is_truth(got), "return True or False")
        named = "n = {}, k = {}, padding = {}, stride = {}".format(*setting)
        require(bool(got) == right, f"{named}: {words}")


@exercise
def as_convolution(answer):
    """Exercise 6. Dense to convolution"""
    torch.manual_seed(0)
    for C, H, W, out in [(1, 3, 3, 2), (5, 3, 3, 4), (2, 3, 4, 3)]:
        linear, maps = nn.Linear(C * H * W, out), torch.randn(6, C, H, W)
        before = copy.deepcopy(linear.state_dict())
        conv = call(answer, linear, C, H, W)
        require(isinstance(conv, nn.Conv2d), "expected an nn.Conv2d")
        require(
            all(torch.equal(v, linear.state_dict()[k]) for k, v in before.items()),
            "leave the dense layer as it is",
        )
        require(conv.bias is not None, "the bias is missing")
        require(
            conv.in_channels == C,
            f"the maps have {C} channels; got a layer for {conv.in_channels}",
        )
        require(
            tuple(conv.kernel_size) == (H, W),
            f"the kernel is as large as the map, {H} by {W}; got {tuple(conv.kernel_size)}",
        )
        require(
            tuple(conv.stride) == (1, 1) and conv.padding in ((0, 0), 0, "valid"),
            "to slide on larger maps it needs stride 1 and no padding",
        )
        require(
            tuple(conv.dilation) == (1, 1) and conv.groups == 1,
            "every output reads neighboring pixels of all channels: no dilation, no groups",
        )
        shape = tuple(conv.weight.shape)
        require(
            shape == (out, C, H, W) and conv.bias.shape == (out,),
            f"expected {out} outputs, with a weight of shape (out, C, H, W); got {shape}",
        )
        require(
            conv.weight.dtype == conv.bias.dtype == maps.dtype,
            f"keep the numbers in {maps.dtype}, got {conv.weight.dtype}",
        )
        got, want = conv(maps).flatten(1), linear(maps.flatten(1))
        require(
            not agree(got - conv.bias[None], want - linear.bias[None], 1e-4)
            or agree(got, want, 1e-4),
            "the weights are right, the bias is not copied",
        )
        require(
            agree(got, want, 1e-4),
            "the outputs differ: `flatten` runs through channels, rows, columns, in this order; "
            "view the weight as (out, C, H, W)",
        )
        larger = conv(torch.randn(1, C, H + 2, W + 3))
        require(larger.shape == (1, out, 3, 4), "on larger maps it must slide")


@exercise
def winograd(answer):
    """Exercise 7. Four products for six"""
    rng = np.random.default_rng(0)
    for n in (4, 10, 32):
        x, w = rng.normal(size=n), rng.normal(size=3)
        z, products = parts(
            call(answer, x.copy(), w.copy()), 2, "2 things: the outputs and the number of products"
        )
        z = numbers(z, (n - 2,), f"{n - 2} outputs for {n} samples")
        products, want = number(products), np.correlate(x, w, mode="valid")
        require(
            not (agree(z, np.convolve(x, w, mode="valid"))),
            "that is the convolution with the kernel flipped; wanted is z[i] = Σ w[u] x[i + u]",
        )
        require(
            agree(z[::2], want[::2]),
            "the first output of each pair is not right: all of m₁, m₂, m₃ go into it",
        )
        require(
            agree(z[1::2], want[1::2]),
            "the second output of each pair is not right: m₂, m₃ and m₄, two of them subtracted",
        )
        require(
            products != 3 * (n - 2), "that is what the plain sum takes: 3 products for each output"
        )
        require(
            products != 4 * (n - 2), "four products for each *pair* of outputs, not for each output"
        )
        require(
            products == 2 * (n - 2),
            f"{n - 2} outputs take {2 * (n - 2)} products of signal with kernel; got {products:g}",
        )


def functions(n: int) -> list[tuple]:
    """Functions on a ring of n samples, whether each is a convolution, and what to say."""
    rng = np.random.default_rng(5)
    w, ramp = rng.normal(size=n), np.linspace(0.5, 1.5, n)
    permuted = rng.permutation(n)

    def ring(x):
        return np.fft.ifft(np.fft.fft(x) * np.fft.fft(w)).real

    def correlated(x):
        return np.fft.ifft(np.fft.fft(x) * np.fft.fft(w).conj()).real

    def zero_padded(x):
        return np.convolve(x, [0.5, 1.0, -0.3], mode="same")

    def median(x):
        return np.median([np.roll(x, s) for s in (-1, 0, 1)], axis=0)

    no_shift = "it is linear but treats places differently: test shifts"
    return [
        (ring, True, "a circular convolution passes"),
        (correlated, True, "a correlation is a convolution with another kernel: it passes"),
        (lambda x: x.copy(), True, "the identity is a convolution with an impulse"),
        (lambda x: np.roll(x, 3), True, "a shift is a convolution with a shifted impulse"),
        (lambda x: np.full(n, x.mean()), True, "the mean over the ring is one, too"),
        (lambda x: x * ramp, False, no_shift),
        (lambda x: x[permuted], False, no_shift),
        (lambda x: x[::-1], False, no_shift),
        (zero_padded, False, "zeros at the border are not a ring: a shift shows it"),
        (median, False, "a median commutes with shifts but is not linear: test sums"),
        (lambda x: np.maximum(ring(x), 0), False, "a ReLU follows: test sums and negative factors"),
        (lambda x: ring(x) + 0.1, False, "a bias makes it affine: f(0) is not 0"),
        (lambda x: x * np.roll(x, 1), False, "doubling x makes this four times as large"),
        (lambda x: np.abs(x), False, "sizes commute with shifts but are not linear"),
    ]


@exercise
def is_convolution(answer):
    """Exercise 8. Is it a convolution?"""
    for n in (12, 15):
        for f, right, words in functions(n):
            got = call(answer, f, n)
            require(is_truth(got), "return True or False")
            require(bool(got) == right, words)
