"""What an architecture assumes, and what that is worth: accuracy against the number of labels.

An MLP, a CNN and a small vision transformer of about 10,000 weights each, and the CNN without its
weight sharing, on digits in the middle of a canvas, at random places, and with their pixels
shuffled. Then networks that reduce resolution in five ways, on shifted digits; and one CNN on
scenes in which a cue goes with the class. Every combination has its own sweep of the learning rate
(seeds 5 and 6, on pictures that are not trained on), and is then trained anew from five seeds. The
chapter `inductive_bias` shows the result and repeats a part of it.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlbook_utils.datasets import digits
from dlbook_utils.many_runs import by_seed, run_rows
from dlbook_utils.pictures import Scenes, placed, scenes
from dlbook_utils.stacked_training import Stack, trained_stack

SEEDS, TUNING = (0, 1, 2, 3, 4), (5, 6)
SIZE, BATCH, STEPS = 16, 32, 500
LABELS = (50, 150, 450, 1200)
CONTRAST = 3  # black 0 and white 3: a variance of about 1
HELD = 237  # the training digits that choose the rate


# --- four architectures ---------------------------------------------------------------------------


def he_start(model: nn.Module) -> nn.Module:
    """Weights with standard deviation sqrt(2 / inputs of a unit), biases of zero."""
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    return model


def mlp() -> nn.Sequential:
    return he_start(nn.Sequential(nn.Flatten(), nn.Linear(256, 39), nn.ReLU(), nn.Linear(39, 10)))


def shared(inputs: int, outputs: int, size: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


def cnn(conv: Callable[[int, int, int], nn.Module] = shared) -> nn.Sequential:
    """Three convolutions; `conv(inputs, outputs, size)` makes one for maps of that size."""
    return he_start(nn.Sequential(
        conv(1, 8, 16), nn.ReLU(), nn.MaxPool2d(2),
        conv(8, 16, 8), nn.ReLU(), nn.MaxPool2d(2),
        conv(16, 58, 4), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(58, 10),
    ))  # fmt: skip


class LocalConv2d(nn.Module):
    """A 3 by 3 convolution that does not share: each place has weights of its own."""

    def __init__(self, inputs: int, outputs: int, size: int):
        super().__init__()
        weight = torch.randn(size * size, outputs, 9 * inputs) * (2 / (9 * inputs)) ** 0.5
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(torch.zeros(size * size, outputs))

    def forward(self, x: Tensor) -> Tensor:
        B, C, H, W = x.shape
        patches = F.unfold(x, 3, padding=1)  # (B, 9 C, places)
        y = torch.einsum("bip,poi->bpo", patches, self.weight) + self.bias
        return y.mT.reshape(B, -1, H, W)


def local() -> nn.Sequential:
    return cnn(LocalConv2d)


class Block(nn.Module):
    """Attention with two heads, then two linear maps at each token; both with a skip."""

    def __init__(self, d: int):
        super().__init__()
        self.norms = nn.ModuleList([nn.LayerNorm(d), nn.LayerNorm(d)])
        self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.up, self.down = nn.Linear(d, 2 * d), nn.Linear(2 * d, d)

    def attend(self, x: Tensor) -> Tensor:
        B, T, D = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, 2, D // 2).permute(2, 0, 3, 1, 4)
        weights = (q @ k.mT / (D // 2) ** 0.5).softmax(-1)  # (B, heads, T, T)
        return self.out((weights @ v).transpose(1, 2).reshape(B, T, D))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attend(self.norms[0](x))
        return x + self.down(F.gelu(self.up(self.norms[1](x))))


class ViT(nn.Module):
    """A transformer over the 16 patches of 4 by 4 pixels, with learned positions."""

    def __init__(self, d: int = 24, depth: int = 2):
        super().__init__()
        self.patches = nn.Conv2d(1, d, 4, stride=4)
        self.places = nn.Parameter(0.1 * torch.randn(16, d))
        self.blocks = nn.Sequential(*[Block(d) for _ in range(depth)])
        self.norm, self.head = nn.LayerNorm(d), nn.Linear(d, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).mT + self.places  # (B, 16, d)
        return self.head(self.norm(self.blocks(x)).mean(1))


MODELS = {"MLP": mlp, "CNN": cnn, "ViT": ViT, "local": local}
RATES = {
    "MLP": (0.0003, 0.001, 0.003, 0.01, 0.03),
    "CNN": (0.001, 0.003, 0.01, 0.03),
    "ViT": (0.0003, 0.001, 0.003, 0.01),
    "local": (0.001, 0.003, 0.01, 0.03),
}


# --- digits ---------------------------------------------------------------------------------------


def canvases(kind: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """X, y, X_test, y_test: digits "centered" or "placed", or "permuted": pixels shuffled alike."""
    X, y, X_test, y_test = digits()
    X, X_test = CONTRAST * X, CONTRAST * X_test
    if kind == "placed":
        return placed(X, SIZE, seed=1), y, placed(X_test, SIZE, seed=2), y_test
    X, X_test = placed(X, SIZE), placed(X_test, SIZE)
    if kind == "permuted":
        order = torch.randperm(SIZE * SIZE, generator=torch.Generator().manual_seed(3))
        X, X_test = (Z.flatten(1)[:, order].view_as(Z) for Z in (X, X_test))
    return X, y, X_test, y_test


def shuffled(seed: int, n: int = 1437) -> Tensor:
    return torch.randperm(n, generator=torch.Generator().manual_seed(100 + seed))


def labeled_runs(
    make: Callable[[], nn.Module],
    data: tuple[Tensor, Tensor],
    labels: int,
    rates: Sequence[float],
    seeds: Sequence[int],
    steps: int = STEPS,
) -> tuple[Stack, Tensor]:
    """Train on `labels` pictures of each seed's own choice; and the accuracy on held-out ones."""
    X, y = data
    orders = by_seed(lambda seed: shuffled(seed, len(X)), seeds)  # (R, N)
    rows = run_rows(labels, BATCH, steps, seeds)
    rows = orders.gather(1, rows.transpose(0, 1).flatten(1)).view(len(seeds), steps, BATCH)
    stack = trained_stack(make, data, rows.transpose(0, 1), rates, seeds)
    held = orders[:, -HELD:]
    return stack, stack.accuracies(X[held], y[held], own=True)


