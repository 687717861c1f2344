"""Ways to tell a transformer where a token stands, and a small causal model that takes any of them.

The chapter `positions` writes them out. A scheme may touch a model in three places: what is added
to the embeddings (`place`), how queries and keys are turned (`turn`), and what is added to the
scores (`bias`). Axes: B sequences, H heads, T places, C channels, D channels of a head.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class NoPositions(nn.Module):
    """Says nothing; the other schemes change what they need."""

    def place(self, x: Tensor) -> Tensor:
        return x

    def turn(self, q: Tensor, k: Tensor) -> tuple[Tensor, Tensor]:
        return q, k

    def bias(self, T: int) -> Tensor:
        return torch.zeros(T, T)


def sinusoids(T: int, C: int, base: float = 10000.0) -> Tensor:
    """Row p holds sin and cos of p * base^(-2i/C), in pairs: (T, C)."""
    omega = base ** (-torch.arange(0, C, 2, dtype=torch.float64) / C)
    angles = torch.arange(T, dtype=torch.float64)[:, None] * omega  # (T, C / 2)
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1).float()


class Sinusoidal(NoPositions):
    """Adds fixed waves to the embeddings (Vaswani et al., 2017)."""

    def place(self, x):
        return x + sinusoids(*x.shape[1:])


class Learned(NoPositions):
    """Adds a row of a table to each embedding."""

    def __init__(self, rows: int, C: int):
        super().__init__()
        self.table = nn.Embedding(rows, C)

    def place(self, x):
        return x + self.table(torch.arange(x.shape[1]))


def buckets(offset: Tensor, n: int = 16, far: int = 32) -> Tensor:
    """T5's classes of causal distances: each of n/2 its own, then logarithmically, to n - 1."""
    distance = offset.clamp(min=0)
    exact = n // 2
    ratio = (distance.clamp(min=1) / exact).log() / torch.tensor(far / exact).log()
    coarse = exact + (ratio * (n - exact)).long()
    return torch.where(distance < exact, distance, coarse.clamp(max=n - 1))


def offsets(T: int) -> Tensor:
    """How far the key stands behind the query: entry (i, j) is i - j."""
    return torch.arange(T)[:, None] - torch.arange(T)


class RelativeBias(NoPositions):
    """Adds to each head's scores a learned number for each class of distances (T5)."""

    def __init__(self, heads: int):
        super().__init__()
        self.values = nn.Embedding(16, heads)
        nn.init.zeros_(self.values.weight)

    def bias(self, T):
        return self.values(buckets(offsets(T))).permute(2, 0, 1)  # (H, T, T)


class ALiBi(NoPositions):
    """Takes from the score a fixed slope times the distance, a slope for each head."""

    def __init__(self, heads: int):
        super().__init__()
        self.slopes = 2 ** (-8 * torch.arange(1, heads + 1) / heads)

    def bias(self, T):
        return -self.slopes[:, None, None] * offsets(T).clamp(min=0)


def rope_frequencies(D: int, base: float = 10000.0) -> Tensor:
    """By how much each pair of channels turns from one place to the next: (D / 2,)."""
    return base ** (-torch.arange(0, D, 2) / D)


def rotate(x: Tensor, places: Tensor, omega: Tensor) -> Tensor:
    """Turn each pair of neighboring channels of x (..., T, D) by its angle places * omega."""
    angles = places[:, None] * omega  # (T, D / 2)
    cos, sin = angles.cos(), angles.sin()
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2)


class Rotary(NoPositions):
    """Turns queries and keys by their place (Su et al., 2021).

    After training one may change `omega` (D / 2,), and `sharpness`, which multiplies the scores.
    """

    def __init__(self, D: int):
        super().__init__()
        self.omega, self.sharpness = rope_frequencies(D), 1.0

    def turn(self, q, k):
        places = torch.arange(q.shape[-2])
        q, k = (rotate(x, places, self.omega) for x in (q, k))
        return q * self.sharpness, k


def by_parts(omega: Tensor, factor: float, trained: int, low=1.0, high=4.0) -> Tensor:
    """YaRN's frequencies: slowed by `factor` where training saw less than `low` turns.

    Unchanged where it saw more than `high`, and a mixture between.
    """
    turns = trained * omega / (2 * torch.pi)
    keep = ((turns - low) / (high - low)).clamp(0, 1)
    return keep * omega + (1 - keep) * omega / factor


