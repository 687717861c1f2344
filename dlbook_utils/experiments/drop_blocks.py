"""Dropping single entries, blocks or whole maps of a convolution, on few and on many digits.

The network is that of `few_labels`, with the layer behind its first ReLU, on maps of 8 by 8. All
methods drop a fifth of the entries; each has its own learning rate, chosen as there. The chapter
`image_training` shows the result.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from dlbook_utils.datasets import digits
from dlbook_utils.experiments.few_labels import chosen, descend, reader, tuned
from dlbook_utils.training import accuracy, batches

SEEDS, TUNING = (0, 1, 2, 3, 4), (5, 6)
LABELS, STEPS, BATCH, P = (200, 1200), 400, 50, 0.2


def block_mask(shape: tuple[int, ...], p: float, size: int) -> Tensor:
    """Zero in blocks of size by size that cover about the share p of each map, else one."""
    N, C, H, W = shape
    inside = H - size + 1, W - size + 1  # where a block may begin
    rate = p / size**2 * H * W / (inside[0] * inside[1])
    begins = (torch.rand(N, C, *inside) < rate).float()
    padded = nn.functional.pad(begins, [size - 1] * 4)
    return 1 - nn.functional.max_pool2d(padded, size, stride=1)  # (N, C, H, W)


class DropBlock(nn.Module):
    """Drop blocks in training, and scale what stays by the share that stayed."""

    def __init__(self, p: float, size: int):
        super().__init__()
        self.p, self.size = p, size

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        mask = block_mask(x.shape, self.p, self.size)
        return x * mask * mask.numel() / mask.sum()


METHODS = {
    "nothing": nn.Identity,
    "single entries": lambda: nn.Dropout(P),
    "whole maps": lambda: nn.Dropout2d(P),
    "blocks of 3": lambda: DropBlock(P, 3),
    "blocks of 5": lambda: DropBlock(P, 5),
    "blocks of 7": lambda: DropBlock(P, 7),
    "blocks of 5, share rising": lambda: DropBlock(0.0, 5),
}


def rising(model: nn.Module, stream: Iterator) -> Iterator:
    """The same batches, while the share that is dropped rises from 0 to P."""
    for step, batch in enumerate(stream):
        model[2].p = P * step / STEPS
        yield batch


def dropped(method: str, n: int, seed: int, rate: float) -> nn.Module:
    X, y, _, _ = digits()
    rows = chosen(n, 1200, seed)
    torch.manual_seed(seed)
    plain = reader()
    model = nn.Sequential(*plain[:2], METHODS[method](), *plain[2:])
    stream = batches(X[rows].view(-1, 1, 8, 8), y[rows], BATCH, STEPS, seed)
    if method.endswith("rising"):
        stream = rising(model, stream)
    descend(model, STEPS, stream, [{"params": model.parameters(), "lr": rate}])
    return model


def compare(n: int) -> dict:
    X, y, X_test, y_test = digits()
    held = X[1200:].view(-1, 1, 8, 8), y[1200:]
    test = X_test.view(-1, 1, 8, 8), y_test
    table = {}
    for method in METHODS:
        rate = tuned(
            lambda lr, m=method: [accuracy(dropped(m, n, s, lr), *held) for s in TUNING],
            [0.003, 0.01, 0.03],
        )
        right = [accuracy(dropped(method, n, seed, rate), *test) for seed in SEEDS]
        table[method] = {"rate": rate, "accuracy": [round(a, 4) for a in right]}
    return table


def run() -> dict:
    return {"seeds": SEEDS, "labels": {str(n): compare(n) for n in LABELS}}
