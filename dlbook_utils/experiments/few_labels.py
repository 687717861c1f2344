"""What helps a small convolutional network that has few labels: altered pictures, and a network
that was trained before.

Augmentation: 8 by 8 digits of all ten classes, each method with its own learning rate. Transfer:
digits of 8 by 8 pixels somewhere on a canvas of 16 by 16; a network learns to tell 0 to 4 apart
and is then reused for 5 to 9. A rate is chosen on three tuning seeds by the accuracy on pictures
held out of the training part: by their mean, and in transfer, where some seeds fail at a high
rate, by the worst of them, the lower rate of two equal ones. Where the best rate lies at the edge
of a sweep, the sweep goes on. With that rate a method is trained anew from five other seeds and
read on the test part. The chapter `image_training` shows the result and repeats a part of it.
"""

import copy
import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn, optim
from torch.nn import functional as F

from dlbook_utils.datasets import digits
from dlbook_utils.pictures import placed
from dlbook_utils.training import accuracy, batches

SEEDS, TUNING = (0, 1, 2, 3, 4), (5, 6, 7)
LABELS, STEPS, BATCH = (100, 1200), 300, 50  # augmentation
FEW, REUSE_STEPS = (20, 50, 200, 600), 200  # transfer
SIZE = 16
Data = tuple[Tensor, Tensor]


# --- altered pictures -----------------------------------------------------------------------------


def uniform(n: int, reach: float) -> Tensor:
    """n numbers between -reach and reach."""
    return reach * (2 * torch.rand(n) - 1)


def moved(x: Tensor, degrees: float = 0, pixels: float = 0) -> Tensor:
    """Each picture turned and shifted by its own random amount: (B, C, H, W)."""
    B, size = len(x), x.shape[-1]
    angle = uniform(B, math.radians(degrees))
    right, down = uniform(B, 2 * pixels / size), uniform(B, 2 * pixels / size)
    cos, sin = angle.cos(), angle.sin()
    rows = [torch.stack(row, 1) for row in ([cos, -sin, right], [sin, cos, down])]
    grid = F.affine_grid(torch.stack(rows, 1), x.shape, align_corners=False)
    return F.grid_sample(x, grid, align_corners=False)


def for_some(x: Tensor, other: Tensor, p: float = 0.5) -> Tensor:
    """Each picture of x, or with probability p the one of `other`."""
    return torch.where(torch.rand(len(x), 1, 1, 1) < p, other, x)


def erased(x: Tensor, side: int = 3) -> Tensor:
    """Each picture with a black square at its own random place."""
    B, size = len(x), x.shape[-1]
    corner, places = torch.randint(size - side + 1, (2, B, 1)), torch.arange(size)
    hole = (places >= corner) & (places < corner + side)  # (2, B, size)
    return x * ~(hole[0, :, None, :, None] & hole[1, :, None, None, :])


def mixup(x: Tensor, y: Tensor, lam: float) -> Data:
    """Mix each picture, and its label of shape (K,), with those of its neighbor in the batch."""
    return tuple(lam * t + (1 - lam) * t.roll(1, 0) for t in (x, y))


def cut_box(size: int, lam: float) -> tuple[slice, slice]:
    """A box at a random place that covers 1 - lam of a picture, less what lies outside it."""
    half = int(size * (1 - lam) ** 0.5 / 2)
    row, column = torch.randint(size, (2,)).tolist()
    return tuple(slice(max(at - half, 0), at + half) for at in (row, column))


def cutmix(x: Tensor, y: Tensor, box: tuple[slice, slice]) -> Data:
    """Put the box from each picture's neighbor into it; the label follows the area."""
    mixed = x.clone()
    mixed[..., box[0], box[1]] = x.roll(1, 0)[..., box[0], box[1]]
    lam = 1 - x[0, 0, box[0], box[1]].numel() / x[0, 0].numel()
    return mixed, lam * y + (1 - lam) * y.roll(1, 0)


def share(alpha: float) -> float:
    return torch.distributions.Beta(alpha, alpha).sample().item()


PICTURES = {
    "nothing": lambda x: x,
    "shift by up to 1 pixel": lambda x: moved(x, pixels=1),
    "turn by up to 15 degrees": lambda x: moved(x, degrees=15),
    "turn by any angle": lambda x: moved(x, degrees=180),
    "flip left and right": lambda x: for_some(x, x.flip(-1)),
    "flip top and bottom": lambda x: for_some(x, x.flip(-2)),
    "half a turn": lambda x: for_some(x, x.flip(-2, -1)),
    "noise of deviation 0.2": lambda x: x + 0.2 * torch.randn_like(x),
    "erase a square of 3 by 3": erased,
}
PAIRS = {
    "mixup, alpha 0.4": lambda x, y: mixup(x, y, share(0.4)),
    "cutmix, alpha 1": lambda x, y: cutmix(x, y, cut_box(x.shape[-1], share(1.0))),
}


