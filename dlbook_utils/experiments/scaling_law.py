"""A miniature scaling law: the held-out loss of small GPTs over their width and over their data.

They read the bytes of `python_prose`, 512 a step, so that a loss is nats per byte. The chapter
`inside_transformers` fits the law and repeats a point.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from dlbook_utils.gpt import GPT, GPTConfig
from dlbook_utils.python_prose import prose
from dlbook_utils.stacked_sequences import sequence_losses, train_stacked
from dlbook_utils.stacked_training import Stack

SEEDS = (0, 1, 2)
CONTEXT, BATCH, STEPS = 32, 16, 500
RATES = (0.004, 0.01, 0.025, 0.06, 0.15)
WIDTHS = (8, 16, 24, 32, 48)
SIZES = (3_000, 12_000, 50_000, 1_000_000)  # bytes
SMALL, SMALL_WIDTHS = 6_000, (8, 16, 32)
EVERY = 100  # steps between two looks at the held-out text


def text_bytes(part: str) -> Tensor:
    """The documents of one part in an order by chance, as bytes below 128."""
    texts = prose(part)
    order = torch.randperm(len(texts), generator=torch.Generator().manual_seed(0))
    joined = "\n\n".join(texts[i] for i in order)
    return torch.tensor(list(joined.encode("ascii", "replace")))


def byte_gpt(width: int) -> nn.Module:
    """A GPT of two layers over bytes; its start suits a small width, as GPT-2's 0.02 does not."""
    model = GPT(GPTConfig(vocabulary=128, context=CONTEXT, d_model=width, n_layers=2, n_heads=2))
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim == 2:
                weight *= width**-0.5 / 0.02
    return model


def windows(ids: Tensor, starts: Tensor) -> tuple[Tensor, Tensor]:
    """Inputs and targets (B, T) that begin at `starts` (B,)."""
    rows = ids[starts[:, None] + torch.arange(CONTEXT + 1)]
    return rows[:, :-1], rows[:, 1:]


def held_out_losses(stack: Stack, ids: Tensor, runs: int, count: int = 256) -> Tensor:
    """The loss of each run on `count` windows that lie evenly in `ids`: (R,)."""
    starts = torch.linspace(0, len(ids) - CONTEXT - 1, count).long()
    x, y = windows(ids, starts)
    with sdpa_kernel(SDPBackend.MATH):  # which vmap can stack
        logits = stack.logits(x)
    return sequence_losses(logits, y.expand(runs, *y.shape))


def curves(
    width: int, ids: Tensor, rates: Sequence[float], seeds: Sequence[int], steps: int = STEPS
) -> tuple[Tensor, Tensor]:
    """Losses while training on `ids`: on a held-out and on a test text, (looks, rates, seeds)."""
    other = text_bytes("held out")
    parts = other[: len(other) // 2], other[len(other) // 2 :]
    pairs = [(rate, seed) for rate in rates for seed in seeds]
    found = []

    def look(stack: Stack) -> None:
        found.append(torch.stack([held_out_losses(stack, part, len(pairs)) for part in parts]))

    def draw(generator: torch.Generator, step: int) -> tuple[Tensor, Tensor]:
        return windows(ids, torch.randint(len(ids) - CONTEXT, (BATCH,), generator=generator))

    def watch(step: int, stack: Stack) -> None:
        if step and step % EVERY == 0:
            look(stack)

    run_rates, run_seeds = zip(*pairs, strict=True)
    look(train_stacked(lambda: byte_gpt(width), draw, run_rates, run_seeds, steps, watch))
    both = torch.stack(found, 1).view(2, -1, len(rates), len(seeds))
    return both[0], both[1]


def rounded(losses: Tensor) -> list:
    return torch.round(losses.double(), decimals=4).tolist()


def run() -> dict:
    """Losses after training, (rates, seeds) for each width; the best looks for each data size."""
    torch.set_num_threads(1)
    ids = text_bytes("train")
    sized = {}
    for width in WIDTHS:
        model = byte_gpt(width)
        held_out, test = curves(width, ids, RATES, SEEDS)
        sized[width] = {
            "weights": sum(w.numel() for w in model.parameters()),
            "in blocks": sum(w.numel() for w in model.blocks.parameters()),
            "held out": rounded(held_out[-1]),
            "test": rounded(test[-1]),
        }
        print(width, held_out[-1].mean(1), flush=True)
    data, small = {}, {}
    for size in SIZES:
        held_out, test = curves(32, ids[:size], RATES[:3], SEEDS)
        data[size] = {"held out": rounded(held_out), "test": rounded(test)}
        print(size, held_out.amin(0).mean(1), flush=True)
    for width in SMALL_WIDTHS:
        held_out, test = curves(width, ids[:SMALL], RATES[:4], SEEDS)
        small[width] = {"held out": rounded(held_out), "test": rounded(test)}
    return {
        "seeds": SEEDS,
        "rates": RATES,
        "data rates": RATES[:3],
        "steps": STEPS,
        "every": EVERY,
        "widths": sized,
        "data": data,
        "small data": {"bytes": SMALL, "widths": small},
    }
