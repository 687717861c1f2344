"""Answers to the exercises of `gradient_descent`: right ones and mistakes."""

import math
from functools import partial

import numpy as np
import torch

from dlbook_utils.checks import gradient_descent as checks


def nth(lr, beta, n):
    return lr * (1 - beta**n) / (1 - beta)


def nth_by_loop(lr, beta, n):
    v = 0.0
    for _ in range(n):
        v = beta * v + 1
    return lr * v


def weight_memory(beta, share):
    n = 1
    while 1 - beta**n < share:
        n += 1
    return n


def memory_by_logarithm(beta, share):
    return 1 if beta == 0 else max(1, math.ceil(round(math.log(1 - share) / math.log(beta), 9)))


def nesterov(f, theta, v, lr, beta, ahead=-1.0, rate=1.0, weigh=1.0, out=-1.0):
    v = beta * v + rate * lr * weigh * f(theta + ahead * beta * v)
    return theta + out * v, v


def nesterov_from_the_look_ahead(f, theta, v, lr, beta):
    _, new = nesterov(f, theta, v, lr, beta)
    return theta - beta * v - new, new


def nesterov_as_lists(*inputs):
    return tuple(part.tolist() for part in nesterov(*inputs))


def pytorch_nesterov(f, theta, v, lr, beta):
    v = beta * v + f(theta)
    return theta - lr * (f(theta) + beta * v), v


def count_by(size):
    """The first step at which this size of the weights is below 1e-6."""
    return lambda *setting: checks.first(size(abs(checks.ravine_path(*setting))) < 1e-6)


def count(kind, lr, beta, size=1e-6, last=1000, weigh=False, plain=True, ahead=True):
    lam, theta, v = np.array([1.0, 25.0]), np.ones(2), np.zeros(2)
    beta = 0.0 if kind == "plain" and plain else beta
    for t in range(1, last + 1):
        g = lam * theta * (1 - beta if weigh else 1)
        v = beta * v + g
        theta = theta - lr * (g + beta * v if kind == "Nesterov" and ahead else v)
        if abs(theta).max() < size:
            return t
    return last


def late(a, beta, d, place=0, add=True):
    M = np.eye(d + 1, k=-1)
    M[0, 0] += 1 + beta
    M[0, 1] -= beta
    M[0, d - place] = M[0, d - place] * add - a
    return M


def rate(target, lam, s2, B, power=1.0):
    return 2 * lam * target / (s2 / B**power + lam**2 * target)


SOLUTIONS = {
    "three_steps": [(2 * (-1.4) ** 3, 1 / 3), [-5.488, 0.333], torch.tensor([-5.488, 1 / 3])],
    "nth_step": [
        nth,
        nth_by_loop,
        lambda lr, beta, n: torch.tensor(nth(lr, beta, n), dtype=torch.float64),
        lambda lr, beta, n: [nth(lr, beta, n)],
        lambda lr, beta, n: torch.tensor([nth(lr, beta, n)]),
    ],
    "memory": [weight_memory, memory_by_logarithm],
    "nesterov_step": [nesterov, nesterov_as_lists, lambda *inputs: np.stack(nesterov(*inputs))],
    "count_steps": [count],
    "late_ball": [late, lambda a, beta, d: late(a, beta, d).tolist()],
    "rate_for_floor": [rate],
    "mean_square_after": [
        lambda n, lam, sigma2: sigma2 / (lam**2 * n),
        lambda n, lam, sigma2: np.array([sigma2 / (lam**2 * n)]),
    ],
}

