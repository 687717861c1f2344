"""From LeNet to ConvNeXt, one change at a time; and depth with and without skips.

Digits at random places of a 16 by 16 canvas, 1200 of them to train on. Every network has its own
sweep of the learning rate (seeds 5 and 6, on 237 digits that are not trained on); then it is
trained anew from other seeds, with the same number of steps. The chapter `cnn_architectures` shows
the result and repeats a part of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlbook_utils.datasets import digits
from dlbook_utils.pictures import placed
from dlbook_utils.training import accuracy, batches

SEEDS, DEPTH_SEEDS, TUNING = (0, 1, 2, 3, 4), (0, 1, 2), (5, 6)
TRAIN, BATCH, STEPS, DEPTH_STEPS = 1200, 32, 300, 240
Layer = Callable[[], nn.Module]


# --- the parts ------------------------------------------------------------------------------------


def no_norm(channels: int) -> nn.Module:
    return nn.Identity()


class ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels of each place, as in ConvNeXt: (N, C, H, W) -> (N, C, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


@dataclass(frozen=True)
class Design:
    """What a rung of the ladder is made of; each rung replaces one part of another."""

    act: Layer = nn.Tanh
    pool: Callable[[int], nn.Module] = nn.AvgPool2d
    stage: "Callable[[Design, int, int], nn.Module]" = lambda d, n, m: d.unit(n, m, 5)
    dense: bool = True  # three dense layers on the whole map, or one on its means
    norm: Callable[[int], nn.Module] = no_norm
    width: int = 8

    def unit(self, n: int, m: int, k: int, groups: int = 1) -> nn.Sequential:
        """A convolution of k by k, its norm and its activation."""
        conv = nn.Conv2d(n, m, k, padding=k // 2, groups=groups, bias=self.norm is no_norm)
        return nn.Sequential(conv, self.norm(m), self.act())


def threes(count: int) -> Callable[[Design, int, int], nn.Module]:
    """A stage of 3 by 3 convolutions, one after the other."""

    def stage(d: Design, n: int, m: int) -> nn.Module:
        return nn.Sequential(d.unit(n, m, 3), *[d.unit(m, m, 3) for _ in range(count - 1)])

    return stage


class Inception(nn.Module):
    """Four branches side by side, a quarter of the channels each: Szegedy et al. (2015)."""

    def __init__(self, d: Design, n: int, m: int):
        super().__init__()
        q = m // 4
        self.branches = nn.ModuleList(
            [
                d.unit(n, q, 1),
                nn.Sequential(d.unit(n, q, 1), d.unit(q, q, 3)),
                nn.Sequential(d.unit(n, q, 1), d.unit(q, q, 5)),
                nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), d.unit(n, q, 1)),
            ]
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches], dim=1)


def inception(d: Design, n: int, m: int) -> nn.Module:
    return nn.Sequential(d.unit(n, m, 3), Inception(d, m, m))


class Skip(nn.Module):
    """x + branch(x), and then `after`."""

    def __init__(self, branch: nn.Module, after: nn.Module):
        super().__init__()
        self.branch, self.after = branch, after

    def forward(self, x: Tensor) -> Tensor:
        return self.after(x + self.branch(x))


def linear_unit(d: Design, n: int, m: int, k: int, groups: int = 1) -> nn.Sequential:
    """A unit without its activation."""
    return d.unit(n, m, k, groups)[:2]


def basic(d: Design, n: int, m: int) -> nn.Module:
    """He et al. (2016): two 3 by 3 convolutions with a skip around them."""
    block = Skip(nn.Sequential(d.unit(m, m, 3), linear_unit(d, m, m, 3)), d.act())
    return nn.Sequential(d.unit(n, m, 3), block)


def separable(d: Design, n: int, m: int) -> nn.Module:
    """Howard et al. (2017): each 3 by 3 convolution as a depthwise one and a 1 by 1."""
    layers = [d.unit(m, m, 3, groups=m), d.unit(m, m, 1), d.unit(m, m, 3, groups=m)]
    block = Skip(nn.Sequential(*layers, linear_unit(d, m, m, 1)), d.act())
    return nn.Sequential(d.unit(n, m, 3), block)


def inverted(d: Design, n: int, m: int) -> nn.Module:
    """Sandler et al. (2018): wide inside, narrow outside, no activation at the narrow end."""
    layers = [d.unit(m, 4 * m, 1), d.unit(4 * m, 4 * m, 3, groups=4 * m)]
    block = Skip(nn.Sequential(*layers, linear_unit(d, 4 * m, m, 1)), nn.Identity())
    return nn.Sequential(d.unit(n, m, 3), block)


def next_block(d: Design, n: int, m: int) -> nn.Module:
    """Liu et al. (2022): depthwise 5 by 5 first (7 by 7 there), one norm, one activation."""
    layers = [linear_unit(d, m, m, 5, groups=m), nn.Conv2d(m, 4 * m, 1), d.act()]
    block = Skip(nn.Sequential(*layers, nn.Conv2d(4 * m, m, 1)), nn.Identity())
    return nn.Sequential(d.unit(n, m, 3), block)


def network(d: Design) -> nn.Sequential:
    """Two stages, each followed by pooling, and a head: (N, 1, 16, 16) -> logits (N, 10)."""
    w = d.width
    body = [d.stage(d, 1, w), d.pool(2), d.stage(d, w, 2 * w), d.pool(2)]
    if d.dense:
        sizes = [(32 * w, 120), (120, 84)]
        hidden = [layer for n, m in sizes for layer in (nn.Linear(n, m), d.act())]
        return nn.Sequential(*body, nn.Flatten(), *hidden, nn.Linear(84, 10))
    return nn.Sequential(*body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2 * w, 10))


# --- the ladder: name -> (the rung it changes, itself) --------------------------------------------

LENET = Design()
RELU = replace(LENET, act=nn.ReLU)
MAXIMA = replace(RELU, pool=nn.MaxPool2d)
VGG = replace(MAXIMA, stage=threes(2))
MEANS = replace(VGG, dense=False)
NORMED = replace(MEANS, norm=nn.BatchNorm2d)
DEEPER = replace(NORMED, stage=threes(3))
RESNET = replace(DEEPER, stage=basic)
MOBILE = replace(RESNET, stage=separable)
INVERTED = replace(RESNET, stage=inverted)
NEXT = replace(INVERTED, stage=next_block)

LADDER: dict[str, tuple[str, Design]] = {
    "LeNet": ("", LENET),
    "ReLU": ("LeNet", RELU),
    "max pooling": ("ReLU", MAXIMA),
    "two 3×3 for a 5×5": ("max pooling", VGG),
    "mean over the map": ("two 3×3 for a 5×5", MEANS),
    "BatchNorm": ("mean over the map", NORMED),
    "one 5×5, equal weights": ("BatchNorm", replace(NORMED, stage=LENET.stage, width=9)),
    "Inception": ("BatchNorm", replace(NORMED, stage=inception)),
    "three 3×3": ("BatchNorm", DEEPER),
    "skips": ("three 3×3", RESNET),
    "separable": ("skips", MOBILE),
    "separable, equal weights": ("separable", replace(MOBILE, width=14)),
    "inverted bottleneck": ("skips", INVERTED),
    "ConvNeXt's order": ("inverted bottleneck", NEXT),
    "LayerNorm and GELU": ("ConvNeXt's order", replace(NEXT, norm=ChannelNorm, act=nn.GELU)),
}


# --- depth ----------------------------------------------------------------------------------------

BLOCKS = (2, 6, 14)  # of two convolutions each


def depth_network(blocks: int, skip: bool, channels: int = 8) -> nn.Sequential:
    """A convolution to 8 by 8 places, then blocks of two 3 by 3 with BatchNorm."""
    d = Design(act=nn.ReLU, norm=nn.BatchNorm2d)

    def block() -> nn.Module:
        branch = nn.Sequential(d.unit(channels, channels, 3), linear_unit(d, channels, channels, 3))
        return Skip(branch, nn.ReLU()) if skip else nn.Sequential(branch, nn.ReLU())

    stem = nn.Conv2d(1, channels, 3, stride=2, padding=1, bias=False)
    body = [stem, nn.BatchNorm2d(channels), nn.ReLU(), *[block() for _ in range(blocks)]]
    return nn.Sequential(*body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


# --- training -------------------------------------------------------------------------------------


@cache
def canvases() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """X, y, X_test, y_test: digits at random places, standardized."""
    X, y, X_test, y_test = digits()
    X, X_test = placed(X, 16, seed=1), placed(X_test, 16, seed=2)
    mean, std = X.mean(), X.std()
    return (X - mean) / std, y, (X_test - mean) / std, y_test


def train(make: Layer, lr: float, seed: int, steps: int = STEPS) -> nn.Module:
    """Adam; the rate is constant, then falls to zero over the last third."""
    X, y, _, _ = canvases()
    torch.manual_seed(seed)
    model = make().train()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for t, (xs, ys) in enumerate(batches(X[:TRAIN], y[:TRAIN], BATCH, steps, seed)):
        optimizer.param_groups[0]["lr"] = lr * min(1, 3 * (steps - t) / steps)
        optimizer.zero_grad()
        F.cross_entropy(model(xs), ys).backward()
        optimizer.step()
    return model


def held_out(model: nn.Module) -> float:
    X, y, _, _ = canvases()
    return accuracy(model, X[TRAIN:], y[TRAIN:])


def tuned(make: Layer, steps: int = STEPS) -> tuple[float, dict[str, float]]:
    """The best rate of half decades, and all that were tried: on until the best is not the last."""
    scores = {}

    def score(k: int) -> float:
        models = [train(make, 10 ** (k / 2), seed, steps) for seed in TUNING]
        return sum(map(held_out, models)) / len(TUNING)

    scores = {k: score(k) for k in (-5, -4, -3)}
    while (best := max(scores, key=scores.get)) in (low := min(scores), max(scores)):
        k = best - 1 if best == low else best + 1
        scores[k] = score(k)
    return 10 ** (best / 2), {f"{10 ** (k / 2):.2g}": round(scores[k], 4) for k in sorted(scores)}


def study(make: Layer, seeds: tuple[int, ...], steps: int = STEPS) -> dict:
    """The sweep, and accuracies on training and test data over seeds."""
    X, y, X_test, y_test = canvases()
    lr, sweep = tuned(make, steps)
    models = [train(make, lr, seed, steps) for seed in seeds]
    return {
        "lr": lr,
        "sweep": sweep,
        "train": [round(accuracy(model, X[:TRAIN], y[:TRAIN]), 4) for model in models],
        "test": [round(accuracy(model, X_test, y_test), 4) for model in models],
    }


def run() -> dict:
    ladder = {name: study(lambda d=d: network(d), SEEDS) for name, (_, d) in LADDER.items()}
    depth = {
        f"{blocks} {'skip' if skip else 'plain'}": study(
            lambda blocks=blocks, skip=skip: depth_network(blocks, skip), DEPTH_SEEDS, DEPTH_STEPS
        )
        for blocks in BLOCKS
        for skip in (False, True)
    }
    return {"seeds": SEEDS, "ladder": ladder, "depth": depth}
