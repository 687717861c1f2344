"""Data that ships with the libraries, so that no chapter needs a download."""

from typing import NamedTuple

import torch
from torch import Tensor

TEST_EXAMPLES = 360  # a fifth of the 1,797 digits


class Split(NamedTuple):
    """X: (N, features) float32; y: (N,) int64."""

    X_train: Tensor
    y_train: Tensor
    X_test: Tensor
    y_test: Tensor


def digits(seed: int = 0) -> Split:
    """1,797 handwritten digits of 8 by 8 pixels, split at random into 1,437 and 360.

    Pixels lie in [0, 1] and come flattened, row by row: X is (N, 64). Source: the test part of
    Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, as in scikit-learn.
    """
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the digits come with scikit-learn: pip install scikit-learn"
        ) from error
    bunch = load_digits()
    X = torch.tensor(bunch.data, dtype=torch.float32) / 16  # pixels are counts from 0 to 16
    y = torch.tensor(bunch.target)
    order = torch.randperm(len(X), generator=torch.Generator().manual_seed(seed))
    test, train = order[:TEST_EXAMPLES], order[TEST_EXAMPLES:]
    return Split(X[train], y[train], X[test], y[test])


class Text(NamedTuple):
    """ids: (characters,) int64, places in `vocabulary`, a string of the distinct characters."""

    ids: Tensor
    vocabulary: str


def help_text() -> Text:
    """The interpreter's own help on the language, about 465,000 characters of English and Python.

    It differs a little from one version of Python to the next. Source: `pydoc_data.topics`, which
    is made from the Python Language Reference.
    """
    from pydoc_data.topics import topics

    text = "\n\n".join(topics[name] for name in sorted(topics))
    vocabulary = "".join(sorted(set(text)))
    place = {character: i for i, character in enumerate(vocabulary)}
    return Text(torch.tensor([place[c] for c in text]), vocabulary)
