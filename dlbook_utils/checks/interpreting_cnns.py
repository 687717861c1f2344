"""Checks for the exercises of the chapter `interpreting_cnns`."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from dlbook_utils.answers import agree, call, finite, number, parts
from dlbook_utils.datasets import digits
from dlbook_utils.exercises import exercise, require


@exercise
def occlusion_passes(answer):
    """Exercise 1. Count the passes"""
    got = number(answer)
    require(got != 169, "and the logit without any square, from which the others are subtracted")
    require(
        got not in (196, 197),
        "the last square must end inside of the picture: (224 - 32) / 16 steps after the first",
    )
    require(got not in (144, 145), "(224 - 32) / 16 is the number of steps; squares are one more")
    require(got not in (13, 14), "the square moves in both directions")
    require(got == 170, f"13 times 13 squares and one picture without: 170, not {got:g}")


@exercise
def edge_likeness(answer):
    """Exercise 2. Learned filters and edge detectors"""
    rng = np.random.default_rng(0)
    filters = rng.normal(size=(6, 3, 3)) + 1
    sobel = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    detectors = np.stack([sobel, sobel.T, np.array([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])])
    filters[0], filters[1] = 5 - 2 * sobel, 0.1 * sobel.T
    flat, edge = filters.reshape(6, 9), detectors.reshape(3, 9)
    edge = edge / np.linalg.norm(edge, axis=1, keepdims=True)
    centered = flat - flat.mean(axis=1, keepdims=True)
    dots = centered @ edge.T
    cosines = dots / np.linalg.norm(centered, axis=1, keepdims=True)
    got = finite(call(answer, filters.copy(), detectors.copy()), (6,), "6 numbers")
    raw = np.abs(flat @ edge.T / np.linalg.norm(flat, axis=1, keepdims=True)).max(axis=1)
    require(
        not agree(got, raw), "take the mean of each filter away first: an offset detects no edge"
    )
    require(
        not agree(got, cosines.max(axis=1)),
        "a filter and its negative find the same edges: take absolute values before the largest",
    )
    require(
        bool((got <= 1 + 1e-9).all()),
        "a large filter is not a more edge-like one: divide by both lengths",
    )
    want = np.abs(cosines).max(axis=1)
    require(agree(got, want), f"expected {want.round(3).tolist()}, got {got.round(3).tolist()}")


@exercise
def grad_cam_map(answer):
    """Exercise 3. Grad-CAM from its parts"""
    rng = np.random.default_rng(1)
    a, g = rng.random((5, 4, 3)), rng.normal(size=(5, 4, 3))
    got = finite(call(answer, a.copy(), g.copy()), (4, 3), "a map of shape (4, 3)")
    w = g.mean(axis=(1, 2))
    plain = np.einsum("c,chw->hw", w, a)
    require(not agree(got, plain), "the ReLU is missing: keep what speaks for the class")
    require(
        not agree(got, np.einsum("c,chw->hw", w.clip(0), a)),
        "the ReLU comes after the sum, not before: channels may speak against the class",
    )
    require(
        not agree(got, (g * a).sum(axis=0).clip(0)),
        "that is gradient × activation: the gradient is averaged over positions first",
    )
    require(
        not agree(got, 12 * plain.clip(0)), "the weight is the mean over positions, not the sum"
    )
    require(agree(got, plain.clip(0)), "expected the ReLU of the weighted sum of the channels")


@exercise
def path_attribution(answer):
    """Exercise 4. A complete attribution"""
    rng = np.random.default_rng(2)
    x, b, mix = rng.normal(size=5), rng.normal(size=5), rng.normal(size=(5, 5))

    def value(v):
        return np.tanh(mix @ v).sum() + v[0] * v[1]

    def gradient(v):
        slope = mix.T @ (1 - np.tanh(mix @ v) ** 2)
        slope[:2] += v[1], v[0]
        return slope

    got = finite(call(answer, gradient, x.copy(), b.copy()), (5,), "5 numbers")
    times = (np.arange(2000) + 0.5) / 2000
    mean = np.mean([gradient(b + t * (x - b)) for t in times], axis=0)
    require(not agree(got, gradient(x) * x, 1e-6), "that is gradient × input, at one point")
    require(
        not agree(got, gradient(x) * (x - b), 1e-6), "go along the path: one gradient is not enough"
    )
    require(not agree(got, mean, 1e-2), "multiply the mean gradient by how far each entry moved")
    from_zero = x * np.mean([gradient(t * x) for t in times], axis=0)
    require(not agree(got, from_zero, 1e-2), "the path begins at the baseline, not at zero")
    off = abs(got.sum() - (value(x) - value(b)))
    require(off < 0.02, f"the sum is off by {off:.3f}: more steps, or midpoints")
    require(agree(got, mean * (x - b), 1e-2), "the sum is right, the parts are not")


@exercise
def worst_margin(answer):
    """Exercise 5. The worst case, exactly"""
    rng = np.random.default_rng(3)
    w, x = rng.normal(size=7), rng.normal(size=7)
    for y in (-1, 1):
        got = number(call(answer, w.copy(), 0.3, x.copy(), y, 0.2))
        margin = y * (w @ x + 0.3)
        require(
            not agree(got, margin - 0.2 * np.linalg.norm(w)),
            "that is for a change of bounded length; here each entry may change by ε",
        )
        require(not agree(got, margin + 0.2 * np.abs(w).sum()), "the attacker lowers the margin")
        require(not agree(got, margin - 0.2 * w.sum()), "the sign is chosen for each entry")
        require(
            y == 1 or not agree(got, w @ x + 0.3 - 0.2 * np.abs(w).sum()),
            "the margin is y times the score: for y = -1 a high score is bad",
        )
        require(
            agree(got, margin - 0.2 * np.abs(w).sum()),
            f"for y = {y} expected {margin - 0.2 * np.abs(w).sum():.4f}, got {got:.4f}",
        )


@exercise
def class_maps(answer):
    """Exercise 6. Activation maps by class"""
    rng = np.random.default_rng(4)
    labels = np.array([0, 1, 1, 2, 0, 1, 1, 1])
    maps = rng.random((8, 2, 3, 3)) + 5
    got = finite(call(answer, maps.copy(), labels.copy()), (3, 2, 3, 3), "a (3, 2, 3, 3) array")
    means = np.stack([maps[labels == k].mean(axis=0) for k in range(3)])
    sums = np.stack([maps[labels == k].sum(axis=0) for k in range(3)])
    require(
        not agree(got, means),
        "subtract the mean over all pictures: most of a map is common to all classes",
    )
    require(
        not agree(got, means - means.mean(axis=0)),
        "the mean over all pictures is not the mean of the class means: classes differ in size",
    )
    require(not agree(got, sums - maps.mean(axis=0)), "divide by the size of the class")
    require(agree(got, means - maps.mean(axis=0)), "expected the mean of each class minus the mean")


@exercise
def pointing_by_outcome(answer):
    """Exercise 7. Maps of mistakes"""
    rng = np.random.default_rng(5)
    maps, inside = rng.random((40, 6, 6)), rng.random((40, 6, 6)) < 0.3
    right = np.arange(40) % 5 > 0
    for n in range(40):
        maps[n, n % 6, 3] = 2.0
        inside[n, n % 6, 3] = n % 5 == 4 or n % 2 == 0
    got = parts(call(answer, maps.copy(), inside.copy(), right.copy()), 2, "2 numbers")
    got = np.array([number(v) for v in got])
    hit = np.array([inside[n].ravel()[maps[n].argmax()] for n in range(40)])
    want = np.array([hit[right].mean(), hit[~right].mean()])
    require(not agree(got, want[::-1]), "first the pictures that were answered right")
    require(
        not agree(got, [(hit & right).mean(), (hit & ~right).mean()]),
        "divide by the number of right answers, and of wrong ones, not by all pictures",
    )
    shares = (maps * inside).sum(axis=(1, 2)) / maps.sum(axis=(1, 2))
    require(
        not agree(got, [shares[right].mean(), shares[~right].mean()]),
        "that is the share of the map inside; asked is whether its largest value is",
    )
    require(agree(got, want), f"expected {want.tolist()}, got {got.tolist()}")


@exercise
def unmasked_attack(answer):
    """Exercise 8. See through a mask"""
    X, y, X_test, y_test = digits()
    with_one = F.pad(X, (0, 1), value=1.0)
    target = F.one_hot(y, 10).float()
    ridge = with_one.T @ with_one + 0.1 * torch.eye(65)
    solved = torch.linalg.solve(ridge, with_one.T @ target)
    layer = nn.Linear(64, 10)
    with torch.no_grad():
        layer.weight.copy_(3e4 * solved[:-1].T)
        layer.bias.copy_(3e4 * solved[-1])
    x, labels, eps = X_test[:200], y_test[:200], 0.12
    got = finite(call(answer, layer, x.clone(), labels.clone(), eps), (200, 64), "(200, 64)")
    got = torch.tensor(got, dtype=torch.float32)
    require(
        bool(((got - x).abs() <= eps + 1e-5).all()), "a pixel changed by more than eps: project"
    )
    require(bool((got >= -1e-6).all() and (got <= 1 + 1e-6).all()), "pixels must stay in [0, 1]")
    with torch.no_grad():
        left = (layer(got).argmax(1) == labels).double().mean().item()
    require(
        left < 0.8,
        f"{left:.0%} are still read: the softmax is saturated, so the gradient of the "
        "cross-entropy is exactly zero; use a loss made of the logits themselves",
    )
    require(left < 0.15, f"{left:.0%} are still read; follow the margin, with all of eps")
