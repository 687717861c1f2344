"""A small network that reads a drawn digit: its definition, its training, and what the page needs.

The twin of `read` in the page is figure_scripts/digit_reader.js. Written out in the chapter on what
a network looks at.
"""

import base64
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional

from dlbook_utils.datasets import digits
from dlbook_utils.training import batches

SIZE = 64  # of the drawing, in pixels
PREPARATIONS = (
    "as the data were made",
    "whole square, not cropped",
    "black on white",
)


class DigitReader(nn.Module):
    """Two convolutions and one linear layer: (N, 1, 8, 8) in [0, 1] -> logits (N, 10)."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.linear = nn.Linear(16 * 4 * 4, 10)

    def maps(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The feature maps after each convolution: (N, 8, 8, 8) and (N, 16, 8, 8)."""
        first = self.conv1(x).relu()
        return first, self.conv2(first).relu()

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(functional.max_pool2d(self.maps(x)[1], 2).flatten(1))


def jittered(x: Tensor, generator: torch.Generator) -> Tensor:
    """Each picture a little turned, slanted, stretched and shifted: (N, 1, 8, 8)."""
    change = 0.1 * torch.randn(len(x), 2, 3, generator=generator)
    change[:, :, 2] /= 2  # a shift of 1 is half a picture
    theta = torch.eye(2, 3) + change
    grid = functional.affine_grid(theta, list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, align_corners=False)


def trained_reader(seed: int = 0, steps: int = 800) -> DigitReader:
    """A reader trained on the book's digits, its learning rate falling to zero."""
    X, y, _, _ = digits()
    torch.manual_seed(seed)
    reader, generator = DigitReader(), torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(reader.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, steps)
    for x, labels in batches(X.view(-1, 1, 8, 8), y, 64, steps, seed):
        optimizer.zero_grad()
        functional.cross_entropy(reader(jittered(x, generator)), labels).backward()
        optimizer.step()
        schedule.step()
    return reader.eval()


def inked(strokes: list, pen: float) -> np.ndarray:
    """Which pixels lie within `pen` / 2 of a stroke: (SIZE, SIZE) bool.

    strokes: lists of points (across, down), in pixels.
    """
    down, across = np.mgrid[:SIZE, :SIZE] + 0.5
    bitmap = np.zeros((SIZE, SIZE), dtype=bool)
    for stroke in strokes:
        for (x0, y0), (x1, y1) in zip(stroke, stroke[1:] or stroke, strict=False):
            dx, dy = x1 - x0, y1 - y0
            along = ((across - x0) * dx + (down - y0) * dy) / max(dx * dx + dy * dy, 1e-9)
            along = along.clip(0, 1)
            off_x, off_y = across - x0 - along * dx, down - y0 - along * dy
            bitmap |= off_x * off_x + off_y * off_y <= pen * pen / 4
    return bitmap


