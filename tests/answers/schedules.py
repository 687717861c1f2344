"""Answers to the exercises of `schedules`: right ones and mistakes."""

import math

import numpy as np
import torch


def factor(t, warmup, total, final):
    if t < warmup:
        return (t + 1) / warmup
    share = min((t - warmup) / (total - warmup), 1)
    return final + (1 - final) * (1 + math.cos(math.pi * share)) / 2


def changed_factor(start=1, clamp=True, last=None, first_full=False):
    """The factor with one mistake."""

    def f(t, warmup, total, final):
        if t == 0 and first_full:
            return 1.0
        if t < warmup:
            return (t + start) / warmup
        share = (t - warmup) / (total - warmup)
        share = min(share, 1) if clamp else share
        final = final if last is None else last
        return final + (1 - final) * (1 + math.cos(math.pi * share)) / 2

    return f


def rate_for_floor(m, h, sigma):
    return 2 * m * h / (sigma**2 + m * h**2)


def clip(grads, limit):
    norm = torch.stack([g.norm() for g in grads]).norm()
    if not norm.isfinite():
        raise ValueError(f"the norm of the gradients is {norm}")
    return [g * (limit / norm).clamp(max=1) for g in grads]


def clip_like_torch(grads, limit):
    if not all(g.isfinite().all() for g in grads):
        raise ValueError("not finite")
    norm = sum(float(g.square().sum()) for g in grads) ** 0.5
    return tuple(g * min(1, limit / (norm + 1e-6)) for g in grads)


def clip_in_place(grads, limit):
    torch.nn.utils.clip_grad_norm_([g.requires_grad_() for g in grads], limit)
    norm = torch.stack([g.detach().norm() for g in grads]).norm()
    for g in grads:
        g.detach_().mul_(limit / norm)
    return grads


def clip_always(grads, limit):
    norm = torch.stack([g.norm() for g in grads]).norm()
    return [g * limit / norm for g in grads]


def clip_without_refusing(grads, limit):
    norm = torch.stack([g.norm() for g in grads]).norm()
    return [g * (limit / norm).clamp(max=1) for g in grads]


def noise_scale(small, square_small, big, square_big):
    G2 = (big * square_big - small * square_small) / (big - small)
    return (square_small - square_big) / (1 / small - 1 / big) / G2


def trace_alone(small, square_small, big, square_big):
    return (square_small - square_big) / (1 / small - 1 / big)


def coefficient(t, r):
    return t**r / sum(i**r for i in range(1, t + 1))


SOLUTIONS = {
    "parabola_factors": [[0.98, 0.8, -1.4], (0.98, 0.8, -1.4), torch.tensor([0.98, 0.8, -1.4])],
    "cycle_peak": [(249, 0.04, 4e-6), [249.0, 1 / 25, 1 / 250_000], np.array([249, 0.04, 4e-6])],
    "warmup_cosine": [factor, lambda *a: torch.tensor(factor(*a), dtype=torch.float64)],
    "rate_for_floor": [rate_for_floor, lambda m, h, sigma: np.array(rate_for_floor(m, h, sigma))],
    "clip": [clip, clip_like_torch],
    "noise_scale_from_two": [noise_scale],
    "forgetting_mean": [coefficient],
}

MISTAKES = {
    "parabola_factors": [
        ([0.99, 0.9, -0.2], "slope of w² is 2w"),
        ([0.98, 0.8, 1.4], "sign belongs to it"),
        ([0.98, 0.9, -1.4], "rate 0.1"),
        ([0.98, 0.8], "expected 3 numbers"),
        ("diverges", "expected 3 numbers"),
        ([0.98, 0.8, "no"], "expected 3 numbers"),
    ],
    "cycle_peak": [
        ((62, 0.04, 4e-6), "all epochs"),
        ((250, 0.04, 4e-6), "count from 0"),
        ((300, 0.04, 4e-6), "quarter"),
        ((249, 0.004, 4e-6), "a fraction of max_lr"),
        ((249, 0.1, 4e-6), "div_factor"),
        ((249, 0.04, 1e-4), "divides the first rate"),
        ((249, 0.04, 0.0), "divided by 10,000"),
    ],
    "warmup_cosine": [
        (changed_factor(start=0), "start above zero"),
        (changed_factor(first_full=True), "full rate"),
        (changed_factor(start=0.5), "begins with 1/10"),
        (changed_factor(clamp=False), "clamp the progress"),
        (changed_factor(last=0.0), "between 1 and final"),
        (
            lambda t, w, n, f: (t + 1) / w if t < w else f + (1 - f) * max(0, (n - t) / (n - w)),
            "quarter of the way",
        ),
        (lambda t, w, n, f: "high", "expected one number"),
    ],
    "rate_for_floor": [
        (lambda m, h, sigma: 2 * m * h / sigma**2, "small rates"),
        (lambda m, h, sigma: 2 * m * h / (sigma + m * h**2), "variance"),
        (lambda m, h, sigma: 0.1, "has the floor"),
    ],
    "clip": [
        (lambda grads, c: [g.clamp(-c, c) for g in grads], "turns the gradient"),
        (lambda grads, c: [g * min(1, c / g.norm()) for g in grads], "norm of its own"),
        (clip_in_place, "return new ones"),
        (lambda grads, c: grads[0], "as many gradients"),
        (lambda grads, c: [0.1 * g for g in grads], "limit / norm of all"),
        (clip_always, "stay as they are"),
        (clip_without_refusing, "went through"),
    ],
    "noise_scale_from_two": [
        (lambda *a: 1 / noise_scale(*a), "upside down"),
        (trace_alone, "divide by the length"),
        (lambda *a: trace_alone(*a) / a[3], "still holds noise"),
        (lambda *a: 1.0, "expected"),
    ],
    "forgetting_mean": [
        (lambda t, r: 0.5, "c_1 = 1"),
        (lambda t, r: 1 / t**2, "plain mean"),
        (lambda t, r: t**r if r else 1 / t, "sum of all weights"),
        (lambda t, r: 1 / t, "weights 1, 4, 9, 16"),
    ],
}