def chosen_rate(
    make: Callable[[], nn.Module],
    data: tuple[Tensor, Tensor],
    labels: int,
    rates: Sequence[float],
    steps: int = STEPS,
) -> tuple[float, list[float]]:
    """The rate with the best accuracy on held-out pictures, and the accuracies of all."""
    pairs = [(lr, seed) for lr in rates for seed in TUNING]
    lr, seeds = zip(*pairs, strict=True)
    _, held = labeled_runs(make, data, labels, lr, seeds, steps)
    means = held.view(len(rates), len(TUNING)).mean(1)
    return rates[int(means.argmax())], [round(v, 4) for v in means.tolist()]


def rounded(values: Tensor) -> list[float]:
    return [round(v, 4) for v in values.tolist()]


def curve_point(name: str, kind: str, labels: int, lr: float) -> list[float]:
    """Test accuracies, one for each seed."""
    X, y, X_test, y_test = canvases(kind)
    stack, _ = labeled_runs(MODELS[name], (X, y), labels, [lr] * len(SEEDS), SEEDS)
    return rounded(stack.accuracies(X_test, y_test))


def curve(name: str, kind: str, labels: Sequence[int]) -> dict:
    """The rate is chosen at 150 and at 1,200 labels; the first serves up to 150, too."""
    X, y, *_ = canvases(kind)
    chosen = {n: chosen_rate(MODELS[name], (X, y), n, RATES[name]) for n in (150, 1200)}
    lr = {n: chosen[150 if n <= 150 else 1200][0] for n in labels}
    return {
        "labels": labels,
        "rates": RATES[name],
        "held out": {n: accuracies for n, (_, accuracies) in chosen.items()},
        "lr": list(lr.values()),
        "test": [curve_point(name, kind, n, lr[n]) for n in labels],
    }


# --- five ways to reduce resolution ---------------------------------------------------------------


def blur(x: Tensor) -> Tensor:
    """The weights 1, 2, 1 (over 4) along both axes, around the edges."""
    for axis in (-2, -1):
        x = (x.roll(1, axis) + 2 * x + x.roll(-1, axis)) / 4
    return x


def dense_max(x: Tensor) -> Tensor:
    """The largest of 2 by 2 neighbors at every place, without a stride."""
    for axis in (-2, -1):
        x = torch.maximum(x, x.roll(-1, axis))
    return x


REDUCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "max": lambda x: F.max_pool2d(x, 2),
    "average": lambda x: F.avg_pool2d(x, 2),
    "stride": lambda x: x[..., ::2, ::2],  # after a convolution: its own stride of 2
    "max, blur": lambda x: blur(dense_max(x))[..., ::2, ::2],
    "none": lambda x: x,
}


class Reduction(nn.Module):
    def __init__(self, name: str):
        super().__init__()
        self.name = name

    def forward(self, x: Tensor) -> Tensor:
        return REDUCTIONS[self.name](x)


def reducing_cnn(name: str) -> nn.Sequential:
    """Three convolutions that wrap around the edges, reduced twice; all have the same weights."""
    convs = [
        nn.Conv2d(n, m, 3, padding=1, padding_mode="circular")
        for n, m in ((1, 8), (8, 16), (16, 24))
    ]
    return he_start(nn.Sequential(
        convs[0], nn.ReLU(), Reduction(name),
        convs[1], nn.ReLU(), Reduction(name),
        convs[2], nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 10),
    ))  # fmt: skip


SHIFT_STEPS, SHIFT_RATES = 400, (0.003, 0.01, 0.03, 0.1)
SHIFTS = range(-4, 5)


