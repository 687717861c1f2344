"""A toy language whose word alignment is known, and two networks that translate it.

The chapter `attention` uses both. A sentence is a row of phrases: any number of adjectives, then
their noun. The translation says the noun first and its adjectives backward after it; each word has
one translation, its letters backward. Axes: B sentences, T words, C channels.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

ADJECTIVES = ["old", "big", "red", "new", "odd", "wet", "hot", "raw", "shy", "dry", "sly", "fat"]
NOUNS = [
    "house",
    "river",
    "garden",
    "bread",
    "lemon",
    "wagon",
    "tiger",
    "piano",
    "cabin",
    "robot",
    "spoon",
    "melon",
]
WORDS = ADJECTIVES + NOUNS
START = len(WORDS)  # what the translation begins with


def sentences(n: int, T: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Sentences of T words, their translations, and where each translated word stood: (n, T)."""
    generator = torch.Generator().manual_seed(seed)
    is_noun = torch.rand(n, T, generator=generator) < 0.4
    is_noun[:, -1] = True
    word = torch.randint(len(ADJECTIVES), (n, T), generator=generator)
    source = word + len(ADJECTIVES) * is_noun
    places = torch.arange(T).expand(n, T)
    last = places.masked_fill(~is_noun, T).flip(1).cummin(1).values.flip(1)  # this phrase's noun
    before = places.masked_fill(~is_noun, -1).cummax(1).values.roll(1, 1)  # the one before it
    before[:, 0] = -1
    origin = before + 1 + last - places
    return source, source.gather(1, origin), origin


class OneVector(nn.Module):
    """Reads with one GRU, and writes with another that begins at the first one's last state."""

    def __init__(self, C: int = 64):
        super().__init__()
        self.words = nn.Embedding(START + 1, C)
        self.reader = nn.GRU(C, C, batch_first=True)
        self.writer = nn.GRU(C, C, batch_first=True)
        self.out = nn.Linear(C, len(WORDS))

    def forward(self, source: Tensor, before: Tensor) -> Tensor:
        """Words read (B, T) and the words before each word to write (B, U): logits (B, U, words)"""
        _, last = self.reader(self.words(source))
        states, _ = self.writer(self.words(before), last)
        return self.out(states)


class WithAttention(nn.Module):
    """The writer looks back at all states of a reader that reads in both directions."""

    def __init__(self, C: int = 48):
        super().__init__()
        self.words = nn.Embedding(START + 1, C)
        self.reader = nn.GRU(C, C // 2, batch_first=True, bidirectional=True)
        self.writer = nn.GRU(C, C, batch_first=True)
        self.query, self.key = nn.Linear(C, C), nn.Linear(C, C)
        self.out = nn.Linear(2 * C, len(WORDS))

    def weights(self, states: Tensor, memory: Tensor) -> Tensor:
        """How much each writer state (B, U, C) looks at each reader state (B, T, C): (B, U, T)"""
        q, k = self.query(states), self.key(memory)
        return (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1)

    def values(self, read: Tensor, memory: Tensor) -> Tensor:
        """What is averaged: the reader's states."""
        return memory

    def forward(self, source: Tensor, before: Tensor) -> Tensor:
        """Words read (B, T) and the words before each word to write (B, U): logits (B, U, words)"""
        return self.look(source, before)[0]

    def look(self, source: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
        """The logits and the weights."""
        read = self.words(source)
        memory, last = self.reader(read)
        begin = last.transpose(0, 1).flatten(1)[None]  # both directions' last states
        states, _ = self.writer(self.words(before), begin)
        weights = self.weights(states, memory)
        found = weights @ self.values(read, memory)
        return self.out(torch.cat([states, found], -1)), weights


class WordsAsValues(WithAttention):
    """As WithAttention, but what it looks up are the words alone, not the reader's states."""

    def values(self, read: Tensor, memory: Tensor) -> Tensor:
        """What is averaged: the words as they were read."""
        return read


TRANSLATORS = {
    "one vector": OneVector,
    "attention": WithAttention,
    "words as values": WordsAsValues,
}
LENGTHS = (4, 8, 12, 16)


def words_before(target: Tensor) -> Tensor:
    """The words before each word: START first, the last one gone."""
    return F.pad(target[:, :-1], (1, 0), value=START)


def train_translator(make: Callable[[], nn.Module], lr: float, seed: int, steps: int) -> nn.Module:
    """Adam on fresh sentences, 32 a step, of 4 to 16 words; the rate falls to zero."""
    torch.manual_seed(seed)
    model = make()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for t in range(steps):
        optimizer.param_groups[0]["lr"] = lr * (1 - t / steps)
        length = LENGTHS[t % len(LENGTHS)]
        source, target, _ = sentences(32, length, seed=1_000_000 * (seed + 1) + t)
        logits = model(source, words_before(target))
        loss = F.cross_entropy(logits.flatten(0, 1), target.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return model


@torch.no_grad()
def translate(model: nn.Module, source: Tensor) -> Tensor:
    """Write word after word, each the likeliest after those already written: (B, T)."""
    written = torch.full((len(source), 1), START)
    for _ in range(source.shape[1]):
        best = model(source, written)[:, -1:].argmax(-1)
        written = torch.cat([written, best], 1)
    return written[:, 1:]


def share_right(model: nn.Module, T: int, seed: int, n: int = 100) -> float:
    """The share of words that stand right in translations of fresh sentences of T words."""
    source, target, _ = sentences(n, T, seed)
    return (translate(model, source) == target).double().mean().item()


@torch.no_grad()
def share_aligned(model: WithAttention, T: int, seed: int, n: int = 200) -> float:
    """Of the words said right, given those before, how often the largest weight is on the source.

    Fresh sentences of T words.
    """
    source, target, origin = sentences(n, T, seed)
    logits, weights = model.look(source, words_before(target))
    right = logits.argmax(-1) == target
    return (weights.argmax(-1) == origin)[right].double().mean().item()
