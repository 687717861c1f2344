"""How much of a filter a Gabor function explains: a wave under a bell, as in the chapter on what a
network looks at."""

import math

import torch
from torch import Tensor


def gabor_planes(size: int) -> Tensor:
    """A dictionary of Gabor functions on a square: (functions, size * size, 2), float32.

    Each entry has two orthonormal columns, which together span all phases of one direction,
    frequency, width and place.
    """
    at = torch.arange(size) - (size - 1) / 2
    down, right = torch.meshgrid(at, at, indexing="ij")
    places = [-size / 4, 0.0, size / 4]
    pairs = []
    for turn in torch.arange(8).tolist():
        c, s = math.cos(math.pi * turn / 8), math.sin(math.pi * turn / 8)
        for frequency in (0.1, 0.15, 0.2, 0.3, 0.4):  # waves per pixel
            for width in (size / 5, size / 3, size / 2):
                for y in places:
                    for x in places:
                        u, v = right - x, down - y
                        bell = torch.exp(-(u.square() + v.square()) / (2 * width**2))
                        wave = 2 * math.pi * frequency * (c * u + s * v)
                        pairs.append(torch.stack([bell * wave.cos(), bell * wave.sin()]))
    return torch.linalg.qr(torch.stack(pairs).flatten(2).mT)[0]


def gabor_share(filters: Tensor) -> Tensor:
    """The share of each filter's variation that the best Gabor explains: (N, k, k) -> (N,)."""
    size = filters.shape[-1]
    w = filters.flatten(1) - filters.flatten(1).mean(1, keepdim=True)
    on_planes = torch.einsum("gdp,nd->ngp", gabor_planes(size), w)
    return on_planes.square().sum(2).amax(1) / w.square().sum(1)
