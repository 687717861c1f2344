"""Checks for the exercises of the chapter `language_model`."""

import math

import numpy as np

from dlbook_utils.answers import agree, array, call, number, parts
from dlbook_utils.exercises import exercise, require

WORDS = [
    ({"ab": 1, "bc": 1}, ("a", "b")),
    ({"abc": 1, "abe": 1, "xyz": 5}, ("x", "y")),
    ({"zz": 3, "aab": 2, "aac": 2}, ("a", "a")),
]


@exercise
def units(answer):
    """Exercise 1. Three units for one loss"""
    what = "2 numbers: perplexity per token, bits per byte"
    perplexity, bits = (number(n) for n in parts(answer, 2, what))
    require(
        not agree(perplexity, math.exp(1.2), 1e-2),
        "that is the perplexity per byte: a token has 2.5 bytes, and so 2.5 times the nats",
    )
    require(
        not agree(perplexity, 2**3, 1e-2),
        "the loss is in nats: its exponential has the base e, not 2",
    )
    require(
        not agree(perplexity, 2.5 * math.exp(1.2), 1e-2),
        "multiply the nats by 2.5, not the perplexity: losses add up, perplexities multiply",
    )
    require(agree(perplexity, math.exp(3), 1e-2), f"expected e to the 3, not {perplexity:g}")
    require(
        not agree(bits, 1.2 * math.log(2), 1e-2),
        "a bit is worth ln 2 = 0.69 nats, so there are more bits than nats",
    )
    require(agree(bits, 1.2 / math.log(2), 1e-2), f"expected 1.2 / ln 2 bits, not {bits:g}")


@exercise
def first_merge(answer):
    """Exercise 2. The first merge"""
    for counts, want in WORDS:
        got = call(answer, counts)
        fits = isinstance(got, tuple | list) and len(got) == 2
        require(fits or isinstance(got, str), f"expected a pair of letters, not {got!r}")
        got = tuple(got)
        require(
            counts != WORDS[0][0] or got != ("b", "c"),
            "of equally frequent pairs the first in the alphabet",
        )
        require(
            counts != WORDS[1][0] or got != ("a", "b"),
            "weigh each pair by how often its word occurs",
        )
        require(got == want, f"in {counts} expected {want}, not {got}")


@exercise
def deterministic(answer):
    """Exercise 3. Which settings are deterministic?"""
    got = answer.lower() if isinstance(answer, str) else "".join(map(str, array_of(answer)))
    got = set(got) - set(" ,'")
    require(got <= set("abcdef"), "expected letters from a to f, such as 'abc'")
    require("b" not in got, "b: p = 1 keeps every token; nothing is forbidden")
    require("e" not in got, "e: a temperature above 0 leaves more than one token")
    require("a" in got, "a: k = 1 leaves the likeliest token alone")
    require("c" in got, "c: the smallest set that reaches a tiny mass is one token")
    require("d" in got, "d: only what is as likely as the likeliest is kept")
    require("f" in got, "f: beam search draws nothing")


def array_of(answer):
    return list(answer) if isinstance(answer, tuple | list | set) else [answer]


def entropy(logits, temperature: float) -> float:
    e = np.exp((logits - logits.max()) / temperature)
    p = e / e.sum()
    return float(-(p * np.log(np.maximum(p, 1e-300))).sum())


@exercise
def temperature_for(answer):
    """Exercise 4. A temperature for an entropy"""
    rng = np.random.default_rng(0)
    for size, target in [(10, 1.0), (10, 2.2), (1000, 0.3), (1000, 6.0)]:
        logits = 3 * rng.normal(size=size)
        got = number(call(answer, logits, target), "a temperature")
        require(got > 0, "a temperature is above 0")
        found = entropy(logits, got)
        require(
            not agree(found / math.log(2), target, 1e-2),
            "the entropy is asked for in nats; that is in bits",
        )
        require(
            not agree(entropy(logits, 1 / got), target, 1e-2) or agree(found, target, 1e-2),
            "that is one over the temperature: logits are divided by it",
        )
        require(
            agree(found, target, 1e-2),
            f"at {got:.3g} the entropy is {found:.3g} nats, not {target:g}",
        )