class PlacedAttention(nn.Module):
    """Causal self-attention that asks a scheme about positions."""

    def __init__(self, C: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(C, 3 * C), nn.Linear(C, C)

    def forward(self, x: Tensor, scheme: NoPositions, mask: Tensor) -> Tensor:
        B, T, C = x.shape
        qkv = self.qkv(x).view(B, T, 3, self.heads, C // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (B, H, T, D)
        q, k = scheme.turn(q, k)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.out(mixed.transpose(1, 2).reshape(B, T, C))


class PlacedBlock(nn.Module):
    """Pre-norm: attention, then a dense network at each place."""

    def __init__(self, C: int, heads: int):
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(C), PlacedAttention(C, heads)
        self.norm2 = nn.LayerNorm(C)
        self.mlp = nn.Sequential(nn.Linear(C, 4 * C), nn.GELU(), nn.Linear(4 * C, C))

    def forward(self, x, scheme, mask):
        x = x + self.attention(self.norm1(x), scheme, mask)
        return x + self.mlp(self.norm2(x))


class PlacedModel(nn.Module):
    """Tokens (B, T) to logits (B, T, V), causal or not, with the scheme it is given."""

    def __init__(self, scheme, V=16, C=32, heads=4, layers=2, causal=True):
        super().__init__()
        self.scheme, self.causal = scheme, causal
        self.tokens = nn.Embedding(V, C)
        self.blocks = nn.ModuleList(PlacedBlock(C, heads) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(C), nn.Linear(C, V)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.scheme.place(self.tokens(ids))
        mask = self.scheme.bias(ids.shape[1])
        if self.causal:
            mask = mask.masked_fill(offsets(ids.shape[1]) < 0, float("-inf"))
        for block in self.blocks:
            x = block(x, self.scheme, mask)
        return self.head(self.norm(x))


SCHEMES = {  # for the sizes of PlacedModel: 32 channels, 4 heads
    "none": NoPositions,
    "sinusoidal": Sinusoidal,
    "learned": lambda: Learned(128, 32),
    "relative bias": lambda: RelativeBias(4),
    "RoPE": lambda: Rotary(8),
    "ALiBi": lambda: ALiBi(4),
}
LAG = 5  # of the echoes: how far back a token is repeated
COPY = 0.6  # the chance of that
FAVORITE = 0.3  # the chance of the sequence's favorite
SYMBOLS = 16


def echoes(n: int, T: int, seed: int) -> Tensor:
    """Sequences (n, T) of a source whose best predictor is known.

    Each token repeats the one LAG places before (chance COPY), or is the favorite of its sequence
    (chance FAVORITE), or is any of the SYMBOLS.
    """
    g = torch.Generator().manual_seed(seed)
    favorite = torch.randint(SYMBOLS, (n, 1), generator=g)
    kind = torch.rand(n, T, generator=g)
    ids = torch.randint(SYMBOLS, (n, T), generator=g)
    ids = torch.where(kind < COPY + FAVORITE, favorite, ids)
    for t in range(LAG, T):
        ids[:, t] = torch.where(kind[:, t] < COPY, ids[:, t - LAG], ids[:, t])
    return ids


def best_losses(ids: Tensor) -> Tensor:
    """What the ideal predictor, which knows the source, loses on each token: (n, T)."""
    n, T = ids.shape
    belief = torch.full((n, SYMBOLS), 1 / SYMBOLS, dtype=torch.float64)  # in each favorite
    losses = []
    for t in range(T):
        other = (1 - COPY - FAVORITE) / SYMBOLS
        if t < LAG:  # nothing to repeat yet: the favorite takes its share
            chances, copied = COPY + FAVORITE, torch.zeros(n, SYMBOLS, dtype=torch.float64)
        else:
            chances, copied = FAVORITE, COPY * F.one_hot(ids[:, t - LAG], SYMBOLS)
        seen = ids[:, t, None]
        # chance of what came, under each favorite
        under = other + copied.gather(1, seen) + chances * F.one_hot(seen[:, 0], SYMBOLS)
        chance = (belief * under).sum(1)
        losses.append(-chance.log())
        belief = belief * under / chance[:, None]
    return torch.stack(losses, 1)


def train_at(length: int, model: nn.Module, draw, rate: float, steps: int, batch=32, seed=0):
    """Train on draw(n, T, seed) at one length: AdamW, a short warm-up, a cosine to zero."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps, pct_start=0.1)
    for ids in draw(steps * batch, length + 1, 1000 + seed).view(steps, batch, length + 1):
        loss = F.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return model


@torch.no_grad()
def losses_by_place(model: nn.Module, ids: Tensor) -> Tensor:
    """The mean loss on each token after the first: (T - 1,)."""
    logits = model(ids[:, :-1])
    return F.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none").mean(0)
