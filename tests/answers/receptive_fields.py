"""Answers to the exercises of `receptive_fields`: right ones and mistakes."""

import itertools
import math

import numpy as np
import torch
from torch.nn import functional as F


def layers_needed(n, K):
    layers = 0
    while K**layers < n:
        layers += 1
    return layers


def inputs_read(layers, unit, P_counts=1, D_counts=True, order=-1, extra=0):
    first = last = unit
    for K, S, P, D in layers[::order]:
        first = first * S - P * P_counts
        last = last * S - P * P_counts + (D if D_counts else 1) * (K - 1)
    return first, last + extra


def offsets_read(K, dilations):
    offsets = {0}
    for D in dilations:
        offsets = {at + D * tap for at in offsets for tap in range(K)}
    return sorted(offsets)


def with_doubles(K, dilations):
    return sorted(sum(at) for at in itertools.product(*[range(0, D * K, D) for D in dilations]))


def padded(left, right):
    """A convolution with these shares of D(K - 1) zeros on its sides."""

    def conv(x, weight, dilation):
        past = dilation * (weight.shape[2] - 1)
        return F.conv1d(F.pad(x, (int(left * past), int(right * past))), weight, dilation=dilation)

    return conv


def by_loop(x, weight, dilation):
    y = torch.zeros(x.shape[0], weight.shape[0], x.shape[2])
    K = weight.shape[2]
    for t in range(x.shape[2]):
        for k in range(K):
            at = t - (K - 1 - k) * dilation
            if at >= 0:
                y[:, :, t] += x[:, :, at] @ weight[:, :, k].T
    return y


def std(power=2, less=1, root=True):
    def of(layers):
        variance = sum(D**power * (K**2 - less) / 12 for K, D in layers)
        return variance**0.5 if root else variance

    return of


def step(loops=True, degree_loops=True, both=True, left=0.5, right=0.5):
    def messages(edges, X):
        A = torch.zeros(len(X), len(X))
        for a, b in edges:
            A[a, b] = 1
        full = A + A.T + (torch.eye(len(X)) if degree_loops else 0)
        degree = full.sum(1).clamp(min=1)
        M = (A + A.T if both else A) + (torch.eye(len(X)) if loops else 0)
        return (degree**-left)[:, None] * M @ ((degree**-right)[:, None] * X)

    return messages


def triangles(A):
    return torch.linalg.matrix_power(A, 3).diagonal() / 2


SOLUTIONS = {
    "by_hand": [(27, 4), [27.0, 4.0], torch.tensor([27, 4])],
    "layers_needed": [layers_needed],
    "inputs_read": [inputs_read, lambda layers, unit: np.array(inputs_read(layers, unit))],
    "offsets_read": [offsets_read, lambda K, D: np.array(offsets_read(K, D))],
    "causal_conv": [padded(1, 0), by_loop],
    "effective_std": [std(), lambda layers: np.float64(std()(layers))],
    "messages": [step()],
    "node_features": [triangles, lambda A: (A @ A @ A @ A @ A).diagonal()],
}

MISTAKES = {
    "by_hand": [
        ((27, 2), "multiply"),
        ((27, 8), "product of all strides"),
        ((13, 4), "times the jump"),
        ((31, 4), "its own stride comes after"),
        ((23, 4), "width 3"),
        ((30, 4), "7, then 11"),
        (27, "2 things"),
    ],
    "layers_needed": [
        (lambda n, K: math.ceil((n - 1) / (K - 1)), "without dilation"),
        (lambda n, K: int(math.log(n, K) + 1e-9) + 1, "is enough"),
        (lambda n, K: int(math.log(n, K) + 1e-9), "less than"),
        (lambda n, K: 3, "expected"),
        (7, "the function itself"),
    ],
    "inputs_read": [
        (lambda layers, unit: inputs_read(layers, unit, order=1), "top layer"),
        (lambda layers, unit: inputs_read(layers, unit, P_counts=0), "padding moves"),
        (lambda layers, unit: inputs_read(layers, unit, D_counts=False), "dilation spreads"),
        (lambda layers, unit: inputs_read(layers, unit, extra=1), "the one after"),
        (lambda layers, unit: [max(v, 0) for v in inputs_read(layers, unit)], "negative"),
        (lambda layers, unit: (0, 5), "expected"),
        (lambda layers, unit: 7, "2 things"),
    ],
    "offsets_read": [
        (lambda K, D: list(range(sum(D) * (K - 1) + 1)), "whole window"),
        (with_doubles, "each place once"),
        (lambda K, D: sorted({d * k for d in D for k in range(K)}), "add up"),
        (lambda K, D: [v - sum(D) * (K - 1) // 2 for v in offsets_read(K, D)], "middle"),
        (lambda K, D: [v + 0.4 for v in offsets_read(K, D)], "expected"),
        (lambda K, D: set(offsets_read(K, D)), "a sorted list"),
        (lambda K, D: [[0, 1], [2]], "a sorted list"),
        (lambda K, D: 7, "expected"),
    ],
    "causal_conv": [
        (padded(0.5, 0.5), "sees the future"),
        (padded(0, 1), "only the future"),
        (lambda x, w, D: padded(1, 0)(x, w.flip(2), D), "last tap"),
        (lambda x, w, D: padded(1, 0)(x, w, 1), "not used"),
        (lambda x, w, D: F.conv1d(x, w, dilation=D), "shape"),
        (lambda x, w, D: 2 * padded(1, 0)(x, w, D), "nothing else"),
    ],
    "effective_std": [
        (std(root=False), "take its root"),
        (lambda layers: sum(std()([layer]) for layer in layers), "deviations do not"),
        (std(power=0), "D times"),
        (std(power=1), "D squared"),
        (std(less=0), "interval"),
        (lambda layers: 1.0, "expected"),
    ],
    "messages": [
        (step(loops=False, left=0, right=0), "loops count"),
        (step(left=0, right=0), "root of both degrees"),
        (step(loops=False, degree_loops=False), "sends to itself"),
        (step(degree_loops=False), "degrees are those"),
        (step(left=1, right=0), "plain mean"),
        (step(both=False), "both ways"),
        (lambda edges, X: 3 * X, "by hand"),
        (lambda edges, X: X[:3], "shape"),
    ],
    "node_features": [
        (lambda A: A.sum(1), "same features"),
        (lambda A: triangles(A) + torch.arange(len(A)) * 10, "numbering"),
        (lambda A: A, "one for each node"),
        (lambda A: A.sum(1) * torch.nan, "finite"),
    ],
}