@exercise
def typical(answer):
    """Exercise 5. Typical, not likely"""
    p = np.array([0.5, 0.1, 0.1, 0.08, 0.07, 0.06, 0.05, 0.04])
    surprise = -np.log(p)
    order = np.argsort(np.abs(surprise - (p * surprise).sum()), kind="stable")
    for mass in (0.05, 0.3, 0.45, 0.999):
        before = np.cumsum(p[order]) - p[order]
        want = order[before < mass].tolist()
        got = array(call(answer, p, mass))
        require(got is not None and got.ndim == 1, "expected a list of indices")
        got = [int(i) for i in got]
        require(
            got[:1] != [0] or want[0] == 0,
            "that begins with the likeliest token: sort by the distance of -ln p from the entropy",
        )
        require(
            got != want[:-1],
            f"mass {mass}: the kept tokens must reach it; one is missing",
        )
        require(set(got) == set(want), f"mass {mass}: expected {want}, not {got}")
        require(agree(p[got], p[want]), "the nearest to the entropy first")


TABLE = {
    (): {"a": 0.6, "b": 0.4},
    ("a",): {"a": 0.34, "b": 0.33, "c": 0.33},
    ("b",): {"a": 0.05, "b": 0.9, "c": 0.05},
}


def steps(prefix) -> dict:
    """A table of two steps, and fair dice after it."""
    require(isinstance(prefix, tuple), "step takes the tokens so far as a tuple")
    probs = TABLE.get(prefix, {"a": 0.5, "b": 0.5})
    return {token: math.log(p) for token, p in probs.items()}


@exercise
def beam(answer):
    """Exercise 6. A beam for any model"""
    cases = [(2, 1, ("a", "a"), 0.6 * 0.34), (2, 2, ("b", "b"), 0.36), (1, 5, ("a",), 0.6)]
    for length, width, want, p in cases:
        what = "2 things: the tokens, the log-probability"
        tokens, score = parts(call(answer, steps, length, width), 2, what)
        score = number(score, "a log-probability")
        if width == 1:
            require(
                tuple(tokens) != ("b", "b"), "a beam of width 1 keeps one beginning: it is greedy"
            )
        if width == 2:
            require(
                tuple(tokens) != ("a", "a"),
                "with width 2 the second beginning must survive the first step",
            )
        require(tuple(tokens) == want, f"width {width}: expected {want}, not {tuple(tokens)}")
        require(not agree(score, p, 1e-3), "that is a probability; its logarithm is asked for")
        require(agree(score, math.log(p), 1e-6), f"expected ln {p:g}, not {score:g}")
    tokens, _ = parts(call(answer, steps, 3, 2), 2, "2 things: the tokens, the log-probability")
    require(len(tokens) == 3, f"3 tokens were asked for, not {len(tokens)}")


@exercise
def pays_from(answer):
    """Exercise 7. How many bytes were learned?"""
    require(call(answer, 1000, 1.5, 1.5) is None, "a model that is no better never pays: None")
    require(call(answer, 1000, 1.6, 1.5) is None, "a model that is worse never pays: None")
    for weights, model, rival in [(957_184, 1.2, 1.5), (1000, 0.5, 2.0)]:
        got = number(call(answer, weights, model, rival), "a number of bytes")
        nats = 2 * weights / (rival - model)
        require(
            not agree(got, nats, 1e-3),
            "nats are not bytes: a byte is 8 ln 2 of them",
        )
        require(not agree(got, nats * 4 * math.log(2), 1e-3), "each weight has two bytes")
        require(
            not agree(got, 2 * weights / (rival - model) * math.log(2), 1e-3),
            "that counts bits of text as bytes",
        )
        want = nats * 8 * math.log(2)
        require(agree(got, want, 1e-3), f"expected {want:.4g} bytes, not {got:.4g}")
