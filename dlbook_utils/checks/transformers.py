"""Checks for the exercises of the chapter `transformers`."""

import reprlib

import numpy as np
import torch

from dlbook_utils.answers import call, finite, number, numbers, parts
from dlbook_utils.exercises import exercise, require

ATTENTION, MLP = 4 * 512**2 + 4 * 512, 2 * 512 * 2048 + 2048 + 512
MASK, TOKENS = 1000, 1000  # of exercise 6
PLACES, SYMBOLS = 6, 4  # of exercise 7


@exercise
def where_the_weights_are(answer):
    """Exercise 1. Where the weights are"""
    attention, mlp = (number(n) for n in parts(answer, 2, "2 things: the counts (attention, MLP)"))
    require(
        (attention, mlp) != (MLP, ATTENTION), "the other way round: the MLP has two thirds of them"
    )
    require(attention != 4 * 512**2, "attention's four matrices have biases, 512 each")
    require(attention != 3 * 512**2 + 3 * 512, "after the heads comes an output matrix as well")
    require(
        attention not in {8 * ATTENTION, 8 * 4 * 512**2},
        "eight heads share the 512 channels: they do not multiply the weights",
    )
    require(
        attention == ATTENTION, f"four matrices of 512 by 512 and their biases; got {attention:g}"
    )
    require(mlp != 2 * 512 * 2048, "the MLP's two matrices have biases: 2048 and 512")
    require(mlp == MLP, f"512 to 2048 and back, with biases; got {mlp:g}")


@exercise
def takes_over(answer):
    """Exercise 2. When length takes over"""
    for d in (64, 128, 4096):
        got = number(call(answer, d), f"a length for d = {d}")
        require(
            got != 3 * d, "a weight costs two FLOPs, a product and a sum: 24 d² per block and token"
        )
        require(got != 2 * d, "against all matrices of the block, not against the MLP's alone")
        require(got != 12 * d, "attention costs 4Td: the scores, and the sum of the values")
        require(abs(got - 6 * d) <= 1, f"d = {d}: solve 4Td = 24 d²; got {got:g}")


@exercise
def gate_width(answer):
    """Exercise 3. The width of a gate"""
    for d, step in [(4096, 256), (96, 1), (96, 64), (5120, 256), (3, 8), (64, 16)]:
        got, want = number(call(answer, d, step), "a width"), -(-8 * d // (3 * step)) * step
        where = f"d = {d}, step = {step}"
        require(got != 4 * d or want == 4 * d, "two thirds of 4d: there are three matrices")
        require(got % step == 0, f"{where}: {got:g} is no multiple of the step")
        require(got != want - step, f"{where}: round up, not down")
        require(got == want, f"{where}: expected {want}, got {got:g}")


def attending(mask: torch.Tensor):
    """A layer that mixes places as the mask allows."""

    def layer(x):
        scores = (x @ x.T).masked_fill(~mask, -torch.inf)
        return scores.softmax(-1) @ x.tanh()

    return layer


@exercise
def family(answer):
    """Exercise 4. Encoder or decoder?"""
    T, C = 5, 4
    full = torch.ones(T, T, dtype=torch.bool)
    leak = full.tril()
    leak[2, 3] = True
    subjects = [
        (attending(full), "encoder", "a layer that sees all is an encoder"),
        (attending(full.tril()), "decoder", "a layer with a causal mask is a decoder"),
        (torch.tanh, "decoder", "a layer that works at each place alone has no leak either"),
        (attending(leak), "encoder", "one leak, from place 4 to place 3, was missed: test all"),
        (attending(full.triu()), "encoder", "a mask the wrong way round sees what is later"),
    ]
    for f, want, words in subjects:
        got = call(answer, f, T, C)
        known = isinstance(got, str) and got in ("encoder", "decoder")
        require(known, f'expected "encoder" or "decoder", not {reprlib.repr(got)}')
        require(got == want, words)


@exercise
def prefix_mask(answer):
    """Exercise 5. The mask of a prefix"""
    for n, T in [(3, 6), (0, 4), (4, 4), (1, 5)]:
        got = numbers(call(answer, n, T), (T, T), f"a mask of {T} by {T}") != 0
        want = np.tri(T, dtype=bool)
        want[:, :n] = True
        where = f"n = {n}, T = {T}"
        require(
            (got == want).all() or not (got == ~want).all(),
            "true where one may look, as in scaled_dot_product_attention",
        )
        require(got[:n, :n].all(), f"{where}: in the source all see all")
        require(not np.triu(got[n:, n:], 1).any(), f"{where}: a target sees no later target")
        require(not got[:n, n:].any(), f"{where}: the source must not see the target")
        require((got == want).all(), f"{where}: a target sees the source and all before itself")


@exercise
def gaps(answer):
    """Exercise 6. BERT's gaps"""
    ids = torch.randint(TOKENS, (400, 500), generator=torch.Generator().manual_seed(3))
    before = ids.clone()
    shown, chosen = parts(
        call(answer, ids, MASK, TOKENS), 2, "2 things: what is shown, and the chosen places"
    )
    require(torch.equal(ids, before), "leave the ids as they are: they are the targets")
    shown = finite(shown, tuple(ids.shape), "ids in the form of the input")
    chosen = numbers(chosen, tuple(ids.shape), "chosen places in the form of the input") != 0
    same, share = shown == ids.numpy(), chosen.mean()
    require(same[~chosen].all(), "a place that was not chosen has to show its token")
    require(abs(share - 0.15) < 0.01, f"15% of the places are chosen, not {share:.1%}")
    masked, kept = (shown == MASK)[chosen].mean(), same[chosen].mean()
    require(masked < 0.99, "not all of them show the mask: 80%, 10%, 10%")
    require(abs(masked - 0.8) < 0.02, f"80% of the chosen show the mask, not {masked:.1%}")
    require(kept > 0.05, "10% of the chosen show the true token")
    require(kept < 0.15, "10% of the chosen show a random token")
    require(shown.max() <= max(MASK, TOKENS - 1), "random tokens are below n_tokens")


def palindromic(calls: list, limit: int):
    """Exact chances in the language of palindromes; notes each call, and stops at the limit."""

    def chances(x):
        calls.append(1)
        require(
            len(calls) <= limit, f"more than {limit} calls: a place that is certain need not wait"
        )
        p = torch.full((PLACES, SYMBOLS), 1 / SYMBOLS)
        for i, known in enumerate(x.tolist()):
            if known >= 0:
                for place in (i, PLACES - 1 - i):
                    p[place] = torch.eye(SYMBOLS)[known]
        return p

    return chances


@exercise
def fill(answer):
    """Exercise 7. How many at once?"""
    generator, written = torch.Generator().manual_seed(0), []
    for trial in range(60):
        start = torch.full((PLACES,), -1)
        if trial % 3 == 0:
            start[1] = 2
        given = start.clone()
        got = call(answer, palindromic([], PLACES), start, generator)
        got = finite(got, (PLACES,), f"{PLACES} tokens").astype(int)
        require((got >= 0).all() and (got < SYMBOLS).all(), "a gap was left")
        known = given.numpy() >= 0
        require((got[known] == given.numpy()[known]).all(), "a known token was changed")
        require(
            (got == got[::-1]).all(),
            "the halves do not fit: dependent tokens were sampled at once; ask again in between",
        )
        written.append(tuple(got))
    require(
        len(set(written)) > 20,
        "always the same few texts: sample from the chances, do not take the likeliest",
    )
