"""An answer is read in any sensible form, and what is none gets a sentence."""

import math

import numpy as np
import pytest
import torch

from dlbook_utils.answers import agree, array, call, finite, number, numbers, parts
from dlbook_utils.exercises import NotYet

TRACKED = torch.tensor([1.0, 2.0], requires_grad=True)


@pytest.mark.parametrize("pair", [(1, 2), [1.0, 2.0], np.array([1, 2]), TRACKED, list(TRACKED)])
def test_a_pair_is_read_in_any_form(pair):
    assert numbers(pair, (2,), "a pair").tolist() == [1, 2]
    assert agree(pair, (1, 2))
    assert [number(part) for part in parts(pair, 2, "a pair")] == [1, 2]


@pytest.mark.parametrize("one", [3, 3.0, [3], np.array([[3.0]]), torch.tensor(3)])
def test_a_number_may_lie_in_arrays_of_one(one):
    assert number(one) == 3


@pytest.mark.parametrize("wrong", [None, "12", {"a": 1}, (1, 2, 3), [[1, 2], [3, 4]], 7, print])
def test_what_is_no_pair_gets_a_sentence(wrong):
    with pytest.raises(NotYet, match="expected a pair, not"):
        numbers(wrong, (2,), "a pair")


@pytest.mark.parametrize("wrong", [None, 3.0, "ab", {1, 2}, (1,), np.array(2.0)])
def test_what_has_not_two_parts_gets_a_sentence(wrong):
    with pytest.raises(NotYet, match="expected two things, not"):
        parts(wrong, 2, "two things")


def test_what_is_not_finite_is_a_number_only_where_that_is_allowed():
    assert math.isnan(numbers(math.nan, (), "one number"))
    for wrong in (math.nan, math.inf):
        with pytest.raises(NotYet, match="expected one number"):
            number(wrong)
    with pytest.raises(NotYet, match="expected a pair"):
        finite((1.0, math.nan), (2,), "a pair")


def test_shapes_and_digits_decide_what_is_close():
    assert not agree([1.0, 2.0], [[1.0, 2.0]])
    assert agree(1.0, 1.0 + 1e-7)
    assert not agree(1.0, 1.0 + 1e-5)
    assert array("text") is None


def test_a_function_is_called_as_its_stub_is():
    assert call(lambda a, b: a - b, 3, 1) == 2
    with pytest.raises(NotYet, match="expected the function itself"):
        call(5, 1)
    with pytest.raises(NotYet, match="called with 2 arguments"):
        call(lambda a: a, 1, 2)
