"""Reading a reader's answer, in whatever form it comes: what the checks of all chapters share.

Each function either returns what it is asked for or raises NotYet with a sentence that says what is
expected.
"""

import inspect
import reprlib

import numpy as np
import torch

from dlbook_utils.exercises import require


def array(got) -> np.ndarray | None:
    """Numbers in any form, lists of tensors too, as an array; None where there are none."""
    try:
        if isinstance(got, tuple | list):
            got = [np.asarray(part.detach() if torch.is_tensor(part) else part) for part in got]
        got = got.detach() if torch.is_tensor(got) else got
        return None if got is None else np.asarray(got, dtype=float)
    except (TypeError, ValueError, RuntimeError):
        return None


def numbers(got, shape: tuple[int, ...], what: str) -> np.ndarray:
    """The answer as an array of this shape; axes of length 1 may be missing or too many."""
    found = array(got)
    fits = found is not None and np.squeeze(found).shape == tuple(n for n in shape if n != 1)
    require(fits, f"expected {what}, not {reprlib.repr(got)}")
    return found.reshape(shape)


def finite(got, shape: tuple[int, ...], what: str) -> np.ndarray:
    """As `numbers`, and none of them is infinite or not a number."""
    found = numbers(got, shape, what)
    require(bool(np.isfinite(found).all()), f"expected {what}, not {reprlib.repr(got)}")
    return found


def number(got, what: str = "one number") -> float:
    """The answer as one finite number."""
    return float(finite(got, (), what))


def parts(got, count: int, what: str) -> list:
    """The parts of an answer that has several, in a tuple, a list, an array or a tensor."""
    stacked = isinstance(got, np.ndarray | torch.Tensor) and got.ndim > 0
    found = list(got) if stacked or isinstance(got, tuple | list) else []
    require(len(found) == count, f"expected {what}, not {reprlib.repr(got)}")
    return found


def agree(got, want, tolerance: float = 1e-6) -> bool:
    """Whether numbers, sequences, arrays or tensors agree in shape and, nearly, in value."""
    got, want = array(got), array(want)
    return got.shape == want.shape and bool(np.allclose(got, want, rtol=tolerance, atol=tolerance))


def call(answer, *inputs):
    """What the reader's function returns for these inputs."""
    require(callable(answer), f"expected the function itself, not {reprlib.repr(answer)}")
    try:
        inspect.signature(answer).bind(*inputs)
    except TypeError:
        require(False, f"the function is called with {len(inputs)} arguments, as in the stub")
    return answer(*inputs)