def altered(method: str, x: Tensor, y: Tensor) -> Data:
    """The batch as the network sees it; labels are one-hot where pictures are mixed."""
    if method in PAIRS:
        return PAIRS[method](x, F.one_hot(y, 10).float())
    return PICTURES[method](x), y


# --- training -------------------------------------------------------------------------------------


def descend(model: nn.Module, steps: int, stream: Iterator[Data], groups: list[dict]) -> None:
    """Adam at each group's rate, which falls to zero over the last third of the steps."""
    optimizer = optim.Adam(groups)
    tops = [group["lr"] for group in optimizer.param_groups]
    for step, (x, y) in enumerate(stream):
        for group, top in zip(optimizer.param_groups, tops, strict=True):
            group["lr"] = top * min(1, 3 * (steps - step) / steps)
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()


def chosen(n: int, of: int, seed: int) -> Tensor:
    """The numbers of n examples, the same for a seed; more of them contain the fewer."""
    return torch.randperm(of, generator=torch.Generator().manual_seed(seed))[:n]


def tuned(accuracies: Callable[[float], list[float]], rates: list[float]) -> float:
    """The best of the rates, a half decade apart; the sweep goes on until it lies inside."""
    means = {rate: sum(accuracies(rate)) for rate in rates}
    while True:
        ordered = sorted(means)
        best = max(ordered, key=means.get)
        if best not in (ordered[0], ordered[-1]):
            return best
        new = neighbor(best, up=best == ordered[-1])
        means[new] = sum(accuracies(new))


def neighbor(rate: float, up: bool) -> float:
    """The next rate of ..., 0.001, 0.003, 0.01, 0.03, ..."""
    place = round(2 * math.log10(rate)) + (1 if up else -1)
    return float(f"{10 ** (place / 2):.0e}")


# --- augmentation ---------------------------------------------------------------------------------


