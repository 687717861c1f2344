"""Answers to the exercises of `attention_costs`: right ones and mistakes."""

import math

import numpy as np
import torch


def merge_halves(m1, l1, o1, m2, l2, o2):
    m = torch.maximum(m1, m2)
    w1, w2 = l1 * (m1 - m).exp(), l2 * (m2 - m).exp()
    return (w1 * o1 + w2 * o2) / (w1 + w2)


def merge_without_maximum(m1, l1, o1, m2, l2, o2):
    w1, w2 = l1 * m1.exp(), l2 * m2.exp()
    return (w1 * o1 + w2 * o2) / (w1 + w2)


def sequences_that_fit(free, layers, kv_heads, head_width, tokens):
    return free // (2 * layers * kv_heads * head_width * 2 * tokens)


def chunk_mask(past, new, w):
    age = torch.arange(past, past + new)[:, None] - torch.arange(past + new)
    return (age >= 0) & (age < w)


def chunk_mask_in_corner(past, new, w):
    age = torch.arange(new)[:, None] - torch.arange(past + new)
    return (age >= 0) & (age < w)


def chunked(q, k, v, c, causal=True, carry=True):
    S, out = torch.zeros(k.shape[1], v.shape[1]), []
    for q_c, k_c, v_c in zip(q.split(c), k.split(c), v.split(c), strict=True):
        scores = q_c @ k_c.T
        out.append(q_c @ S + (scores.tril() if causal else scores) @ v_c)
        S = S + carry * k_c.T @ v_c
    return torch.cat(out)


def busy_from(weights, cache, reads, works):
    arithmetic, reading = 2 * weights / works, cache / reads
    if arithmetic <= reading:
        return math.inf
    return 2 * weights / reads / (arithmetic - reading)


def busy_without_bound(weights, cache, reads, works):
    return 2 * weights / reads / (2 * weights / works - cache / reads)


SOLUTIONS = {
    "crossings": [(1536, 4608), [1536.0, 4608.0], np.array([1536, 4608])],
    "merge_halves": [merge_halves, lambda *parts: merge_halves(*parts).tolist()],
    "sequences_that_fit": [
        sequences_that_fit,
        lambda *sizes: torch.tensor(sequences_that_fit(*sizes)),
    ],
    "chunk_mask": [chunk_mask, lambda *sizes: chunk_mask(*sizes).int().tolist()],
    "chunked": [chunked, lambda *inputs: chunked(*inputs).numpy()],
    "busy_from": [busy_from, lambda *sizes: np.float64(busy_from(*sizes))],
}

MISTAKES = {
    "crossings": [
        ((768, 4608), "four projections"),
        ((1536, 3072), "24 n d²"),
        ((100, 4608), "is not it"),
        (1536, "2 lengths"),
    ],
    "merge_halves": [
        (lambda m1, l1, o1, m2, l2, o2: (o1 + o2) / 2, "mean of the halves"),
        (
            lambda m1, l1, o1, m2, l2, o2: (l1 * o1 + l2 * o2) / (l1 + l2),
            "different maxima",
        ),
        (merge_without_maximum, "not finite"),
        (lambda *parts: 1.0, "of shape (n, d)"),
    ],
    "sequences_that_fit": [
        (lambda *sizes: 2 * sizes[0] // (4 * math.prod(sizes[1:])), "keys and values"),
        (lambda *sizes: sizes[0] // (8 * math.prod(sizes[1:])), "not 4"),
        (lambda *sizes: sizes[0] / (4 * math.prod(sizes[1:])), "whole number"),
        (lambda *sizes: sizes[0] // (4 * math.prod(sizes[2:])), "each layer"),
        (lambda *sizes: "many", "one number"),
    ],
    "chunk_mask": [
        (chunk_mask_in_corner, "stands at place"),
        (lambda *sizes: ~chunk_mask(*sizes), "the opposite"),
        (lambda past, new, w: chunk_mask(past, new, w + 1), "counts the token itself"),
        (lambda past, new, w: torch.ones(new, past + new), "looks ahead"),
        (lambda *sizes: [True], "of shape"),
    ],
    "chunked": [
        (lambda *inputs: chunked(*inputs, carry=False), "carry a state"),
        (lambda q, k, v, c: q @ (k.T @ v), "look ahead"),
        (lambda *inputs: chunked(*inputs, causal=False), "not the causal sum"),
        (lambda q, k, v, c: (q @ k.T).tril() @ v, "as large as n²"),
        (lambda *inputs: 0.0, "outputs of shape"),
    ],
    "busy_from": [
        (lambda weights, cache, reads, works: works / reads, "its own cache"),
        (busy_without_bound, "math.inf"),
        (lambda *sizes: busy_from(*sizes) / 2, "two bytes"),
        (lambda *sizes: 1.0, "expected"),
        (lambda *sizes: "never", "one number"),
    ],
}
