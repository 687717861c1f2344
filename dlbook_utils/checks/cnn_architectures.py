"""Checks for the exercises of the chapter `cnn_architectures`."""

import copy

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from dlbook_utils.answers import agree, call, number, numbers, parts
from dlbook_utils.exercises import exercise, require
from dlbook_utils.experiments.cnn_ladder import held_out, train


def is_not(got, wrong, right, words: str) -> None:
    """Name a mistake, where its result differs from the right one."""
    require(agree(wrong, right) or not agree(got, wrong), words)


@exercise
def sizes(answer):
    """Exercise 1. The sizes on the way"""
    cases = [
        (225, [(7, 3, 2), (3, 1, 2)]),
        (224, [(7, 3, 2), (3, 1, 2), (3, 1, 2), (3, 1, 2), (3, 1, 2)]),
        (224, [(11, 2, 4), (3, 0, 2), (5, 2, 1), (3, 0, 2)]),
        (32, [(5, 0, 1), (2, 0, 2), (5, 0, 1), (2, 0, 2)]),
    ]
    for n, layers in cases:
        got = parts(call(answer, n, list(layers)), len(layers), f"{len(layers)} widths")
        got = [number(v, "whole widths") for v in got]

        def widths(size, n=n, layers=layers):
            found = []
            for layer in layers:
                n = size(n, *layer)
                found.append(n)
            return found

        want = widths(lambda n, k, p, s: (n + 2 * p - k) // s + 1)
        alone = [(n + 2 * p - k) // s + 1 for k, p, s in layers]
        is_not(got, alone, want, "each layer gets the width that the layer before it left")
        wrong = widths(lambda n, k, p, s: (n + 2 * p - k) // s)
        is_not(got, wrong, want, "the kernel's first place counts as well: + 1 at the end")
        wrong = widths(lambda n, k, p, s: (n + p - k) // s + 1)
        is_not(got, wrong, want, "padding is added on both sides")
        wrong = widths(lambda n, k, p, s: (n + 2 * p - k) / s + 1)
        is_not(got, wrong, want, "a place that is half there is not there: round the quotient down")
        require(agree(got, want), f"from {n}, through {layers}: expected {want}, got {got}")


@exercise
def bottleneck(answer):
    """Exercise 2. The bottleneck"""
    narrow, wide = (number(n) for n in parts(answer, 2, "2 things: (bottleneck, two 3 by 3)"))
    require(narrow != 256 * 64 + 9 * 64 * 64, "the way back to 256 channels is missing")
    require(narrow != 256 * 64 + 64 * 64 + 64 * 256, "the middle one has a kernel of 3 by 3")
    require(
        narrow != 69632 + 64 + 64 + 256,
        "no biases: a norm follows each convolution, and it subtracts them again",
    )
    require(narrow == 69632, f"256·64 and 9·64·64 and 64·256; got {narrow:g}")
    require(wide != 9 * 256 * 256, "two convolutions, not one")
    require(wide != 18 * 256, "each output channel has a kernel for each input channel")
    require(wide == 1179648, f"two of 9·256·256; got {wide:g}")


@exercise
def gradient_bounds(answer):
    """Exercise 3. What a skip does promise"""
    for s in (0.25, 1.0, 3.0):
        low, high = (
            number(v) for v in parts(call(answer, s), 2, "2 things: (least factor, largest factor)")
        )
        require(low >= 0, "a length is not negative: where s is above one, nothing is promised")
        require(
            not agree(low, 1.0),
            "with F(x) = -s x the factor is below one: the identity guarantees nothing by itself",
        )
        require(
            s <= 1 or not agree(low, s - 1),
            "F may stretch by less than s: somewhere below it can cancel the identity, the best "
            "bound is 0",
        )
        require(agree(low, max(0.0, 1 - s)), f"least factor for s = {s}: got {low:g}")
        require(not agree(high, s), "the identity adds its own part to the largest factor")
        require(agree(high, 1 + s), f"largest factor for s = {s}: expected {1 + s:g}, got {high:g}")


@exercise
def least_channels(answer):
    """Exercise 4. When does it pay?"""
    for k, times in [(3, 8), (3, 2), (5, 8), (3, 4.5), (7, 10)]:
        limit = 1 / (1 / times - 1 / k**2)
        got = call(answer, k, times)
        require(got is not None, f"k = {k}: 1/N + 1/k² can come down to 1/{k * k}, below 1/{times}")
        got = number(got, "a number of channels")
        require(
            (k, times) != (3, 8) or not agree(got, 8),
            "the depthwise part costs something as well: 1/k² of the full",
        )
        require(got >= limit - 1e-6, f"k = {k}: {got:g} channels do not save {times}-fold")
        require(
            agree(got, np.ceil(limit - 1e-9)),
            f"k = {k}, {times}-fold: {np.ceil(limit - 1e-9):g} channels are enough, got {got:g}",
        )
    for k, times in [(3, 9), (3, 12)]:
        got = call(answer, k, times)
        require(
            got is None,
            f"k = {k}: the saving stays below {k * k}-fold for every N, so {times}-fold is None",
        )


class Wired(nn.Module):
    """A branch with or without a skip, for the check of `has_skip`."""

    def __init__(self, branch: nn.Module, skip: bool, after: nn.Module):
        super().__init__()
        self.branch, self.skip, self.after = branch, skip, after

    def forward(self, x):
        return self.after(x + self.branch(x) if self.skip else self.branch(x))


@exercise
def has_skip(answer):
    """Exercise 5. A check that can fail"""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 4, 6, 6, generator=generator)
    branches = [
        nn.Sequential(nn.Conv2d(4, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 4, 3, padding=1)),
        nn.Sequential(nn.Conv2d(4, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4)),
    ]
    for branch in branches:
        for after in (nn.Identity(), nn.ReLU()):
            for skip in (True, False):
                block = Wired(branch, skip, after)
                before = copy.deepcopy(block.state_dict())
                got = call(answer, block, x.clone())
                require(
                    isinstance(got, bool | np.bool_) or (torch.is_tensor(got) and got.ndim == 0),
                    f"expected True or False, not {got!r}",
                )
                require(
                    all(torch.equal(v, before[name]) for name, v in block.state_dict().items()),
                    "the block was changed: work on a copy (a forward pass moves BatchNorm, too)",
                )
                require(
                    bool(got) or not skip,
                    "a block with a skip was told it has none: with a branch of zeros, its input "
                    "still comes through",
                )
                require(
                    not got or skip,
                    "a block without a skip passed: gradients reach the input through the branch "
                    "too, so silence the branch first",
                )


@exercise
def one_kernel(answer):
    """Exercise 6. Three paths, one kernel"""
    generator = torch.Generator().manual_seed(0)
    w3 = torch.randn(5, 5, 3, 3, generator=generator)
    w1 = torch.randn(5, 5, 1, 1, generator=generator)
    x = torch.randn(2, 5, 7, 7, generator=generator)
    three, one = w3.clone(), w1.clone()
    got = numbers(call(answer, three, one), (5, 5, 3, 3), "a kernel in the shape (5, 5, 3, 3)")
    got = torch.as_tensor(got).float()
    require(
        torch.equal(three, w3) and torch.equal(one, w1), "the given weights were changed: copy them"
    )
    center, eye = F.pad(w1, [1] * 4), torch.eye(5)
    identity = F.pad(eye[:, :, None, None], [1] * 4)
    require(not agree(got, w3 + center), "the path of x itself is missing")
    require(not agree(got, w3 + identity), "the 1 by 1 path is missing")
    require(
        not agree(got, w3 + w1 + identity) and not agree(got, w3 + w1 + eye[:, :, None, None]),
        "a 1 by 1 kernel is a 3 by 3 one with zeros around it: add it at the center only",
    )
    ones = F.pad(torch.ones(5, 5, 1, 1), [1] * 4)
    require(
        not agree(got, w3 + center + ones),
        "x goes to its own channel only: the identity matrix, not ones everywhere",
    )
    want = F.conv2d(x, w3, padding=1) + F.conv2d(x, w1) + x
    require(agree(F.conv2d(x, got, padding=1), want, 1e-4), "it does not equal the three paths yet")


@exercise
def largest_batch(answer):
    """Exercise 7. The largest batch"""
    cases = [
        ([(64, 56, 56), (128, 28, 28), (256, 14, 14)], 1_000_000, 100_000_000),
        ([(8, 16, 16)] * 3, 2_000, 1_000_000),
    ]
    for maps, weights, memory in cases:
        floats = sum(C * H * W for C, H, W in maps)

        def fits(per_weight, maps_kept, size=4, floats=floats, weights=weights, memory=memory):
            return (memory - size * per_weight * weights) // (size * maps_kept * floats)

        got = number(call(answer, list(maps), weights, memory), "a number of pictures")
        right = fits(4, 2)
        is_not(got, fits(4, 1), right, "two maps a layer: the convolution's and the ReLU's")
        for count in (1, 2, 3):
            words = "with Adam a weight takes four numbers: itself, its gradient and two moments"
            is_not(got, fits(count, 2), right, words)
        is_not(got, fits(4, 2, size=1), right, "a float32 takes four bytes")
        require(got == int(got), "half a picture does not fit: round down")
        require(got == right, f"expected {right}, got {got:g}")
    got = number(call(answer, [(8, 8, 8)], 1000, 1000), "a number of pictures")
    require(got == 0, "if the weights alone do not fit, no picture does: 0")


@exercise
def small_network(answer):
    """Exercise 8. Your own rung"""
    require(
        not isinstance(answer, nn.Module),
        "give the function that makes the network, not a network: each training needs a new one",
    )
    model = call(answer)
    require(isinstance(model, nn.Module), f"expected a module, not {type(model).__name__}")
    x = torch.zeros(2, 1, 16, 16)
    try:
        logits = model.eval()(x)
    except (RuntimeError, ValueError, IndexError, NotImplementedError) as error:
        require(False, f"it does not take (2, 1, 16, 16): {error}")
    require(torch.is_tensor(logits), f"it gives a {type(logits).__name__}, not a tensor of logits")
    shape = tuple(logits.shape)
    require(shape == (2, 10), f"expected logits (2, 10) for two pictures, not {shape}")
    weights = sum(p.numel() for p in model.parameters())
    require(weights > 0, "it has no weights that could be trained")
    require(weights <= 2500, f"{weights:,} weights are more than 2,500")
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        model(x[:1])
    work = counter.get_total_flops() // 2
    require(work <= 250_000, f"{work:,} multiply-adds are more than 250,000: lose resolution early")
    share = held_out(train(answer, 0.01, seed=0, steps=300))
    require(share >= 0.9, f"{share:.0%} of the held-out digits are right, 90 % are wanted")
