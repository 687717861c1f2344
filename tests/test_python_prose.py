"""The corpus: what counts as prose, and that a document never changes sides."""

import pytest

from dlbook_utils.python_prose import cleaned, docstrings, documents, held_out, once, prose

SOURCE = '''
"""{long}"""


class Late:
    def short(self):
        """Too short."""

    def used(self):
        """{other}

        >>> 1 + 1
        2
        """
'''


def test_longer_docstrings_in_the_order_of_the_source():
    long, other = "The first sentence. " * 8, "Another sentence. " * 8
    text = docstrings(SOURCE.format(long=long, other=other))
    assert text == f"{long.strip()}\n\n{other.strip()}"


def test_paragraphs_with_a_doctest_go():
    assert cleaned("One.  \nTwo.\n\n>>> f()\n3\n\nThree.") == "One.\nTwo.\n\nThree."


def test_a_paragraph_is_kept_once_and_rather_for_training():
    train, test = "module argparse", "module copy"
    found = {test: "One.\n\nTwo.", train: "Two.\n\nThree.\n\nThree."}
    assert once(found) == {train: "Two.\n\nThree.", test: "One."}


def test_both_parts_make_the_whole_and_share_nothing():
    train, test = prose("train"), prose("held out")
    assert len(train) + len(test) == len(documents())
    known = {" ".join(p.split()) for text in train for p in text.split("\n\n")}
    assert not [p for text in test for p in text.split("\n\n") if " ".join(p.split()) in known]
    assert 0.05 < len("".join(test)) / len("".join(train)) < 0.25
    assert len("".join(train)) > 1_000_000


def test_the_name_alone_decides_the_side():
    assert held_out("module copy")
    assert not held_out("module argparse")


def test_an_unknown_part_is_refused():
    with pytest.raises(ValueError, match="'train' or 'held out'"):
        prose("test")
