"""Answers to the exercises of `optimizers`: right ones and mistakes."""

import math

import numpy as np
import torch

from dlbook_utils.update_rules import adam, count, rmsprop, running_mean

SECOND = -0.1 + 0.1 * 0.01 / 0.19


def too_long(t, beta1, beta2):
    return (1 - beta1**t) / math.sqrt(1 - beta2**t)


def corrected(w, g, state, beta=0.99, eps=1e-8):
    t = count(state)
    return g / ((running_mean(state, "v", g * g, beta) / (1 - beta**t)).sqrt() + eps)


def corrected_twice(w, g, state, beta=0.99, eps=1e-8):
    t = count(state)
    state["v"] = running_mean(state, "v", g * g, beta) / (1 - beta**t)
    return g / (state["v"].sqrt() + eps)


def multiplied(w, g, state, beta=0.99, eps=1e-8):
    t = count(state)
    v = running_mean(state, "v", g * g, beta)
    return g / ((v * (1 - beta**t)).sqrt() + eps)


def signed(w):
    return (w > 0) - (w < 0)


def lion(w, g, m, lr, weight_decay, beta1=0.9, beta2=0.99):
    mixture = beta1 * m + (1 - beta1) * g
    return w - lr * (torch.sign(mixture) + weight_decay * w), beta2 * m + (1 - beta2) * g


def lion_in_numpy(w, g, m, lr, weight_decay, beta1=0.9, beta2=0.99):
    w, g, m = (np.asarray(x) for x in (w, g, m))
    d = np.sign(beta1 * m + (1 - beta1) * g)
    return [w * (1 - lr * weight_decay) - lr * d, beta2 * m + (1 - beta2) * g]


def lion_in_place(w, g, m, lr, weight_decay, beta1=0.9, beta2=0.99):
    d = torch.sign(beta1 * m + (1 - beta1) * g)
    m.mul_(beta2).add_(g, alpha=1 - beta2)
    return w - lr * (d + weight_decay * w), m


def lion_with(memory=0.99, decay=lambda lr, wd: lr * wd, argument=None):
    def step(w, g, m, lr, weight_decay, *betas):
        new_m = memory * m + (1 - memory) * g
        mixture = argument(m, new_m, g) if argument else 0.9 * m + 0.1 * g
        return w - lr * torch.sign(mixture) - decay(lr, weight_decay) * w, new_m

    return step


def lion_with_l2(w, g, m, lr, weight_decay, *betas):
    return lion_with(decay=lambda lr, wd: 0)(w, g + weight_decay * w, m, lr, weight_decay)


def fixed_beta(w, g, state, beta=0.99, eps=1e-8):
    return corrected(w, g, state)


def eps_in_the_root(w, g, state, beta=0.99, eps=1e-8):
    t = count(state)
    return g / (running_mean(state, "v", g * g, beta) / (1 - beta**t) + eps**2 * 1e6).sqrt()


def greedy(w, g, state, beta=0.99):
    direction = corrected(w, g, state, beta)
    g.zero_()
    return direction


def numbers(shapes, per_weight=2, vectors=True, leading=True):
    adamw = factored = 0
    for s in shapes:
        size = math.prod(s)
        adamw += per_weight * size
        if len(s) > 1:
            factored += size // s[-1] + size // s[-2] if leading else s[-1] + s[-2]
        elif vectors:
            factored += size
    return adamw, factored


def verdict(a, b):
    if min(a) > max(b):
        return "a"
    return "b" if min(b) > max(a) else "cannot tell"


def by_mean(a, b):
    return "a" if np.mean(a) > np.mean(b) else "b"


