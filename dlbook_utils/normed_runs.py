"""Normalized networks on the digits, many runs at once, as `many_runs` trains them.

Axes: R runs, B examples, n units. The chapter `normalization_at_work` uses these for its sweeps; a
run computes what the same network of torch.nn layers would compute alone.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from dlbook_utils.datasets import digits
from dlbook_utils.many_runs import Params, by_seed, normal_numbers, run_losses, run_rows, train_runs
from dlbook_utils.update_rules import Rule, sgd

EPS = 1e-5
Norm = Callable[[Tensor, int], Tensor]  # values (R, B, n) and the layer's number -> (R, B, n)


def bare_norm(z: Tensor, kind: str) -> Tensor:
    """z: (R, B, n), normalized over the batch or over the features, without gain and bias."""
    if kind == "none":
        return z
    if kind == "DyT":
        return torch.tanh(0.5 * z)
    axis = 1 if kind in ("BatchNorm", "centered") else 2
    centered = z if kind == "RMSNorm" else z - z.mean(axis, keepdim=True)
    if kind == "centered":
        return centered
    return centered / (centered.square().mean(axis, keepdim=True) + EPS).sqrt()


def rate_seed_grid(rates: Sequence[float], seeds: Sequence[int]) -> tuple[Tensor, list[int]]:
    """The learning rate and the seed of each run, rates x seeds of them."""
    pairs = [(lr, seed) for lr in rates for seed in seeds]
    return torch.tensor([lr for lr, _ in pairs]), [seed for _, seed in pairs]


def drawn_weights(seeds: Sequence[int], n: int, m: int, key: int, std: float) -> Tensor:
    """Normal weights (R, n, m), the same for equal seeds and keys."""
    return by_seed(lambda seed: normal_numbers(1000 * seed + key, n, m), seeds) * std


def normed_layer(seeds: Sequence[int], n: int, m: int, key: int, kind: str) -> Params:
    """Weights with standard deviation sqrt(2 / n), a bias, and a gain where there is a norm."""
    ones = [] if kind == "none" else [torch.ones(len(seeds), 1, m)]
    return [drawn_weights(seeds, n, m, key, (2 / n) ** 0.5), torch.zeros(len(seeds), 1, m), *ones]


def with_gain(z: Tensor, bias: Tensor, gain: Sequence[Tensor]) -> Tensor:
    return z * gain[0] + bias if gain else z + bias


class PlainRuns:
    """`depth` layers of relu(gain * norm(x W) + bias), and a linear head."""

    def __init__(self, kind: str, depth: int = 5, width: int = 32, norm: Norm | None = None):
        self.kind, self.depth, self.width = kind, depth, width
        self.norm = norm or (lambda z, layer: bare_norm(z, kind))

    def params(self, seeds: Sequence[int]) -> Params:
        sizes = [64] + [self.width] * self.depth
        params = []
        for i, n in enumerate(sizes[:-1]):
            params += normed_layer(seeds, n, self.width, i, self.kind)
        head = drawn_weights(seeds, self.width, 10, 998, self.width**-0.5)
        return [*params, head, torch.zeros(len(seeds), 1, 10)]

    def layers(self, params: Params) -> list[Params]:
        each = 2 if self.kind == "none" else 3
        return [params[i : i + each] for i in range(0, each * self.depth, each)]

    def hidden(self, params: Params, x: Tensor) -> list[Tensor]:
        """What each hidden layer hands on: (R, B, width)."""
        outputs = []
        for i, (W, bias, *gain) in enumerate(self.layers(params)):
            x = with_gain(self.norm(x @ W, i), bias, gain).relu()
            outputs.append(x)
        return outputs

    def __call__(self, params: Params, x: Tensor) -> Tensor:
        return self.hidden(params, x)[-1] @ params[-2] + params[-1]


class ResidualRuns(PlainRuns):
    """Layers of x + scale * relu(gain * norm(x) + bias) W between two linear maps.

    `scale` is a number, or "learned" for one of each layer's own that begins at zero.
    """

    def __init__(self, kind: str, depth: int = 5, width: int = 32, scale: float | str = 1.0):
        super().__init__(kind, depth, width)
        self.scale = scale

    def params(self, seeds: Sequence[int]) -> Params:
        params = []
        for i in range(self.depth):
            params += normed_layer(seeds, self.width, self.width, i, self.kind)
        scales = [torch.zeros(len(seeds), 1, 1) for _ in range(self.depth)]
        return [
            *params,
            *(scales if self.scale == "learned" else []),
            drawn_weights(seeds, 64, self.width, 999, 64**-0.5),
            drawn_weights(seeds, self.width, 10, 998, self.width**-0.5),
            torch.zeros(len(seeds), 1, 10),
        ]

    def hidden(self, params: Params, x: Tensor) -> list[Tensor]:
        x, outputs = x @ params[-3], []
        layers = self.layers(params)
        for i, (W, bias, *gain) in enumerate(layers):
            scale = self.scale
            if scale == "learned":
                scale = params[len(layers) * len(layers[0]) + i]
            x = x + scale * (with_gain(self.norm(x, i), bias, gain).relu() @ W)
            outputs.append(x)
        return outputs

    def __call__(self, params: Params, x: Tensor) -> Tensor:
        last = bare_norm(self.hidden(params, x)[-1], self.kind)
        return last @ params[-2] + params[-1]


class RunningBatchNorm:
    """BatchNorm with running averages, one pair for each key that it is called with."""

    def __init__(self, momentum: float = 0.1):
        self.momentum, self.averages, self.training = momentum, {}, True

    def __call__(self, z: Tensor, key: int) -> Tensor:
        R, B, n = z.shape
        if not self.training:
            mean, var = self.averages[key]
            return (z - mean) / (var + EPS).sqrt()
        var, mean = torch.var_mean(z, dim=1, correction=0, keepdim=True)
        with torch.no_grad():
            old = self.averages.setdefault(key, [torch.zeros(R, 1, n), torch.ones(R, 1, n)])
            old[0].lerp_(mean, self.momentum)
            old[1].lerp_(var * B / (B - 1), self.momentum)
        return (z - mean) / (var + EPS).sqrt()


class RecurrentRuns:
    """h <- tanh(gain * norm(x_t U + h W) + bias) over the pixels, `pixels` at a time."""

    def __init__(self, kind: str, width: int = 32, pixels: int = 4, norm: Norm | None = None):
        self.kind, self.width, self.pixels = kind, width, pixels
        self.norm = norm or (lambda z, t: bare_norm(z, kind))

    def params(self, seeds: Sequence[int]) -> Params:
        n, R = self.width, len(seeds)
        gain = [] if self.kind == "none" else [torch.full((R, 1, n), 0.5)]
        return [
            drawn_weights(seeds, self.pixels, n, 0, self.pixels**-0.5),
            drawn_weights(seeds, n, n, 1, n**-0.5),
            torch.zeros(R, 1, n),
            *gain,
            drawn_weights(seeds, n, 10, 2, n**-0.5),
            torch.zeros(R, 1, 10),
        ]

    def __call__(self, params: Params, x: Tensor) -> Tensor:
        U, W, bias, *gain, head, last = params
        h = torch.zeros(*x.shape[:2], self.width)
        for t, part in enumerate(x.split(self.pixels, dim=2)):
            h = torch.tanh(with_gain(self.norm(part @ U + h @ W, t), bias, gain))
        return h @ head + last


def train_normed(
    net,
    rates: Sequence[float],
    seeds: Sequence[int],
    batch: int = 32,
    steps: int = 100,
    rule: Rule = sgd,
    change_params: Callable[[Params], Params] = list,
    examples: int | None = None,
    watch: Callable[[int, Params], None] | None = None,
) -> tuple[Tensor, Params]:
    """Train rates x seeds runs of `net`; the losses (steps, rates, seeds) and the parameters."""
    X, y, *_ = digits()
    X, y = X[:examples], y[:examples]
    lr, run_seeds = rate_seed_grid(rates, seeds)
    params = change_params(net.params(run_seeds))
    rows = run_rows(len(X), batch, steps, run_seeds)
    losses = train_runs(
        params, (X, y), rows, lr.expand(steps, -1), rule=rule, forward=net, watch=watch
    )
    return losses.view(steps, len(rates), len(seeds)), params


def end_losses(losses: Tensor, steps: int = 20) -> Tensor:
    """The mean over the last steps, (rates, seeds); what diverged counts as 99."""
    return losses[-steps:].mean(0).nan_to_num(99).clamp(max=99)


@torch.no_grad()
def run_accuracies(net, params: Params, X: Tensor, y: Tensor) -> Tensor:
    """The share of right answers of each run: (R,). X: (N, 64) or (R, N, 64)."""
    R = len(params[0])
    return (net(params, X.expand(R, -1, -1)).argmax(-1) == y).double().mean(1)


@torch.no_grad()
def run_tests(net, params: Params, rates: int) -> tuple[Tensor, Tensor]:
    """Test loss and accuracy, (rates, seeds) each."""
    *_, X, y = digits()
    loss = run_losses(net(params, X.expand(len(params[0]), -1, -1)), y)
    return loss.view(rates, -1), run_accuracies(net, params, X, y).view(rates, -1)
