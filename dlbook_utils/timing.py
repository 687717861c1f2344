"""Times that can be compared: measured in one run, in turn, and given as the best of several."""

from collections.abc import Callable
from time import perf_counter

ROUND_SECONDS = 0.01  # long enough for the clock, short enough to fit between disturbances


def seconds_per_call(
    functions: dict[str, Callable[[], object]], rounds: int = 7
) -> dict[str, float]:
    """Seconds that one call of each function takes.

    The functions take turns, so that a slow moment of the machine meets all of them; the least
    over the rounds is kept, because disturbances only ever add time.
    """
    calls = {name: calls_per_round(f) for name, f in functions.items()}
    best = dict.fromkeys(functions, float("inf"))
    for _ in range(rounds):
        for name, f in functions.items():
            best[name] = min(best[name], timed(f, calls[name]) / calls[name])
    return best


def calls_per_round(f: Callable[[], object]) -> int:
    """How often `f` must be called to fill a round; the first calls also warm it up."""
    f()
    return max(1, round(ROUND_SECONDS / max(timed(f, 1), 1e-7)))


def timed(f: Callable[[], object], calls: int) -> float:
    """Seconds that `calls` calls take together."""
    start = perf_counter()
    for _ in range(calls):
        f()
    return perf_counter() - start
