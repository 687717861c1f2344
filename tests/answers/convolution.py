"""Answers to the exercises of `convolution`: right ones and mistakes."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

ACROSS = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])


def keeping(k, d):
    extra = d * (k - 1)
    return extra // 2 if extra % 2 == 0 else None


def responses(picture, padding=0):
    kernels = torch.stack([ACROSS, ACROSS.T])[:, None]
    return F.conv2d(picture[None, None], kernels, padding=padding)[0]


def edges(picture):
    return responses(picture).norm(dim=0)


def edges_in_numpy(picture):
    x = picture.numpy()
    columns = x[:-2] + 2 * x[1:-1] + x[2:]
    rows = x[:, :-2] + 2 * x[:, 1:-1] + x[:, 2:]
    return np.hypot(columns[:, 2:] - columns[:, :-2], rows[2:] - rows[:-2])


def conv1d_gradients(g, x, w, stride):
    dx, dw = np.zeros(len(x)), np.zeros(len(w))
    for i, gi in enumerate(g):
        window = slice(stride * i, stride * i + len(w))
        dx[window] += gi * w
        dw += gi * x[window]
    return dx, dw


def by_autograd(g, x, w, stride):
    x, w = (torch.tensor(v, requires_grad=True) for v in (x, w))
    z = F.conv1d(x[None, None], w[None, None], stride=stride)[0, 0]
    return torch.autograd.grad(z, (x, w), torch.tensor(g))


def with_stride_forgotten(g, x, w, stride):
    dx = np.zeros(len(x))
    for i, gi in enumerate(g):
        dx[i : i + len(w)] += gi * w
    return dx, conv1d_gradients(g, x, w, stride)[1]


def with_flipped_kernel(g, x, w, stride):
    return conv1d_gradients(g, x, w[::-1], stride)[0], conv1d_gradients(g, x, w, stride)[1]


def part(n, value):
    """The right gradients, but the one in place n is `value(right, g)`."""

    def gradients(g, x, w, stride):
        right = list(conv1d_gradients(g, x, w, stride))
        right[n] = value(right[n], g)
        return right

    return gradients


def is_dense(n, k, padding, stride):
    fits = k <= n + 2 * padding
    return fits and (n + 2 * padding - k) // stride == 0 and k - padding >= n


def dense_by_matrix(n, k, padding, stride):
    """Look at the weights that reach the outputs, one row and one column at a time."""
    if k > n + 2 * padding:
        return False
    z = F.conv1d(torch.eye(n)[:, None], torch.ones(1, 1, k), stride=stride, padding=padding)
    return bool(z.shape[-1] == 1 and (z != 0).all())


def as_convolution(linear, C, H, W, **options):
    conv = nn.Conv2d(C, linear.out_features, (H, W), **options)
    with torch.no_grad():
        conv.weight.copy_(linear.weight.view(-1, C, H, W))
        if conv.bias is not None:
            conv.bias.copy_(linear.bias)
    return conv


def without_bias_copied(linear, C, H, W):
    conv = as_convolution(linear, C, H, W)
    nn.init.zeros_(conv.bias)
    return conv


def channels_last(linear, C, H, W):
    conv = as_convolution(linear, C, H, W)
    conv.weight.data = linear.weight.data.view(-1, H, W, C).permute(0, 3, 1, 2)
    return conv


def square_kernel(linear, C, H, W):
    return nn.Conv2d(C, linear.out_features, H)


def changed(linear, C, H, W):
    conv = as_convolution(linear, C, H, W)
    linear.bias.data.zero_()
    return conv


def flat_weight(linear, C, H, W):
    conv = as_convolution(linear, C, H, W)
    conv.weight.data = linear.weight.data
    return conv


def in_double(linear, C, H, W):
    return as_convolution(linear, C, H, W).double()


def one_by_one(linear, C, H, W):
    conv = nn.Conv2d(C * H * W, linear.out_features, 1)
    conv.weight.data = linear.weight.data[:, :, None, None]
    return conv


def winograd(x, w, per_pair=4, signs=(1, 1, 1, 1, -1, -1)):
    plus, minus = (w[0] + w[1] + w[2]) / 2, (w[0] - w[1] + w[2]) / 2
    z, products = np.zeros(len(x) - 2), 0
    for i in range(0, len(z), 2):
        a, b, c, d = x[i : i + 4]
        m = (a - c) * w[0], (b + c) * plus, (c - b) * minus, (b - d) * w[2]
        z[i] = signs[0] * m[0] + signs[1] * m[1] + signs[2] * m[2]
        z[i + 1] = signs[3] * m[1] + signs[4] * m[2] + signs[5] * m[3]
        products += per_pair
    return z, products


def is_convolution(f, n):
    rng = np.random.default_rng(0)
    a, c = rng.normal(size=(2, n))
    linear = np.allclose(f(2 * a - 3 * c), 2 * f(a) - 3 * f(c))
    return linear and np.allclose(f(np.roll(a, 1)), np.roll(f(a), 1))


def by_columns(f, n):
    """The columns of its matrix are one column, shifted, and it is that matrix."""
    impulses = np.eye(n)
    matrix = np.stack([f(row) for row in impulses], axis=1)
    shifted = all(np.allclose(matrix[:, i], np.roll(matrix[:, 0], i)) for i in range(n))
    x = np.random.default_rng(1).normal(size=n)
    return bool(shifted and np.allclose(matrix @ x, f(x)))


def only_shifts(f, n):
    a = np.random.default_rng(0).normal(size=n)
    return np.allclose(f(np.roll(a, 1)), np.roll(f(a), 1))


def only_linear(f, n):
    a, c = np.random.default_rng(0).normal(size=(2, n))
    return np.allclose(f(2 * a - 3 * c), 2 * f(a) - 3 * f(c))


def only_scales_up(f, n):
    a = np.random.default_rng(0).normal(size=n)
    return np.allclose(f(3 * a), 3 * f(a)) and only_shifts(f, n)


SOLUTIONS = {
    "shared_or_not": [(448, 50_348_032), torch.tensor([448, 50_348_032])],
    "keeping": [keeping, lambda k, d: None if d * (k - 1) % 2 else d * (k - 1) / 2],
    "edges": [edges, edges_in_numpy],
    "conv1d_gradients": [conv1d_gradients, by_autograd],
    "is_dense": [is_dense, dense_by_matrix],
    "as_convolution": [as_convolution, lambda *a: as_convolution(*a, padding="valid")],
    "winograd": [winograd, lambda x, w: [torch.tensor(v) for v in winograd(x, w)]],
    "is_convolution": [is_convolution, by_columns, lambda *a: torch.tensor(by_columns(*a))],
}

MISTAKES = {
    "shared_or_not": [
        (448, "expected 2 things"),
        ((432, 50_348_032), "a bias for each output channel"),
        ((160, 50_348_032), "each of the 3 input channels"),
        ((28, 50_348_032), "there are 16"),
        ((448 * 1024, 50_348_032), "do not multiply by the places"),
        ((500, 50_348_032), "16 kernels of"),
        ((448, 3072 * 16384), "bias for each of its outputs"),
        ((448, 3072 * 16384 + 16), "not shared either"),
        ((448, 1024 * 16384 + 16384), "in color"),
        ((448, 1), "every output has a weight"),
    ],
    "keeping": [
        (lambda k, d: d * (k - 1) // 2, "return None"),
        (lambda k, d: (k - 1) // 2 if k % 2 else None, "use d"),
        (lambda k, d: keeping(k, d) if k % 2 else None, "has to be even is d(k - 1)"),
        (lambda k, d: None if d * (k - 1) % 2 else d * (k - 1), "half of what is missing"),
        (lambda k, d: keeping(k, d) if k < 5 else 1, "expected 2, got 1"),
        (lambda k, d: "same", "expected a number"),
        (lambda k: 1, "called with 2 arguments"),
    ],
    "edges": [
        (lambda p: responses(p, 1).norm(dim=0), "no padding"),
        (lambda p: responses(p)[0].abs(), "one direction only"),
        (lambda p: responses(p).abs().sum(0), "adds the sizes"),
        (lambda p: responses(p).square().sum(0), "the root is missing"),
        (lambda p: responses(p)[0], "never negative"),
        (lambda p: edges(p) / 8, "do not divide"),
        (lambda p: edges(p) + 1, "are not right"),
        (lambda p: 3.0, "expected strengths"),
    ],
    "conv1d_gradients": [
        (lambda g, x, w, stride: g, "expected 2 things"),
        (with_flipped_kernel, "flipped once too often"),
        (part(1, lambda dw, g: dw[::-1]), "dw is backward"),
        (part(1, lambda dw, g: dw / len(g)), "not a mean"),
        (with_stride_forgotten, "use s"),
        (part(0, lambda dx, g: dx[:-1]), "expected dx with 9 entries"),
        (part(0, lambda dx, g: dx + 1), "dx is not right"),
        (part(1, lambda dw, g: dw + 1), "dw is not right"),
    ],
    "is_dense": [
        (lambda n, k, padding, stride: "yes", "return True or False"),
        (lambda n, k, padding, stride: False, "it is dense"),
        (lambda n, k, padding, stride: k == n and stride == 1, "nowhere to go"),
        (lambda n, k, padding, stride: k == n, "room"),
        (lambda n, k, padding, stride: (n + 2 * padding - k) // stride == 0, "misses a row"),
        (lambda n, k, padding, stride: k == n and padding == 0, "meets zeros at its rim"),
        (lambda n, k, padding, stride: k - padding >= n, "four places"),
        (lambda n, k, padding, stride: k == n + 2 * padding, "reaches the last pixel"),
    ],
    "as_convolution": [
        (lambda linear, C, H, W: linear, "expected an nn.Conv2d"),
        (changed, "as it is"),
        (lambda *a: as_convolution(*a, bias=False), "the bias is missing"),
        (one_by_one, "1 channels; got a layer for 9"),
        (square_kernel, "the outputs differ"),
        (lambda linear, C, H, W: nn.Conv2d(C, linear.out_features, 1), "as large as the map"),
        (lambda *a: as_convolution(*a, padding=1), "stride 1 and no padding"),
        (lambda *a: as_convolution(*a, stride=2), "stride 1 and no padding"),
        (lambda *a: as_convolution(*a, dilation=2), "no dilation"),
        (flat_weight, "got (2, 9)"),
        (in_double, "keep the numbers"),
        (without_bias_copied, "the bias is not copied"),
        (channels_last, "channels, rows, columns"),
    ],
    "winograd": [
        (lambda x, w: 1.0, "expected 2 things"),
        (lambda x, w: (np.convolve(x, w, mode="valid"), 4), "flipped"),
        (lambda x, w: winograd(x, w, signs=(1, 1, -1, 1, -1, -1)), "the first output"),
        (lambda x, w: winograd(x, w, signs=(1, 1, 1, 1, 1, 1)), "the second output"),
        (lambda x, w: winograd(x, w, 6), "plain sum"),
        (lambda x, w: winograd(x, w, 8), "each *pair*"),
        (lambda x, w: winograd(x, w, 5), "products of signal with kernel; got"),
        (lambda x, w: (np.ones(3), 4), "outputs for 4 samples"),
    ],
    "is_convolution": [
        (lambda f, n: "yes", "return True or False"),
        (lambda f, n: False, "passes"),
        (only_shifts, "not linear"),
        (only_linear, "treats places differently"),
        (only_scales_up, "test sums"),
        (lambda f, n: True, "treats places differently"),
    ],
}
