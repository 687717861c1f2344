"""Answers to the exercises of `choosing_optimizers`: right ones and mistakes."""

import math

import numpy as np
import torch
from torch import nn

STATE = {"sgd": 0, "momentum": 4, "adam": 8}


def decayed_names(model):
    embedded = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}
    return {n for n, w in model.named_parameters() if w.ndim >= 2 and id(w) not in embedded}


def decayed_by_type(model):
    kinds = (nn.Linear, nn.Conv2d)
    return [f"{n}.weight" for n, m in model.named_modules() if isinstance(m, kinds)]


def training_bytes(n, optimizer, master):
    return n * (4 + 4 * master + STATE[optimizer])


def sweep(train, choose=0, report=1, ks=(-2, -1, 0), bad=math.inf):
    found = {k: train(10.0**k) for k in ks}
    while True:
        value = {k: bad if math.isnan(r[choose]) else r[choose] for k, r in found.items()}
        best = min(sorted(value), key=value.get)
        if min(found) < best < max(found):
            return 10.0**best, found[best][report]
        new = best - 1 if best == min(found) else best + 1
        found[new] = train(10.0**new)


def sweep_and_stop(train):
    return min(((10.0**k, train(10.0**k)[1]) for k in (-2, -1, 0)), key=lambda pair: pair[1])


def fixed_sweep(train):
    found = {10.0**k: train(10.0**k) for k in (-2, -1, 0)}
    best = min(found, key=lambda lr: found[lr][0])
    return best, found[best][1]


def endless_sweep(train):
    while True:
        train(0.1)


def state_by_name(model, optimizer):
    return {n: optimizer.state[w] for n, w in model.named_parameters() if w in optimizer.state}


def state_by_place(model, optimizer):
    saved = optimizer.state_dict()["state"]
    return dict(zip([n for n, _ in model.named_parameters()], saved.values(), strict=False))


def winner_shares(losses, paired=True, draws=1000, lowest=True):
    rng = np.random.default_rng(1)
    methods, n = losses.shape
    size = (draws, n) if paired else (methods, draws, n)
    drawn = rng.integers(n, size=size)
    values = losses[:, drawn] if paired else np.take_along_axis(losses[:, None], drawn, axis=2)
    means = values.mean(-1)
    winners = means.argmin(0) if lowest else means.argmax(0)
    return np.bincount(winners, minlength=methods) / draws


def winners_of_single_seeds(losses):
    return np.bincount(losses.argmin(0), minlength=len(losses)) / losses.shape[1]


def learned_rates(gradient, w, lr, beta, steps, sign=1.0, warm=False):
    rates, before = [], None
    for _ in range(steps):
        g = gradient(w)
        before = g if before is None and warm else before
        if before is not None:
            lr = lr + sign * beta * float((g * before).sum())
        w, before = w - lr * g, g
        rates.append(lr)
    return rates


SOLUTIONS = {
    "matching_rate": [
        lambda lr, g, mu: lr * (1 - mu) / g,
        lambda lr, g, mu: torch.tensor(lr * (1 - mu) / g, dtype=torch.float64),
    ],
    "decayed_names": [decayed_names, decayed_by_type],
    "training_bytes": [training_bytes, lambda *a: float(training_bytes(*a))],
    "half_life": [
        lambda lr, wd: math.log(0.5) / math.log1p(-lr * wd),
        lambda lr, wd: np.array([math.log(0.5) / math.log(1 - lr * wd)]),
    ],
    "fair_sweep": [sweep, lambda train: list(sweep(train))],
    "state_by_name": [state_by_name],
    "winner_shares": [winner_shares, lambda losses: winner_shares(losses).tolist()],
    "learned_rates": [
        learned_rates,
        lambda *a: torch.tensor(learned_rates(*a), dtype=torch.float64),
    ],
}

