"""Answers to the exercises of `language_model`: right ones and mistakes."""

import math
from collections import Counter

import numpy as np
import torch


def first_merge(counts):
    frequency = Counter()
    for word, n in counts.items():
        for pair in zip(word, word[1:], strict=False):
            frequency[pair] += n
    return min(frequency, key=lambda pair: (-frequency[pair], pair))


def first_merge_unweighted(counts):
    return first_merge(dict.fromkeys(counts, 1))


def first_merge_last_of_equals(counts):
    frequency = Counter()
    for word, n in counts.items():
        for pair in zip(word, word[1:], strict=False):
            frequency[pair] += n
    return max(frequency, key=lambda pair: (frequency[pair], pair))


def temperature_for(logits, target, base=math.e):
    z = np.asarray(logits, float)

    def entropy_at(t):
        e = np.exp((z - z.max()) / t)
        p = e / e.sum()
        return -(p * np.log(np.maximum(p, 1e-300))).sum() / math.log(base)

    low, high = 1e-3, 1e4
    for _ in range(100):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if entropy_at(middle) < target else (low, middle)
    return middle


def typical(p, mass):
    p = np.asarray(p, float)
    surprise = -np.log(p)
    order = np.argsort(np.abs(surprise - (p * surprise).sum()), kind="stable")
    before = np.cumsum(p[order]) - p[order]
    return order[before < mass].tolist()


def likeliest_first(p, mass):
    order = np.argsort(-np.asarray(p))
    return order[np.cumsum(p[order]) - p[order] < mass].tolist()


def beam(step, length, width):
    beams = [((), 0.0)]
    for _ in range(length):
        longer = [
            (prefix + (token,), score + log_p)
            for prefix, score in beams
            for token, log_p in step(prefix).items()
        ]
        beams = sorted(longer, key=lambda b: -b[1])[:width]
    return beams[0]


def pays_from(weights, model_nats, rival, per_weight=2, per_byte=5.545177444):
    if model_nats >= rival:
        return None
    return per_weight * weights / (rival - model_nats) * per_byte


SOLUTIONS = {
    "units": [(math.exp(3), 1.2 / math.log(2)), [20.09, 1.731], np.array([20.09, 1.731])],
    "first_merge": [first_merge, lambda counts: "".join(first_merge(counts))],
    "deterministic": ["acdf", "A, C, D, F", ["a", "c", "d", "f"]],
    "temperature_for": [temperature_for, lambda z, h: torch.tensor(temperature_for(z, h))],
    "typical": [typical, lambda p, mass: np.array(typical(p, mass))],
    "beam": [beam, lambda step, length, width: list(beam(step, length, width))],
    "pays_from": [pays_from],
}

MISTAKES = {
    "units": [
        ((math.exp(1.2), 1.73), "perplexity per byte"),
        ((8.0, 1.73), "base e, not 2"),
        ((2.5 * math.exp(1.2), 1.73), "losses add up"),
        ((math.exp(3), 1.2 * math.log(2)), "more bits than nats"),
        (3.0, "2 numbers"),
    ],
    "first_merge": [
        (first_merge_unweighted, "how often its word occurs"),
        (first_merge_last_of_equals, "first in the alphabet"),
        (lambda counts: 7, "a pair of letters"),
    ],
    "deterministic": [
        ("ab", "nothing is forbidden"),
        ("ae", "more than one token"),
        ("acd", "draws nothing"),
        ("acf", "as likely as the likeliest"),
        ("xyz", "letters from a to f"),
    ],
    "temperature_for": [
        (lambda z, h: temperature_for(z, h, base=2), "in bits"),
        (lambda z, h: 1 / temperature_for(z, h), "one over the temperature"),
        (lambda z, h: -1.0, "above 0"),
        (lambda z, h: 1.0, "the entropy is"),
    ],
    "typical": [
        (likeliest_first, "begins with the likeliest"),
        (lambda p, mass: typical(p, mass)[:-1], "one is missing"),
        (lambda p, mass: {}, "a list of indices"),
    ],
    "beam": [
        (lambda step, length, width: beam(step, length, 1), "must survive"),
        (lambda step, length, width: beam(step, length, 99), "it is greedy"),
        (
            lambda step, length, width: (
                beam(step, length, width)[0],
                math.exp(beam(step, length, width)[1]),
            ),
            "its logarithm",
        ),
        (lambda step, length, width: 0.0, "2 things"),
    ],
    "pays_from": [
        (lambda w, m, r: pays_from(w, m, r, per_byte=1), "nats are not bytes"),
        (lambda w, m, r: pays_from(w, m, r, per_weight=1), "two bytes"),
        (lambda w, m, r: pays_from(w, m, r, per_byte=math.log(2)), "bits of text"),
        (lambda w, m, r: 2 * w / (r - m) * 8 * math.log(2) if r != m else 1.0, "never pays"),
    ],
}
