"""A vision transformer (Dosovitskiy et al., 2021): patches as tokens, and a transformer encoder.

The chapter `vision_transformers` writes it out. Axes: B pictures, T tokens, C channels of a token.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class EncoderBlock(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x)); all tokens see all."""

    def __init__(self, d: int, heads: int, ffn: int):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(d, eps=1e-6)
        self.norm2 = nn.LayerNorm(d, eps=1e-6)
        self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.up, self.down = nn.Linear(d, ffn), nn.Linear(ffn, d)

    def scores(self, q: Tensor, k: Tensor) -> Tensor:
        return q @ k.mT / q.shape[-1] ** 0.5  # (B, heads, T, T)

    def attend(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """What attention adds (B, T, C), and its weights (B, heads, T, T)."""
        B, T, C = x.shape
        qkv = self.qkv(self.norm1(x)).view(B, T, 3, self.heads, C // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (B, heads, T, C / heads)
        weights = self.scores(q, k).softmax(-1)
        return self.out((weights @ v).transpose(1, 2).reshape(B, T, C)), weights

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attend(x)[0]
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class ViT(nn.Module):
    """Pictures (B, channels, size, size) to logits (B, classes).

    pool: "cls" reads a learned extra token, "mean" averages the patches. positions: False leaves
    the patches a bag. block(d, heads, ffn) makes one layer.
    """

    def __init__(
        self, size, patch, d, depth, heads, ffn, classes=10, channels=1, pool="cls",
        positions=True, block=EncoderBlock,
    ):  # fmt: skip
        super().__init__()
        if size % patch:
            raise ValueError(f"patches of {patch} pixels do not fill a side of {size}")
        extra = 1 if pool == "cls" else 0
        tokens = (size // patch) ** 2 + extra
        self.pool = pool
        self.patches = nn.Conv2d(channels, d, patch, stride=patch)
        self.cls = nn.Parameter(torch.zeros(extra, d))
        self.places = nn.Parameter(0.1 * torch.randn(tokens, d)) if positions else None
        self.blocks = nn.ModuleList(block(d, heads, ffn) for _ in range(depth))
        self.norm, self.head = nn.LayerNorm(d, eps=1e-6), nn.Linear(d, classes)

    def tokens(self, x: Tensor) -> list[Tensor]:
        """The tokens before the first block, and after each: (B, T, C)."""
        x = self.patches(x).flatten(2).mT  # (B, patches, C), row by row
        x = torch.cat([self.cls.expand(len(x), -1, -1), x], 1)
        seen = [x if self.places is None else x + self.places]
        for block in self.blocks:
            seen.append(block(seen[-1]))
        return seen

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.tokens(x)[-1])
        return self.head(x[:, 0] if self.pool == "cls" else x.mean(1))
