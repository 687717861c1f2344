"""Checks for the exercises of the chapter `receptive_fields`."""

import itertools
import reprlib

import numpy as np
import torch
from torch.nn import functional as F

from dlbook_utils.answers import agree, array, call, finite, number, numbers, parts
from dlbook_utils.exercises import exercise, require


@exercise
def by_hand(answer):
    """Exercise 1. By hand"""
    field, jump = (number(n) for n in parts(answer, 2, "2 things: (field, jump)"))
    require(jump != 2, "two layers have a stride of 2: the jumps multiply")
    require(jump == 4, f"the jump is the product of all strides; got {jump:g}")
    require(field != 13, "with strides, a later layer adds (K - 1) times the jump")
    require(field != 31, "the pool adds with the jump before it, 2; its own stride comes after")
    require(field != 23, "the pool has width 3, and reads two jumps more, not one")
    require(field == 27, f"7, then 11 after the pool, then 4 * 2 twice; got {field:g}")


@exercise
def layers_needed(answer):
    """Exercise 2. How deep?"""
    for n, K in [(1000, 2), (1024, 2), (1025, 2), (81, 3), (82, 3), (1, 2), (5, 5)]:
        got = number(call(answer, n, K))
        want = 0
        while K**want < n:
            want += 1
        linear = -(-(n - 1) // (K - 1))
        require(
            not (got == linear != want), "that is without dilation; here the field multiplies by K"
        )
        exact = K**want == n
        require(
            not (exact and got == want + 1), f"K ** {want} = {n} is enough: the field is at least n"
        )
        require(got != want - 1, f"{want - 1} layers see {K ** (want - 1)}, less than {n}")
        require(got == want, f"n = {n}, K = {K}: expected {want} layers, got {got:g}")


def window(layers, unit, order=1, shift=True, spread=True):
    first = last = unit
    for K, S, P, D in layers[:: -1 * order]:
        first = first * S - P * shift
        last = last * S - P * shift + (D if spread else 1) * (K - 1)
    return [first, last]


@exercise
def inputs_read(answer):
    """Exercise 3. Which pixels?"""
    cases = [
        ([(3, 1, 1, 1), (3, 2, 0, 1)], 4),
        ([(5, 2, 2, 1), (3, 1, 0, 2), (2, 2, 0, 1)], 3),
        ([(7, 2, 3, 1)], 0),
    ]
    for layers, unit in cases:
        got = parts(call(answer, list(layers), unit), 2, "2 things: (first, last)")
        got = [number(n) for n in got]
        want = window(layers, unit)
        for other, words in [
            (window(layers, unit, order=-1), "go from the top layer down to the input"),
            (window(layers, unit, shift=False), "padding moves the window: subtract it"),
            (window(layers, unit, spread=False), "dilation spreads the taps: D(K - 1), not K - 1"),
            ([want[0], want[1] + 1], "the last input itself, not the one after it"),
        ]:
            require(not (got == other != want), words)
        require(
            got != [max(want[0], 0), want[1]] or want[0] >= 0,
            "leave numbers in the padding negative",
        )
        require(got == want, f"unit {unit} of {layers}: expected {want}, got {got}")


@exercise
def offsets_read(answer):
    """Exercise 4. Which places are read?"""
    for K, dilations in [(3, (2, 2)), (3, (1, 2, 4)), (2, (1, 3)), (3, (2, 3))]:
        got = call(answer, K, dilations)
        taps = [range(0, D * K, D) for D in dilations]
        want = sorted({sum(at) for at in itertools.product(*taps)})
        found = array(got)
        require(
            found is not None and found.ndim == 1,
            f"expected a sorted list of offsets, not {reprlib.repr(got)}",
        )
        listed = found.tolist()
        require(
            listed != list(range(want[-1] + 1)) or len(want) == want[-1] + 1,
            "that is the whole window; some places inside are never read",
        )
        every = sorted(sum(at) for at in itertools.product(*taps))
        require(not (listed == every != want), "each place once, however many paths lead to it")
        alone = sorted({at for tap in taps for at in tap})
        require(
            not (listed == alone != want), "layers work one after the other: their offsets add up"
        )
        middle = [at - want[-1] // 2 for at in want]
        require(listed != middle, "count from the first place of the window, not from the middle")
        require(listed == want, f"K = {K}, dilations {dilations}: expected {want}, got {got}")


@exercise
def causal_conv(answer):
    """Exercise 5. A causal convolution"""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 3, 12, generator=generator)
    weight = torch.randn(4, 3, 3, generator=generator)
    for dilation in (1, 2):
        past = 2 * dilation

        def of(left, right, w=weight, D=dilation):
            return F.conv1d(F.pad(x, (left, right)), w, dilation=D)

        got = call(answer, x.clone(), weight.clone(), dilation)
        got = torch.as_tensor(numbers(got, (2, 4, 12), "an output of shape (2, 4, 12)"))
        require(
            not agree(got, of(past // 2, past // 2), 1e-4),
            "padded on both sides: it sees the future",
        )
        require(not agree(got, of(0, past), 1e-4), "padded on the right: it sees only the future")
        require(
            not agree(got, of(past, 0, weight.flip(2)), 1e-4),
            "the last tap meets the present, not the first",
        )
        require(
            dilation == 1 or not agree(got, of(2, 0, D=1), 1e-4),
            "the dilation is not used: taps lie D apart",
        )
        require(agree(got, of(past, 0), 1e-4), "pad D(K - 1) zeros on the left, and nothing else")


@exercise
def effective_std(answer):
    """Exercise 6. The width that weighs"""
    for layers in [[(3, 1)] * 6, [(3, 1), (3, 2), (3, 4)], [(7, 1), (5, 3), (2, 1)]]:
        got = number(call(answer, list(layers)))
        variances = [D**2 * (K**2 - 1) / 12 for K, D in layers]
        want = sum(variances) ** 0.5
        require(not agree(got, sum(variances)), "that is the variance: take its root")
        require(not agree(got, sum(v**0.5 for v in variances)), "variances add, deviations do not")
        plain = sum((K**2 - 1) / 12 for K, _ in layers) ** 0.5
        require(
            agree(plain, want) or not agree(got, plain),
            "taps D apart have D times the deviation of neighbors",
        )
        linear = sum(D * (K**2 - 1) / 12 for K, D in layers) ** 0.5
        require(
            agree(linear, want) or not agree(got, linear),
            "the variance grows with D squared, not D",
        )
        continuous = sum(D**2 * K**2 / 12 for K, D in layers) ** 0.5
        require(
            not agree(got, continuous),
            "K² / 12 is the variance over an interval; K single places have (K² - 1) / 12",
        )
        require(agree(got, want), f"{layers}: expected {want:.4f}, got {got:.4f}")


@exercise
def messages(answer):
    """Exercise 7. One step of messages"""
    edges = [(0, 1), (1, 2), (1, 3), (4, 3)]
    X = torch.tensor([[1.0, 0], [2, 1], [0, 3], [-1, 1], [5, 2], [7, 4]])  # node 5 is alone
    A = torch.zeros(6, 6)
    for a, b in edges:
        A[a, b] = 1
    one_way, A, loops = A, A + A.T, torch.eye(6)

    def step(M, degree, left=0.5):
        degree = degree.clamp(min=1)
        return (degree**-left)[:, None] * M @ ((degree ** (left - 1))[:, None] * X)

    got = numbers(call(answer, list(edges), X.clone()), (6, 2), "numbers of shape (6, 2)")
    whole = A + loops
    for other, words in [
        (A @ X, "each message is divided by the root of both degrees, and loops count"),
        (whole @ X, "each message is divided by the root of both degrees"),
        (step(A, A.sum(1)), "each node sends to itself as well: A + I"),
        (step(whole, A.sum(1)), "the degrees are those of A + I"),
        (step(whole, whole.sum(1), 1.0), "that is the plain mean; S divides by both roots"),
        (
            step(one_way + loops, whole.sum(1)),
            "a link works both ways: each pair is two messages",
        ),
        (
            step(one_way.T + loops, whole.sum(1)),
            "a link works both ways: each pair is two messages",
        ),
    ]:
        require(not agree(got, other, 1e-4), words)
    require(agree(got, step(whole, whole.sum(1)), 1e-4), "this is not S X: check one node by hand")


@exercise
def node_features(answer):
    """Exercise 8. Tell them apart"""

    def of(A):
        n = len(A)
        return finite(call(answer, A.clone()), (n,), f"{n} finite numbers, one for each node")

    def ring(n):
        return torch.eye(n).roll(1, 0) + torch.eye(n).roll(-1, 0)

    prism = torch.block_diag(ring(3), ring(3))
    prism[:3, 3:] = prism[3:, :3] = torch.eye(3)  # two triangles, linked
    utility = torch.zeros(6, 6)
    utility[:3, 3:] = utility[3:, :3] = 1  # three houses, three wells: no triangles
    pairs = [
        ("a hexagon and two triangles", ring(6), torch.block_diag(ring(3), ring(3))),
        ("a prism and a complete bipartite graph", prism, utility),
    ]
    for name, first, second in pairs:
        require(
            not agree(np.sort(of(first)), np.sort(of(second)), 1e-4),
            f"{name} get the same features: degrees and sums over neighbors are not enough",
        )
    generator = torch.Generator().manual_seed(0)
    A = (torch.rand(8, 8, generator=generator) < 0.5).float().triu(1)
    A = A + A.T
    order = torch.randperm(8, generator=generator)
    require(
        agree(of(A[order][:, order]), of(A)[order.numpy()], 1e-4),
        "renumbered nodes must give renumbered features; these depend on the numbering",
    )
