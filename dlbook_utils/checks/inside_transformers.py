"""Checks for the exercises of the chapter `inside_transformers`."""

import math

import numpy as np
import torch

from dlbook_utils.answers import agree, call, finite, number, numbers, parts
from dlbook_utils.exercises import exercise, require
from dlbook_utils.gpt import GPT, GPTConfig

LEAST = 1.5 * math.log(2)  # 1/2 ln 2 + 2 · 1/4 ln 4


@exercise
def three_numbers(answer):
    """Exercise 1. Loss, floor, gap"""
    got = parts(answer, 3, "3 things: (loss, floor, gap)")
    loss, floor, gap = (number(n) for n in got)
    require(
        not agree(floor, 1.5, 1e-3),
        "the floor is 1.5 bits; in nats use the natural logarithm",
    )
    require(
        agree(loss, math.log(3), 1e-3),
        f"the model pays -ln(1/3) whatever comes: {math.log(3):.4f}; got {loss:g}",
    )
    require(
        not agree(floor, 0, 1e-6),
        "nobody knows what comes next: the floor is the entropy, not zero",
    )
    require(
        agree(floor, LEAST, 1e-3),
        f"the floor is -sum p ln p over the three symbols; got {floor:g}",
    )
    require(not agree(gap, LEAST - math.log(3), 1e-3), "the gap is loss minus floor")
    require(agree(gap, math.log(3) - LEAST, 1e-3), f"the gap is loss minus floor; got {gap:g}")


@exercise
def entropy_rate(answer):
    """Exercise 2. The entropy rate of any chain"""
    rng = np.random.default_rng(0)
    chains = [np.array([[0.9, 0.1], [0.5, 0.5]]), np.array([[0.0, 1.0], [0.5, 0.5]])]
    chains += [rng.dirichlet(np.full(4, 0.5), 4)]
    for P in chains:
        costs = -(P * np.log(np.where(P > 0, P, 1))).sum(1)
        pi = np.linalg.matrix_power(P, 4096)[0]
        want, S = pi @ costs, len(P)
        got = number(call(answer, P.copy()), "one number, not infinite: 0 ln 0 counts as 0")
        require(
            not agree(got, costs.mean(), 1e-3),
            "states are not equally frequent: weigh each with its share in the long run",
        )
        require(not agree(got, want / math.log(2), 1e-3), "that is in bits; use the natural log")
        require(
            not agree(got, -(pi * np.log(pi)).sum(), 1e-3),
            "that is the entropy of one symbol alone; the last symbol is known: weigh the rows",
        )
        require(not agree(got, -want, 1e-3), "an entropy is not negative: mind the sign")
        require(agree(got, want, 1e-3), f"expected {want:.4f} for {S} states, got {got:g}")


@exercise
def induction_places(answer):
    """Exercise 3. Where an induction head should look"""
    for ids in ([3, 1, 2, 3, 1, 2, 3], [0, 0, 0, 1], [4, 5, 4, 6, 4]):
        T = len(ids)
        want, same, late = (np.zeros((T, T), dtype=bool) for _ in range(3))
        for t in range(T):
            for i in range(t):
                if ids[i] == ids[t]:
                    want[t, i + 1] = True
                    same[t, i] = True
            late[t, 1:] = [ids[i] == ids[t] for i in range(T - 1)]
        got = numbers(call(answer, torch.tensor(ids)), (T, T), f"a ({T}, {T}) tensor of bool") != 0
        require(
            not np.array_equal(got, same),
            "that is where the token itself occurred; the head looks at what came after it",
        )
        require(
            not np.array_equal(got, late),
            "place t may not see what comes later: keep j <= t",
        )
        require(
            not np.array_equal(got, np.tril(late, -1)) or np.array_equal(want, np.tril(late, -1)),
            "j = t counts: the place itself may have come right after an earlier copy",
        )
        require(not np.array_equal(got, want.T), "rows are queries: the first index is t")
        require(np.array_equal(got, want), f"not right for the tokens {ids}")


@exercise
def relative_distance(answer):
    """Exercise 4. Early and late layers"""
    generator = torch.Generator().manual_seed(0)
    for T in (6, 9):
        scores = torch.randn(2, 3, T, T, generator=generator)
        future = torch.ones(T, T, dtype=torch.bool).triu(1)
        A = scores.masked_fill(future, -torch.inf).softmax(-1)
        back = torch.arange(T)[:, None] - torch.arange(T)
        mean = (A * back).sum(-1).mean(-1)
        even = ((T - 1) / 4) * 1.0  # place t sees t earlier ones: t / 2 on average
        got = finite(call(answer, A.clone()), (2, 3), "a number for each layer and head: (2, 3)")
        require(not agree(got, mean, 1e-4), "divide by the distance of even weights")
        require(
            not agree(got, mean / (T / 2), 1e-4) and not agree(got, mean / ((T - 1) / 2), 1e-4),
            "even weights over the visible places: those of place t are t / 2 back on average",
        )
        flat = (torch.ones(T, T) / T * back).sum(-1).mean(-1)
        require(
            not (abs(float(flat)) > 1e-6 and agree(got, mean / flat, 1e-4)),
            "a causal head sees only places up to its own",
        )
        require(agree(got, mean / even, 1e-3), "not right: mean distance over that of even weights")


