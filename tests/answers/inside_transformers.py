"""Answers to the exercises of `inside_transformers`: right ones and mistakes."""

import math

import numpy as np
import torch

LEAST = 1.5 * math.log(2)


def stationary(P):
    return np.linalg.matrix_power(P, 4096)[0]


def row_costs(P):
    return -(P * np.log(np.where(P > 0, P, 1))).sum(1)


def entropy_rate(P):
    return stationary(P) @ row_costs(P)


def entropy_of_one(P):
    pi = stationary(P)
    return -(pi * np.log(pi)).sum()


def not_a_number(P):
    with np.errstate(all="ignore"):
        return -(stationary(P)[:, None] * P * np.log(P)).sum()


def same(ids):
    return ids[:, None] == ids[None, :]


def after(ids):
    places = torch.zeros(len(ids), len(ids), dtype=torch.bool)
    places[:, 1:] = same(ids)[:, :-1]
    return places


def induction_places(ids):
    return after(ids).tril()


def induction_as_lists(ids):
    return induction_places(ids).tolist()


def distance(A):
    T = A.shape[-1]
    return (A * (torch.arange(T)[:, None] - torch.arange(T))).sum(-1).mean(-1)


def relative_distance(A):
    return distance(A) / ((A.shape[-1] - 1) / 4)


def halves(A):
    return [(layer + torch.eye(len(layer))) / 2 for layer in A.mean(1)]


def product(layers):
    R = torch.eye(len(layers[0]))
    for layer in layers:
        R = layer @ R
    return R


def last_rollout(A):
    return product(halves(A))[-1]


def last_rollout_from_above(A):
    r = torch.eye(A.shape[-1])[-1]
    for layer in A.mean(1).flip(0):
        r = (r @ layer + r) / 2
    return r.tolist()


def pruned(loss, n, budget):
    gates = (1,) * n
    while any(gates):
        tries = [gates[:i] + (0,) + gates[i + 1 :] for i in range(n) if gates[i]]
        best = min(tries, key=loss)
        if loss(best) > budget:
            break
        gates = best
    return gates


def one_too_many(loss, n, budget):
    gates = (1,) * n
    while loss(gates) <= budget:
        tries = [gates[:i] + (0,) + gates[i + 1 :] for i in range(n) if gates[i]]
        gates = min(tries, key=loss)
    return gates


def by_single_costs(loss, n, budget):
    singles = [loss(tuple(int(i != j) for i in range(n))) for j in range(n)]
    gates, spent = [1] * n, loss((1,) * n)
    base = spent
    for j in np.argsort(singles):
        if spent + singles[j] - base > budget:
            break
        gates[j], spent = 0, spent + singles[j] - base
    return gates


def one_only(loss, n, budget):
    tries = [tuple(int(i != j) for i in range(n)) for j in range(n)]
    best = min(tries, key=loss)
    return best if loss(best) <= budget else (1,) * n


def size_for(target, E, A, alpha):
    return None if target <= E else (A / (target - E)) ** (1 / alpha)


def without_none(target, E, A, alpha):
    return (A / abs(target - E or 1)) ** (1 / alpha)


def patched(model, ids, other, layer, place, everywhere=False, late=0):
    x = model.tokens(torch.stack([ids, other])) + model.places.weight[: len(ids)]
    for i in range(len(model.blocks) + 1):
        if i == layer + late:
            x = x.clone()
            where = slice(None) if everywhere else place
            x[0, where] = x[1, where]
        if i < len(model.blocks):
            x = model.blocks[i](x)
    return (model.norm(x) @ model.tokens.weight.T)[0]


def patched_in_numpy(*answer):
    with torch.no_grad():
        return patched(*answer).numpy()


def the_other_way(model, ids, other, layer, place):
    return patched(model, other, ids, layer, place)


