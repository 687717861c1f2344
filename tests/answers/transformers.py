"""Answers to the exercises of `transformers`: right ones and mistakes."""

import math

import numpy as np
import torch

COUNTS = (1_050_624, 2_099_712)


def gate_width(d, step):
    return -(-8 * d // (3 * step)) * step


def family(f, T, C):
    slopes = torch.autograd.functional.jacobian(f, torch.randn(T, C))
    return "encoder" if slopes.abs().sum((1, 3)).triu(1).max() > 0 else "decoder"


def by_changes(f, T, C):
    x = torch.randn(T, C)
    for j in range(1, T):
        other = x.clone()
        other[j] += 1
        if not torch.allclose(f(x)[:j], f(other)[:j]):
            return "encoder"
    return "decoder"


def by_the_last(f, T, C):
    x = torch.randn(T, C)
    other = x.clone()
    other[-1] += 1
    return "decoder" if torch.allclose(f(x)[:-1], f(other)[:-1]) else "encoder"


def prefix_mask(n, T):
    mask = torch.ones(T, T, dtype=torch.bool).tril()
    mask[:, :n] = True
    return mask


def prefix_in_numpy(n, T):
    i, j = np.indices((T, T))
    return ((j <= i) | (j < n)).tolist()


def blind_to_source(n, T):
    mask = prefix_mask(n, T)
    mask[n:, :n] = False
    return mask


def source_sees_target(n, T):
    mask = prefix_mask(n, T)
    mask[:n] = True
    return mask


def gaps(ids, mask_id, n_tokens, share=0.15, masked=0.8, kept=0.1):
    chosen = torch.rand(ids.shape) < share
    fate = torch.rand(ids.shape)
    noise = torch.randint(n_tokens, ids.shape)
    shown = torch.where(chosen & (fate < masked), mask_id, ids)
    return torch.where(chosen & (fate >= masked + kept), noise, shown), chosen


def gaps_in_place(ids, mask_id, n_tokens):
    chosen = torch.rand(ids.shape) < 0.15
    ids[chosen] = mask_id
    return ids, chosen


def gaps_everywhere(ids, mask_id, n_tokens):
    shown, chosen = gaps(ids, mask_id, n_tokens)
    return shown, chosen & (shown == mask_id)


def one_by_one(chances, x, generator):
    x = x.clone()
    for i in range(len(x)):
        if x[i] < 0:
            x[i] = torch.multinomial(chances(x)[i], 1, generator=generator)[0]
    return x


def with_certain(chances, x, generator):
    x = x.clone()
    while (x < 0).any():
        p = chances(x)
        certain = (x < 0) & (p.max(-1).values > 0.999)
        if certain.any():
            x[certain] = p[certain].argmax(-1)
        else:
            i = (x < 0).nonzero()[0, 0]
            x[i] = torch.multinomial(p[i], 1, generator=generator)[0]
    return x


def at_once(chances, x, generator):
    drawn = torch.multinomial(chances(x), 1, generator=generator)[:, 0]
    return torch.where(x < 0, drawn, x)


def likeliest(chances, x, generator):
    x = x.clone()
    for i in range(len(x)):
        x[i] = chances(x)[i].argmax()
    return x


def wasteful(chances, x, generator):
    for _ in range(9):
        chances(x)
    return one_by_one(chances, x, generator)


SOLUTIONS = {
    "where_the_weights_are": [COUNTS, list(COUNTS), torch.tensor(COUNTS)],
    "takes_over": [lambda d: 6 * d, lambda d: torch.tensor(6.0 * d)],
    "gate_width": [gate_width, lambda d, step: math.ceil(8 * d / 3 / step) * step],
    "family": [family, by_changes],
    "prefix_mask": [prefix_mask, prefix_in_numpy],
    "gaps": [gaps],
    "fill": [one_by_one, with_certain],
}
MISTAKES = {
    "where_the_weights_are": [
        (3, "expected 2 things"),
        (COUNTS[::-1], "the other way round"),
        ((4 * 512**2, COUNTS[1]), "have biases, 512 each"),
        ((3 * 512**2 + 3 * 512, COUNTS[1]), "an output matrix"),
        ((8 * COUNTS[0], COUNTS[1]), "eight heads share"),
        ((5, COUNTS[1]), "four matrices"),
        ((COUNTS[0], 2 * 512 * 2048), "2048 and 512"),
        ((COUNTS[0], 7), "512 to 2048 and back"),
    ],
    "takes_over": [
        (lambda d: 3 * d, "two FLOPs"),
        (lambda d: 2 * d, "all matrices"),
        (lambda d: 12 * d, "the sum of the values"),
        (lambda d: d, "solve"),
        (lambda d: "long", "a length"),
        (lambda: 1, "called with 1 argument"),
    ],
    "gate_width": [
        (lambda d, step: 4 * d, "three matrices"),
        (lambda d, step: 8 * d // 3, "no multiple"),
        (lambda d, step: 8 * d // 3 // step * step, "round up"),
        (lambda d, step: gate_width(d, step) + step, "expected"),
        (lambda d, step: "wide", "a width"),
    ],
    "family": [
        (lambda f, T, C: "encoder", "a decoder"),
        (lambda f, T, C: "decoder", "sees all"),
        (by_the_last, "was missed"),
        (lambda f, T, C: True, 'expected "encoder"'),
    ],
    "prefix_mask": [
        (lambda n, T: ~prefix_mask(n, T), "may look"),
        (lambda n, T: np.tri(T), "all see all"),
        (lambda n, T: np.ones((T, T)), "no later target"),
        (source_sees_target, "must not see the target"),
        (blind_to_source, "sees the source"),
        (lambda n, T: 3, "a mask of"),
    ],
    "gaps": [
        (lambda ids, m, n: gaps(ids, m, n)[0], "expected 2 things"),
        (gaps_in_place, "leave the ids"),
        (gaps_everywhere, "not chosen"),
        (lambda ids, m, n: gaps(ids, m, n, share=0.3), "15% of the places"),
        (lambda ids, m, n: gaps(ids, m, n, masked=1.0, kept=0.0), "not all of them"),
        (lambda ids, m, n: gaps(ids, m, n, masked=0.5, kept=0.3), "80% of the chosen"),
        (lambda ids, m, n: gaps(ids, m, n, kept=0.0), "the true token"),
        (lambda ids, m, n: gaps(ids, m, n, kept=0.2), "a random token"),
    ],
    "fill": [
        (at_once, "the halves do not fit"),
        (likeliest, "the likeliest"),
        (wasteful, "more than 6 calls"),
        (lambda chances, x, generator: x, "a gap was left"),
        (lambda chances, x, generator: torch.zeros(6), "a known token"),
    ],
}
