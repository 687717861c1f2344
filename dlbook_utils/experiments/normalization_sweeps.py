"""Which norm trains: a small CNN at three batch sizes, and tiny transformers at three depths.

Every combination has its own sweep of the learning rate, the same budget and the same seeds. The
chapter `normalization_at_work` shows the result and repeats a part of it.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn import functional

from dlbook_utils.datasets import digits, help_text
from dlbook_utils.many_runs import stack_models, train_runs
from dlbook_utils.training import accuracy, batches, fit
from dlbook_utils.update_rules import adam

SEEDS = (0, 1, 2)

# --- a convolutional network on the digits -------------------------------------------------------

TRAIN = 1200  # the other 237 training examples choose the rate
EPOCHS = {2: 2, 8: 3, 64: 5}  # steps: 1,200, 450 and 90
CNN_RATES = {2: -2, 8: -1.5, 64: -1}  # log10 of the middle of each sweep


class ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels of each place, as in ConvNeXt: (N, C, H, W) -> (N, C, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


CNN_NORMS: dict[str, Callable[[int], nn.Module]] = {
    "none": lambda channels: nn.Identity(),
    "BatchNorm": nn.BatchNorm2d,
    "GroupNorm": lambda channels: nn.GroupNorm(4, channels),
    "LayerNorm": ChannelNorm,
}


def small_cnn(norm: str) -> nn.Sequential:
    """Three convolutions, each with its norm and a ReLU; (N, 64) -> logits (N, 10)."""
    layers, size = [nn.Unflatten(1, (1, 8, 8))], 1
    for channels, stride in ((8, 1), (16, 2), (32, 2)):
        conv = nn.Conv2d(size, channels, 3, stride, padding=1, bias=norm == "none")
        layers += [conv, CNN_NORMS[norm](channels), nn.ReLU()]
        size = channels
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(size, 10))


def cnn_rates(batch: int) -> list[float]:
    return [10 ** (CNN_RATES[batch] + k / 2) for k in (-2, -1, 0, 1, 2)]


def train_cnn(norm: str, batch: int, lr: float, seed: int) -> tuple[float, float]:
    """Accuracy on the held-out part of the training data, and on the test data."""
    X, y, X_test, y_test = digits()
    torch.manual_seed(seed)
    model = small_cnn(norm)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    steps = EPOCHS[batch] * TRAIN // batch
    stream = batches(X[:TRAIN], y[:TRAIN], batch, steps, seed=seed)
    fit(model, stream, functional.cross_entropy, optimizer)
    return accuracy(model, X[TRAIN:], y[TRAIN:]), accuracy(model, X_test, y_test)


def cnn_sweep(norm: str, batch: int) -> dict:
    """Held-out and test accuracies, (rates, seeds) each."""
    rates = cnn_rates(batch)
    pairs = [[train_cnn(norm, batch, lr, seed) for seed in SEEDS] for lr in rates]
    return {
        "rates": [float(f"{lr:.3g}") for lr in rates],
        "held out": [[round(held, 4) for held, _ in row] for row in pairs],
        "test": [[round(test, 4) for _, test in row] for row in pairs],
    }


# --- transformers on characters -------------------------------------------------------------------

STEPS, BATCH, TOKENS, CHANNELS, HEADS = 200, 4, 32, 32, 4


class DyT(nn.Module):
    """gain * tanh(alpha * x) + bias: Zhu et al. (2025), eq. 1. It takes no mean of anything."""

    def __init__(self, size: int, alpha: float = 0.5):
        super().__init__()
        self.alpha = nn.Parameter(torch.tensor([alpha]))
        self.gain, self.bias = nn.Parameter(torch.ones(size)), nn.Parameter(torch.zeros(size))

    def forward(self, x: Tensor) -> Tensor:
        return self.gain * torch.tanh(self.alpha * x) + self.bias


def post_norm(x: Tensor, branch: Callable, norm: Callable) -> Tensor:
    """Vaswani et al. (2017)."""
    return norm(x + branch(x))


def pre_norm(x: Tensor, branch: Callable, norm: Callable) -> Tensor:
    """The stream itself is never normalized."""
    return x + branch(norm(x))


class PlacedBlock(nn.Module):
    """Causal attention and an MLP, each with its norm placed by `place`."""

    def __init__(self, norm: Callable, place: Callable, qk_norm: bool, learned_scale: bool):
        super().__init__()
        self.place = place
        self.norms = nn.ModuleList([norm(CHANNELS), norm(CHANNELS)])
        self.qkv = nn.Linear(CHANNELS, 3 * CHANNELS, bias=False)
        self.mix = nn.Linear(CHANNELS, CHANNELS, bias=False)
        self.up, self.down = nn.Linear(CHANNELS, 4 * CHANNELS), nn.Linear(4 * CHANNELS, CHANNELS)
        size = CHANNELS // HEADS
        self.qk_norms = nn.ModuleList(
            nn.RMSNorm(size) if qk_norm else nn.Identity() for _ in ("queries", "keys")
        )
        self.scales = nn.Parameter(torch.zeros(2)) if learned_scale else (1.0, 1.0)

    def attend(self, x: Tensor) -> Tensor:
        B, T, C = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, HEADS, C // HEADS).permute(2, 0, 3, 1, 4)
        q, k = self.qk_norms[0](q), self.qk_norms[1](k)  # (B, H, T, D)
        scores = q @ k.transpose(-2, -1) / (C // HEADS) ** 0.5
        future = torch.ones(T, T, dtype=torch.bool).triu(1)
        weights = scores.masked_fill(future, float("-inf")).softmax(-1)
        return self.mix((weights @ v).transpose(1, 2).reshape(B, T, C))

    def think(self, x: Tensor) -> Tensor:
        return self.down(functional.gelu(self.up(x)))

    def forward(self, x: Tensor) -> Tensor:
        x = self.place(x, lambda h: self.scales[0] * self.attend(h), self.norms[0])
        return self.place(x, lambda h: self.scales[1] * self.think(h), self.norms[1])


class PlacedTransformer(nn.Module):
    """Characters (B, T) -> logits (B, T, vocabulary); Xavier's weights, as Xiong et al. (2020)."""

    def __init__(
        self,
        depth: int,
        norm: Callable = nn.LayerNorm,
        place: Callable = pre_norm,
        qk_norm: bool = False,
        learned_scale: bool = False,
    ):
        super().__init__()
        vocabulary = len(help_text().vocabulary)
        self.characters = nn.Embedding(vocabulary, CHANNELS)
        self.positions = nn.Parameter(0.5 * torch.randn(TOKENS, CHANNELS))
        blocks = [PlacedBlock(norm, place, qk_norm, learned_scale) for _ in range(depth)]
        self.blocks = nn.Sequential(*blocks)
        self.norm = norm(CHANNELS) if place is pre_norm else nn.Identity()
        self.head = nn.Linear(CHANNELS, vocabulary, bias=False)
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                nn.init.xavier_normal_(layer.weight)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.characters(ids) + self.positions  # (B, T, C)
        return self.head(self.norm(self.blocks(x)))


