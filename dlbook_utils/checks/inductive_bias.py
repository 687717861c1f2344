"""Checks for the exercises of the chapter `inductive_bias`."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from dlbook_utils.answers import agree, call, number, numbers, parts
from dlbook_utils.exercises import exercise, require


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@exercise
def exact_shift(answer):
    """Exercise 1. The next exact shift"""
    for strides in ([2, 2], [1, 2, 3], [4], [2, 2, 2, 2, 2], []):
        got, right = number(call(answer, list(strides))), math.prod(strides)
        require(
            right == sum(strides) or got != sum(strides),
            "strides multiply: what the first one leaves must divide by the second, too",
        )
        require(
            len(strides) < 2 or right == max(strides) or got != max(strides),
            "the largest stride alone is not enough: every stride divides what the last one left",
        )
        require(got != 0, "a shift of zero moves nothing: the smallest one larger than zero")
        require(got == right, f"for the strides {strides} expected {right}, got {got:g}")


@exercise
def swallowed(answer):
    """Exercise 2. How many moves are swallowed?"""
    for n, m in ((8, 2), (12, 3), (6, 1), (6, 6)):
        got, noticed = number(call(answer, n, m)), n // m - 1
        right = n - 1 - noticed
        require(
            got == right or got != noticed, "those are the moves that the pooled row does notice"
        )
        require(
            got == right or got != n - n // m + 1,
            "n places make n - 1 moves, and n / m windows n / m - 1 crossings: count both",
        )
        require(got == right, f"for n = {n}, m = {m} expected {right}, got {got:g}")


@exercise
def conv_and_local(answer):
    """Exercise 3. What sharing saves"""
    for C, C_out, H, W, k in ((3, 16, 32, 32, 3), (2, 5, 4, 7, 5)):
        got = parts(
            call(answer, C, C_out, H, W, k), 2, "2 things: (in the convolution, in the local layer)"
        )
        conv, local = (number(n) for n in got)
        one = C_out * (C * k * k + 1)
        require(conv != C_out * C * k * k, "each output map has a bias as well")
        require(conv != C_out * (k * k + 1), "a kernel reads all C input maps: C k k weights")
        require(conv != one * H * W, "a convolution's kernel is the same at all H W positions")
        require(conv == one, f"convolution: expected {one}, got {conv:g}")
        require(
            local != H * W * C_out * C * k * k + C_out,
            "in a local layer each place is a unit of its own, and has its own bias",
        )
        require(
            local != C_out * H * W * (C * H * W + 1),
            "that is a dense layer: a local one reads k k places only",
        )
        require(local == one * H * W, f"local layer: expected {one * H * W}, got {local:g}")


@exercise
def largest_error(answer):
    """Exercise 4. A test for any layer"""

    def ring(x):
        return F.conv2d(F.pad(x, (1, 1, 0, 0), mode="circular"), kernel[:, :, None])

    kernel, picture, row = drawn(2, 2, 3), drawn(1, 2, 5, 12), drawn(3, 2, 12, seed=1)
    exact = number(call(answer, ring, picture, 3))
    require(
        exact < 1e-9,
        f"a convolution that wraps around is equivariant, yet your error is {exact:.2g}: "
        "move the output the same way, along the last axis",
    )
    strided = number(call(answer, lambda x: ring(x)[..., ::2], picture, 4, 2))
    require(
        strided < 1e-9,
        "after a stride of s the output moves by k / s, not by k",
    )

    def padded(x):
        return F.conv1d(x, kernel, padding=1)

    want = (padded(row.roll(2, -1)) - padded(row).roll(2, -1)).abs()
    got = number(call(answer, padded, row, 2))
    require(
        not agree(got, (padded(row.roll(2, -1)) - padded(row)).abs().max()),
        "that tests invariance: the output has to move before you compare",
    )
    both = [got, number(call(answer, lambda x: -padded(x), row, 2))]
    require(
        agree(max(both), min(both)) or not agree(max(both), want.max()),
        "an error has no sign: the largest absolute value",
    )
    require(not agree(got, want.mean()), "the largest error, not the mean: an edge is easily lost")
    require(
        agree(got, want.max()),
        f"zero padding on rows: expected an error of {want.max():.3f}, got {got:.3f}",
    )


@exercise
def best_match(answer):
    """Exercise 5. A pattern in time"""
    signals, pattern = drawn(4, 20), drawn(5, seed=1)
    signals[0, 17:] += 9 * pattern[:3].sign()  # the end: where the pattern does not fit any more
    signals[1, 15:] = 3 * pattern  # the last place at which it fits
    windows = signals.unfold(1, 5, 1) @ pattern
    match, start = parts(
        call(answer, signals.clone(), pattern.clone()), 2, "2 things: match, start"
    )
    match = numbers(match, (4,), "a match for each of 4 signals")
    start = numbers(start, (4,), "a start for each of 4 signals")
    flipped = signals.unfold(1, 5, 1) @ pattern.flip(0)
    require(
        not agree(match, flipped.max(1).values),
        "the pattern was turned around: conv1d does not do that by itself",
    )
    ring = torch.cat([signals, signals[:, :4]], 1).unfold(1, 5, 1) @ pattern
    padded = F.pad(signals, (0, 4)).unfold(1, 5, 1) @ pattern
    wide = F.pad(signals, (2, 2)).unfold(1, 5, 1) @ pattern
    require(
        not any(agree(match, wrong.max(1).values) for wrong in (ring, padded, wide)),
        "only where the whole pattern fits: no padding, no wrapping around",
    )
    require(
        not agree(match, windows[:, :-1].max(1).values),
        "the pattern fits at T - m + 1 places: the last one is missing",
    )
    require(not agree(match, windows.mean(1)), "the largest match, not the mean over time")
    require(
        agree(match, windows.max(1).values), "match: the largest of the sums over j p_j x_{t+j}"
    )
    require(
        not agree(start, windows.argmax(1) + 2) and not agree(start, windows.argmax(1) + 4),
        "start is the time at which the pattern begins",
    )
    require(agree(start, windows.argmax(1)), "start: the t of the largest match")


@exercise
def symmetric(answer):
    """Exercise 6. Half turns for dice"""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(2 * 6 * 6, 5), nn.Tanh()).double()
    x = drawn(3, 2, 6, 6)
    with torch.no_grad():
        versions = [model(v) for v in (x, x.flip((2, 3)), x.flip(3), x.flip(2))]
        want = torch.stack(versions).mean(0)
        wrapped = call(answer, model)
        require(callable(wrapped), "return a function of x, not its result")
        got = numbers(wrapped(x), (3, 5), "logits in the shape (3, 5)")
        require(
            not agree(got, sum(versions[:2]) / 2),
            "half turns are there; the mirrored versions are missing",
        )
        require(
            not agree(got, (versions[0] + versions[2]) / 2),
            "the mirror is there; the half turns are missing",
        )
        require(
            not agree(got, sum(versions[:3]) / 3),
            "a half turn and a mirror together make a fourth version",
        )
        quarter = torch.stack([model(x.rot90(k, (2, 3))) for k in range(4)]).mean(0)
        require(not agree(got, quarter), "those are quarter turns: dice asked for half turns")
        require(not agree(got, 4 * want), "the mean, not the sum: logits keep their scale")
        require(agree(got, want), "the mean of the logits over the four versions")


@exercise
def smooth_pool(answer):
    """Exercise 7. Blur before you stride"""
    x = drawn(2, 3, 12)
    full = (x.roll(1, -1) + 3 * x + 3 * x.roll(-1, -1) + x.roll(-2, -1)) / 8
    want = full[..., ::2]
    got = call(answer, x.clone())
    require(getattr(got, "shape", None) != x.shape, "take every second value: W becomes W / 2")
    got = numbers(got, (2, 3, 6), "an output in the shape (2, 3, 6)")
    require(not agree(got, 8 * want), "the weights sum to 8: divide")
    require(not agree(got, F.avg_pool1d(x, 2)), "that is average pooling: the weights 1, 1 over 2")
    shifted = [full.roll(k, -1)[..., ::2] for k in (1, -1)]
    require(
        not any(agree(got, wrong) for wrong in shifted),
        "output i is centered between 2i and 2i + 1: the weights 3 belong to these two",
    )
    padded = F.pad(x, (1, 2)).unfold(2, 4, 1) @ torch.tensor([1, 3, 3, 1.0]).double() / 8
    require(not agree(got, padded[..., ::2][..., :6]), "wrap around at the edges instead of zeros")
    require(agree(got, want), "the weights 1, 3, 3, 1 over 8 at 2i - 1, 2i, 2i + 1, 2i + 2")


@exercise
def replaced(answer):
    """Exercise 8. Buy the assumption with data"""
    N, n = 300, 12
    boxes = 1 + drawn(N, 8, 8).abs()
    corners = torch.randint(n - 7, (N, 2), generator=torch.Generator().manual_seed(1))
    X = torch.zeros(N, 1, n, n, dtype=torch.float64)
    for i, (r, c) in enumerate(corners.tolist()):
        X[i, 0, r : r + 8, c : c + 8] = boxes[i]
    before = X.clone()
    got = call(answer, X, corners.clone(), torch.Generator().manual_seed(2))
    require(torch.equal(X, before), "leave the batch that you were given as it is: make a new one")
    out = torch.as_tensor(numbers(got, (N, 1, n, n), f"canvases in the shape ({N}, 1, {n}, {n})"))
    places = set()
    for i in range(N):
        used = out[i, 0].nonzero()
        require(len(used) == 64, "each canvas holds one digit, whole: all 64 pixels of its box")
        a, b = used.min(0).values.tolist()
        extent = used.max(0).values - used.min(0).values
        require(bool((extent == 7).all()), "a digit was wrapped around the edge: keep it inside")
        box = out[i, 0, a : a + 8, b : b + 8]
        require(agree(box, boxes[i]), "the digit's own pixels must stay as they are")
        places.add((a, b))
    require(len(places) > 1, "each digit gets a place of its own, not one for the whole batch")
    require(
        len(places) == (n - 7) ** 2,
        f"all {(n - 7) ** 2} places must be possible, the last row and column too; "
        f"{len(places)} occurred",
    )
    other = call(answer, X, corners.clone(), torch.Generator().manual_seed(3))
    require(not agree(other, out), "another generator state must give other places: draw with it")
    again = call(answer, X, corners.clone(), torch.Generator().manual_seed(2))
    require(agree(again, out), "draw with the generator that you are given, with nothing else")
