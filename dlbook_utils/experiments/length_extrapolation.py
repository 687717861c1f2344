"""Six ways to tell a model its positions, trained at length 32 and asked at length 128.

Two tasks: a source whose best loss is known, and the bytes of technical prose. Each scheme has its
own learning rate, chosen at the training length. Then the rotary models are rescued, by other
frequencies and by a few steps at the new length. The chapter `positions` shows the result and
repeats a part of it.
"""

import copy

import torch
from torch import Tensor

from dlbook_utils.position_schemes import (
    SCHEMES,
    SYMBOLS,
    PlacedModel,
    best_losses,
    by_parts,
    echoes,
    losses_by_place,
    rope_frequencies,
    train_at,
)
from dlbook_utils.python_prose import prose

SEEDS = (0, 1, 2)
TRAINED, ASKED, FACTOR = 32, 128, 4.0
RATES = (0.003, 0.01, 0.03, 0.1)
TUNED_STEPS, TUNED_RATE = 60, 0.003


def prose_bytes(part: str) -> Tensor:
    """The documents as one stream of ASCII codes (N,)."""
    return torch.tensor(list("\n\n".join(prose(part)).encode("ascii", "replace")))


def windows(stream: Tensor, n: int, T: int, seed: int) -> Tensor:
    """Pieces (n, T) of a stream, from places drawn at random."""
    g = torch.Generator().manual_seed(seed)
    return stream[torch.randint(len(stream) - T, (n, 1), generator=g) + torch.arange(T)]


def rescues() -> dict[str, tuple[Tensor, float]]:
    """Name -> frequencies for four times the length, and the factor of the scores."""
    omega = rope_frequencies(8)
    sharpness = (1 + 0.1 * torch.tensor(FACTOR).log().item()) ** 2
    return {
        "as trained": (omega, 1.0),
        "interpolated": (omega / FACTOR, 1.0),
        "larger base": (rope_frequencies(8, 10000 * FACTOR ** (8 / 6)), 1.0),
        "by parts": (by_parts(omega, FACTOR, TRAINED), 1.0),
        "by parts, sharper": (by_parts(omega, FACTOR, TRAINED), sharpness),
    }


def rounded(losses: Tensor) -> list:
    return [round(loss, 3) for loss in losses.tolist()]


def one_task(draw, test: Tensor, symbols: int, steps: int) -> dict:
    """The sweep, the losses at each place for each seed, and the rescues."""

    def learned(name: str, rate: float, seed: int):
        torch.manual_seed(seed)
        model = PlacedModel(SCHEMES[name](), symbols)
        return train_at(TRAINED, model, draw, rate, steps, seed=seed)

    choosing = draw(512, TRAINED + 1, 99)  # sequences for choosing the rate
    found = {"steps": steps, "schemes": {}, "rescues": {}, "rescues, then tuned": {}}
    for name in SCHEMES:
        swept = {rate: learned(name, rate, SEEDS[0]) for rate in RATES}
        held_out = {
            rate: losses_by_place(model, choosing).mean().item() for rate, model in swept.items()
        }
        rate = min(held_out, key=held_out.get)
        models = [swept[rate], *(learned(name, rate, seed) for seed in SEEDS[1:])]
        losses = [rounded(losses_by_place(model, test)) for model in models]
        sweep = [round(loss, 4) for loss in held_out.values()]
        found["schemes"][name] = {"sweep": sweep, "rate": rate, "losses": losses}
        if name == "RoPE":
            rotary = models
    for name, (omega, sharpness) in rescues().items():
        before, after = [], []
        for seed, model in zip(SEEDS, rotary, strict=True):
            model = copy.deepcopy(model)
            model.scheme.omega, model.scheme.sharpness = omega, sharpness
            before.append(rounded(losses_by_place(model, test)))
            train_at(ASKED, model, draw, TUNED_RATE, TUNED_STEPS, batch=8, seed=500 + seed)
            after.append(rounded(losses_by_place(model, test)))
        found["rescues"][name], found["rescues, then tuned"][name] = before, after
    return found


def run() -> dict:
    torch.set_num_threads(1)
    test = echoes(512, ASKED + 1, 7)
    tasks = {"echoes": one_task(echoes, test, SYMBOLS, 600)}
    tasks["echoes"]["best"] = rounded(best_losses(test)[:, 1:].mean(0))
    train, held_out = prose_bytes("train"), prose_bytes("held out")
    tasks["prose"] = one_task(
        lambda n, T, seed: windows(train, n, T, seed),
        windows(held_out, 512, ASKED + 1, 7),
        128,
        500,
    )
    return {"seeds": SEEDS, "rates": RATES, "trained": TRAINED, "asked": ASKED, "tasks": tasks}
