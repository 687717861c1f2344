"""Answers to the exercises of `inductive_bias`: right ones and mistakes."""

import math

import torch
from torch.nn import functional as F


def conv_and_local(C, C_out, H, W, k):
    one = C_out * (C * k * k + 1)
    return one, H * W * one


def largest_error(f, x, k, s=1):
    return (f(x.roll(k, -1)) - f(x).roll(k // s, -1)).abs().max().item()


def best_match(signals, pattern):
    return F.conv1d(signals[:, None], pattern[None, None])[:, 0].max(dim=1)


def by_loop(signals, pattern):
    m = len(pattern)
    windows = [signals[:, t : t + m] @ pattern for t in range(signals.shape[1] - m + 1)]
    matches = torch.stack(windows, 1)
    return matches.amax(1).numpy(), matches.argmax(1).tolist()


def over(*versions):
    """A wrapper that averages a model over these versions of its input."""
    return lambda model: lambda x: sum(model(v(x)) for v in versions) / len(versions)


def same(x):
    return x


def half(x):
    return x.flip((2, 3))


def mirror(x):
    return x.flip(3)


def upside_down(x):
    return x.flip(2)


def quarter(k):
    return lambda x: x.rot90(k, (2, 3))


def smooth(x):
    return (x.roll(1, -1) + 3 * x + 3 * x.roll(-1, -1) + x.roll(-2, -1)) / 8


def smooth_pool(x):
    return smooth(x)[..., ::2]


def smooth_pool_by_conv(x):
    kernel = torch.tensor([1, 3, 3, 1.0], dtype=x.dtype).expand(x.shape[1], 1, 4) / 8
    ring = torch.cat([x[..., -1:], x, x[..., :2]], -1)
    return F.conv1d(ring, kernel, stride=2, groups=x.shape[1])


def smooth_pool_with_zeros(x):
    kernel = torch.tensor([1, 3, 3, 1.0], dtype=x.dtype).expand(x.shape[1], 1, 4) / 8
    return F.conv1d(F.pad(x, (1, 2)), kernel, stride=2, groups=x.shape[1])


def moved_to(X, corners, new):
    out = torch.zeros_like(X)
    for i, ((r, c), (a, b)) in enumerate(zip(corners.tolist(), new.tolist(), strict=True)):
        out[i, 0, a : a + 8, b : b + 8] = X[i, 0, r : r + 8, c : c + 8]
    return out


def replaced(X, corners, generator):
    new = torch.randint(X.shape[2] - 7, (len(X), 2), generator=generator)
    return moved_to(X, corners, new)


def replaced_without_the_last(X, corners, generator):
    new = torch.randint(X.shape[2] - 8, (len(X), 2), generator=generator)
    return moved_to(X, corners, new)


def replaced_by_one_place(X, corners, generator):
    new = torch.randint(X.shape[2] - 7, (1, 2), generator=generator)
    return moved_to(X, corners, new.expand(len(X), 2))


def replaced_by_rolling(X, corners, generator):
    k = torch.randint(X.shape[2], (len(X), 2), generator=generator)
    pairs = zip(X, k.tolist(), strict=True)
    return torch.stack([x.roll(tuple(shift), (1, 2)) for x, shift in pairs])


def replaced_always_alike(X, corners, generator):
    return replaced(X, corners, torch.Generator().manual_seed(0))


def replaced_by_global_chance(X, corners, generator):
    new = torch.randint(X.shape[2] - 7, (len(X), 2))
    return moved_to(X, corners, new)


def replaced_mirrored(X, corners, generator):
    return replaced(X, corners, generator).flip(3)


def replaced_in_place(X, corners, generator):
    X.copy_(replaced(X, corners, generator))
    return X


SOLUTIONS = {
    "exact_shift": [math.prod, lambda strides: torch.tensor(strides).prod()],
    "swallowed": [lambda n, m: n - n // m, lambda n, m: float(n - 1 - (n // m - 1))],
    "conv_and_local": [conv_and_local, lambda *sizes: torch.tensor(conv_and_local(*sizes))],
    "largest_error": [largest_error],
    "best_match": [best_match, by_loop],
    "symmetric": [over(same, half, mirror, upside_down)],
    "smooth_pool": [smooth_pool, smooth_pool_by_conv],
    "replaced": [replaced],
}

MISTAKES = {
    "exact_shift": [
        (lambda strides: sum(strides) - (strides == [2, 2]), "expected 4"),
        (sum, "strides multiply"),
        (lambda strides: max(strides, default=1), "the largest stride alone"),
        (lambda strides: 0, "moves nothing"),
        (4, "expected the function itself"),
    ],
    "swallowed": [
        (lambda n, m: n // m - 1, "does notice"),
        (lambda n, m: n - n // m + 1, "count both"),
        (lambda n, m: 0, "expected 4"),
        (lambda n, m: "many", "expected one number"),
    ],
    "conv_and_local": [
        (lambda *sizes: conv_and_local(*sizes)[0], "expected 2 things"),
        (lambda C, C_out, H, W, k: (C_out * C * k * k, 0), "has a bias as well"),
        (lambda C, C_out, H, W, k: (C_out * (k * k + 1), 0), "reads all C input maps"),
        (lambda *sizes: conv_and_local(*sizes)[::-1], "the same at all H W positions"),
        (lambda *sizes: (1, 1), "convolution: expected"),
        (
            lambda C, C_out, H, W, k: (
                C_out * (C * k * k + 1),
                H * W * C_out * C * k * k + C_out,
            ),
            "has its own bias",
        ),
        (
            lambda C, C_out, H, W, k: (
                C_out * (C * k * k + 1),
                C_out * H * W * (C * H * W + 1),
            ),
            "that is a dense layer",
        ),
        (lambda *sizes: (conv_and_local(*sizes)[0], 7), "local layer: expected"),
    ],
    "largest_error": [
        (
            lambda f, x, k, s=1: (f(x.roll(k, -1)) - f(x).roll(k // s, -1)).max(),
            "has no sign",
        ),
        (
            lambda f, x, k, s=1: (f(x.roll(k, -1)) - f(x).roll(k // s, -1)).min().neg(),
            "has no sign",
        ),
        (lambda f, x, k, s=1: (f(x.roll(k, -1)) - f(x)).abs().max(), "is equivariant, yet"),
        (
            lambda f, x, k, s=1: (f(x.roll(k, -1)) - f(x).roll(k, -1)).abs().max(),
            "moves by k / s",
        ),
        (
            lambda f, x, k, s=1: (f(x.roll(k, -1)) - f(x).roll(k // s, -1)).abs().mean(),
            "not the mean",
        ),
        (
            lambda f, x, k, s=1: (
                largest_error(f, x, k, s) if x.dim() == 4 else (f(x.roll(k, -1)) - f(x)).abs().max()
            ),
            "that tests invariance",
        ),
        (lambda f, x, k, s=1: 0.0, "zero padding on rows"),
    ],
    "best_match": [
        (lambda signals, pattern: best_match(signals[:, :-1], pattern), "last one is missing"),
        (lambda signals, pattern: best_match(signals, pattern)[0], "expected 2 things"),
        (lambda signals, pattern: best_match(signals, pattern.flip(0)), "turned around"),
        (
            lambda signals, pattern: best_match(F.pad(signals, (0, len(pattern) - 1)), pattern),
            "whole pattern fits",
        ),
        (
            lambda signals, pattern: (
                (signals.unfold(1, 5, 1) @ pattern).mean(1),
                torch.zeros(4),
            ),
            "not the mean over time",
        ),
        (lambda signals, pattern: (torch.zeros(4), torch.zeros(4)), "match: the largest"),
        (
            lambda signals, pattern: (
                best_match(signals, pattern)[0],
                best_match(signals, pattern)[1] + 2,
            ),
            "at which the pattern begins",
        ),
        (
            lambda signals, pattern: (best_match(signals, pattern)[0], torch.full((4,), -1)),
            "start: the t",
        ),
    ],
    "symmetric": [
        (lambda model: 3, "return a function of x"),
        (lambda model: lambda x: x, "expected logits"),
        (over(same, half), "mirrored versions are missing"),
        (over(same, mirror), "half turns are missing"),
        (over(same, half, mirror), "a fourth version"),
        (over(*map(quarter, range(4))), "those are quarter turns"),
        (
            lambda model: lambda x: 4 * over(same, half, mirror, upside_down)(model)(x),
            "not the sum",
        ),
        (over(same), "over the four versions"),
    ],
    "smooth_pool": [
        (smooth, "every second value"),
        (lambda x: x[..., :3], "expected an output"),
        (lambda x: 8 * smooth_pool(x), "divide"),
        (lambda x: F.avg_pool1d(x, 2), "that is average pooling"),
        (lambda x: smooth(x)[..., 1::2], "centered between"),
        (smooth_pool_with_zeros, "wrap around"),
        (lambda x: x[..., ::2], "the weights 1, 3, 3, 1"),
    ],
    "replaced": [
        (lambda X, corners, generator: X[:5], "expected canvases"),
        (replaced_in_place, "make a new one"),
        (lambda X, corners, generator: torch.zeros_like(X), "all 64 pixels"),
        (replaced_by_rolling, "wrapped around"),
        (replaced_mirrored, "stay as they are"),
        (replaced_by_one_place, "not one for the whole batch"),
        (replaced_without_the_last, "the last row and column"),
        (replaced_always_alike, "another generator state"),
        (replaced_by_global_chance, "with nothing else"),
    ],
}
