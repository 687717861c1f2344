"""Answers to the exercises of `positions`: right ones and mistakes."""

import numpy as np
import torch
from torch.nn import functional as F


def waves_at(places, C, step=1, base=10000.0):
    angles = np.asarray(places)[:, None] * base ** (-step * np.arange(0, C, 2) / C)
    return np.stack([np.sin(angles), np.cos(angles)], -1).reshape(len(places), C)


def in_loops(places, C):
    rows = []
    for p in places:
        row = []
        for i in range(C // 2):
            angle = p / 10000 ** (2 * i / C)
            row += [np.sin(angle), np.cos(angle)]
        rows.append(row)
    return rows


def in_blocks(places, C):
    table = waves_at(places, C)
    return np.concatenate([table[:, 0::2], table[:, 1::2]], 1)


def complex_turn(x, first, sign=1):
    T, D = x.shape
    omega = 10000 ** (-torch.arange(0, D, 2, dtype=x.dtype) / D)
    angles = sign * (first + torch.arange(T))[:, None] * omega
    turned = torch.view_as_complex(x.reshape(T, D // 2, 2).contiguous())
    return turned * torch.polar(torch.ones_like(angles), angles)


def rope_scores(q, k, first=0):
    q, k = complex_turn(q, first), complex_turn(k, first)
    return (q @ k.conj().T).real / (2 * q.shape[1]) ** 0.5


def only_offsets(q, k, first=0):
    """The first place has no influence, so it may be left out."""
    return rope_scores(q, k, 0)


def without_conjugate(q, k, first=0):
    """The real product of the turned numbers, as if angles were subtracted."""
    a, b = complex_turn(q, first), complex_turn(k, first, sign=-1)
    return (a @ b.conj().T).real / q.shape[1] ** 0.5


def pairing_halves(q, k, first=0):
    q, k = (torch.stack(x.chunk(2, -1), -1).flatten(-2) for x in (q, k))
    return rope_scores(q, k, first)


def to_halves(W, heads):
    pairs = W.reshape(heads, len(W) // heads // 2, 2, W.shape[1])
    return pairs.transpose(1, 2).reshape(W.shape)


def by_index(W, heads):
    D = len(W) // heads
    order = [h * D + c for h in range(heads) for c in [*range(0, D, 2), *range(1, D, 2)]]
    return W.numpy()[order]


def back(W, heads):
    halves = W.reshape(heads, 2, len(W) // heads // 2, W.shape[1])
    return halves.transpose(1, 2).reshape(W.shape)


def widened(q, k, m):
    places = torch.arange(len(q), dtype=q.dtype)[:, None]
    ones = torch.ones(len(q), 1, dtype=q.dtype)
    return torch.cat([q / q.shape[1] ** 0.5, m * ones], 1), torch.cat([k, places], 1)


def slope_with_keys(q, k, m):
    """The slope in the keys, the root shared, places counted backward from the last."""
    ones = torch.ones(len(q), 1, dtype=q.dtype)
    places = m * (torch.arange(len(q), dtype=q.dtype)[:, None] - len(q))
    root = q.shape[1] ** 0.25
    return torch.cat([q / root, ones], 1), torch.cat([k / root, places], 1)


def shifted(G):
    T = len(G)
    wide = torch.cat([torch.zeros(T, 1, dtype=G.dtype), G], 1)
    return wide.reshape(T + 1, T)[1:].tril()


def by_gather(G):
    T = len(G)
    offset = torch.arange(T)[:, None] - torch.arange(T)
    return G.gather(1, (T - 1 - offset).clamp(0, T - 1)).tril()


def without_zeros(G):
    T = len(G)
    wide = torch.cat([torch.zeros(T, 1, dtype=G.dtype), G], 1)
    return wide.reshape(T + 1, T)[1:]


def least_base(D, trained, longer):
    slow = [i for i in range(1, D // 2) if trained * 10000 ** (-2 * i / D) < 2 * np.pi]
    return 10000 * (longer / trained) ** (D / (2 * slow[0]))


def clock(T):
    values = torch.zeros(T, 1, dtype=torch.float64)
    values[0] = 1
    same = torch.zeros_like(values)
    out = F.scaled_dot_product_attention(same[None], same[None], values[None], is_causal=True)
    return out[0, :, 0], lambda value: 1 / value - 1


SOLUTIONS = {
    "stored_numbers": [(2048 * 512, 32 * 8, 0), np.array([1048576.0, 256, 0])],
    "waves_at": [waves_at, in_loops, lambda p, C: torch.tensor(waves_at(p, C))],
    "rope_scores": [rope_scores, only_offsets],
    "to_halves": [to_halves, by_index],
    "widened": [widened, slope_with_keys],
    "shifted": [shifted, by_gather],
    "least_base": [least_base, lambda D, a, b: torch.tensor(least_base(D, a, b))],
    "clock": [clock, lambda T: ([1 / (p + 1) for p in range(T)], lambda v: round(1 / v) - 1)],
}

MISTAKES = {
    "stored_numbers": [
        (5, "expected 3 counts"),
        ((2048, 256, 0), "for every channel"),
        ((6 * 2048 * 512, 256, 0), "not in every layer"),
        ((512 * 512, 256, 0), "a row of 512"),
        ((2048 * 512, 32, 0), "each head has its own"),
        ((2048 * 512, 32 * 8 * 6, 0), "share the table"),
        ((2048 * 512, 32 * 512, 0), "not a vector"),
        ((2048 * 512, 7, 0), "each class and head"),
        ((2048 * 512, 256, 64), "computed, not trained"),
    ],
    "waves_at": [
        (5, "expected the function itself"),
        (lambda p, C: "waves", "expected a table"),
        (in_blocks, "alternate"),
        (
            lambda p, C: np.roll(waves_at(p, C).reshape(-1, 2), 1, 1).reshape(len(p), C),
            "sines come",
        ),
        (lambda p, C: waves_at(p, C, step=2), "counts pairs"),
        (lambda p, C: waves_at(range(len(p)), C), "use the given places"),
        (lambda p, C: waves_at(p, C, base=1000.0), "is not right"),
    ],
    "rope_scores": [
        (lambda q, k, first=0: q[0], "expected scores"),
        (lambda q, k, first=0: rope_scores(q, k) * q.shape[1] ** 0.5, "divide by the root"),
        (lambda q, k, first=0: rope_scores(q, k) / q.shape[1] ** 0.5, "not by D"),
        (lambda q, k, first=0: q @ k.T / q.shape[1] ** 0.5, "nothing turned"),
        (without_conjugate, "conjugate"),
        (lambda q, k, first=0: rope_scores(q, k).T, "rows are queries"),
        (pairing_halves, "neighbors"),
        (lambda q, k, first=0: rope_scores(2 * q, k), "not right"),
    ],
    "to_halves": [
        (lambda W, heads: W[:2], "expected a weight"),
        (lambda W, heads: W, "as it was"),
        (back, "the other way"),
        (lambda W, heads: to_halves(W, 1), "within a head"),
        (lambda W, heads: to_halves(W.T, heads).T, "moved the columns"),
        (lambda W, heads: W.flip(0), "wrong order"),
    ],
    "widened": [
        (lambda q, k, m: (q, k), "expected a tensor"),
        (lambda q, k, m: widened(q, k, 0.0), "no influence"),
        (lambda q, k, m: widened(q, k, -m), "later keys must score higher"),
        (lambda q, k, m: widened(q * q.shape[1] ** 0.5, k, m), "divides by nothing"),
        (lambda q, k, m: widened(q, k, m / q.shape[1] ** 0.5), "content only"),
        (lambda q, k, m: widened(q, k, 3 * m), "is not ALiBi's"),
    ],
    "shifted": [
        (lambda G: G[:1], "expected a tensor"),
        (lambda G: G.tril(), "nothing moved"),
        (lambda G: G.flip(1).tril(), "another amount"),
        (without_zeros, "has to be zero"),
        (lambda G: shifted(G).T, "entry (i, j)"),
    ],
    "least_base": [
        (lambda D, a, b: "many", "a number"),
        (lambda D, a, b: 10000 * (b / a) ** (D / (D - 2)), "the usual base"),
        (lambda D, a, b: 10000 * b / a, "is not a factor of the speed"),
        (lambda D, a, b: 10000 * (b / a) ** (D / 2), "needs no help"),
        (lambda D, a, b: 10001.0, "still exceeds"),
        (lambda D, a, b: 1e300, "a smaller base"),
    ],
    "clock": [
        (lambda T: clock(T)[0], "expected 2 things"),
        (lambda T: (np.full(T, 1 / T), clock(T)[1]), "hides the future"),
        (lambda T: (1 / np.maximum(np.arange(T), 1), clock(T)[1]), "itself among them"),
        (lambda T: (np.ones(T), clock(T)[1]), "the mean of the values"),
        (lambda T: (clock(T)[0], lambda v: 1 / v), "begin at 0"),
        (lambda T: (clock(T)[0], lambda v: 0), "does not give back"),
    ],
}
