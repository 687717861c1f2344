"""Answers to the exercises of `autograd`: right ones and mistakes."""

import math

import numpy as np
import torch
from torch.func import grad, hessian, jvp

from dlbook_utils.checks import autograd as checks

TOOLS = checks.TOOLS


def double_where(x):
    square = x.square().sum(dim=1)
    safe = torch.where(square > 0, square, 1.0)
    return torch.where(square > 0, safe.sqrt(), 0.0)


def only_outer_where(x):
    square = x.square().sum(dim=1)
    return torch.where(square > 0, square.sqrt(), 0.0)


def with_epsilon(x):
    return (x.square().sum(dim=1) + 1e-12).sqrt()


def sum_trick(f, x):
    x = x.clone().requires_grad_()
    [g] = torch.autograd.grad(f(x), x, create_graph=True)
    return torch.autograd.grad(g.sum(), x)[0]


def diagonal_by_products(f, x):
    unit = torch.eye(len(x), dtype=x.dtype)
    return torch.stack([jvp(grad(f), (x,), (e,))[1] @ e for e in unit])


def as_it_is_written(case):
    return {"detach": "x.detach()", "retain_graph": "retain_graph=True"}.get(case, case)


def micro_weights(sizes):
    return [size / sum(sizes) for size in sizes]


def nearest_segments(layers, boundary, inside):
    return min(layers, max(1, round((layers * inside / boundary) ** 0.5)))


def next_segments(layers, boundary, inside):
    return min(layers, math.ceil((layers * inside / boundary) ** 0.5))


def best_segments(layers, boundary, inside):
    return min(range(1, layers + 1), key=lambda k: k * boundary + layers / k * inside)


def td_target(reward, done, q_next, gamma):
    return reward + gamma * (1 - done) * q_next.detach().max(dim=1).values


@torch.no_grad()
def td_target_under_no_grad(reward, done, q_next, gamma):
    return torch.where(done == 1, reward, reward + gamma * q_next.amax(dim=1))


def td_target_in_numpy(reward, done, q_next, gamma):
    best = q_next.detach().numpy().max(axis=1)
    return reward.numpy() + gamma * (1 - done.numpy()) * best


def no_reward(reward, done, q_next, gamma):
    return gamma * (1 - done) * q_next.detach().max(dim=1).values


def power_iteration(f, w, steps=300):
    v = torch.randn_like(w)
    for _ in range(steps):
        v = v / v.norm()
        Hv = jvp(grad(f), (w,), (v,))[1]
        value, v = v @ Hv, Hv
    return value


SOLUTIONS = {
    "which_tool": [TOOLS, {case: as_it_is_written(tool) for case, tool in TOOLS.items()}],
    "micro_weights": [
        micro_weights,
        lambda sizes: np.array(sizes) / np.sum(sizes),
        lambda sizes: torch.tensor(sizes) / sum(sizes),
        lambda sizes: (size / sum(sizes) for size in sizes),
    ],
    "row_norms": [double_where, lambda x: torch.stack([double_where(row[None])[0] for row in x])],
    "hessian_diagonal": [
        diagonal_by_products,
        lambda f, x: hessian(f)(x).diagonal(),
        lambda f, x: diagonal_by_products(f, x).tolist(),
        lambda f, x: list(diagonal_by_products(f, x)),
        lambda f, x: diagonal_by_products(f, x).numpy(),
    ],
    "log_cosh_backward": [
        lambda x, g: g * torch.tanh(x),
        lambda x, g: torch.tanh(x) * g,
        lambda x, g: (g * torch.tanh(x),),
    ],
    "best_segments": [best_segments, lambda *sizes: float(best_segments(*sizes))],
    "td_target": [td_target, td_target_under_no_grad, td_target_in_numpy],
    "largest_bounded_rate": [lambda lam: 4 / lam, lambda lam: torch.tensor(4 / lam)],
    "sharpest": [
        power_iteration,
        lambda f, w: max(torch.linalg.eigvalsh(hessian(f)(w)), key=abs),
    ],
}

