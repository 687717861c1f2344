"""Answers to the exercises of `cnn_architectures`: right ones and mistakes."""

import copy
from math import ceil

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


def widths_by(size):
    """`size(n, k, p, s)`, layer after layer."""

    def sizes(n, layers):
        found = []
        for layer in layers:
            n = size(n, *layer)
            found.append(n)
        return found

    return sizes


sizes = widths_by(lambda n, k, p, s: (n + 2 * p - k) // s + 1)


def sizes_by_torch(n, layers):
    x, found = torch.zeros(1, 1, n), []
    for k, p, s in layers:
        x = F.conv1d(x, torch.zeros(1, 1, k), padding=p, stride=s)
        found.append(x.shape[-1])
    return torch.tensor(found)


def least_channels(k, times):
    return None if times >= k * k else ceil(times * k * k / (k * k - times))


def by_search(k, times):
    if times >= k * k:
        return None
    return next(N for N in range(1, 1000) if (N + k * k) * times <= N * k * k)


def silenced(block):
    silent = copy.deepcopy(block)
    for p in silent.parameters():
        nn.init.zeros_(p)
    return silent


def has_skip(block, x):
    x = x.clone().requires_grad_()
    y = silenced(block)(x)
    [g] = torch.autograd.grad(y.sum(), x, allow_unused=True)
    return g is not None and bool(g.abs().max() > 0)


def by_values(block, x):
    with torch.no_grad():
        silent = silenced(block)
        return not torch.equal(silent(x), silent(2 * x))


def any_gradient(block, x):
    x = x.clone().requires_grad_()
    copy.deepcopy(block)(x).sum().backward()
    return bool(x.grad.abs().max() > 0)


def spoils_it(block, x):
    for p in block.parameters():
        nn.init.zeros_(p)
    return by_values(block, x)


def one_kernel(w3, w1):
    return w3 + F.pad(w1, [1] * 4) + F.pad(torch.eye(len(w3))[:, :, None, None], [1] * 4)


def in_numpy(w3, w1):
    merged = w3.numpy().copy()
    merged[:, :, 1, 1] += w1.numpy()[:, :, 0, 0] + np.eye(len(merged), dtype=np.float32)
    return merged


def changes_its_input(w3, w1):
    w3[:, :, 1, 1] += w1[:, :, 0, 0] + torch.eye(len(w3))
    return w3


def batch_with(per_weight=4, kept=2, size=4):
    def largest_batch(maps, weights, memory):
        floats = sum(C * H * W for C, H, W in maps)
        return max(0, (memory - size * per_weight * weights) // (size * kept * floats))

    return largest_batch


def small_network(norm=nn.BatchNorm2d, width=8):
    def unit(n, m, groups=1, k=3):
        conv = nn.Conv2d(n, m, k, padding=k // 2, groups=groups, bias=False)
        return [conv, norm(m), nn.ReLU()]

    return nn.Sequential(
        *[*unit(1, width), nn.MaxPool2d(2), *unit(width, 16), nn.MaxPool2d(2)],
        *[*unit(16, 16, groups=16), *unit(16, 32, k=1)],
        *[nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10)],
    )


SOLUTIONS = {
    "sizes": [sizes, sizes_by_torch],
    "bottleneck": [(69632, 1179648), np.array([69632.0, 1179648.0])],
    "gradient_bounds": [
        lambda s: (max(0, 1 - s), 1 + s),
        lambda s: torch.tensor([max(0.0, 1 - s), 1 + s]),
    ],
    "least_channels": [least_channels, by_search],
    "has_skip": [has_skip, by_values],
    "one_kernel": [one_kernel, in_numpy],
    "largest_batch": [batch_with(), lambda *given: float(batch_with()(*given))],
    "small_network": [small_network],
}

MISTAKES = {
    "sizes": [
        (lambda n, layers: n, "expected 2 widths"),
        (lambda n, layers: [(n + 2 * p - k) // s + 1 for k, p, s in layers], "the layer before"),
        (widths_by(lambda n, k, p, s: (n + 2 * p - k) // s), "+ 1 at the end"),
        (widths_by(lambda n, k, p, s: (n + p - k) // s + 1), "on both sides"),
        (widths_by(lambda n, k, p, s: (n + 2 * p - k) / s + 1), "round the quotient down"),
        (widths_by(lambda n, k, p, s: n // s), "expected [113"),
    ],
    "bottleneck": [
        (69632, "expected 2 things"),
        ((53248, 1179648), "the way back"),
        ((36864, 1179648), "3 by 3"),
        ((70016, 1179648), "no biases"),
        ((1, 1), "256·64"),
        ((69632, 589824), "two convolutions"),
        ((69632, 4608), "for each input channel"),
        ((69632, 2), "two of 9"),
    ],
    "gradient_bounds": [
        (lambda s: s, "expected 2 things"),
        (lambda s: (1 - s, 1 + s), "is not negative"),
        (lambda s: (1, 1 + s), "guarantees nothing by itself"),
        (lambda s: (abs(1 - s), 1 + s), "the best bound is 0"),
        (lambda s: (0, 1 + s), "least factor"),
        (lambda s: (max(0, 1 - s), s), "adds its own part"),
        (lambda s: (max(0, 1 - s), 2), "largest factor"),
    ],
    "least_channels": [
        (lambda k, times: None if k == 5 else by_search(k, times), "can come down to"),
        (lambda k, times: ceil(times), "costs something as well"),
        (lambda k, times: 2, "do not save"),
        (lambda k, times: 1000, "are enough"),
        (lambda k, times: by_search(k, min(times, 8) if k == 3 else times), "for every N"),
    ],
    "has_skip": [
        (lambda block, x: "yes", "expected True or False"),
        (spoils_it, "was changed"),
        (lambda block, x: False, "was told it has none"),
        (any_gradient, "silence the branch"),
    ],
    "one_kernel": [
        (lambda w3, w1: w1, "expected a kernel"),
        (changes_its_input, "were changed"),
        (lambda w3, w1: w3 + F.pad(w1, [1] * 4), "x itself is missing"),
        (lambda w3, w1: one_kernel(w3, 0 * w1), "1 by 1 path is missing"),
        (lambda w3, w1: w3 + w1 + torch.eye(5)[:, :, None, None], "at the center only"),
        (
            lambda w3, w1: w3 + F.pad(w1, [1] * 4) + F.pad(torch.ones(5, 5, 1, 1), [1] * 4),
            "not ones everywhere",
        ),
        (lambda w3, w1: 0 * w3, "does not equal"),
    ],
    "largest_batch": [
        (batch_with(kept=1), "two maps a layer"),
        (batch_with(per_weight=2), "two moments"),
        (batch_with(size=1), "four bytes"),
        (lambda *given: batch_with()(*given) + 0.5, "round down"),
        (lambda *given: 5, "expected"),
        (
            lambda maps, weights, memory: (
                (memory - 16 * weights) // (8 * sum(C * H * W for C, H, W in maps))
            ),
            "no picture does",
        ),
    ],
    "small_network": [
        (lambda: "LeNet", "expected a module"),
        (small_network(), "give the function"),
        (lambda: nn.Sequential(nn.Flatten(2), nn.LSTM(256, 4)), "not a tensor"),
        (lambda: nn.Sequential(nn.Flatten(), nn.AdaptiveMaxPool1d(10)), "no weights"),
        (lambda: nn.Linear(3, 10), "it does not take"),
        (lambda: nn.Sequential(nn.Flatten(), nn.Linear(256, 2)), "expected logits"),
        (lambda: nn.Sequential(nn.Flatten(), nn.Linear(256, 10)), "are more than 2,500"),
        (
            lambda: nn.Sequential(
                *[nn.Conv2d(1, 12, 3, padding=1), nn.Conv2d(12, 12, 3, padding=1), nn.Flatten(2)],
                *[nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(12, 10)],
            ),
            "lose resolution early",
        ),
        (
            lambda: nn.Sequential(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(16, 10)),
            "of the held-out digits",
        ),
    ],
}