MISTAKES = {
    "matching_rate": [
        (lambda lr, g, mu: lr / g, "settles at g"),
        (lambda lr, g, mu: lr * (1 - mu), "divide by g"),
        (lambda lr, g, mu: lr / ((1 - mu) * g), "must be smaller"),
        (lambda lr, g, mu: lr * (1 - mu) * g, "asks for a smaller rate"),
        (lambda lr, g, mu: lr * mu / g, "expected 0.002"),
        (lambda lr, g, mu: 0.002, "without momentum"),
        (lambda lr, g, mu: "lr / g", "expected one number"),
        (lambda lr, g, mu: [0.1, 0.2], "expected one number"),
    ],
    "decayed_names": [
        (lambda model: 3, "as a set"),
        (lambda model: list(model.parameters()), "not the tensors"),
        (lambda model: {n for n, w in model.named_parameters() if w.ndim >= 2}, "an embedding"),
        (
            lambda model: decayed_names(model) | {"scale.weight"},
            "gain of a norm",
        ),
        (
            lambda model: {n for n in decayed_names(model) if "bias" not in n},
            "a filter by the word bias",
        ),
        (lambda model: decayed_names(model) - {"picture.weight"}, "four axes"),
        (lambda model: decayed_names(model) | {"a.bias"}, "biases do not decay: a.bias"),
        (lambda model: decayed_names(model) - {"a.weight"}, "expected"),
    ],
    "training_bytes": [
        (lambda n, o, m: n * (4 + 4 * m + STATE[o] // 2), "states are float32"),
        (lambda n, o, m: n * (2 + 4 * m + STATE[o]), "gradients take as much"),
        (lambda n, o, m: n * (4 + STATE[o]), "master copy is missing"),
        (lambda n, o, m: n * (4 + 2 * m + STATE[o]), "besides the bf16 weights"),
        (lambda n, o, m: n * (4 + 4 * m + 8), "sgd, master=False"),
    ],
    "half_life": [
        (lambda lr, wd: math.log(2) / (lr * wd), "an approximation"),
        (lambda lr, wd: 0.5 / (lr * wd), "compounds"),
        (lambda lr, wd: math.log(2) / math.log1p(-lr * wd), "is positive"),
        (lambda lr, wd: math.log(0.5) / math.log1p(-wd), "multiplies the decay by the rate"),
        (lambda lr, wd: math.ceil(math.log(0.5) / math.log1p(-lr * wd)), "not rounded"),
        (lambda lr, wd: 12.3, "expected 13.513"),
    ],
    "fair_sweep": [
        (fixed_sweep, "at the edge"),
        (sweep_and_stop, "chosen by the test loss"),
        (lambda train: sweep(train, choose=1), "chosen by the test loss"),
        (lambda train: sweep(train, report=0), "report the test loss"),
        (lambda train: (0.1, math.nan), "leave out what diverged"),
        (lambda train: 0.1, "two things"),
        (endless_sweep, "does not end"),
    ],
    "state_by_name": [
        (state_by_place, "of another parameter"),
        (lambda model, optimizer: optimizer.state_dict()["state"], "names of parameters"),
        (lambda model, optimizer: list(optimizer.state), "a dictionary"),
        (
            lambda model, optimizer: {
                n: optimizer.state.get(w, {}) for n, w in model.named_parameters()
            },
            "leave it out",
        ),
        (
            lambda model, optimizer: {
                n: s["momentum_buffer"] for n, s in state_by_name(model, optimizer).items()
            },
            "its whole state",
        ),
    ],
    "winner_shares": [
        (lambda losses: winner_shares(losses, paired=False), "same seeds for all"),
        (lambda losses: 1000 * winner_shares(losses), "divide by the number"),
        (lambda losses: winner_shares(losses, lowest=False), "lowest loss wins"),
        (winners_of_single_seeds, "counts single seeds"),
        (lambda losses: 1.0, "one share for each"),
        (lambda losses: winner_shares(losses)[:2], "is listed"),
    ],
    "learned_rates": [
        (lambda f, w, lr, beta, steps: [lr] * steps, "never changes"),
        (lambda *a: learned_rates(*a, sign=-1.0), "the sign"),
        (lambda *a: learned_rates(*a, warm=True), "no earlier gradient"),
        (lambda f, w, lr, b, n: learned_rates(f, w, lr, b, n + 1)[1:], "lr itself"),
        (lambda *a: learned_rates(*a)[-1], "one rate for each"),
        (lambda f, w, lr, b, n: learned_rates(f, w, lr, 2 * b, n), "before the step"),
    ],
}