MISTAKES = {
    "three_steps": [
        ((-5.488, 2 / 3), "the second derivative"),
        ((-5.488, 1 / 6), "arrives in one step"),
        ((5.488, 1 / 3), "wrong side"),
        ((2 * (-0.2) ** 3, 1 / 3), "the slope of 3x² is 6x"),
        ((3.92, 1 / 3), "after 2 steps"),
        ((1 / 3, -5.488), "other order"),
        ((7.6832, 1 / 3), "after 4 steps"),
        ((-5.488, 0.5), "the limit is 2 / λ"),
        ((1.0, 1 / 3), "each step multiplies"),
        (7, "a pair of numbers"),
    ],
    "nth_step": [
        (lambda lr, beta, n: lr * (1 - beta**n), "the moving average"),
        (lambda lr, beta, n: lr / (1 - beta), "the n-th is shorter"),
        (lambda lr, beta, n: nth(lr, beta, n - 1), "steps count from 1"),
        (lambda lr, beta, n: nth(lr, beta, n + 1), "steps count from 1"),
        (lambda lr, beta, n: lr * beta**n, "the velocity is"),
        (lambda lr, beta, n: nth(lr, beta, n) / lr, "that is the velocity"),
        (lambda lr, beta, n: -nth(lr, beta, n), "positive"),
        (lambda lr, beta, n: sum(nth(lr, beta, k) for k in range(1, n + 1)), "the whole way"),
        (lambda lr, beta, n: [lr, beta], "one number"),
        (lambda lr, beta, n: math.nan, "one number"),
        (lambda lr, beta: lr, "called with 3 arguments"),
        (0.4, "the function itself"),
    ],
    "memory": [
        (lambda beta, share: round(1 / (1 - beta)), "time constant"),
        (lambda beta, share: math.log(1 - share) / math.log(beta), "whole"),
        (lambda beta, share: weight_memory(beta, share) - 1, "round up"),
        (lambda beta, share: weight_memory(beta, share) + 1, "the newest n carry"),
        (lambda beta, share: 1, "the share is of that"),
        (lambda beta, share: math.inf, "one whole number"),
    ],
    "nesterov_step": [
        (partial(nesterov, ahead=0.0), "where the roll would lead"),
        (partial(nesterov, ahead=1.0), "look ahead at θ − βv"),
        (partial(nesterov, ahead=-1 / 0.9), "βv long"),
        (partial(nesterov, rate=50.0), "inside the velocity"),
        (partial(nesterov, weigh=0.1), "not weighed"),
        (partial(nesterov, out=1.0), "subtracted from the weights"),
        (partial(nesterov, out=-0.02), "in the velocity already"),
        (nesterov_from_the_look_ahead, "not from the look-ahead"),
        (lambda f, theta, v, lr, beta: nesterov(f, theta, v, lr, beta)[::-1], "other order"),
        (partial(nesterov, rate=-1.0), "is added to the velocity"),
        (partial(nesterov, ahead=1.0, rate=-1.0, out=1.0), "points uphill"),
        (pytorch_nesterov, "that is PyTorch's form"),
        (lambda f, theta, v, lr, beta: theta, "expected weights and velocity"),
    ],
    "count_steps": [
        (partial(count, plain=False), "plain gradient descent has no momentum"),
        (partial(count, ahead=False), "the heavy ball's count"),
        (partial(count, weigh=True), "moving average"),
        (lambda *s: min(999, count(*s)), "above the limit"),
        (lambda *s: count(*s) + (count(*s) < 1000), "one step off"),
        (partial(count, size=1e-3), "expected"),
        (lambda *s: count(*s) if count(*s) < 1000 else None, "return 1000"),
        (lambda *s: count(*s) if count(*s) < 1000 else math.inf, "return 1000"),
        (count_by(lambda path: path.min(axis=1)), "not one"),
        (count_by(lambda path: np.hypot(*path.T)), "not the distance"),
        (count_by(lambda path: path**2 @ (0.5, 12.5)), "not the loss"),
        (count_by(lambda path: np.maximum.accumulate(path[::-1])[::-1].max(axis=1)), "first time"),
        (lambda *s: checks.ravine_steps(*s, textbook=s[0] == "Nesterov"), "the textbook's weights"),
        (lambda *s: "few", "one whole number"),
    ],
    "late_ball": [
        (lambda *s: late(*s).T, "newest weight comes first"),
        (lambda *s: late(*s)[::-1, ::-1], "newest weight comes first"),
        (lambda *s: np.vstack([late(*s)[:1], np.eye(s[2] + 1)[1:]]), "only shifts"),
        (partial(late, place=1), "the oldest of the d + 1"),
        (lambda a, beta, d: late(a, beta, d, place=d), "the gradient in time"),
        (partial(late, add=False), "two terms meet"),
        (lambda a, beta, d: late(-a, beta, d), "the first row"),
        (lambda a, beta, d: np.eye(d), "a matrix"),
    ],
    "rate_for_floor": [
        (partial(rate, power=0.0), "s² / B"),
        (lambda target, lam, s2, B: 2 * lam * target * B / s2, "for small rates"),
        (partial(rate, power=0.5), "1 / √B"),
        (lambda target, lam, s2, B: target, "solve V"),
    ],
    "mean_square_after": [
        (lambda n, lam, sigma2: sigma2 / (lam * n), "has it twice"),
        (lambda n, lam, sigma2: sigma2 / n, "enters through the rate"),
        (lambda n, lam, sigma2: sigma2 / (lam * n) ** 2, "variances add up"),
        (lambda n, lam, sigma2: sigma2 / (lam**2 * (n + (n > 1))), "not n + 1"),
        (lambda n, lam, sigma2: sigma2 / lam**2, "average out"),
        (lambda n, lam, sigma2: 0.5, "minus the sum"),
    ],
}
