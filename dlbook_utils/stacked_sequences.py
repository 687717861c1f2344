"""Small models of sequences, many runs at once: fresh minibatches, Adam, a rate for each run.

A run is what its model would be alone; runs of one seed see the same data. The chapter
`inside_transformers` and two of the experiments train with it. Axes: R runs, B sequences, T places.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.func import vmap
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from dlbook_utils.many_runs import by_seed, stack_models
from dlbook_utils.stacked_training import Stack
from dlbook_utils.update_rules import adam

IGNORED = -100  # a target that does not count, as in cross_entropy


def sequence_losses(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy of each run: logits (R, B, T, V), targets (R, B, T) -> (R,)."""
    flat = functional.cross_entropy(logits.flatten(0, 2), targets.flatten(), reduction="none")
    counted = (targets != IGNORED).flatten(1)
    return (flat.view(counted.shape) * counted).sum(1) / counted.sum(1)


def train_stacked(
    make: Callable[[], nn.Module],
    draw: Callable[[torch.Generator, int], tuple[Tensor, Tensor]],
    rates: Sequence[float],
    seeds: Sequence[int],
    steps: int,
    watch: Callable[[int, Stack], None] | None = None,
    decay: float = 0.0,
) -> Stack:
    """Train make() on what `draw(generator, step)` gives, a run for each pair of a rate and a seed.

    `draw` returns inputs (B, ...) and targets (B, T). The rate rises over the first tenth of the
    steps and falls to zero over the last third. `watch(step, stack)` is called before each step.
    `decay` is that of AdamW, for matrices.
    """
    stack = Stack(make(), stack_models(make, seeds))
    each, names = vmap(stack.one), list(stack.weights)
    params, states = list(stack.weights.values()), [{} for _ in stack.weights]
    generators = {seed: torch.Generator().manual_seed(1000 + seed) for seed in set(seeds)}
    lr = torch.tensor(rates)
    for t in range(steps):
        drawn = {seed: draw(generator, t) for seed, generator in generators.items()}
        x, y = (by_seed(lambda seed, i=i: drawn[seed][i], seeds) for i in (0, 1))  # noqa: B023
        params = [w.requires_grad_() for w in params]
        with sdpa_kernel(SDPBackend.MATH):  # which vmap can stack
            loss = sequence_losses(each(dict(zip(names, params, strict=True)), x), y)
        grads = torch.autograd.grad(loss.sum(), params)
        course = min(1, (t + 1) / (steps / 10), (steps - t) / (steps / 3))
        with torch.no_grad():
            if watch:
                watch(t, Stack(stack.model, dict(zip(names, params, strict=True))))
            for w, g, state in zip(params, grads, states, strict=True):
                rate = (lr * course).view(-1, *[1] * (w.dim() - 1))
                shrink = decay * rate * w if w.dim() > 2 else 0.0
                w -= rate * adam(w, g, state) + shrink
    weights = {name: w.detach() for name, w in zip(names, params, strict=True)}
    return Stack(stack.model, weights)
