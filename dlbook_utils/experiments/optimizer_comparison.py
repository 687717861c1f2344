"""Fourteen optimizers on four tasks, each with its own sweep over the learning rate.

The chapter `choosing_optimizers` shows the result, and repeats a part of it live.

Every method gets the same number of steps, the same minibatches, the same linear decay of the rate
to zero, the defaults of its other settings, and nine rates, half a decade apart. The rate is chosen
by the validation loss (mean over the seeds); what is reported comes from the test part.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn, optim
from torch.nn import functional

from dlbook_utils.datasets import digits, help_text
from dlbook_utils.matrix_rules import muon, shampoo
from dlbook_utils.timing import seconds_per_call
from dlbook_utils.training import batches
from dlbook_utils.update_rules import RuleOptimizer, adafactor, lion

SEEDS = (0, 1, 2, 3, 4)
RATES = 9  # for each method on each task
STEPS = {"regression": 200, "mlp": 300, "cnn": 200, "characters": 300}
POINTS = 20  # of a learning curve
DIVERGED = 1e6  # a loss beyond this ends a run, which then has no result
NO_RESULT = (float("inf"), float("nan"))
CONTEXT = 32  # characters that the small transformer sees


class Problem(NamedTuple):
    """A model with its data; `validation` and `test` are pairs (X, y)."""

    model: nn.Module
    batches: Iterator[tuple[Tensor, Tensor]]
    loss: Callable[[Tensor, Tensor], Tensor]
    validation: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]


def regression(seed: int) -> Problem:
    """Linear regression, 32 features to 4 targets, all 256 rows in every step.

    The features' scales fall from 1 to 1/30, neighbors are correlated (0.9), and each feature
    matters as much to the targets as another.
    """
    g = torch.Generator().manual_seed(seed)
    scales = torch.logspace(0, -1.5, 32)
    places = torch.arange(32)
    correlation = 0.9 ** (places - places.view(-1, 1)).abs()
    X = torch.randn(256 + 256 + 1024, 32, generator=g) @ torch.linalg.cholesky(correlation).T
    X = X * scales
    W = torch.randn(32, 4, generator=g) / (scales.view(-1, 1) * 32**0.5)
    y = X @ W + 0.1 * torch.randn(len(X), 4, generator=g)
    train, validation, test = ((X[a:b], y[a:b]) for a, b in [(0, 256), (256, 512), (512, len(X))])
    torch.manual_seed(seed)
    steps = (train for _ in range(STEPS["regression"]))
    return Problem(nn.Linear(32, 4), steps, functional.mse_loss, validation, test)


def of_digits(name: str, model: nn.Module, seed: int) -> Problem:
    """1,150 digits to train on, 287 to choose by, 360 to test, in batches of 64."""
    X, y, X_test, y_test = digits(seed)
    steps = batches(X[:1150], y[:1150], 64, STEPS[name], seed)
    validation = X[1150:], y[1150:]
    return Problem(model, steps, functional.cross_entropy, validation, (X_test, y_test))


def mlp(seed: int) -> Problem:
    """One hidden layer of 32."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    return of_digits("mlp", model, seed)


def cnn(seed: int) -> Problem:
    """Two convolutions, the second with stride 2, and a linear layer."""
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        *(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(256, 10)),
    )
    return of_digits("cnn", model, seed)


class Block(nn.Module):
    """Causal self-attention and a small MLP, each after a norm and around a skip connection."""

    def __init__(self, d_model: int, n_heads: int):
        super().__init__()
        self.n_heads = n_heads
        self.norm1, self.norm2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.qkv = nn.Linear(d_model, 3 * d_model)
        self.out = nn.Linear(d_model, d_model)
        self.up, self.down = nn.Linear(d_model, 4 * d_model), nn.Linear(4 * d_model, d_model)

    def forward(self, x: Tensor) -> Tensor:
        B, T, C = x.shape
        q, k, v = (
            part.view(B, T, self.n_heads, -1).transpose(1, 2)  # (B, H, T, D)
            for part in self.qkv(self.norm1(x)).chunk(3, dim=-1)
        )
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(B, T, C))
        return x + self.down(functional.gelu(self.up(self.norm2(x))))


class CharacterModel(nn.Module):
    """The logits of the next character at every place: ids (B, T) -> (B, T, vocabulary)."""

    def __init__(self, vocabulary: int, d_model: int = 32, n_heads: int = 4, layers: int = 1):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, d_model)
        self.places = nn.Embedding(CONTEXT, d_model)
        self.blocks = nn.Sequential(*(Block(d_model, n_heads) for _ in range(layers)))
        self.norm, self.head = nn.LayerNorm(d_model), nn.Linear(d_model, vocabulary)

    def forward(self, ids: Tensor) -> Tensor:
        places = torch.arange(ids.shape[1], device=ids.device)
        return self.head(self.norm(self.blocks(self.embedding(ids) + self.places(places))))


def next_character_loss(logits: Tensor, y: Tensor) -> Tensor:
    return functional.cross_entropy(logits.flatten(0, -2), y.flatten())