SOLUTIONS = {
    "two_steps": [
        (-0.1, SECOND),
        (-0.1, -0.0947),
        torch.tensor([-0.1, SECOND], dtype=torch.float64),
    ],
    "too_long": [too_long, lambda t, a, b: torch.tensor(too_long(t, a, b), dtype=torch.float64)],
    "corrected_rmsprop": [corrected, lambda w, g, s, beta: adam(w, g, s, 0.0, beta)],
    "taken": [lambda w, lr, wd: (lr * signed(w), lr * wd * w)],
    "lion_step": [lion, lion_in_numpy, lion_in_place],
    "state_numbers": [numbers, lambda shapes: np.array(numbers(shapes))],
    "largest_beta2": [0.98599, 0.986, torch.tensor(0.986)],
    "verdict": [verdict],
}
MISTAKES = {
    "two_steps": [
        ((-0.1 * 0.1 / math.sqrt(0.001), 0), "without bias correction"),
        ((0.1, -SECOND), "against the gradient"),
        ((-0.2, SECOND), "sign of the gradient"),
        ((-0.1, -0.2), "nearly cancel"),
        ((-0.1, 0.1 * 0.01 / 0.19), "second step alone"),
        ((-0.1, -0.1 - 0.1 * 0.01 / 0.19), "second direction is negative"),
        ((-0.1, -0.099), "divided by 1 - 0.81"),
        ((-0.1, 0.0), "nearly cancel"),
        ((1, -1 / 19), "multiply it by the rate"),
        ((-0.1, math.nan), "two numbers"),
        (-0.1, "two numbers"),
    ],
    "too_long": [
        (lambda t, a, b: 1 / too_long(t, a, b), "other way round"),
        (lambda t, a, b: (1 - a**t) / (1 - b**t), "under a root"),
        (lambda t, a, b: 1 - a**t, "first moment's factor alone"),
        (lambda t, a, b: 3.16, "expected"),
        (lambda t, a, b: "long", "one number"),
        (3925, "expected a function"),
    ],
    "corrected_rmsprop": [
        (rmsprop, "ten rates long"),
        (multiplied, "do not multiply"),
        (lambda w, g, s, beta: g, "sign of the gradient"),
        (corrected_twice, "corrected again"),
        (lambda w, g, s, beta: g.sum(), "g's shape"),
        (fixed_beta, "is `beta` used"),
        (eps_in_the_root, "corrected root"),
        (greedy, "not yours"),
    ],
    "taken": [
        (lambda w, lr, wd: (lr * wd * w, lr * wd * w), "divided out"),
        (lambda w, lr, wd: (lr * signed(w), wd * w), "tied to the rate"),
        (lambda w, lr, wd: (lr * wd * signed(w), lr * wd * w), "strength cancels"),
        (lambda w, lr, wd: (lr, lr * wd * w), "negative weight"),
        (lambda w, lr, wd: (2 * lr, lr * wd * w), "Adam takes"),
        (lambda w, lr, wd: (lr * signed(w), lr * w), "AdamW takes"),
        (lambda w, lr, wd: lr, "two numbers"),
        (lambda w, lr, wd: (lr * wd * w, lr * signed(w)), "wrong order"),
        (lambda w, lr, wd: (w - lr * signed(w), w - lr * wd * w), "new weights"),
    ],
    "lion_step": [
        (lion_with(memory=0.9), "beta1 belongs to the step"),
        (lambda w, g, m, lr, wd: (w, m), "new memory is"),
        (lion_with(decay=lambda lr, wd: 0), "decay is missing"),
        (lion_with(decay=lambda lr, wd: wd), "multiplied by the rate"),
        (lion_with(argument=lambda m, new, g: 0.9 * new + 0.1 * g), "old memory"),
        (lion_with(argument=lambda m, new, g: new), "not of the new memory"),
        (lion_with(argument=lambda m, new, g: g), "expected w"),
        (lambda w, g, m, lr, wd: w, "two things"),
        (lion_with(), "are they used"),
        (lion_with_l2, "L2 penalty"),
        (lion_with(argument=lambda m, new, g: 0.9 * m + 0.1 * g - 1e-300), "expected w"),
    ],
    "state_numbers": [
        (lambda s: numbers(s, per_weight=1), "two numbers for each weight"),
        (lambda s: numbers(s, per_weight=3), "AdamW keeps"),
        (lambda s: numbers(s, vectors=False), "not factored"),
        (lambda s: numbers(s, leading=False), "more than two axes"),
        (lambda s: (numbers(s)[0], 1), "Adafactor keeps"),
        (lambda s: 4, "two numbers"),
        (lambda s: numbers(s)[::-1], "other order"),
    ],
    "largest_beta2": [
        (0.9975, "uncorrected first step"),
        (0.8215, "smaller of two"),
        (1.0, "longer memory"),
        (0.95, "solve"),
        (0.987, "solve"),
        (None, "one number"),
        (math.nan, "one number"),
        ("none", "one number"),
    ],
    "verdict": [
        (by_mean, "overlap"),
        (lambda a, b: "cannot tell", "expected 'a'"),
        (lambda a, b: True, "not True"),
    ],
}