def no_norm(size: int) -> nn.Module:
    return nn.Identity()


VARIANTS: dict[str, dict] = {
    "post": {"place": post_norm},
    "post, warm-up": {"place": post_norm},
    "pre": {},
    "pre, RMSNorm": {"norm": nn.RMSNorm},
    "pre, QK-norm": {"qk_norm": True},
    "pre, DyT": {"norm": DyT},
    "no norm": {"norm": no_norm},
    "no norm, scaled": {"norm": no_norm, "learned_scale": True},
}
STUDIED = {  # depth -> variants
    2: list(VARIANTS),
    6: ["post", "post, warm-up", "pre"],
    12: [name for name in VARIANTS if "QK" not in name],
}


def transformer_rates(depth: int) -> list[float]:
    """Half decades from 0.0003; shallow ones bear more."""
    return [10 ** (k / 2 - 3.5) for k in range(6 if depth == 2 else 5)]


def train_transformers(
    variant: str, depth: int, rates: Sequence[float], seeds: Sequence[int], steps: int = STEPS
) -> Tensor:
    """Losses (steps, rates, seeds) with Adam; the rate is constant, or rises to the half."""

    def make() -> PlacedTransformer:
        return PlacedTransformer(depth, **VARIANTS[variant])

    run_seeds = [seed for _ in rates for seed in seeds]
    stacked, model, R = stack_models(make, run_seeds), make(), len(run_seeds)
    each = vmap(lambda params, x: functional_call(model, params, (x,)))

    def forward(params: list[Tensor], x: Tensor) -> Tensor:
        named = dict(zip(stacked, params, strict=True))
        return each(named, x.view(R, BATCH, TOKENS)).flatten(1, 2)

    ids = help_text().ids
    places = {seed: torch.Generator().manual_seed(seed) for seed in set(run_seeds)}
    starts = {
        seed: torch.randint(len(ids) - TOKENS - 1, (steps, BATCH, 1), generator=generator)
        for seed, generator in places.items()
    }
    rows = torch.stack([starts[seed] for seed in run_seeds], dim=1) + torch.arange(TOKENS)
    lr = torch.tensor([lr for lr in rates for _ in seeds]).expand(steps, -1)
    if "warm-up" in variant:
        lr = lr * (torch.arange(1, steps + 1) / (steps // 2)).clamp(max=1)[:, None]
    data = (ids[:-1], ids[1:])
    params = list(stacked.values())
    losses = train_runs(params, data, rows.flatten(2), lr, rule=adam, forward=forward)
    return losses.view(steps, len(rates), len(seeds))


def transformer_sweep(variant: str, depth: int) -> dict:
    """Mean loss of the last 40 steps, (rates, seeds); None for what diverged."""
    rates = transformer_rates(depth)
    losses = train_transformers(variant, depth, rates, SEEDS)[-40:].mean(0)
    return {
        "rates": [float(f"{lr:.3g}") for lr in rates],
        "loss": [[round(v, 3) if v < 1e6 else None for v in row] for row in losses.tolist()],
    }


def run() -> dict:
    cnn = {str(batch): {norm: cnn_sweep(norm, batch) for norm in CNN_NORMS} for batch in EPOCHS}
    transformers = {
        str(depth): {variant: transformer_sweep(variant, depth) for variant in variants}
        for depth, variants in STUDIED.items()
    }
    return {"seeds": SEEDS, "cnn": cnn, "transformers": transformers}
