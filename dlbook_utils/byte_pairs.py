"""A byte-pair tokenizer (Sennrich et al., 2016) over bytes, as GPT-2 has it.

The chapter `language_model` writes it out; the small language models use the one that `small_gpt`
stores. Training and encoding equal those of the library `tokenizers`.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

# A word with the space before it, a number, other marks, or white space.
PIECES = r" ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+"
PRINTABLE = [*range(33, 127), *range(161, 173), *range(174, 256)]
BYTES = PRINTABLE + [b for b in range(256) if b not in set(PRINTABLE)]  # in GPT-2's order
Pair = tuple[int, int]


def train_merges(texts: Iterable[str], size: int) -> list[Pair]:
    """The pairs that make tokens 256, 257, ... up to `size` of them: the most frequent first.

    Of equally frequent pairs the one with the smaller numbers is merged first.
    """
    counts = Counter(piece for text in texts for piece in re.findall(PIECES, text))
    words = [[BYTES.index(b) for b in piece.encode()] for piece in counts]
    weights = list(counts.values())
    frequency, places = Counter(), defaultdict(set)  # of a pair: how often, in which words
    for i, word in enumerate(words):
        for pair in zip(word, word[1:], strict=False):
            frequency[pair] += weights[i]
            places[pair].add(i)
    merges = []
    while len(merges) < size - 256 and frequency:
        best = max(frequency, key=lambda pair: (frequency[pair], -pair[0], -pair[1]))
        merges.append(best)
        for i in places.pop(best):
            for sign in (-1, 1):
                for pair in zip(words[i], words[i][1:], strict=False):
                    frequency[pair] += sign * weights[i]
                    places[pair].add(i)
                if sign < 0:
                    words[i] = merge(words[i], best, 255 + len(merges))
        frequency = +frequency  # drop what no longer occurs
    return merges


def merge(ids: Sequence[int], pair: Pair, new: int) -> list[int]:
    """`ids` with each occurrence of `pair`, from the left, replaced by `new`."""
    merged, i = [], 0
    while i < len(ids):
        hit = tuple(ids[i : i + 2]) == pair
        merged.append(new if hit else ids[i])
        i += 2 if hit else 1
    return merged


class BytePairs:
    """Text to token ids and back; the last id, `end`, separates documents."""

    def __init__(self, merges: Sequence[Pair]):
        self.merges = [tuple(pair) for pair in merges]
        self.rank = {pair: 256 + i for i, pair in enumerate(self.merges)}
        self.bytes = [bytes([b]) for b in BYTES]
        for left, right in self.merges:
            self.bytes.append(self.bytes[left] + self.bytes[right])
        self.end = len(self.bytes)
        self.bytes.append(b"")
        self.piece = lru_cache(maxsize=None)(self._piece)

    def __len__(self) -> int:
        return len(self.bytes)

    def _piece(self, piece: str) -> list[int]:
        ids = [BYTES.index(b) for b in piece.encode()]
        while len(ids) > 1:
            pair = min(zip(ids, ids[1:], strict=False), key=lambda p: self.rank.get(p, 1 << 30))
            if pair not in self.rank:
                break
            ids = merge(ids, pair, self.rank[pair])
        return ids

    def encode(self, text: str) -> list[int]:
        return [i for piece in re.findall(PIECES, text) for i in self.piece(piece)]

    def decode(self, ids: Iterable[int]) -> str:
        """The text; bytes that are no UTF-8 by themselves become the replacement mark."""
        return b"".join(self.bytes[i] for i in ids).decode(errors="replace")
