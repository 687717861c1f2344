"""The training loop, minibatches, and bands over seeds."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

Loss = Callable[[Tensor, Tensor], Tensor]


def batches(
    X: Tensor, y: Tensor, batch_size: int, steps: int, seed: int = 0
) -> Iterator[tuple[Tensor, Tensor]]:
    """`steps` minibatches without replacement, shuffled anew for each pass over the data.

    X: (N, ...), y: (N, ...). What is left of a pass when it holds no full batch is skipped.
    """
    if not 1 <= batch_size <= len(X):
        raise ValueError(f"a batch of {batch_size} cannot be taken from {len(X)} examples")
    generator = torch.Generator().manual_seed(seed)
    order = torch.empty(0, dtype=torch.int64)
    for _ in range(steps):
        if len(order) < batch_size:
            order = torch.randperm(len(X), generator=generator)
        chosen, order = order[:batch_size], order[batch_size:]
        yield X[chosen], y[chosen]


def fit(
    model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]], loss: Loss, optimizer: Optimizer
) -> list[float]:
    """Take one step on each batch; return the loss seen before each step."""
    model.train()
    losses = []
    for x, y in batches:
        optimizer.zero_grad()
        value = loss(model(x), y)
        value.backward()
        optimizer.step()
        losses.append(value.item())
    return losses


@torch.no_grad()
def accuracy(model: nn.Module, X: Tensor, y: Tensor) -> float:
    """The share of examples whose largest logit is the right one, in evaluation mode.

    X: (N, ...), y: (N,) class numbers; `model(X)` gives logits (N, classes).
    """
    was_training = model.training
    model.eval()
    share = (model(X).argmax(dim=-1) == y).double().mean().item()
    model.train(was_training)
    return share


def over_seeds(run: Callable[[int], object], seeds: int = 5) -> np.ndarray:
    """Stack what `run(seed)` returns for the seeds 0, 1, ...: (seeds, ...)."""
    return np.array([run(seed) for seed in range(seeds)])


@dataclass(frozen=True)
class Band:
    """One number measured over several seeds: its mean and the range in which all runs lie."""

    values: np.ndarray  # (seeds,)

    def __post_init__(self):
        values = np.asarray(self.values, dtype=float)
        if values.ndim != 1 or len(values) < 3:
            raise ValueError(f"a band wants one number for each of three or more seeds: {values}")
        object.__setattr__(self, "values", values)

    @property
    def mean(self) -> float:
        return float(self.values.mean())

    @property
    def low(self) -> float:
        return float(self.values.min())

    @property
    def high(self) -> float:
        return float(self.values.max())

    @property
    def n(self) -> int:
        return len(self.values)

    def above(self, other: "Band") -> bool:
        """Whether every run of this band lies above every run of the other: no overlap at all."""
        return self.low > other.high

    def __str__(self) -> str:
        return f"{self.mean:.3g} ({self.low:.3g} to {self.high:.3g}, {self.n} seeds)"
