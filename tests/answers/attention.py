"""Answers to the exercises of `attention`: right ones and mistakes."""

import torch
from torch.nn import functional as F


def decoder_mask(is_real):
    T = is_real.shape[1]
    past = torch.ones(T, T, dtype=torch.bool).tril()
    return past & is_real.bool()[:, None, None, :]


def heads_of(x, n_heads):
    B, T, C = x.shape
    return x.view(B, T, n_heads, C // n_heads).transpose(1, 2)


def leaks(layer, T, C):
    x = torch.randn(2, T, C)
    for t in range(1, T):
        other = x.clone()
        other[:, t:] = torch.randn(2, T - t, C)
        if not torch.allclose(layer(x)[:, :t], layer(other)[:, :t], atol=1e-6):
            return True
    return False


def leaks_by_gradient(layer, T, C):
    x = torch.randn(1, T, C, requires_grad=True)
    y = layer(x)
    grads = [torch.autograd.grad(y[0, t].sin().sum(), x, retain_graph=True)[0] for t in range(T)]
    return any(g[0, t + 1 :].abs().sum() > 0 for t, g in enumerate(grads))


def leaks_at_the_first(layer, T, C):
    x = torch.randn(2, T, C)
    other = x.clone()
    other[:, 1] += 1
    return not torch.allclose(layer(x)[:, 0], layer(other)[:, 0])


def softmax_or_nothing(s):
    return F.pad(s, (1, 0)).softmax(-1)[..., 1:]


def another(p, v):
    with_sum = torch.cat([v, torch.ones(len(v), 1)], 1).double()
    null = torch.linalg.svd(with_sum.T).Vh[-1]
    p = p.double()
    room = torch.where(null < 0, p / -null.clamp_max(-1e-12), torch.inf).min()
    return p + room * null


def another_without_the_sum(p, v):
    null = torch.linalg.svd(v.double().T).Vh[-1]
    return p + 0.01 * null


SOLUTIONS = {
    "shapes": [((4, 2, 7, 5), (4, 2, 7, 3)), [[4, 2, 7, 5], torch.Size((4, 2, 7, 3))]],
    "decoder_mask": [
        decoder_mask,
        lambda is_real: decoder_mask(is_real) | (is_real == 0)[:, None, :, None],
    ],
    "heads_of": [heads_of, lambda x, n: torch.stack(x.chunk(n, 2), 1)],
    "leaks": [leaks, leaks_by_gradient],
    "softmax_or_nothing": [
        softmax_or_nothing,
        lambda s: (s - F.softplus(s.logsumexp(-1, keepdim=True))).exp(),
    ],
    "another": [another, lambda p, v: another(p, v).tolist()],
}

MISTAKES = {
    "shapes": [
        (((4, 2, 5, 7), (4, 2, 7, 3)), "rows are queries"),
        (((7, 5), (7, 3)), "four axes"),
        (((4, 2, 7, 5), (4, 2, 7, 8)), "width of the values"),
        (((4, 2, 7, 5), (4, 2, 5, 3)), "one output for each query"),
        (7, "2 shapes"),
    ],
    "decoder_mask": [
        (lambda is_real: ~decoder_mask(is_real), "True for what"),
        (lambda is_real: is_real.bool()[:, None, None, :], "a later key"),
        (lambda is_real: torch.ones(4, 4).tril().bool(), "look at padding"),
        (lambda is_real: decoder_mask(is_real)[:, 0], "B comes first"),
        (lambda is_real: decoder_mask(is_real).float(), "expected booleans"),
        (
            lambda is_real: torch.eye(4, dtype=torch.bool) & decoder_mask(is_real),
            "every earlier real key",
        ),
    ],
    "heads_of": [
        (lambda x, n: x.reshape(x.shape[0], n, x.shape[1], -1), "mixes places and channels"),
        (
            lambda x, n: x.view(*x.shape[:2], x.shape[2] // n, n).permute(0, 3, 1, 2),
            "neighboring channels",
        ),
        (lambda x, n: x, "expected the shape"),
    ],
    "leaks": [
        (leaks_at_the_first, "not seen"),
        (lambda layer, T, C: True, "never looks ahead"),
        (lambda layer, T, C: False, "not seen: a shift"),
    ],
    "softmax_or_nothing": [
        (lambda s: s.softmax(-1), "plain softmax"),
        (lambda s: s.exp() / (1 + s.exp().sum(-1, keepdim=True)), "overflows"),
        (
            lambda s: (
                (s - s.amax(-1, keepdim=True)).exp()
                / (
                    (-s.amax(-1, keepdim=True)).exp()
                    + (s - s.amax(-1, keepdim=True)).exp().sum(-1, keepdim=True)
                )
            ),
            "NaN",
        ),
        (lambda s: s.sigmoid(), "expected"),
    ],
    "another": [
        (lambda p, v: p, "p again"),
        (another_without_the_sum, "sum to 1"),
        (lambda p, v: torch.full_like(p, 1 / len(p)), "output has changed"),
        (lambda p, v: 2 * another(p, v) - p, "below zero"),
    ],
}
