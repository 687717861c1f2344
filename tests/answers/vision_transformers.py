"""Answers to the exercises of `vision_transformers`: right ones and mistakes."""

import math

import torch
from torch.nn import functional as F


def tokens(height, width, P):
    return (height // P) * (width // P) + 1


def work(T, d, token=12, pair=2):
    return token * T * d * d + pair * T * T * d


def growth(n, P, d, depth, **parts):
    T = (n / P) ** 2
    return work(4 * T, d, **parts) / work(T, d, **parts)


def unpatched(patches, P, C, order=(0, 3, 1, 4, 2, 5)):
    g = math.isqrt(patches.shape[1])
    x = patches.reshape(len(patches), g, g, C, P, P).permute(*order)
    return x.reshape(len(patches), C, g * P, g * P)


def by_fold(patches, P, C):
    n = P * math.isqrt(patches.shape[1])
    return F.fold(patches.mT, (n, n), P, stride=P)


def reshaped(patches, P, C):
    n = P * math.isqrt(patches.shape[1])
    return patches.reshape(len(patches), C, n, n)


def channels_last(patches, P, C):
    g = math.isqrt(patches.shape[1])
    x = patches.reshape(len(patches), g, g, P, P, C).permute(0, 5, 1, 3, 2, 4)
    return x.reshape(len(patches), C, g * P, g * P)


def grid_of(places, grid, **options):
    g = math.isqrt(len(places))
    options = {"mode": "bilinear"} | options
    picture = places.T.reshape(1, -1, g, g)
    return F.interpolate(picture, (grid, grid), **options).flatten(2)[0].T


def new_positions(places, grid, **options):
    return torch.cat([places[:1], grid_of(places[1:], grid, **options)])


def as_a_line(places, grid):
    line = F.interpolate(places[1:].T[None], grid * grid, mode="linear")[0].T
    return torch.cat([places[:1], line])


def turned(places, grid):
    new = grid_of(places[1:], grid)
    new = new.view(grid, grid, -1).transpose(0, 1).reshape(grid * grid, -1)
    return torch.cat([places[:1], new])


def null_vector(E):
    return torch.linalg.svd(E).Vh[-1]


def by_projection(E):
    v = torch.ones(E.shape[1], dtype=E.dtype)
    v = v - torch.linalg.pinv(E) @ (E @ v)
    return (v / v.norm()).tolist()


def least_squares(E, R):
    return torch.linalg.lstsq(R.T, E.T, driver="gelsd")[0].T


def not_least(E, R):
    v = null_vector(R.T)
    return E @ torch.linalg.pinv(R) + v


def places(weights):
    g = math.isqrt(len(weights))
    i = torch.arange(len(weights))
    return torch.stack([i // g, i % g], 1).to(weights.dtype)


def mean_distance(weights, p=2.0):
    z = places(weights)
    return (weights * torch.cdist(z, z, p=p)).sum(1).mean().item()


def along_the_list(weights):
    i = torch.arange(len(weights))
    return (weights * (i[:, None] - i).abs()).sum(1).mean()


def squared(weights):
    z = places(weights)
    return (weights * torch.cdist(z, z) ** 2).sum(1).mean()


def unweighted(weights):
    z = places(weights)
    return torch.cdist(z, z).mean()


def zero_shot(images, captions):
    anchors = F.normalize(F.normalize(captions, dim=-1).mean(1), dim=-1)
    return (F.normalize(images, dim=-1) @ anchors.T).argmax(1)


def unit(x):
    return F.normalize(x, dim=-1)


SOLUTIONS = {
    "n_tokens": [tokens, lambda height, width, P: float(1 + height * width / P**2)],
    "growth": [growth, lambda *a: torch.tensor(growth(*a))],
    "unpatched": [unpatched, by_fold],
    "new_positions": [new_positions],
    "invisible": [null_vector, by_projection],
    "resized_embedding": [lambda E, R: E @ torch.linalg.pinv(R), least_squares],
    "mean_distance": [mean_distance],
    "zero_shot": [zero_shot, lambda i, c: zero_shot(i, c).tolist()],
}

MISTAKES = {
    "n_tokens": [
        (lambda height, width, P: (height // P) * (width // P), "is a token, too"),
        (lambda height, width, P: (height // P) ** 2 + 1, "need not be square"),
        (lambda height, width, P: height * width // P + 1, "P by P pixels"),
        (lambda height, width, P: 7, "expected 197"),
        (197, "expected the function itself"),
    ],
    "growth": [
        (lambda n, P, d, depth: 1 / growth(n, P, d, depth), "other way round"),
        (lambda n, P, d, depth: 16, "scores alone"),
        (lambda n, P, d, depth: 4, "grow by 16"),
        (lambda *a: growth(*a, pair=1), "T² d twice"),
        (lambda *a: growth(*a, token=4), "belong to the block"),
        (lambda n, P, d, depth: 5, "expected 4.49"),
    ],
    "unpatched": [
        (lambda patches, P, C: patches, "expected pictures"),
        (lambda *a: unpatched(*a, order=(0, 3, 2, 4, 1, 5)), "row by row"),
        (lambda *a: unpatched(*a, order=(0, 3, 1, 5, 2, 4)), "were transposed"),
        (reshaped, "permute before"),
        (channels_last, "channel comes first"),
        (lambda *a: -by_fold(*a), "not the picture that was cut"),
    ],
    "new_positions": [
        (lambda p, grid: grid_of(p[1:], grid), "position is missing"),
        (lambda p, grid: p, "expected positions"),
        (lambda p, grid: new_positions(p, grid).roll(-1, 0), "stays as it was"),
        (as_a_line, "resized as a line"),
        (lambda p, grid: new_positions(p, grid, align_corners=True), "align_corners=True"),
        (lambda p, grid: new_positions(p, grid, mode="nearest"), "mode bilinear"),
        (turned, "were exchanged"),
        (lambda p, grid: new_positions(p, grid, mode="bicubic"), "resized bilinearly"),
    ],
    "invisible": [
        (lambda E: torch.zeros(E.shape[1]), "has length 1"),
        (lambda E: E[0] / E[0].norm(), "orthogonal to every row"),
        (lambda E: 2 * null_vector(E), "of length 1"),
        (lambda E: E, "expected a vector"),
    ],
    "resized_embedding": [
        (lambda E, R: E @ R.T, "like a picture"),
        (lambda E, R: torch.zeros(len(E), len(R)), "keep their tokens"),
        (not_least, "of least norm"),
        (lambda E, R: E, "expected weights"),
    ],
    "mean_distance": [
        (lambda w: mean_distance(w) * len(w), "not the sum"),
        (unweighted, "how much each token looks"),
        (along_the_list, "not along the list"),
        (squared, "take the root first"),
        (lambda w: mean_distance(w, 1.0), "straight across"),
        (lambda w: 0.0, "expected"),
    ],
    "zero_shot": [
        (lambda i, c: i @ c.mean(1).T, "not all cosines"),
        (lambda i, c: (i @ unit(c.mean(1)).T).argmax(1), "before averaging"),
        (lambda i, c: (i @ unit(c).mean(1).T).argmax(1), "after averaging"),
        (lambda i, c: (i @ c.mean(1).T).argmax(1), "captions have lengths"),
        (lambda i, c: (i @ unit(c).flatten(0, 1).T).argmax(1) // 4, "average its captions"),
        (lambda i, c: (i @ unit(c)[:, 0].T).argmax(1), "not the first alone"),
        (lambda i, c: torch.zeros(len(i)), "largest cosine"),
    ],
}
