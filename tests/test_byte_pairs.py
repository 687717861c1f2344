"""Our byte pairs against the library `tokenizers`, and back to the text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlbook_utils.byte_pairs import PIECES, BytePairs, merge, train_merges
from dlbook_utils.python_prose import prose
from dlbook_utils.small_gpt import load_tokenizer


@pytest.fixture(scope="module")
def texts():
    return prose("held out")


@pytest.fixture(scope="module")
def ours(texts):
    return BytePairs(train_merges(texts, 600))


@pytest.fixture(scope="module")
def theirs(texts):
    tokenizers = pytest.importorskip("tokenizers")
    steps = tokenizers.pre_tokenizers
    library = tokenizers.Tokenizer(tokenizers.models.BPE())
    library.pre_tokenizer = steps.Sequence(
        [
            steps.Split(tokenizers.Regex(PIECES), "isolated"),
            steps.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    alphabet = steps.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=600, initial_alphabet=alphabet, show_progress=False
    )
    library.train_from_iterator(texts, trainer)
    return library


def test_the_vocabulary_has_the_size_asked_for(ours):
    assert len(ours) == 600 + 1  # and the end of a document
    assert ours.end == 600


def test_same_ids_as_the_library(ours, theirs, texts):
    odd = ["", " ", "\n\n  x", "naïve café 東京 🙂", "a  b\t\tc", "x" * 50, "3.14159_e-7"]
    for text in [*texts[:20], *odd]:
        assert ours.encode(text) == theirs.encode(text).ids


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec="utf-8")))
def test_any_text_comes_back(text):
    tokenizer = load_tokenizer()
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_equal_counts_merge_the_smaller_pair_first():
    first, second = train_merges(["ab", "cd"], 258)
    assert [BytePairs([first, second]).decode([i]) for i in (256, 257)] == ["ab", "cd"]


def test_overlapping_pairs_merge_from_the_left():
    assert merge([7, 7, 7], (7, 7), 9) == [9, 7]


def test_nothing_to_merge_ends_early():
    assert train_merges(["a"], 1000) == []
