"""Checks for the exercises of the chapter `positions`."""

import numpy as np
import torch
from torch.nn import functional as F

from dlbook_utils.answers import agree, array, call, finite, number, parts
from dlbook_utils.exercises import exercise, require
from dlbook_utils.position_schemes import rope_frequencies, rotate


def drawn(seed: int, *shape: int) -> torch.Tensor:
    """Normal numbers in double precision, the same for a seed."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


@exercise
def stored_numbers(answer):
    """Exercise 1. What is stored"""
    got = parts(answer, 3, "3 counts: (table, classes, RoPE)")
    table, classes, rope = (number(n) for n in got)
    require(table != 2048, "each of the 2,048 rows holds a number for every channel")
    require(table != 6 * 2048 * 512, "the table acts once, on the input, not in every layer")
    require(table == 2048 * 512, f"a row of 512 for each of 2,048 places; got {table:g}")
    require(classes != 32, "each head has its own number for a class")
    require(classes != 32 * 8 * 6, "all layers share the table here")
    require(
        classes not in {32 * 512, 2048 * 2048 * 8, 32 * 64},
        "a class has one number for a head, not a vector",
    )
    require(classes == 32 * 8, f"one number for each class and head; got {classes:g}")
    require(rope == 0, "RoPE's angles are computed, not trained: nothing is stored")


@exercise
def waves_at(answer):
    """Exercise 2. The whole table at once"""
    for places, C in [(np.array([0, 3, 1000]), 8), (np.array([7]), 6)]:
        angles = places[:, None] * 10000.0 ** (-np.arange(0, C, 2) / C)
        want = np.empty((len(places), C))
        want[:, 0::2], want[:, 1::2] = np.sin(angles), np.cos(angles)
        got = call(answer, places.copy(), C)
        got = finite(got, want.shape, f"a table of the shape {want.shape}")
        require(
            not agree(got, np.concatenate([np.sin(angles), np.cos(angles)], 1), 1e-3),
            "sines and cosines alternate: sines in the even channels, cosines in the odd",
        )
        swapped = want.reshape(len(places), -1, 2)[:, :, ::-1].reshape(want.shape)
        require(not agree(got, swapped, 1e-3), "sines come first, in the even channels")
        double = places[:, None] * 10000.0 ** (-2 * np.arange(0, C, 2) / C)
        require(
            not agree(got[:, 0::2], np.sin(double), 1e-3),
            "the exponent counts pairs: channel 2i has 10000^(-2i/C)",
        )
        start = np.arange(len(places))[:, None] * 10000.0 ** (-np.arange(0, C, 2) / C)
        require(
            not agree(got[:, 0::2], np.sin(start), 1e-3), "use the given places, not their numbers"
        )
        require(
            agree(got, want, 1e-3), f"places {places.tolist()}, C = {C}: the table is not right"
        )


@exercise
def rope_scores(answer):
    """Exercise 3. RoPE by complex numbers"""
    for T, D, first in [(6, 8, 0), (5, 4, 30)]:
        q, k = drawn(0, T, D), drawn(1, T, D)

        def scores(turn, q=q, k=k, T=T, D=D, first=first):
            places = first + torch.arange(T, dtype=torch.float64)
            omega = rope_frequencies(D).double()
            return turn(q, places, omega) @ turn(k, places, omega).T

        want = scores(rotate) / D**0.5
        got = finite(call(answer, q.clone(), k.clone(), first), (T, T), f"scores ({T}, {T})")
        require(not agree(got, want * D**0.5, 1e-4), "divide by the root of D")
        require(not agree(got, want / D**0.5, 1e-4), "divide by the root of D, not by D")
        require(not agree(got, q @ k.T / D**0.5, 1e-4), "nothing turned: these are plain scores")
        places = torch.arange(T, dtype=torch.float64)
        omega = rope_frequencies(D).double()
        opposite = rotate(q, places, omega) @ rotate(k, -places, omega).T / D**0.5
        shifted = rotate(q, places + first, omega) @ rotate(k, -places - first, omega).T / D**0.5
        require(
            not (agree(got, opposite, 1e-4) or agree(got, shifted, 1e-4)),
            "the product of complex numbers adds the angles: take the conjugate of the keys",
        )
        require(not agree(got, want.T, 1e-4), "rows are queries, columns are keys")
        order = [*range(0, D, 2), *range(1, D, 2)]
        halves = scores(
            lambda x, p, w, o=order: rotate(
                torch.stack(x.chunk(2, -1), -1).flatten(-2), p, w
            )  # channel i with channel i + D/2
        )
        require(
            not agree(got, halves / D**0.5, 1e-4),
            "pairs are neighbors here, (0, 1), (2, 3); that is the layout of halves",
        )
        require(agree(got, want, 1e-4), f"T = {T}, D = {D}, first = {first}: scores are not right")


@exercise
def to_halves(answer):
    """Exercise 4. Convert a projection"""
    for C, heads in [(16, 2), (24, 3), (8, 1)]:
        W = drawn(2, C, C)
        D = C // heads
        order = [h * D + c for h in range(heads) for c in [*range(0, D, 2), *range(1, D, 2)]]
        got = finite(call(answer, W.clone(), heads), (C, C), f"a weight ({C}, {C})")
        require(not agree(got, W, 1e-9), "that is the weight as it was")
        inverse = W[[order.index(i) for i in range(C)]]
        require(
            agree(W[order], inverse, 1e-9) or not agree(got, inverse, 1e-9),
            "that converts from halves to neighbors: the other way",
        )
        whole = W[[*range(0, C, 2), *range(1, C, 2)]]
        require(
            heads == 1 or not agree(got, whole, 1e-9), "pairs lie within a head: permute in each"
        )
        require(
            not agree(got, W[:, order], 1e-9), "outputs are the rows of W; you moved the columns"
        )
        require(
            agree(got, W[order], 1e-9), f"C = {C}, {heads} heads: the rows are in a wrong order"
        )


@exercise
def widened(answer):
    """Exercise 5. From absolute to relative, without a mask"""
    T, D = 7, 4
    q, k, v = drawn(3, T, D), drawn(4, T, D), drawn(5, T, D)
    distance = torch.arange(T)[:, None] - torch.arange(T)
    future = distance < 0
    for m in (0.5, 0.1):
        plain = (q @ k.T / D**0.5).masked_fill(future, -torch.inf)
        want = (plain - m * distance.clamp(min=0)).softmax(-1) @ v
        wrong = (plain + m * distance.clamp(min=0)).softmax(-1) @ v
        unscaled = ((q @ k.T).masked_fill(future, -torch.inf) - m * distance.clamp(min=0)).softmax(
            -1
        )
        small = (plain - m / D**0.5 * distance.clamp(min=0)).softmax(-1) @ v
        got = parts(call(answer, q.clone(), k.clone(), m), 2, "2 tensors: (q, k)")
        wide_q, wide_k = (
            torch.tensor(finite(part, (T, D + 1), f"a tensor ({T}, {D + 1})")) for part in got
        )
        out = F.scaled_dot_product_attention(
            wide_q[None], wide_k[None], v[None], is_causal=True, scale=1.0
        )[0]
        require(not agree(out, plain.softmax(-1) @ v, 1e-5), "the distance has no influence yet")
        require(
            not agree(out, wrong, 1e-5), "that prefers far tokens: later keys must score higher"
        )
        require(
            not agree(out, unscaled @ v, 1e-5), "scale = 1 divides by nothing: you must, by root D"
        )
        require(
            not agree(out, small, 1e-5),
            "root D divides the products of content only, not the slope",
        )
        require(agree(out, want, 1e-5), "attention with these is not ALiBi's")


@exercise
def shifted(answer):
    """Exercise 6. Transformer-XL's shift"""
    for T in (5, 2, 8):
        G = drawn(6, T, T)
        want = torch.zeros(T, T, dtype=torch.float64)
        for i in range(T):
            for j in range(i + 1):
                want[i, j] = G[i, T - 1 - (i - j)]
        got = finite(call(answer, G.clone()), (T, T), f"a tensor ({T}, {T})")
        require(not agree(got, G.tril(), 1e-9), "nothing moved: column j is still an offset")
        require(
            agree(want, G.flip(1).tril(), 1e-9) or not agree(got, G.flip(1).tril(), 1e-9),
            "each row has to move by another amount",
        )
        require(
            not (agree(torch.tensor(got).tril(), want, 1e-9) and not agree(got, want, 1e-9)),
            "right for j ≤ i, but what is above the diagonal has to be zero",
        )
        require(agree(got, want, 1e-9), f"T = {T}: entry (i, j) is G[i, T - 1 - (i - j)] for j ≤ i")