def windows(ids: Tensor, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Stretches of text and the same moved on by one character: two (count, CONTEXT)."""
    starts = torch.randint(len(ids) - CONTEXT, (count, 1), generator=generator)
    chosen = starts + torch.arange(CONTEXT)
    return ids[chosen], ids[chosen + 1]


def characters(seed: int) -> Problem:
    """A causal transformer of one block on the interpreter's help: 80, 10 and 10 % of the text."""
    ids, vocabulary = help_text()
    a, b = int(0.8 * len(ids)), int(0.9 * len(ids))
    g = torch.Generator().manual_seed(seed)
    validation, test = windows(ids[a:b], 256, g), windows(ids[b:], 256, g)
    steps = (windows(ids[:a], 16, g) for _ in range(STEPS["characters"]))
    torch.manual_seed(seed)
    return Problem(CharacterModel(len(vocabulary)), steps, next_character_loss, validation, test)


TASKS = {"regression": regression, "mlp": mlp, "cnn": cnn, "characters": characters}


def with_muon(model: nn.Module, lr: float) -> list[optim.Optimizer]:
    """Muon for the matrices and kernels, AdamW for the rest: embeddings, last layer, vectors.

    A rate is scaled so that an entry moves about as far as with AdamW (Liu et al., 2025).
    """
    last = [m for m in model.modules() if isinstance(m, nn.Linear)][-1]
    inner = [m for m in model.modules() if isinstance(m, nn.Linear | nn.Conv2d) and m is not last]
    matrices = [m.weight for m in inner] or [last.weight]
    taken = {id(w) for w in matrices}
    rest = [w for w in model.parameters() if id(w) not in taken]
    groups = []
    for w in matrices:
        rows, columns = w.flatten(1).shape
        scale = 0.2 * max(rows, columns) ** 0.5 / max(1, rows / columns) ** 0.5
        groups.append({"params": [w], "lr": lr * scale})
    return [RuleOptimizer(groups, muon, lr), optim.AdamW(rest, lr)]


def single(kind: Callable, **settings) -> Callable[[nn.Module, float], list[optim.Optimizer]]:
    return lambda model, lr: [kind(model.parameters(), lr=lr, **settings)]


METHODS = {
    "SGD": single(optim.SGD),
    "Momentum": single(optim.SGD, momentum=0.9),
    "Nesterov": single(optim.SGD, momentum=0.9, nesterov=True),
    "AdaGrad": single(optim.Adagrad),
    "RMSProp": single(optim.RMSprop),
    "Adam": single(optim.Adam),
    "AdamW": single(optim.AdamW),
    "NAdam": single(optim.NAdam),
    "RAdam": single(optim.RAdam),
    "Lion": single(partial(RuleOptimizer, rule=lion)),
    "Adafactor": single(partial(RuleOptimizer, rule=adafactor)),
    "Muon": with_muon,
    "Shampoo": single(partial(RuleOptimizer, rule=shampoo)),
    "L-BFGS": single(optim.LBFGS, max_iter=1, history_size=20),  # one gradient a step
}
# what a constructor takes when one does not say; Lion's from its authors' code, Shampoo has none
DEFAULTS = {
    **dict.fromkeys(["SGD", "Momentum", "Nesterov", "Adam", "AdamW", "RAdam", "Muon"], 1e-3),
    **{"NAdam": 2e-3, "AdaGrad": 1e-2, "RMSProp": 1e-2, "Adafactor": 1e-2, "Lion": 1e-4},
    "L-BFGS": 1.0,
}
# the middle of each sweep, in half decades: -4 is 0.01; in the regression it lies elsewhere
MIDDLES = {
    **{"SGD": (0, 0), "Momentum": (0, -2), "Nesterov": (-1, -2), "AdaGrad": (-1, -2)},
    **{"RMSProp": (-3, -4), "Adam": (-1, -4), "AdamW": (-1, -4), "NAdam": (-1, -4)},
    **{"RAdam": (0, -2), "Lion": (-2, -5), "Adafactor": (-1, -2), "Muon": (-1, -3)},
    **{"Shampoo": (2, 0), "L-BFGS": (0, 0)},
}


def rates(task: str, method: str) -> list[float]:
    """The sweep of a method on a task, from the lowest rate to the highest."""
    middle = MIDDLES[method][task != "regression"]
    return [10 ** ((middle + i - RATES // 2) / 2) for i in range(RATES)]


def methods(task: str) -> list[str]:
    """L-BFGS wants a gradient without noise, so only the regression has it."""
    return [name for name in METHODS if name != "L-BFGS" or task == "regression"]


@torch.no_grad()
def measured(model: nn.Module, loss: Callable, data: tuple[Tensor, Tensor]) -> tuple[float, float]:
    """Loss, and share of right answers (nan for a regression)."""
    X, y = data
    outputs = model(X)
    right = float("nan") if y.is_floating_point() else (outputs.argmax(-1) == y).double().mean()
    return loss(outputs, y).item(), float(right)


class Run(NamedTuple):
    """Losses before each step, then (loss, share right) on both held-out parts, and the state."""

    losses: list[float]
    validation: tuple[float, float]
    test: tuple[float, float]
    state_bytes: int


def train(task: str, method: str, lr: float, seed: int) -> Run:
    """One run, its rate falling linearly to zero; it ends early where it diverges."""
    problem = TASKS[task](seed)
    model, losses = problem.model, []
    optimizers = METHODS[method](model, lr)
    groups = [group for optimizer in optimizers for group in optimizer.param_groups]
    peaks = [group["lr"] for group in groups]
    for t, (x, y) in enumerate(problem.batches):
        for group, peak in zip(groups, peaks, strict=True):
            group["lr"] = peak * (1 - t / STEPS[task])
        losses.append(step(problem, optimizers, x, y))
        if not losses[-1] < DIVERGED:
            break
    ended = len(losses) < STEPS[task]
    held_out = (problem.validation, problem.test)
    return Run(
        losses,
        *(NO_RESULT if ended else measured(model, problem.loss, data) for data in held_out),
        sum(state_bytes(optimizer) for optimizer in optimizers),
    )


def step(problem: Problem, optimizers: list[optim.Optimizer], x: Tensor, y: Tensor) -> float:
    """Loss and gradient of one minibatch, and a step of each optimizer."""

    def loss_and_gradient() -> Tensor:
        problem.model.zero_grad()
        loss = problem.loss(problem.model(x), y)
        loss.backward()
        return loss

    if isinstance(optimizers[0], optim.LBFGS):
        return optimizers[0].step(loss_and_gradient).item()
    loss = loss_and_gradient()
    try:
        for optimizer in optimizers:
            optimizer.step()
    except torch.linalg.LinAlgError:  # Shampoo has no roots of a matrix that overflowed
        return float("inf")
    return loss.item()


def state_bytes(optimizer: optim.Optimizer) -> int:
    """Bytes of all tensors that the optimizer keeps, in lists too, step counters among them."""
    total, todo = 0, list(optimizer.state.values())
    while todo:
        match todo.pop():
            case Tensor() as tensor:
                total += tensor.nbytes
            case dict() as inner:
                todo += inner.values()
            case list() | tuple() as inner:
                todo += inner
    return total


def short(value: float) -> float | None:
    """Four digits; None for what is not finite, which JSON cannot hold."""
    return float(f"{value:.4g}") if abs(value) < float("inf") else None


def sweep(task: str, method: str, rates: list[float], seeds: tuple[int, ...]) -> dict:
    """Held-out results of every rate and seed, (rates, seeds), and all the runs."""
    runs = [[train(task, method, lr, seed) for seed in seeds] for lr in rates]
    return {
        "rates": [short(lr) for lr in rates],
        "validation": [[short(run.validation[0]) for run in row] for row in runs],
        "test": [[short(run.test[0]) for run in row] for row in runs],
        "right": [[short(run.test[1]) for run in row] for row in runs],
        "runs": runs,
    }


def best(result: dict) -> int:
    """Which rate has the least mean validation loss; a run that diverged counts as infinite."""
    means = [
        sum(float("inf") if loss is None else loss for loss in row) / len(row)
        for row in result["validation"]
    ]
    return means.index(min(means))


def curve(runs: list[Run]) -> dict[str, list[float]]:
    """Training loss averaged over stretches of steps: its mean, least and greatest over seeds."""
    losses = torch.tensor([run.losses for run in runs]).view(len(runs), POINTS, -1).mean(2)
    ends = {"mean": losses.mean(0), "low": losses.amin(0), "high": losses.amax(0)}
    return {name: [short(value) for value in values.tolist()] for name, values in ends.items()}


def step_times(task: str) -> dict[str, float]:
    """How long a step takes, its forward and backward pass too, in steps of plain SGD."""

    def stepper(method: str) -> Callable[[], object]:
        problem = TASKS[task](0)
        optimizers = METHODS[method](problem.model, 1e-6)
        x, y = next(problem.batches)
        return lambda: step(problem, optimizers, x, y)

    seconds = seconds_per_call({method: stepper(method) for method in methods(task)}, rounds=15)
    return {method: short(s / seconds["SGD"]) for method, s in seconds.items()}


def compare(task: str) -> dict:
    """All methods on one task."""
    table, times = {}, step_times(task)
    for method in methods(task):
        result = sweep(task, method, rates(task, method), SEEDS)
        runs, i = result.pop("runs"), best(result)
        assert 0 < i < RATES - 1, f"{task}, {method}: the best rate is at the edge of its sweep"
        result |= {"curve": curve(runs[i]), "state_bytes": runs[i][0].state_bytes}
        if method in DEFAULTS:
            untuned = sweep(task, method, [DEFAULTS[method]], SEEDS)
            result["default"] = {name: untuned[name][0] for name in ("test", "right")}
        table[method] = result | {"time": times[method]}
    parameters = sum(w.numel() for w in TASKS[task](0).model.parameters())
    return {"steps": STEPS[task], "parameters": parameters, "methods": table}


def run() -> dict:
    return {"seeds": SEEDS, "tasks": {task: compare(task) for task in TASKS}}
