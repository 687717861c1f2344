"""Checks for the exercises of the chapter `attention_costs`."""

import math

import numpy as np
import torch

from dlbook_utils.answers import agree, array, call, number, parts
from dlbook_utils.exercises import exercise, require


@exercise
def crossings(answer):
    """Exercise 1. Two crossings"""
    first, second = (number(n) for n in parts(answer, 2, "2 lengths"))
    require(
        not agree(first, 768, 1e-2),
        "two products of n by n by d, but four projections: count 4 n² d and 8 n d²",
    )
    require(agree(first, 2 * 768, 1e-2), f"solve 4 n² d = 8 n d² for n; {first:g} is not it")
    require(
        not agree(second, 4 * 768, 1e-2),
        "the rest is the feed-forward layer and the projections: 24 n d² together",
    )
    require(agree(second, 6 * 768, 1e-2), f"solve 4 n² d = 24 n d² for n; {second:g} is not it")


@exercise
def merge_halves(answer):
    """Exercise 2. Merge two halves"""
    generator = torch.Generator().manual_seed(0)
    for size in (1.0, 10.0, 2000.0):
        s = size * torch.randn(5, 12, generator=generator)
        v = torch.randn(12, 4, generator=generator)
        halves = []
        for some, values in ((s[:, :4], v[:4]), (s[:, 4:], v[4:])):
            top = some.amax(1, keepdim=True)
            halves += [top, (some - top).exp().sum(1, keepdim=True), some.softmax(1) @ values]
        got = array(call(answer, *halves))
        want = (s.softmax(1) @ v).numpy()
        fits = got is not None and got.shape == want.shape
        require(fits, "expected outputs of shape (n, d)")
        require(np.isfinite(got).all(), "not finite: take the larger maximum out before exp")
        _, l1, o1, _, l2, o2 = (x.numpy() for x in halves)
        require(
            not agree(got, (o1 + o2) / 2, 1e-3),
            "that is the mean of the halves; a half with larger scores counts for more",
        )
        require(
            not agree(got, (l1 * o1 + l2 * o2) / (l1 + l2), 1e-3),
            "the two sums were taken with different maxima; bring them to one",
        )
        require(agree(got, want, 1e-4), f"scores of size {size:g}: not the softmax over all keys")


@exercise
def sequences_that_fit(answer):
    """Exercise 3. What fits"""
    for sizes in ((40 * 2**30, 32, 32, 128, 4096), (10**11, 80, 8, 128, 10_000)):
        free, layers, heads, width, tokens = sizes
        each = 4 * layers * heads * width * tokens
        got = number(call(answer, *sizes))
        require(
            not agree(got, free * 2 // each, 1e-9), "keys and values: two numbers, of 2 bytes each"
        )
        require(not agree(got, free // (2 * each), 1e-9), "16 bits are 2 bytes, not 4")
        require(float(got).is_integer(), "a whole number of sequences")
        require(
            not agree(got, free * layers // each, 1e-9), "each layer has keys and values of its own"
        )
        require(got == free // each, f"for {sizes} expected {free // each}, not {got:g}")


@exercise
def chunk_mask(answer):
    """Exercise 4. The mask of a chunk"""
    for past, new, w in ((0, 5, 9), (4, 1, 3), (6, 4, 3), (3, 5, 1), (7, 3, 100)):
        age = np.arange(past, past + new)[:, None] - np.arange(past + new)
        want = (age >= 0) & (age < w)
        got = array(call(answer, past, new, w))
        fits = got is not None and got.shape == want.shape
        require(fits, f"expected booleans of shape (new, past + new) = {want.shape}")
        got = got != 0
        require(not (got == ~want).all(), "True means may look here; yours is the opposite")
        corner = np.arange(new)[:, None] - np.arange(past + new)
        require(
            past == 0 or not (got == ((corner >= 0) & (corner < w))).all(),
            "the first new token stands at place `past`, not at 0",
        )
        require(not (got & (age < 0)).any(), "some token looks ahead")
        require(
            not (got == ((age >= 0) & (age <= w))).all() or (got == want).all(),
            "the window counts the token itself: w - 1 before it",
        )
        require((got == want).all(), f"past {past}, new {new}, w {w}: not the causal window")


@exercise
def chunked(answer):
    """Exercise 5. Linear attention in chunks"""
    generator = torch.Generator().manual_seed(0)
    for n, c in ((12, 4), (10, 4), (5, 8), (64, 8)):
        q, k, v = (torch.randn(n, d, generator=generator) for d in (3, 3, 2))
        want = ((q @ k.T).tril() @ v).numpy()
        sizes = []

        class Watch(torch.utils._python_dispatch.TorchDispatchMode):
            def __torch_dispatch__(self, f, types, args=(), kwargs=None, sizes=sizes):
                out = f(*args, **(kwargs or {}))
                sizes.append(out.numel() if torch.is_tensor(out) else 0)
                return out

        with Watch():
            got = array(call(answer, q, k, v, c))
        fits = got is not None and got.shape == want.shape
        require(fits, f"{n} tokens in chunks of {c}: expected outputs of shape {want.shape}")
        require(
            not agree(got, (q @ k.T @ v).numpy(), 1e-4),
            "no token may look ahead, inside its chunk either",
        )
        within = torch.block_diag(*(torch.ones(len(x), len(x)) for x in q.split(c)))
        require(
            n <= c or not agree(got, ((q @ k.T).tril() * within @ v).numpy(), 1e-4),
            "what came in earlier chunks is missing: carry a state",
        )
        require(agree(got, want, 1e-4), f"{n} tokens in chunks of {c}: not the causal sum")
        require(n < 64 or max(sizes) < n * n, "some tensor is as large as n²")


@exercise
def busy_from(answer):
    """Exercise 6. How many readers keep a machine busy?"""
    for weights, cache, reads, works in (
        (7e9, 0.0, 2e12, 3e14),
        (7e9, 1e7, 2e12, 3e14),
        (7e9, 2e9, 2e12, 3e14),
        (7e10, 1e8, 3e12, 1e15),
    ):
        arithmetic, reading = 2 * weights / works, cache / reads
        never = arithmetic <= reading
        want = math.inf if never else 2 * weights / reads / (arithmetic - reading)
        got = array(call(answer, weights, cache, reads, works))
        require(got is not None and got.size == 1, "expected one number, or math.inf")
        got = float(got.reshape(()))
        require(
            cache == 0 or not agree(got, works / reads, 1e-6),
            "each sequence brings its own cache to read; only the weights are shared",
        )
        require(
            not never or got == math.inf,
            "here every sequence reads longer than it computes: no B is enough, math.inf",
        )
        require(
            never or not agree(got, want / 2, 1e-6),
            "a weight has two bytes, and makes two operations",
        )
        require(got == want or agree(got, want, 1e-6), f"expected {want:g}, not {got:g}")
