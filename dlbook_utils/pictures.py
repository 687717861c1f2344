"""Pictures for the chapters on convolutional networks: digits on a larger canvas, generated scenes
whose factors are known, and one photograph."""

from typing import NamedTuple

import torch
from torch import Tensor

SHAPES = ("disc", "square", "triangle", "cross")
TEXTURES = ("horizontal stripes", "vertical stripes", "checkers", "dots")
COLORS = ("red", "green", "blue", "yellow")
REACH = 1.45  # of the farthest corner from the center, in radii
RGB = torch.tensor([[0.9, 0.25, 0.2], [0.25, 0.75, 0.3], [0.3, 0.4, 0.95], [0.85, 0.75, 0.2]])


def placed(X: Tensor, size: int, seed: int | None = None) -> Tensor:
    """Digits of 8 by 8 pixels on a black canvas: (N, 64) -> (N, 1, size, size).

    With a seed each lies at a place drawn at random, entirely inside; without, in the middle.
    """
    if size < 8:
        raise ValueError(f"a digit of 8 by 8 pixels does not fit on a canvas of {size} by {size}")
    free = size - 8
    if seed is None:
        corners = torch.full((len(X), 2), free // 2)
    else:
        corners = torch.randint(
            free + 1, (len(X), 2), generator=torch.Generator().manual_seed(seed)
        )
    canvas = torch.zeros(len(X), 1, size, size, dtype=X.dtype)
    places = torch.arange(8)
    rows = corners[:, 0, None] + places  # (N, 8)
    columns = corners[:, 1, None] + places
    n = torch.arange(len(X))[:, None, None]
    canvas[n, 0, rows[:, :, None], columns[:, None, :]] = X.view(-1, 8, 8)
    return canvas


class Scenes(NamedTuple):
    """Pictures (N, 3, size, size) in [0, 1] and their factors.

    shape, texture and color: (N,) int64, places in SHAPES, TEXTURES, COLORS; center: (N, 2), row
    and column in pixels; radius: (N,) in pixels; angle: (N,) in radians; inside: (N, size, size)
    bool, where the shape is.
    """

    X: Tensor
    shape: Tensor
    texture: Tensor
    color: Tensor
    center: Tensor
    radius: Tensor
    angle: Tensor
    inside: Tensor


def scenes(
    n: int, seed: int = 0, size: int = 32, texture_tied: float = 0.0, color_tied: float = 0.0
) -> Scenes:
    """n pictures of one textured, colored shape on gray noise.

    Shape, texture and color are drawn independently. With probability `texture_tied` (or
    `color_tied`) the texture (or color) is instead the one with the shape's own number: a shortcut.
    """
    generator = torch.Generator().manual_seed(seed)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(*shape, generator=generator)

    def factor(tied: float, to: Tensor) -> Tensor:
        free = torch.randint(4, (n,), generator=generator)
        return torch.where(torch.rand(n, generator=generator) < tied, to, free)

    shape = torch.randint(4, (n,), generator=generator)
    texture, color = factor(texture_tied, shape), factor(color_tied, shape)
    radius = uniform(0.2, 0.3, n) * size
    reach = REACH * radius[:, None]
    center = reach + (size - 1 - 2 * reach) * uniform(0, 1, n, 2)
    angle = uniform(-0.35, 0.35, n)  # within 20 degrees
    grid = torch.arange(size, dtype=torch.float32)
    down = (grid[None, :, None] - center[:, 0, None, None]).expand(n, size, size)
    right = (grid[None, None, :] - center[:, 1, None, None]).expand(n, size, size)
    inside = inside_shape(shape, down, right, radius, angle)
    phase = uniform(0, 6.2832, n, 2)
    bright = 0.55 + 0.45 * painted(texture, grid * 6.2832 * 8 / size, phase)  # 8 periods across
    background = 0.35 + 0.12 * torch.randn(n, 1, size, size, generator=generator)
    object_ = RGB[color][:, :, None, None] * bright[:, None]
    X = torch.where(inside[:, None], object_, background.expand(n, 3, size, size))
    X = X + 0.03 * torch.randn(n, 3, size, size, generator=generator)
    return Scenes(X.clamp(0, 1), shape, texture, color, center, radius, angle, inside)


def inside_shape(
    shape: Tensor, down: Tensor, right: Tensor, radius: Tensor, angle: Tensor
) -> Tensor:
    """Which pixels lie in the shapes, of about one area for one radius: (N, size, size) bool.

    down and right: (N, size, size), pixels from the center.
    """
    cos, sin = angle.cos()[:, None, None], angle.sin()[:, None, None]
    u = (cos * right + sin * down) / radius[:, None, None]
    v = (cos * down - sin * right) / radius[:, None, None]
    longer, shorter = torch.maximum(u.abs(), v.abs()), torch.minimum(u.abs(), v.abs())
    each = torch.stack(
        [
            u.square() + v.square() < 0.8,
            longer < 0.79,
            (v < 0.68) & (v > 1.56 * u.abs() - 1.3),
            (longer < 0.95) & (shorter < 0.43),
        ]
    )  # (4, N, size, size)
    return each[shape, torch.arange(len(shape))]


def painted(texture: Tensor, turn: Tensor, phase: Tensor) -> Tensor:
    """Textures of -1 and 1: (N, size, size); turn: (size,) and phase: (N, 2), in radians."""
    rows = (turn[None, :, None] + phase[:, 0, None, None]).sin()
    columns = (turn[None, None, :] + phase[:, 1, None, None]).sin()
    n, size = len(texture), len(turn)
    each = torch.stack(
        [
            rows.expand(n, size, size).sign(),
            columns.expand(n, size, size).sign(),
            (rows * columns).sign(),
            torch.where((rows > -0.605) & (columns > -0.605), 1.0, -1.0),  # half of it is bright
        ]
    )
    return each[texture, torch.arange(n)]


def photograph() -> Tensor:
    """A temple in China: (3, 427, 640) in [0, 1].

    Photograph by Daniel Buechele, CC BY 2.0, as it ships with scikit-learn.
    """
    try:
        from sklearn.datasets import load_sample_image
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the photograph comes with scikit-learn: pip install scikit-learn"
        ) from error
    return torch.tensor(load_sample_image("china.jpg")).permute(2, 0, 1).float() / 255
