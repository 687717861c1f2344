"""Networks of torch.nn layers, many runs at once: a model, its stacked weights, and their training.

Axes: R runs, B examples. A run has its own seed and its own rate; what it computes is what its
model would compute alone (`many_runs`).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from dlbook_utils.many_runs import stack_models, train_runs
from dlbook_utils.update_rules import adam


class Stack(NamedTuple):
    """A model that says what to compute, and the weights of R runs: name -> (R, ...)."""

    model: nn.Module
    weights: dict[str, Tensor]

    @torch.no_grad()
    def logits(self, X: Tensor, own: bool = False) -> Tensor:
        """(R, N, classes) for X: (N, ...), or (R, N, ...) where each run has its `own` inputs."""
        each = vmap(self.one, in_dims=(0, 0 if own else None))
        return each(self.weights, X)

    def accuracies(self, X: Tensor, y: Tensor, own: bool = False) -> Tensor:
        """The share of right answers of each run: (R,)."""
        return (self.logits(X, own).argmax(-1) == y).double().mean(-1)

    def one(self, weights: dict[str, Tensor], x: Tensor) -> Tensor:
        return functional_call(self.model, weights, (x,))

    def run(self, r: int) -> nn.Module:
        """The model itself, with the weights of run r."""
        self.model.load_state_dict({name: w[r] for name, w in self.weights.items()}, strict=False)
        return self.model


def trained_stack(
    make: Callable[[], nn.Module],
    data: tuple[Tensor, Tensor],
    rows: Tensor,
    rates: Sequence[float],
    seeds: Sequence[int],
) -> Stack:
    """Train make() with Adam, a run for each pair of a rate and a seed.

    rows: (steps, R, B), the examples of each minibatch. The rate rises over the first tenth of
    the steps and falls to zero over the last third.
    """
    stack = Stack(make(), stack_models(make, seeds))
    each, names = vmap(stack.one), list(stack.weights)

    def forward(params: list[Tensor], x: Tensor) -> Tensor:
        return each(dict(zip(names, params, strict=True)), x)

    steps = len(rows)
    t = torch.arange(steps)
    course = torch.minimum((t + 1) / (steps / 10), (steps - t) / (steps / 3)).clamp(max=1)
    params = list(stack.weights.values())
    train_runs(
        params, data, rows, course[:, None] * torch.tensor(rates), rule=adam, forward=forward
    )
    weights = {name: w.detach() for name, w in zip(names, params, strict=True)}
    return Stack(stack.model, weights)
