"""A decoder-only transformer in GPT-2's form (Radford et al., 2019).

Pre-norm blocks, learned positions, GELU in its tanh form, the output layer tied to the token table.
The chapter `transformers` writes it out. Axes: B sequences, T places, C channels (`d_model`).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class GPTConfig:
    """Sizes of a GPT; `vocabulary` and `context` in tokens."""

    vocabulary: int = 1024
    context: int = 256
    d_model: int = 128
    n_layers: int = 4
    n_heads: int = 4
    dropout: float = 0.0


class Attention(nn.Module):
    """Causal self-attention with `n_heads` heads of d_model / n_heads channels."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.n_heads = config.n_heads
        self.qkv = nn.Linear(config.d_model, 3 * config.d_model)
        self.out = nn.Linear(config.d_model, config.d_model)

    def forward(self, x: Tensor) -> Tensor:
        B, T, C = x.shape
        heads = self.qkv(x).view(B, T, 3, self.n_heads, C // self.n_heads)
        q, k, v = heads.permute(2, 0, 3, 1, 4)  # each (B, heads, T, C / heads)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(y.transpose(1, 2).reshape(B, T, C))


class GPTBlock(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x))."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        C = config.d_model
        self.norm1, self.attention = nn.LayerNorm(C), Attention(config)
        self.norm2, self.up, self.down = nn.LayerNorm(C), nn.Linear(C, 4 * C), nn.Linear(4 * C, C)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.dropout(self.attention(self.norm1(x)))
        hidden = F.gelu(self.up(self.norm2(x)), approximate="tanh")
        return x + self.dropout(self.down(hidden))


class GPT(nn.Module):
    """Token ids (B, T) to the logits of each next token (B, T, vocabulary)."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.config = config
        self.tokens = nn.Embedding(config.vocabulary, config.d_model)
        self.places = nn.Embedding(config.context, config.d_model)
        self.blocks = nn.ModuleList(GPTBlock(config) for _ in range(config.n_layers))
        self.norm = nn.LayerNorm(config.d_model)
        for name, weight in self.named_parameters():
            if weight.ndim == 2:  # GPT-2's start: small, and smaller still where streams add up
                onto_stream = name.endswith(("attention.out.weight", "down.weight"))
                std = 0.02 / (2 * config.n_layers) ** 0.5 if onto_stream else 0.02
                nn.init.normal_(weight, std=std)
            elif name.endswith("bias"):
                nn.init.zeros_(weight)

    def forward(self, ids: Tensor) -> Tensor:
        if ids.shape[1] > self.config.context:
            raise ValueError(
                f"{ids.shape[1]} tokens, but this model has places for {self.config.context}; "
                "keep the last ones: ids[:, -context:]"
            )
        x = self.tokens(ids) + self.places.weight[: ids.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.norm(x) @ self.tokens.weight.T


def next_token_loss(model: nn.Module, ids: Tensor) -> Tensor:
    """Mean cross-entropy, in nats per token, of each token of `ids` (B, T + 1) after the first."""
    logits = model(ids[:, :-1])
    return F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())


@torch.no_grad()
def nats_per_byte(model: GPT, ids: Tensor, n_bytes: int) -> float:
    """What the model needs for a stream of ids (N,) that stands for `n_bytes` bytes of text.

    The stream is cut into windows of the model's context that overlap by half, and each token is
    counted once: but for the first half window, each has at least half a context before it.
    """
    context, total, done = model.config.context, 0.0, 1
    for start in range(0, max(1, len(ids) - 1 - context // 2), context // 2):
        window = ids[start : start + context + 1]
        logits = model(window[None, :-1])[0]
        losses = F.cross_entropy(logits, window[1:], reduction="none")
        fresh = start + len(window) - done  # tokens not yet counted are the window's last
        total += losses[-fresh:].sum().item()
        done = start + len(window)
    return total / n_bytes