@exercise
def last_rollout(answer):
    """Exercise 5. Rollout for one prediction"""
    generator = torch.Generator().manual_seed(0)
    for L, T in ((3, 6), (2, 4)):
        scores = torch.randn(L, 2, T, T, generator=generator) * 2
        future = torch.ones(T, T, dtype=torch.bool).triu(1)
        A = scores.masked_fill(future, -torch.inf).softmax(-1)
        eye, mean = torch.eye(T), A.mean(1)

        def product(layers, start):
            R = start
            for layer in layers:
                R = layer @ R
            return R

        halves = [(layer + eye) / 2 for layer in mean]
        want = product(halves, eye)
        got = call(answer, A.clone())
        whole = torch.is_tensor(got) and got.shape == (T, T)
        require(not whole, "return the row of the last place only, (T,)")
        got = finite(got, (T,), f"{T} numbers")
        require(
            not agree(got, product(mean, eye)[-1], 1e-4),
            "half of each vector comes along the stream: mix in the identity",
        )
        require(
            not agree(got, product(halves[::-1], eye)[-1], 1e-4),
            "the last layer stands on the left: it reads what the layers before have mixed",
        )
        require(not agree(got, want[:, -1], 1e-4), "that is a column; row t says what t is made of")
        summed = product([layer + eye for layer in mean], eye)
        require(not agree(got, summed[-1], 1e-4), "halve each factor, so that rows add up to one")
        require(agree(got, want[-1], 1e-4), "not the last row of the product")


@exercise
def pruned(answer):
    """Exercise 6. Prune greedily"""
    costs = (0.01, 0.02, 0.05, 0.3, 0.4)

    def loss(gates):
        """Heads 0 and 1 are twins: either does, both gone is dear."""
        gates = tuple(int(g) for g in gates)
        require(len(gates) == 5, "`loss` takes all gates at once: a tuple of n zeros and ones")
        twins = 1.0 if gates[0] == gates[1] == 0 else 0.0
        return 2.0 + twins + sum(c for c, g in zip(costs, gates, strict=True) if not g)

    for budget, want in ((2.1, (0, 1, 0, 1, 1)), (2.005, (1,) * 5), (2.5, (0, 1, 0, 0, 1))):
        got = finite(call(answer, loss, 5, budget), (5,), "5 gates, zeros and ones")
        got = tuple(int(g) for g in got)
        require(
            not (got[0] == got[1] == 0),
            "two heads that can replace each other: measure anew after each removal",
        )
        require(
            loss(got) <= budget,
            f"the loss is {loss(got):.3f}, over the budget of {budget}: stop before",
        )
        require(
            not (sum(got) > sum(want)),
            f"within the budget of {budget} another head can go",
        )
        require(got == want, f"budget {budget}: expected {want}, got {got}")


@exercise
def size_for(answer):
    """Exercise 7. How large must it be?"""
    for N in (1e4, 3e7):
        E, A, alpha = 1.7, 400.0, 0.34
        target = E + A * N**-alpha
        got = number(call(answer, target, E, A, alpha), "a number of weights")
        require(
            not agree(got, (A / target) ** (1 / alpha), 1e-3),
            "subtract E first: only the rest falls with size",
        )
        require(
            not agree(got, ((target - E) / A) ** (1 / alpha), 1e-3),
            "upside down: a lower loss needs more weights",
        )
        require(
            not agree(got, (A / (target - E)) ** alpha, 1e-3),
            "undo the power: the exponent is 1 / alpha",
        )
        require(agree(got / N, 1.0, 1e-3), f"expected {N:g} weights, got {got:g}")
    for target in (1.7, 1.2):
        got = call(answer, target, 1.7, 400.0, 0.34)
        require(got is None, f"no size reaches {target} where E is 1.7: return None")


@exercise
def patched(answer):
    """Exercise 8. Patch a run into another"""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = GPT(GPTConfig(vocabulary=9, context=8, d_model=8, n_layers=2, n_heads=2)).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn(weight.shape, generator=generator) / 3)
        ids, other = torch.tensor([1, 2, 3, 4, 5]), torch.tensor([1, 7, 3, 8, 5])
        own, theirs = model(ids[None])[0], model(other[None])[0]
        for layer, place in ((0, 1), (1, 1), (1, 3), (2, 3), (2, 1)):
            x = model.tokens(torch.stack([ids, other])) + model.places.weight[:5]
            for i in range(3):
                if i == layer:
                    x = x.clone()
                    x[0, place] = x[1, place]
                x = model.blocks[i](x) if i < 2 else x
            want = (model.norm(x) @ model.tokens.weight.T)[0]
            got = call(answer, model, ids.clone(), other.clone(), layer, place)
            got = finite(got, (5, 9), "logits (5, 9)")
            where = f"layer {layer}, place {place}"
            require(not agree(got, own, 1e-4), f"{where}: nothing was patched")
            require(not agree(got, theirs, 1e-4), f"{where}: that is the other run, not patched")
            before = slice(0, place)
            require(
                agree(got[before], own[before], 1e-4),
                f"{where}: places before the patched one may not change; patch one place, "
                "and run on `ids`",
            )
            require(
                agree(got, want, 1e-4),
                f"{where}: not right; layer 0 is before the first block, layer 2 after the second",
            )
