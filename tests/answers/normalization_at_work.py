"""Answers to the exercises of `normalization_at_work`: right ones and mistakes."""

import math

import numpy as np
import torch
from torch import nn


def length(lr, weight_decay, G, beta):
    return (lr / (1 - beta) * G**2 / (2 * weight_decay)) ** 0.25


def growth(s, sign=-1):
    second = (1 + s**2) / 2
    return math.sqrt(second / (second - (1 + sign * s) ** 2 / (2 * math.pi)))


def he_growth(s):
    return 1.0


def pictures(height, width, error):
    return math.ceil(1 / (2 * error**2 * height * width) - 1e-9)


def looks_ahead(model, x, positions=None, at=slice(None)):
    base = model(x)
    for t in positions or range(1, x.shape[1]):
        changed = x.clone()
        changed[:, t] += 1
        if not torch.allclose(model(changed)[:, :t][:, at], base[:, :t][:, at], atol=1e-6):
            return True
    return False


def by_gradient(model, x):
    x = x.clone().requires_grad_()
    for t in range(x.shape[1]):
        [g] = torch.autograd.grad(model(x)[:, t].square().sum(), x)
        if g[:, t + 1 :].abs().sum() > 1e-6:
            return True
    return False


def in_place(model, x):
    ahead = looks_ahead(model, x)
    x[:, -1] += 1
    return ahead


def own_change_counts(model, x):
    changed = x.clone()
    changed[:, 2] += 1
    return not torch.allclose(model(changed), model(x))


class Branch(nn.Module):
    def __init__(self, width, scale=0.0, skip=1.0, learned=True, last=1.0):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
        self.scale = nn.Parameter(torch.tensor([scale])) if learned else scale
        self.skip = skip
        with torch.no_grad():
            self.f[2].weight.mul_(last)
            self.f[2].bias.mul_(last)

    def forward(self, x):
        return self.skip * x + self.scale * self.f(x)


SOLUTIONS = {
    "factors": [lambda a: (1, 1 / a, 1 / a**2), lambda a: np.array([1, a**-1, a**-2])],
    "balanced_length": [length, lambda *args: torch.tensor(length(*args))],
    "growth_per_layer": [growth],
    "pictures_needed": [pictures, lambda *args: np.float64(pictures(*args))],
    "sees_the_future": [looks_ahead, by_gradient],
    "scaled_branch": [Branch],
    "matching_alpha": [lambda s: 1 / s],
    "flattest": ["BatchNorm", "batchnorm"],
}
MISTAKES = {
    "factors": [
        (lambda a: (a, 1 / a, 1 / a**2), "divides the factor out"),
        (lambda a: (2, 1 / a, 1 / a**2), "does not change"),
        (lambda a: (1, a, 1), "differentiate"),
        (lambda a: (1, 1, 1 / a), "differentiate"),
        (lambda a: (1, 1 / a**2, 1 / a**2), "gradient's factor"),
        (lambda a: (1, 1 / a, 1 / a), "step over the length"),
        (lambda a: (1, 1 / a, 1), "angle's factor"),
        (lambda a: (1, 1 / a), "three factors"),
        (lambda a: "one", "three factors"),
    ],
    "balanced_length": [
        (lambda *args: length(*args) ** 4, "fourth power"),
        (lambda *args: length(*args) ** 2, "square of the length"),
        (lambda lr, wd, G, beta: length(lr, wd, G, 0), "momentum is missing"),
        (lambda *args: length(*args) * 2**0.25, "twice"),
        (lambda *args: 1.0, "expected"),
        (lambda *args: "a length", "one number"),
    ],
    "growth_per_layer": [
        (lambda s: growth(s) ** 2, "growth of the square"),
        (he_growth, "mean is taken off"),
        (lambda s: growth(0), "linear"),
        (lambda s: growth(s, sign=1) if s < 1 else 1, "sign is missing"),
        (lambda s: growth(s) if s in (0, 1) else 1.1, "expected"),
    ],
    "pictures_needed": [
        (lambda h, w, e: math.ceil(1 / (2 * e**2)), "places of a picture count"),
        (lambda h, w, e: 1 / e**2 / h / w, "mind the 2"),
        (lambda h, w, e: 1 / (2 * e**2 * h * w), "whole pictures"),
        (lambda h, w, e: max(1, math.floor(1 / (2 * e**2 * h * w))), "rounding down"),
        (lambda h, w, e: 10**6, "expected"),
    ],
    "sees_the_future": [
        (lambda model, x: "yes", "True or False"),
        (own_change_counts, "does not look ahead"),
        (lambda model, x: looks_ahead(model, x, [5]), "every position"),
        (lambda model, x: looks_ahead(model, x, at=slice(1)), "every position"),
        (in_place, "work on a copy"),
    ],
    "scaled_branch": [
        (lambda width: torch.relu, "a module"),
        (lambda width: nn.Linear(width, 2 * width), "shape must stay"),
        (lambda width: Branch(width, skip=0.0), "skip is missing"),
        (lambda width: Branch(width, scale=1.0), "must be the identity"),
        (lambda width: Branch(width, learned=False), "plain one never moves"),
        (lambda width: Branch(width, last=0.0), "nothing can move"),
    ],
    "matching_alpha": [
        (lambda s: s, "other way round"),
        (lambda s: 1 / s**2, "not by the variance"),
        (lambda s: 0.3, "expected"),
    ],
    "flattest": [
        (0.1, "three names"),
        ("LayerNorm", "share"),
        ("none", "without a norm"),
    ],
}