def reader() -> nn.Sequential:
    """A network for digits of 8 by 8 pixels."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(256, 10),
    )  # fmt: skip


def augmented(method: str, n: int, seed: int, rate: float, steps: int = STEPS) -> nn.Module:
    """A reader that was trained on n altered digits."""
    X, y, _, _ = digits()
    rows = chosen(n, 1200, seed)
    torch.manual_seed(seed)
    model = reader()
    stream = batches(X[rows].view(-1, 1, 8, 8), y[rows], BATCH, steps, seed)
    stream = (altered(method, x, t) for x, t in stream)
    descend(model, steps, stream, [{"params": model.parameters(), "lr": rate}])
    return model


def augmentation(n: int) -> dict:
    """Method -> its rate, and the test accuracy of each seed."""
    X, y, X_test, y_test = digits()
    held = X[1200:].view(-1, 1, 8, 8), y[1200:]
    test = X_test.view(-1, 1, 8, 8), y_test
    table = {}
    for method in [*PICTURES, *PAIRS]:
        rate = tuned(
            lambda lr, m=method: [accuracy(augmented(m, n, s, lr), *held) for s in TUNING],
            [0.003, 0.01, 0.03],
        )
        right = [accuracy(augmented(method, n, seed, rate), *test) for seed in SEEDS]
        table[method] = {"rate": rate, "accuracy": [round(a, 4) for a in right]}
    return table


# --- transfer -------------------------------------------------------------------------------------


def body() -> nn.Sequential:
    """Pictures (B, 1, 16, 16) to 48 features, wherever on the canvas the digit lies."""
    return nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(12, 24, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(24, 48, 3, padding=1), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(),
    )  # fmt: skip


def classes(X: Tensor, y: Tensor, low: int, seed: int) -> Data:
    """The digits low to low + 4 at random places, labeled 0 to 4."""
    ours = (y >= low) & (y < low + 5)
    return placed(X[ours], SIZE, seed), y[ours] - low


def pretrained(seed: int, steps: int = 600) -> nn.Sequential:
    """A body and a head that tell the digits 0 to 4 apart, each seen at eight places."""
    X, y, _, _ = digits()
    many = [classes(X, y, 0, 10 + copy_) for copy_ in range(8)]
    X, y = (torch.cat(parts) for parts in zip(*many, strict=True))
    torch.manual_seed(seed)
    model = nn.Sequential(body(), nn.Linear(48, 5))
    stream = batches(X, y, 64, steps, seed)
    descend(model, steps, stream, [{"params": model.parameters(), "lr": 0.003}])
    return model


def target() -> tuple[Data, Data, Data]:
    """Digits 5 to 9 at random places: training (600), held out, test."""
    X, y, X_test, y_test = digits()
    X, y = classes(X, y, 5, seed=2)
    return (X[:600], y[:600]), (X[600:], y[600:]), classes(X_test, y_test, 5, seed=4)


def learn(model: nn.Sequential, data: Data, seed: int, low: float, high: float) -> nn.Sequential:
    """Train body and head at their rates, a rate of 0 holding the body."""
    stream = batches(*data, min(32, len(data[0])), REUSE_STEPS, seed)
    if low == 0:
        with torch.no_grad():
            features = model[0](data[0])  # once for all steps
        stream = batches(features, data[1], min(32, len(features)), REUSE_STEPS, seed)
        descend(model[1], REUSE_STEPS, stream, [{"params": model[1].parameters(), "lr": high}])
    else:
        rates = zip(model, (low, high), strict=True)
        groups = [{"params": part.parameters(), "lr": rate} for part, rate in rates]
        descend(model, REUSE_STEPS, stream, groups)
    return model


def scratch(base: nn.Sequential, data: Data, seed: int, rate: float) -> nn.Sequential:
    return learn(nn.Sequential(body(), nn.Linear(48, 5)), data, seed, rate, rate)


def head_only(base: nn.Sequential, data: Data, seed: int, rate: float) -> nn.Sequential:
    return learn(nn.Sequential(base[0], nn.Linear(48, 5)), data, seed, 0, 10 * rate)


def random_body(base: nn.Sequential, data: Data, seed: int, rate: float) -> nn.Sequential:
    return learn(nn.Sequential(body(), nn.Linear(48, 5)), data, seed, 0, 10 * rate)


def fine_tuned(
    base: nn.Sequential, data: Data, seed: int, rate: float, ratio: float = 1
) -> nn.Sequential:
    model = nn.Sequential(copy.deepcopy(base[0]), nn.Linear(48, 5))
    return learn(model, data, seed, ratio * rate, rate)


def head_first(base: nn.Sequential, data: Data, seed: int, rate: float) -> nn.Sequential:
    """A head on the frozen body at rate 0.03, then everything."""
    model = nn.Sequential(copy.deepcopy(base[0]), nn.Linear(48, 5))
    return learn(learn(model, data, seed, 0, 0.03), data, seed, rate, rate)


WAYS = {
    "from scratch": scratch,
    "head on a random body": random_body,
    "head only": head_only,
    "fine-tuned": fine_tuned,
    "fine-tuned, body at a tenth": lambda *given: fine_tuned(*given, ratio=0.1),
    "fine-tuned, head at a tenth": lambda *given: fine_tuned(*given, ratio=10),
    "head first, then all": head_first,
}


def reused(way: str, base: nn.Sequential, n: int, seed: int, rate: float) -> nn.Sequential:
    """The network that a way of learning makes of n labels; `base` was trained on 0 to 4."""
    X, y = target()[0]
    rows = chosen(n, len(X), seed)
    torch.manual_seed(100 + seed)
    return WAYS[way](base, (X[rows], y[rows]), seed, rate)


def transfer() -> dict:
    """Way -> for each number of labels its rate, and the test accuracy of each seed."""
    bases = {seed: pretrained(seed) for seed in (*SEEDS, *TUNING)}
    _, held, test = target()
    table = {}
    for way in WAYS:
        table[way] = []
        for n in FEW:
            rate = tuned(
                lambda lr, w=way, n=n: [
                    min(accuracy(reused(w, bases[s], n, s, lr), *held) for s in TUNING)
                ],
                [0.001, 0.003, 0.01],
            )
            right = [accuracy(reused(way, bases[s], n, s, rate), *test) for s in SEEDS]
            table[way].append({"rate": rate, "accuracy": [round(a, 4) for a in right]})
    X, y, X_test, y_test = digits()
    old = [accuracy(bases[s], *classes(X_test, y_test, 0, seed=3)) for s in SEEDS]
    return {"source accuracy": [round(a, 4) for a in old], "labels": FEW, "ways": table}


def run() -> dict:
    tables = {str(n): augmentation(n) for n in LABELS}
    return {"seeds": SEEDS, "augmentation": tables, "transfer": transfer()}
