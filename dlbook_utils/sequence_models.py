"""Four small networks that read a sequence, two tasks with a long memory, and their training.

The chapter `receptive_fields` writes out the causal network, and `experiments/sequence_memory`
compares all four. Axes: R runs, B sequences, T places, C channels.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn import functional

from dlbook_utils.many_runs import by_seed, stack_models
from dlbook_utils.update_rules import adam

LENGTH = 32  # places
LAG = 24  # of the delayed copy
SYMBOLS = 4
LONG = (1, 2, 4, 8, 16)  # dilations: 1 + 31 places seen
SHORT = (1, 1, 1, 1, 1)  # 1 + 5 places seen


class CausalConvs(nn.Module):
    """Residual causal convolutions of width 2; (B, T, inputs) -> (B, T, outputs)."""

    def __init__(self, inputs: int, outputs: int, dilations: Sequence[int], C: int = 16):
        super().__init__()
        self.dilations = dilations
        self.up, self.head = nn.Linear(inputs, C), nn.Linear(C, outputs)
        self.mixes = nn.ModuleList(nn.Linear(2 * C, C) for _ in dilations)

    def forward(self, x: Tensor) -> Tensor:
        h = self.up(x)  # (B, T, C)
        for D, mix in zip(self.dilations, self.mixes, strict=True):
            before = functional.pad(h, (0, 0, D, 0))[:, :-D]  # D places earlier
            h = h + mix(torch.cat([before, h], dim=2)).relu()
        return self.head(h)


class Recurrent(nn.Module):
    """An LSTM, written out so that many can run at once; (B, T, inputs) -> (B, T, outputs)."""

    def __init__(self, inputs: int, outputs: int, C: int = 23):
        super().__init__()
        self.up, self.head = nn.Linear(inputs, 4 * C), nn.Linear(C, outputs)
        self.back = nn.Linear(C, 4 * C, bias=False)
        with torch.no_grad():
            self.up.bias[C : 2 * C] += 1  # the forget gates begin open

    def forward(self, x: Tensor) -> Tensor:
        z = self.up(x)
        h = c = z.new_zeros(len(x), z.shape[2] // 4)
        states = []
        for z_t in z.unbind(1):
            i, f, g, o = (z_t + self.back(h)).chunk(4, dim=1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            states.append(h)
        return self.head(torch.stack(states, dim=1))


class OneAttention(nn.Module):
    """One causal attention layer with learned places, and one hidden layer after it."""

    def __init__(self, inputs: int, outputs: int, C: int = 21):
        super().__init__()
        self.up, self.head = nn.Linear(inputs, C), nn.Linear(C, outputs)
        self.places = nn.Parameter(torch.randn(LENGTH, C) / 2)
        self.qkv, self.mix = nn.Linear(C, 3 * C), nn.Linear(C, C)

    def forward(self, x: Tensor) -> Tensor:
        h = self.up(x) + self.places
        q, k, v = self.qkv(h).chunk(3, dim=2)
        scores = q @ k.mT / q.shape[2] ** 0.5
        future = torch.ones(LENGTH, LENGTH, dtype=torch.bool).triu(1)
        h = h + scores.masked_fill(future, -torch.inf).softmax(2) @ v
        return self.head(h + self.mix(h).relu())


NETWORKS = {
    "dilated convolutions": lambda inputs, outputs: CausalConvs(inputs, outputs, LONG),
    "plain convolutions": lambda inputs, outputs: CausalConvs(inputs, outputs, SHORT),
    "LSTM": Recurrent,
    "one attention layer": OneAttention,
}


def delayed_copy(seed: int, shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Random symbols (*shape, T, SYMBOLS); the target is the symbol LAG places before the last."""
    generator = torch.Generator().manual_seed(seed)
    symbols = torch.randint(SYMBOLS, (*shape, LENGTH), generator=generator)
    return functional.one_hot(symbols, SYMBOLS).float(), symbols[..., -1 - LAG]


def adding(seed: int, shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Numbers in [0, 1] and marks (*shape, T, 2); the target is the sum of the two marked ones."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.rand(*shape, LENGTH, generator=generator)
    marks, half = torch.zeros_like(values), LENGTH // 2
    for low in (0, half):  # one mark in each half
        place = torch.randint(low, low + half, (*shape, 1), generator=generator)
        marks.scatter_(-1, place, 1.0)
    return torch.stack([values, marks], -1), (values * marks).sum(-1)


class Task:
    """A task: its draws, its sizes, and the loss (R,) and the score (R,) of outputs (R, B, out)."""

    def __init__(self, draw: Callable, inputs: int, outputs: int):
        self.draw, self.inputs, self.outputs = draw, inputs, outputs

    def losses(self, out: Tensor, y: Tensor) -> Tensor:
        """Cross-entropy of classes, or squared error of one number; y: (R, B)."""
        if self.outputs == 1:
            return (out[..., 0] - y).square().mean(1)
        flat = functional.cross_entropy(out.flatten(0, 1), y.flatten(), reduction="none")
        return flat.view(y.shape).mean(1)

    def scores(self, out: Tensor, y: Tensor) -> Tensor:
        """Accuracy, or the share of the target's variance that is left, times -1: (R,)."""
        if self.outputs == 1:
            return -self.losses(out, y) / y.var(1, correction=0)
        return (out.argmax(2) == y).double().mean(1)


TASKS = {
    "delayed copy": Task(delayed_copy, SYMBOLS, SYMBOLS),
    "adding": Task(adding, 2, 1),
}


def train_sequences(
    network: str, task: str, rates: Sequence[float], seeds: Sequence[int], steps: int
) -> tuple[Tensor, Tensor]:
    """Train with Adam on fresh sequences; the scores on held-out and on test ones: (rates, seeds).

    32 sequences a step; the rate falls to zero over the last third. Runs of one seed see the same
    sequences.
    """
    at = TASKS[task]
    runs = [seed for _ in rates for seed in seeds]
    lr = torch.tensor([rate for rate in rates for _ in seeds])
    model = NETWORKS[network](at.inputs, at.outputs)
    weights = stack_models(lambda: NETWORKS[network](at.inputs, at.outputs), runs)
    each = vmap(lambda w, x: functional_call(model, w, (x,))[:, -1])  # the last place answers
    params, states = list(weights.values()), [{} for _ in weights]
    X, y = (by_seed(lambda s, i=i: at.draw(100 + s, (steps, 32))[i], runs, dim=1) for i in (0, 1))
    for t in range(steps):
        params = [w.requires_grad_() for w in params]
        out = each(dict(zip(weights, params, strict=True)), X[t])
        grads = torch.autograd.grad(at.losses(out, y[t]).sum(), params)
        rate = lr * min(1, 3 * (steps - t) / steps)
        with torch.no_grad():
            for w, g, state in zip(params, grads, states, strict=True):
                w -= rate.view(-1, *[1] * (w.dim() - 1)) * adam(w, g, state)
    found = []
    for seed in (7, 8):  # held out, test
        x, target = at.draw(seed, (512,))
        with torch.no_grad():
            many = x.expand(len(runs), *x.shape)
            out = each(dict(zip(weights, params, strict=True)), many)
        found.append(at.scores(out, target.expand(len(runs), -1)).view(len(rates), len(seeds)))
    return found[0], found[1]