def block_counts(bitmap: np.ndarray) -> np.ndarray:
    """Crop, stretch to 32 rows, count in blocks of 4 by 4: (8, 8)."""
    rows, columns = np.nonzero(bitmap)
    if len(rows) == 0:
        return np.zeros((8, 8))
    box = bitmap[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    h, w = box.shape
    wide = min(22, max(10, (32 * w) // h))  # as wide as digits of the data
    down = ((2 * np.arange(32) + 1) * h) // 64
    across = ((2 * np.arange(wide) + 1) * w) // (2 * wide)
    square = np.zeros((32, 32))
    left = (32 - wide) // 2
    square[:, left : left + wide] = box[np.ix_(down, across)]
    return square.reshape(8, 4, 8, 4).sum(axis=(1, 3)) / 16


def prepared(bitmap: np.ndarray, preparation: str) -> np.ndarray:
    """The 8 by 8 numbers that the network gets, by one of the PREPARATIONS."""
    if preparation == PREPARATIONS[1]:
        return bitmap.reshape(8, SIZE // 8, 8, SIZE // 8).mean(axis=(1, 3))
    counts = block_counts(bitmap)
    return 1 - counts if preparation == PREPARATIONS[2] else counts


@torch.no_grad()
def read_drawing(reader: DigitReader, strokes: list, pen: float, preparation: str) -> dict:
    """What the network makes of a drawing: its input, feature maps, probabilities, and words."""
    bitmap = inked(strokes, pen)
    pixels = prepared(bitmap, preparation)
    x = torch.tensor(pixels, dtype=torch.float32).view(1, 1, 8, 8)
    first, second = reader.maps(x)
    probs = reader(x).softmax(dim=1)[0].double().numpy()
    best, next_best = np.argsort(-probs, kind="stable")[:2]
    sentence = (
        f"Read as {best}, with probability {probs[best]:.2f}; next comes {next_best}, with "
        f"{probs[next_best]:.2f}."
        if bitmap.any()
        else "The paper is empty."
    )
    return {
        "bitmap": bitmap,
        "pixels": pixels,
        "first": first[0].numpy(),
        "second": second[0].numpy(),
        "probs": probs,
        "sentence": sentence,
    }


def arc(cx: float, cy: float, rx: float, ry: float, start: float, end: float) -> list:
    """Points on a part of an ellipse; angles in turns, clockwise from the right."""
    angles = 2 * np.pi * np.linspace(start, end, 17)
    return [
        [round(float(cx + rx * np.cos(a)), 1), round(float(cy + ry * np.sin(a)), 1)] for a in angles
    ]


@cache
def samples() -> dict[str, list]:
    """Ten digits drawn for this book, as strokes: name -> lists of points."""
    return {
        "0": [arc(32, 32, 12, 19, -0.25, 0.75)],
        "1": [[[26, 20], [34, 12], [34, 52]]],
        "2": [[*arc(32, 23, 11, 10, 0.5, 1.08), [21, 50], [44, 50]]],
        "3": [[*arc(30, 22, 11, 9, 0.6, 1.22), *arc(30, 42, 12, 10, 0.8, 1.4)]],
        "4": [[[36, 12], [20, 38], [46, 38]], [[38, 26], [38, 54]]],
        "5": [[[43, 13], [25, 13], [23, 30], *arc(31, 40, 12, 12, 0.65, 1.4)]],
        "6": [[[39, 12], [28, 22], *arc(32, 41, 11, 11, 0.5, 1.5)]],
        "7": [[[20, 13], [44, 13], [29, 52]], [[25, 33], [42, 33]]],
        "8": [[*arc(32, 22, 9, 9, 0.25, -0.75), *arc(32, 42, 11, 11, -0.25, 0.75)]],
        "9": [[*arc(31, 23, 10, 10, 0.0, 1.0), [41, 26], [37, 53]]],
    }


def reader_data(reader: DigitReader) -> dict:
    """Weights and samples, ready for JSON."""
    weights = {
        name: base64.b64encode(w.numpy().astype("<f4").tobytes()).decode()
        for name, w in reader.state_dict().items()
    }
    return {"weights": weights, "samples": samples(), "preparations": list(PREPARATIONS)}


def drawer(reader: DigitReader):
    """A function for `workbench`: draws what `reader` makes of a sample."""

    def draw_reading(digit: str, pen: int, preparation: str) -> tuple[Figure, str]:
        found = read_drawing(reader, samples()[digit], pen, preparation)
        fig, axs = plt.subplot_mosaic("dpx;mmm", figsize=(6.4, 4.2), height_ratios=[3, 2])
        for ax, picture, title in [
            (axs["d"], found["bitmap"], "the drawing"),
            (axs["p"], found["pixels"], "what the network gets"),
            (axs["m"], side_by_side(found["second"]), "sixteen maps of the second layer"),
        ]:
            ax.imshow(picture, cmap="gray", vmin=0, vmax=max(1, picture.max()))
            ax.set_title(title, fontsize="medium")
            ax.set_axis_off()
        axs["x"].barh(range(10), found["probs"])
        axs["x"].set(yticks=range(10), xlim=(0, 1), xlabel="probability")
        axs["x"].invert_yaxis()
        return fig, f"{digit}, pen {pen}, {preparation}. {found['sentence']}"

    return draw_reading


def side_by_side(maps: np.ndarray, columns: int = 8) -> np.ndarray:
    """Maps (C, H, W) in rows of `columns`, each divided by its largest value, with gaps."""
    each = maps / np.maximum(maps.max(axis=(1, 2), keepdims=True), 1e-9)
    each = np.pad(each, ((0, 0), (1, 1), (1, 1)), constant_values=0.4)
    C, H, W = each.shape
    rows = each.reshape(C // columns, columns, H, W).transpose(0, 2, 1, 3)
    return rows.reshape(C // columns * H, columns * W)
