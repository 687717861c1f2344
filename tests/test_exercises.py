"""A check accepts what is right, names what is wrong, and lets an untouched stub be."""

import pytest

from dlbook_utils.exercises import NotYet, exercise, require, untouched


@exercise
def doubling(answer):
    """Doubling a number.

    More words that are not printed.
    """
    require(answer(3) != 9, "that is the square")
    require(answer(3) == 6, "expected 6")


def test_a_right_answer_is_accepted(capsys):
    doubling(lambda x: x + x)
    assert capsys.readouterr().out == "✓ Doubling a number: correct\n"


def test_a_mistake_is_named():
    with pytest.raises(NotYet, match="that is the square"):
        doubling(lambda x: x * x)


def test_a_reader_sees_the_message_without_the_inside_of_the_check():
    with pytest.raises(NotYet) as caught:
        require(False, "think again")
    assert caught.value._render_traceback_() == ["✗ Not yet: think again"]


def test_an_untouched_stub_stops_nothing(capsys):
    def stub(x):
        """Double it."""
        ...

    doubling(stub)
    doubling(...)
    assert capsys.readouterr().out == "Doubling a number: not attempted\n" * 2


def test_an_answer_of_one_line_is_not_a_stub():
    def none(x):
        return None

    def constant(x):
        return 6

    def with_keywords(x, *, y=1): ...

    assert untouched(with_keywords)
    assert not untouched(constant)
    assert not untouched(6)
    assert not untouched(None)
    assert not untouched(lambda x: x)
    # Python compiles `return None` and `...` to the same code; nobody can tell them apart
    assert untouched(none)
