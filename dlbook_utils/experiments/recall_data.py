"""How many examples a GRU and an attention layer need, for a local rule and for looking up.

Both see six pairs of a key and a value, then a key alone. Recall: the answer is the value that
stood with this key. Local: it follows from the last two values by a table. Equal parameters within
a few percent, equal steps, rates swept. The chapter `inside_transformers` shows the result.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from dlbook_utils.stacked_sequences import train_stacked
from dlbook_utils.stacked_training import Stack

SEEDS = (0, 1, 2, 3, 4)
RATES = (0.001, 0.003, 0.01, 0.03, 0.1)
SIZES = (64, 256, 1024, 4096)  # examples to learn from
PAIRS, SYMBOLS = 6, 12
BATCH, STEPS = 32, 600


class PairReader(nn.Module):
    """What both share: (B, T, 2) ids of keys and values to vectors, and an answer of the last."""

    def __init__(self, C: int):
        super().__init__()
        self.keys = nn.Parameter(torch.randn(SYMBOLS, C) / 2)
        self.values = nn.Parameter(torch.randn(SYMBOLS + 1, C) / 2)  # the last one: no value
        self.head = nn.Linear(C, SYMBOLS)

    def forward(self, pairs: Tensor) -> Tensor:
        x = self.keys[pairs[..., 0]] + self.values[pairs[..., 1]]
        return self.head(self.read(x))[:, None]


class AttentionReader(PairReader):
    """One block: attention with two heads and learned places, then a hidden layer."""

    def __init__(self, C: int = 24):
        super().__init__(C)
        self.places = nn.Parameter(torch.randn(PAIRS + 1, C) / 2)
        self.q, self.kv = nn.Linear(C, C), nn.Linear(C, 2 * C)
        self.out, self.up, self.down = nn.Linear(C, C), nn.Linear(C, 2 * C), nn.Linear(2 * C, C)

    def read(self, x: Tensor) -> Tensor:
        B, T, C = x.shape
        x = x + self.places
        h = functional.layer_norm(x, (C,))
        q = self.q(h[:, -1:]).view(B, 1, 2, C // 2).transpose(1, 2)
        k, v = self.kv(h).view(B, T, 2, 2, C // 2).permute(2, 0, 3, 1, 4)
        mixed = (q @ k.mT / (C // 2) ** 0.5).softmax(-1) @ v
        x = x[:, -1] + self.out(mixed.transpose(1, 2).reshape(B, C))
        return x + self.down(self.up(functional.layer_norm(x, (C,))).relu())


class GRUReader(PairReader):
    """A GRU (Cho et al., 2014), written out so that many can run at once."""

    def __init__(self, C: int = 28):
        super().__init__(C)
        self.input, self.back = nn.Linear(C, 3 * C), nn.Linear(C, 3 * C)

    def read(self, x: Tensor) -> Tensor:
        h = x.new_zeros(len(x), x.shape[2])
        for z in self.input(x).unbind(1):
            r, u, n = z.chunk(3, dim=1)
            back_r, back_u, back_n = self.back(h).chunk(3, dim=1)
            u = (u + back_u).sigmoid()
            n = (n + (r + back_r).sigmoid() * back_n).tanh()
            h = (1 - u) * n + u * h
        return h


NETWORKS = {"attention": AttentionReader, "GRU": GRUReader}
TASKS = ("recall", "local")


def examples(task: str, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Pairs (n, PAIRS + 1, 2) with distinct keys, and answers (n, 1)."""
    keys = torch.rand(n, SYMBOLS, generator=generator).argsort(1)[:, :PAIRS]
    values = torch.randint(SYMBOLS, (n, PAIRS), generator=generator)
    asked = torch.randint(PAIRS, (n, 1), generator=generator)
    shown = torch.stack([keys, values], -1)
    query = torch.stack([keys.gather(1, asked), torch.full((n, 1), SYMBOLS)], -1)
    if task == "recall":
        answers = values.gather(1, asked)
    else:
        table = torch.randint(
            SYMBOLS, (SYMBOLS, SYMBOLS), generator=torch.Generator().manual_seed(9)
        )
        answers = table[values[:, -2], values[:, -1]][:, None]
    return torch.cat([shown, query], 1), answers


def learned(
    network: str, task: str, size: int, rates: Sequence[float], seeds: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Share of right answers after training on `size` examples, held out and test: (rates, seeds).

    Each seed has its own examples.
    """
    pairs = [(rate, seed) for rate in rates for seed in seeds]
    data = {}

    def draw(generator: torch.Generator, step: int) -> tuple[Tensor, Tensor]:
        seed = generator.initial_seed()
        if seed not in data:
            data[seed] = examples(task, size, generator)
        x, y = data[seed]
        rows = torch.randint(size, (BATCH,), generator=generator)
        return x[rows], y[rows]

    stack = train_stacked(NETWORKS[network], draw, *zip(*pairs, strict=True), STEPS)
    scores = []
    for seed in (7, 8):
        x, y = examples(task, 1024, torch.Generator().manual_seed(seed))
        scores.append(share(stack, x, y))
    return tuple(s.view(len(rates), len(seeds)) for s in scores)


def share(stack: Stack, x: Tensor, y: Tensor) -> Tensor:
    """Right answers of each run: (R,)."""
    return (stack.logits(x).argmax(-1) == y).double().mean((1, 2))


def run() -> dict:
    """Parameters, and for each task, network and size the shares held out and in the test."""
    torch.set_num_threads(1)
    found = {}
    for task in TASKS:
        found[task] = {}
        for network in NETWORKS:
            found[task][network] = {}
            for size in SIZES:
                held_out, test = learned(network, task, size, RATES, SEEDS)
                found[task][network][size] = {
                    "held out": held_out.tolist(),
                    "test": test.tolist(),
                }
                print(task, network, size, held_out.mean(1), flush=True)
    return {
        "seeds": SEEDS,
        "rates": RATES,
        "sizes": SIZES,
        "steps": STEPS,
        "parameters": {
            name: sum(w.numel() for w in make().parameters()) for name, make in NETWORKS.items()
        },
        "tasks": found,
    }