MISTAKES = {
    "which_tool": [
        (["retain_graph"] * 5, "give a dictionary"),
        ({"MAML": "create_graph"}, "is missing"),
        (TOOLS | {"MAML": "no_grad"}, "none of the three"),
        (TOOLS | {"MAML": None}, "none of the three"),
        (TOOLS | {"MAML": "retain_graph=True"}, "must itself be differentiated"),
        (TOOLS | {"truncated BPTT": "retain_graph"}, "the state must be cut"),
        (TOOLS | {"two losses apart": "create_graph"}, "nothing is differentiated twice"),
        (TOOLS | {"gradient penalty": "retain_graph"}, "the loss contains a gradient"),
        (TOOLS | {"target network": "retain_graph"}, "the target is data"),
    ],
    "micro_weights": [
        (lambda sizes: [1 / len(sizes)], "one factor for each"),
        (lambda sizes: 1 / len(sizes), "one factor for each"),
        (lambda sizes: "size / 100", "one factor for each"),
        (lambda sizes: [1] * len(sizes), "four times too large"),
        (lambda sizes: [size / max(sizes) for size in sizes], "not by the largest"),
        (lambda sizes: [len(sizes) * size / sum(sizes) for size in sizes], "add up to 4"),
        (lambda sizes: [1 / len(sizes)] * len(sizes), "right for equal sizes only"),
        (lambda sizes: sizes, "divide by the size of the whole batch"),
        (lambda sizes: [size / max(sizes) / 4 for size in sizes], "for sizes 32, 32, 32, 4"),
    ],
    "row_norms": [
        (lambda x: double_where(x).sum(), "one norm a row"),
        (lambda x: 5.0, "return a tensor"),
        (lambda x: x.norm(dim=1), "from sqrt"),
        (lambda x: torch.linalg.vector_norm(x, dim=1), "from sqrt"),
        (with_epsilon, "no epsilon"),
        (lambda x: x.abs().sum(dim=1), "must not change"),
        (lambda x: double_where(x.detach()), "cut off"),
        (only_outer_where, "where does not protect"),
        (lambda x: double_where(x) + x[:, 1] - x.detach()[:, 1], "expected the gradient"),
    ],
    "hessian_diagonal": [
        (lambda f, x: hessian(f)(x), "shape (3,)"),
        (sum_trick, "row sums"),
        (lambda f, x: "the diagonal", "expected numbers"),
        (lambda f, x: grad(f)(x), "expected"),
    ],
    "log_cosh_backward": [
        (lambda x, g: 1.0, "return a tensor"),
        (lambda x, g: (g * torch.tanh(x)).sum(), "the shape of x"),
        (lambda x, g: torch.tanh(x), "multiply by grad_output"),
        (lambda x, g: g * (1 - torch.tanh(x) ** 2), "gradcheck rejects"),
        (lambda x, g: g * torch.sinh(x) / torch.cosh(x), "overflows"),
    ],
    "best_segments": [
        (lambda L, b, s: (L * s / b) ** 0.5, "is an integer"),
        (lambda L, b, s: round(L**0.5), "square root of n alone"),
        (lambda L, b, s: float("nan"), "is an integer"),
        (next_segments, "compare both neighbors"),
        (nearest_segments, "compare both neighbors"),
        (lambda L, b, s: round((L * s / b) ** 0.5), "between 1 and 8"),
        (lambda L, b, s: L, "the least is"),
    ],
    "td_target": [
        (lambda r, d, q, gamma: r[:, None] + gamma * q.detach(), "one target a transition"),
        (lambda r, d, q, gamma: r + gamma * (1 - d) * q.max(dim=1).values, "gradient flows"),
        (lambda r, d, q, gamma: r + gamma * q.detach().max(dim=1).values, "(1 - done)"),
        (lambda r, d, q, gamma: r + gamma * (1 - d) * q.detach().max(dim=0).values, "each row"),
        (lambda r, d, q, gamma: r + gamma * (1 - d) * q.detach().max(dim=1), "each row"),
        (lambda r, d, q, gamma: r + (1 - d) * q.detach().amax(dim=1), "discounts by 1"),
        (lambda r, d, q, gamma: r + 0.9 * (1 - d) * q.detach().amax(dim=1), "discounts by 0.9"),
        (lambda r, d, q, gamma: gamma * (r + (1 - d) * q.detach().amax(dim=1)), "not the reward"),
        (lambda r, d, q, gamma: td_target(r, d, q.abs(), gamma), "may be negative"),
        (lambda r, d, q, gamma: td_target(r, d, q.clamp(min=0), gamma), "may be negative"),
        (no_reward, "reward is missing"),
        (lambda r, d, q, gamma: r + gamma * (1 - d) * q.detach().mean(dim=1), "best next action"),
    ],
    "largest_bounded_rate": [
        (lambda lam: 2 / lam, "two steps of memory"),
        (lambda lam: 0.0, "a positive number"),
        (lambda lam: "4 / lam", "expected numbers"),
        (lambda lam: 4.0, "a curvature five times"),
        (lambda lam: 1 / lam, "unit circle"),
    ],
    "sharpest": [
        (lambda f, w: grad(f)(w), "one number"),
        (lambda f, w: abs(power_iteration(f, w)), "the sign is lost"),
        (lambda f, w: torch.linalg.eigvalsh(hessian(f)(w)).max(), "largest in size"),
        (lambda f, w: power_iteration(f, w, steps=1), "enough steps"),
    ],
}