def shifted_accuracies(stack: Stack, X: Tensor, y: Tensor) -> list[list[float]]:
    """For each shift to the right, the accuracy of each run."""
    return [rounded(stack.accuracies(X.roll(k, -1), y)) for k in SHIFTS]


def shift_sweep(name: str) -> dict:
    """Train on 1,200 centered digits; test on shifted ones."""
    X, y, X_test, y_test = canvases("centered")

    def make() -> nn.Module:
        return mlp() if name == "MLP" else reducing_cnn(name)

    lr, held = chosen_rate(make, (X, y), 1200, SHIFT_RATES, SHIFT_STEPS)
    stack, _ = labeled_runs(make, (X, y), 1200, [lr] * len(SEEDS), SEEDS, SHIFT_STEPS)
    rows = [shuffled(seed)[:1200] for seed in SEEDS]
    train = stack.accuracies(X[torch.stack(rows)], y[torch.stack(rows)], own=True)
    return {
        "rates": SHIFT_RATES,
        "held out": held,
        "lr": lr,
        "train": rounded(train),
        "test": shifted_accuracies(stack, X_test, y_test),
    }


# --- scenes with a shortcut -----------------------------------------------------------------------

CUES = (  # the network, the cue, and how often it is tied to the shape
    ("fine", "texture", 0.0),
    ("fine", "texture", 0.8),
    ("fine", "texture", 1.0),
    ("fine", "color", 1.0),
    ("coarse", "texture", 0.0),
    ("coarse", "texture", 1.0),
)
SCENES, SCENE_STEPS, SCENE_RATES = 3000, 500, (0.003, 0.01, 0.03)


def scene_cnn(sees: str) -> nn.Sequential:
    """Three convolutions on pictures of 32 by 32; "coarse" averages 4 by 4 pixels before them."""
    sizes = {"fine": ((3, 12, 5, 2), (12, 24, 3, 2)), "coarse": ((3, 16, 3, 1), (16, 24, 3, 1))}
    layers = [nn.AvgPool2d(4)] if sees == "coarse" else []
    for n, m, size, stride in (*sizes[sees], (24, 32, 3, 1)):
        layers += [nn.Conv2d(n, m, size, stride, size // 2), nn.GroupNorm(1, m), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 4))


def tied(cue: str, tie: float, n: int = SCENES, seed: int = 1) -> Scenes:
    """Scenes in which the `cue`, texture or color, goes with the shape."""
    return scenes(n, seed=seed, **{f"{cue}_tied": tie})


def contrasted(X: Tensor) -> Tensor:
    """Pictures in [0, 1] with a mean near 0 and a variance near 1."""
    return (X - 0.4) * 4


def cue_runs(
    sees: str,
    train: Scenes,
    rates: Sequence[float],
    seeds: Sequence[int],
    steps: int = SCENE_STEPS,
) -> Stack:
    rows = run_rows(len(train.X), BATCH, steps, seeds)
    data = (contrasted(train.X), train.shape)
    return trained_stack(lambda: scene_cnn(sees), data, rows, rates, seeds)


def cue_results(stack: Stack, cue: str, tie: float) -> dict[str, list[float]]:
    """Accuracies with the cue as in training and with a free one, and who decides a conflict."""
    same, free = tied(cue, tie, 500, seed=2), tied(cue, 0.0, 1000, seed=3)
    answers = stack.logits(contrasted(free.X)).argmax(-1)  # (R, N)
    other = getattr(free, cue)
    conflict = free.shape != other
    return {
        "same": rounded(stack.accuracies(contrasted(same.X), same.shape)),
        "free": rounded((answers == free.shape).double().mean(1)),
        "by shape": rounded((answers == free.shape)[:, conflict].double().mean(1)),
        "by cue": rounded((answers == other)[:, conflict].double().mean(1)),
    }


def cue_sweep(sees: str, cue: str, tie: float) -> dict:
    """The rate is chosen on scenes like those of training: nobody knows of the shift yet."""
    train, held = tied(cue, tie), tied(cue, tie, 500, seed=4)
    seed = TUNING[0]
    stack = cue_runs(sees, train, SCENE_RATES, [seed] * len(SCENE_RATES))
    accuracies = stack.accuracies(contrasted(held.X), held.shape)
    lr = SCENE_RATES[int(accuracies.argmax())]
    stack = cue_runs(sees, train, [lr] * len(SEEDS), SEEDS)
    return {"lr": lr, "held out": rounded(accuracies), **cue_results(stack, cue, tie)}


def run() -> dict:
    few, all_ = (150, 1200), LABELS
    curves = {
        kind: {name: curve(name, kind, few if name == "local" else all_) for name in MODELS}
        for kind in ("centered", "placed")
    }
    curves["permuted"] = {name: curve(name, "permuted", few) for name in ("MLP", "CNN", "ViT")}
    return {
        "seeds": SEEDS,
        "curves": curves,
        "shifts": {name: shift_sweep(name) for name in ("MLP", *REDUCTIONS)},
        "cues": {f"{net}, {cue}, {tie:g}": cue_sweep(net, cue, tie) for net, cue, tie in CUES},
    }
