"""What a vision transformer owes to its patches, its training time and its data, next to a CNN.

Transformers of one width on digits of 8 by 8 pixels, cut into patches of 4, 2 or 1, and the small
CNN of `data_efficiency` with about as many weights: from 100 to 1,200 labels, from 100 to 1,000
steps, with and without copies moved by a pixel, with a class token and with the mean; then on
canvases of 16 by 16. Each combination has its own sweep of the learning rate in half decades (seeds
5 and 6, on 237 digits that are not trained on; it goes on until the best rate is not the last one),
and is then trained anew from five seeds. The chapter `vision_transformers` shows the result and
repeats a part of it.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlbook_utils.datasets import digits
from dlbook_utils.experiments.data_efficiency import cnn, rounded, shuffled
from dlbook_utils.many_runs import by_seed, run_rows
from dlbook_utils.pictures import placed
from dlbook_utils.stacked_training import Stack, trained_stack
from dlbook_utils.vit import ViT

SEEDS, TUNING = (0, 1, 2, 3, 4), (5, 6)
BATCH, STEPS, HELD, CONTRAST = 32, 400, 237, 3
PATCHES, LABELS, BUDGETS = (4, 2, 1), (100, 350, 1200), (100, 400, 1000)
SHIFTS = [(0, 0)] + [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]
Data = tuple[Tensor, Tensor]


def vit(patch: int, size: int = 8, pool: str = "mean") -> ViT:
    return ViT(size, patch, d=24, depth=2, heads=2, ffn=48, pool=pool)


def pictures(size: int = 8) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """X, y, X_test, y_test: digits of 8 by 8, or at random places of a larger canvas."""
    X, y, X_test, y_test = digits()
    X, X_test = CONTRAST * X, CONTRAST * X_test
    if size > 8:
        return placed(X, size, seed=1), y, placed(X_test, size, seed=2), y_test
    return X.view(-1, 1, 8, 8), y, X_test.view(-1, 1, 8, 8), y_test


def moved_copies(X: Tensor) -> Tensor:
    """The pictures, then those moved by a pixel in eight directions: (9 N, ...)."""
    n = X.shape[-1]
    wide = F.pad(X, (1, 1, 1, 1))
    return torch.cat([wide[..., 1 - i : 1 - i + n, 1 - j : 1 - j + n] for i, j in SHIFTS])


def patch_runs(
    make: Callable[[], nn.Module],
    data: Data,
    labels: int,
    rates: Sequence[float],
    seeds: Sequence[int],
    steps: int = STEPS,
    moved: bool = False,
) -> tuple[Stack, Tensor]:
    """Train on `labels` pictures of each seed's own choice; and the accuracy on held-out ones."""
    X, y = data
    N = len(X)
    orders = by_seed(lambda seed: shuffled(seed, N), seeds)  # (R, N)
    rows = run_rows(labels, BATCH, steps, seeds)  # (steps, R, B)
    rows = orders.gather(1, rows.transpose(0, 1).flatten(1)).view(len(seeds), steps, BATCH)
    if moved:
        rows = rows + N * by_seed(lambda seed: drawn_copies(seed, steps), seeds)
    copies = (moved_copies(X), y.repeat(len(SHIFTS))) if moved else data
    stack = trained_stack(make, copies, rows.transpose(0, 1), rates, seeds)
    held = orders[:, -HELD:]
    return stack, stack.accuracies(X[held], y[held], own=True)


def drawn_copies(seed: int, steps: int) -> Tensor:
    generator = torch.Generator().manual_seed(2000 + seed)
    return torch.randint(len(SHIFTS), (steps, BATCH), generator=generator)


def study(make: Callable[[], nn.Module], size: int, labels: int, steps: int, moved: bool) -> dict:
    """The sweep of the rate, and accuracies over seeds on test pictures and those of training."""
    X, y, X_test, y_test = pictures(size)

    def score(powers: Sequence[int]) -> dict[int, float]:
        pairs = [(10 ** (k / 2), seed) for k in powers for seed in TUNING]
        lr, seeds = zip(*pairs, strict=True)
        _, held = patch_runs(make, (X, y), labels, lr, seeds, steps, moved)
        return dict(zip(powers, held.view(-1, len(TUNING)).mean(1).tolist(), strict=True))

    scores = score((-5, -4, -3))
    while (best := max(scores, key=scores.get)) in (low := min(scores), max(scores)):
        scores |= score([best - 1 if best == low else best + 1])
    lr = 10 ** (best / 2)
    stack, _ = patch_runs(make, (X, y), labels, [lr] * len(SEEDS), SEEDS, steps, moved)
    rows = torch.stack([shuffled(seed, len(X))[:labels] for seed in SEEDS])
    return {
        "lr": lr,
        "sweep": {f"{10 ** (k / 2):.2g}": round(scores[k], 4) for k in sorted(scores)},
        "train": rounded(stack.accuracies(X[rows], y[rows], own=True)),
        "test": rounded(stack.accuracies(X_test, y_test)),
    }


def combinations() -> list[tuple[str, int, int, int, bool]]:
    """The network, the side of its pictures, labels, steps, and whether copies are moved."""
    nets = ("CNN", *(f"patch {P}" for P in PATCHES))
    return [
        *((net, 8, n, STEPS, False) for net in nets for n in LABELS),
        *((net, 8, 1200, steps, False) for net in nets for steps in BUDGETS if steps != STEPS),
        *((net, 8, n, STEPS, True) for net in ("CNN", "patch 4") for n in (100, 1200)),
        *((f"patch {P}, class token", 8, 1200, STEPS, False) for P in (4, 2)),
        *((net, 16, 1200, STEPS, False) for net in ("CNN", "patch 8", "patch 4", "patch 2")),
    ]


def network(net: str, size: int) -> Callable[[], nn.Module]:
    """A function that makes the network of that name, such as "patch 4, class token"."""
    if net == "CNN":
        return cnn
    name, _, token = net.partition(", ")
    return lambda: vit(int(name.split()[1]), size, "cls" if token else "mean")


def key(net: str, size: int, labels: int, steps: int = STEPS, moved: bool = False) -> str:
    return f"{net} | {size} | {labels} | {steps}" + (" | moved" if moved else "")


def run() -> dict:
    return {
        "seeds": SEEDS,
        "studies": {key(*one): study(network(one[0], one[1]), *one[1:]) for one in combinations()},
    }