@exercise
def least_base(answer):
    """Exercise 7. Which base keeps the promise"""
    for D, trained, longer in [(8, 32, 128), (16, 32, 128), (128, 4096, 16384)]:
        i = np.arange(D // 2)
        s = longer / trained
        slow = trained * 10000.0 ** (-2 * i / D) < 2 * np.pi
        want = (10000 * s ** (D / (2 * i[slow]))).max()
        got = number(call(answer, D, trained, longer), "a number, the base")
        where = f"D = {D}, from {trained} to {longer}"
        usual = 10000 * s ** (D / (D - 2))
        require(
            not agree(got, usual, 1e-3),
            f"{where}: that is the usual base; it serves the slowest pair only, and faster pairs "
            "need more",
        )
        require(
            not agree(got, 10000 * s, 1e-3), "a factor of the base is not a factor of the speed"
        )
        every = 10000 * s ** (D / 2)
        require(
            agree(want, every, 1e-3) or not agree(got, every, 1e-3),
            "pair 1 may have made whole turns in training, and then needs no help",
        )
        require(got > want * 0.999, f"{where}: at base {got:.4g} a pair still exceeds its angle")
        require(got < want * 1.001, f"{where}: enough, but a smaller base would do")


@exercise
def clock(answer):
    """Exercise 8. A clock out of a mask"""
    for T in (6, 40):
        out, read = parts(call(answer, T), 2, "2 things: (outputs, function)")
        out = finite(out, (T,), f"{T} outputs")
        require(
            not agree(out, np.full(T, 1 / T)),
            "that attends to all tokens: the mask hides the future",
        )
        require(
            not agree(out, 1 / np.maximum(np.arange(T), 1)),
            "place p sees p + 1 tokens, itself among them",
        )
        require(
            agree(out, 1 / np.arange(1, T + 1)),
            "the mean of the values that each place sees: 1, 1/2, 1/3 ...",
        )
        places = array([number(call(read, value), "one place") for value in out])
        require(
            not agree(places, np.arange(1, T + 1), 1e-3), "places begin at 0: the mark stands there"
        )
        require(agree(places, np.arange(T), 1e-3), "the function does not give back the places")