SOLUTIONS = {
    "three_numbers": [(math.log(3), LEAST, math.log(3) - LEAST), [1.0986, 1.0397, 0.0589]],
    "entropy_rate": [entropy_rate, lambda P: torch.tensor(entropy_rate(P))],
    "induction_places": [induction_places, induction_as_lists],
    "relative_distance": [relative_distance, lambda A: relative_distance(A).numpy()],
    "last_rollout": [last_rollout, last_rollout_from_above],
    "pruned": [pruned, lambda *a: torch.tensor(pruned(*a))],
    "size_for": [size_for, lambda *a: size_for(*a) and round(size_for(*a))],
    "patched": [patched, patched_in_numpy],
}

MISTAKES = {
    "three_numbers": [
        ((1.585, 1.5, 0.085), "in nats use the natural logarithm"),
        ((1.2, LEAST, 0.1), "whatever comes"),
        ((math.log(3), 0.0, math.log(3)), "not zero"),
        ((math.log(3), 0.9, 0.2), "over the three symbols"),
        ((math.log(3), LEAST, LEAST - math.log(3)), "loss minus floor"),
        ((math.log(3), LEAST, 1.0), "loss minus floor"),
        (1.0986, "3 things"),
        (("a", "b", "c"), "expected one number"),
    ],
    "entropy_rate": [
        (lambda P: row_costs(P).mean(), "not equally frequent"),
        (lambda P: entropy_rate(P) / math.log(2), "in bits"),
        (entropy_of_one, "one symbol alone"),
        (lambda P: -entropy_rate(P), "mind the sign"),
        (not_a_number, "0 ln 0 counts as 0"),
        (lambda P: 0.5, "expected"),
        (lambda P: "none", "expected one number"),
    ],
    "induction_places": [
        (lambda ids: same(ids).tril(-1), "what came after it"),
        (after, "keep j <= t"),
        (lambda ids: after(ids).tril(-1), "j = t counts"),
        (lambda ids: induction_places(ids).T, "rows are queries"),
        (lambda ids: torch.zeros(len(ids), len(ids)), "not right"),
        (lambda ids: 3, "tensor of bool"),
    ],
    "relative_distance": [
        (distance, "divide by the distance"),
        (lambda A: distance(A) / (A.shape[-1] / 2), "over the visible places"),
        (lambda A: distance(A) / A.shape[-1] ** 2, "not right"),
        (lambda A: distance(A).mean(), "each layer and head"),
    ],
    "last_rollout": [
        (lambda A: product(halves(A)), "the last place only"),
        (lambda A: product(list(A.mean(1)))[-1], "mix in the identity"),
        (lambda A: product(halves(A)[::-1])[-1], "stands on the left"),
        (lambda A: product(halves(A))[:, -1], "that is a column"),
        (lambda A: product([2 * h for h in halves(A)])[-1], "halve each factor"),
        (lambda A: A[-1].mean(0)[-1], "not the last row"),
        (lambda A: "all", "numbers"),
    ],
    "pruned": [
        (by_single_costs, "measure anew"),
        (one_too_many, "over the budget"),
        (one_only, "another head can go"),
        (lambda loss, n, budget: (1, 0, 0, 1, 1) if budget < 2.2 else (1,) * 5, "expected"),
        (lambda loss, n, budget: loss((1, 0)), "all gates at once"),
        (lambda loss, n, budget: 2, "5 gates"),
    ],
    "size_for": [
        (lambda t, E, A, alpha: (A / t) ** (1 / alpha), "subtract E first"),
        (lambda t, E, A, alpha: ((t - E) / A) ** (1 / alpha), "upside down"),
        (lambda t, E, A, alpha: (A / (t - E)) ** alpha, "undo the power"),
        (lambda t, E, A, alpha: 12.0, "expected"),
        (without_none, "return None"),
    ],
    "patched": [
        (lambda model, ids, other, layer, place: model(ids[None])[0], "nothing was patched"),
        (lambda model, ids, other, layer, place: model(other[None])[0], "the other run"),
        (lambda *a: patched(*a, everywhere=True), "the other run"),
        (lambda *a: patched(*a, late=-1), "nothing was patched"),
        (the_other_way, "not right"),
        (lambda *a: 2 * patched(*a), "may not change"),
        (lambda *a: "none", "logits"),
    ],
}
