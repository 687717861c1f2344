"""Many small networks trained at once, their weights stacked along a first axis: (R, ...).

A run has its own seed, its own minibatches and its own learning rate at every step, so that a sweep
over rates and seeds costs one loop. What the runs compute is what they would compute alone.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from dlbook_utils.update_rules import Rule, sgd

Params = list[Tensor]


def stack_models(make: Callable[[], nn.Module], seeds: Sequence[int]) -> dict[str, Tensor]:
    """The parameters of make() for each seed, stacked: name -> (R, ...)."""
    models = {}
    for seed in sorted(set(seeds)):
        torch.manual_seed(seed)
        models[seed] = dict(make().named_parameters())
    return {
        name: torch.stack([models[seed][name].detach() for seed in seeds])
        for name in models[seeds[0]]
    }


def by_seed(draw: Callable[[int], Tensor], seeds: Sequence[int], dim: int = 0) -> Tensor:
    """draw(seed) for each run, stacked along `dim`; runs of one seed share what was drawn."""
    drawn = {seed: draw(seed) for seed in set(seeds)}
    return torch.stack([drawn[seed] for seed in seeds], dim)


def normal_numbers(seed: int, *shape: int) -> Tensor:
    """Standard normal numbers, always the same for a seed and a shape."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def mlp_runs(sizes: Sequence[int], seeds: Sequence[int]) -> Params:
    """Weights (R, in, out) with standard deviation sqrt(2 / in), and biases (R, 1, out) of zero."""
    params = []
    for i, (n, m) in enumerate(zip(sizes, sizes[1:], strict=False)):
        weights = by_seed(lambda seed, i=i, n=n, m=m: normal_numbers(100 * seed + i, n, m), seeds)
        params += [weights * (2 / n) ** 0.5, torch.zeros(len(seeds), 1, m)]
    return params


def mlp_logits(params: Params, x: Tensor) -> Tensor:
    """Logits (R, B, out) of ReLU networks for x: (R, B, in) or (B, in)."""
    for i in range(0, len(params), 2):
        x = x @ params[i] + params[i + 1]
        x = x.relu() if i + 2 < len(params) else x
    return x


def run_losses(logits: Tensor, y: Tensor) -> Tensor:
    """The mean cross-entropy of each run: logits (R, B, classes), y (R, B) or (B,) -> (R,)."""
    R, B, C = logits.shape
    y = y.expand(R, B).reshape(-1)
    return functional.cross_entropy(logits.reshape(-1, C), y, reduction="none").view(R, B).mean(1)


def run_rows(n: int, batch_size: int, steps: int, seeds: Sequence[int]) -> Tensor:
    """Rows of `steps` minibatches of n examples, the same for equal seeds: (steps, R, B)."""
    whole = n // batch_size * batch_size  # what is left of a pass is skipped
    passes = -(-steps // (n // batch_size))

    def rows(seed: int) -> Tensor:
        generator = torch.Generator().manual_seed(1000 + seed)
        epochs = [torch.randperm(n, generator=generator)[:whole] for _ in range(passes)]
        return torch.cat(epochs).view(-1, batch_size)[:steps]

    return by_seed(rows, seeds, dim=1)


def train_runs(
    params: Params,
    data: tuple[Tensor, Tensor],
    rows: Tensor,
    lr: Tensor,
    rule: Rule = sgd,
    forward: Callable[[Params, Tensor], Tensor] = mlp_logits,
    change: Callable[[list[Tensor]], list[Tensor]] | None = None,
    watch: Callable[[int, Params], None] | None = None,
) -> Tensor:
    """Take a step w <- w - lr * rule(w, g, state) per minibatch; the losses before: (steps, R).

    rows: (steps, R, B); lr: (steps, R), or (steps, R, parameters) for a rate of each parameter's
    own. `change` may alter the gradients before the rule sees them; `watch(t, params)` is called
    after step t.
    """
    X, y = data
    states, losses = [{} for _ in params], []
    for t, (chosen, rates) in enumerate(zip(rows, lr, strict=True)):
        params = [w.requires_grad_() for w in params]
        loss = run_losses(forward(params, X[chosen]), y[chosen])  # (R,)
        grads = torch.autograd.grad(loss.sum(), params)
        losses.append(loss.detach())
        with torch.no_grad():
            grads = change(list(grads)) if change else grads
            for i, (w, g, state) in enumerate(zip(params, grads, states, strict=True)):
                rate = rates if rates.dim() == 1 else rates[:, i]
                w -= rate.view(-1, *[1] * (w.dim() - 1)) * rule(w, g, state)
            if watch:
                watch(t, params)
    return torch.stack(losses)


def run_norms(grads: Sequence[Tensor]) -> Tensor:
    """The length of each run's whole gradient: (R,)."""
    return torch.stack([g.flatten(1).square().sum(1) for g in grads]).sum(0).sqrt()


def transformer_runs(layers: int, seeds: Sequence[int], d: int = 16) -> dict[str, Tensor]:
    """Weights of small transformers that read a digit as 8 tokens, its rows: name -> (R, ...)."""
    sizes = {"qkv": (d, 3 * d), "out": (d, d), "up": (d, 2 * d), "down": (2 * d, d)}

    def make() -> nn.Module:
        model = nn.ModuleDict({"embed": nn.Linear(8, d), "head": nn.Linear(d, 10)})
        model.places = nn.Parameter(torch.randn(8, d) / 2)
        for i in range(layers):
            model[f"{i}"] = nn.ModuleDict({name: nn.Linear(*s) for name, s in sizes.items()})
        return model

    return stack_models(make, seeds)


def transformer_logits(weights: dict[str, Tensor], x: Tensor, post_norm: bool) -> Tensor:
    """Logits (R, B, 10) for x: (R, B, 64); two heads, normalization after or before each branch."""
    R, B, _ = x.shape
    d = weights["embed.bias"].shape[1]

    def linear(name: str, x: Tensor) -> Tensor:
        return torch.baddbmm(weights[f"{name}.bias"][:, None], x, weights[f"{name}.weight"].mT)

    def attention(i: str, x: Tensor) -> Tensor:
        qkv = linear(f"{i}.qkv", x).view(R * B, 8, 3, 2, d // 2)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # (R B, heads, 8, d / heads)
        mixed = functional.scaled_dot_product_attention(q, k, v)
        return linear(f"{i}.out", mixed.transpose(1, 2).reshape(R, B * 8, d))

    def feed_forward(i: str, x: Tensor) -> Tensor:
        return linear(f"{i}.down", linear(f"{i}.up", x).relu())

    def norm(x: Tensor) -> Tensor:
        return functional.layer_norm(x, (d,))

    x = linear("embed", x.reshape(R, B * 8, 8)) + weights["places"].repeat(1, B, 1)
    for i in sorted({name.split(".")[0] for name in weights} - {"embed", "head", "places"}):
        for branch in (attention, feed_forward):
            x = norm(x + branch(i, x)) if post_norm else x + branch(i, norm(x))
    x = x if post_norm else norm(x)
    return linear("head", x.view(R, B, 8, d).mean(dim=2))
