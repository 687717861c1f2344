"""Checks of exercises: they accept what is right, and name the misconception behind what is not.

A check is a function with one argument, the reader's answer, marked with `@exercise`. It calls
`require` for each thing that must hold.
"""

import functools
from collections.abc import Callable
from types import FunctionType


def _stub(): ...


def _stub_with_docstring():
    """A docstring changes the constants, not the code."""
    ...


class NotYet(AssertionError):
    """The answer is not right yet; the message says what to think about."""

    def _render_traceback_(self) -> list[str]:
        # IPython asks for this: a reader wants the message, not the inside of the check
        return [f"✗ Not yet: {self}"]


def require(holds: bool, message: str) -> None:
    """Raise NotYet with `message`, which names the misconception, unless `holds`."""
    if not holds:
        raise NotYet(message)


def untouched(answer: object) -> bool:
    """Whether `answer` is still the stub: `...`, or a function whose body is `...`."""
    if not isinstance(answer, FunctionType):
        return answer is ...
    code = answer.__code__
    does_nothing = code.co_code in {f.__code__.co_code for f in (_stub, _stub_with_docstring)}
    # `return 6` compiles to the same code as `...`; only its constants differ
    return does_nothing and set(code.co_consts) <= {None, answer.__doc__}


def exercise(check: Callable[[object], None]) -> Callable[[object], None]:
    """Turn a function that raises on a wrong answer into the check of an exercise.

    The check says "not attempted" of an untouched stub and does not raise, so that a chapter runs
    through. The first line of its docstring is the title it prints.
    """
    title = check.__doc__.strip().splitlines()[0].rstrip(".")

    @functools.wraps(check)
    def checked(answer: object) -> None:
        if untouched(answer):
            print(f"{title}: not attempted")
            return
        check(answer)
        print(f"✓ {title}: correct")

    return checked
