"""Train the book's language models: the `small` GPT of a million weights and the `pocket` one.

Both read the training part of `python_prose`. Beside this file's JSON, `run` writes what
`dlbook_utils/small_gpt.py` loads: the tokenizer and both models' weights.
"""

import hashlib
import math
from dataclasses import replace

import torch
from torch import Tensor

from dlbook_utils.byte_pairs import BytePairs, train_merges
from dlbook_utils.gpt import GPT, GPTConfig, nats_per_byte, next_token_loss
from dlbook_utils.python_prose import prose
from dlbook_utils.small_gpt import CONFIGS, save_model, save_tokenizer

VOCABULARY = 1024
SEED = 0
RUNS = {  # peak learning rate, sequences a step, steps, dropout
    "pocket": (1e-2, 32, 4000, 0.0),
    "small": (3e-3, 8, 4800, 0.2),
}
WARMUP = 100  # steps


def stream(tokenizer: BytePairs, texts: list[str]) -> Tensor:
    """All documents as one stream of ids, `end` before each."""
    return torch.tensor([i for text in texts for i in (tokenizer.end, *tokenizer.encode(text))])


def rate(step: int, steps: int, peak: float) -> float:
    """Linear warmup, then a cosine to a twentieth of the peak."""
    if step < WARMUP:
        return peak * (step + 1) / WARMUP
    done = (step - WARMUP) / (steps - WARMUP)
    return peak * (0.05 + 0.95 * (1 + math.cos(math.pi * done)) / 2)


def train(config: GPTConfig, ids: Tensor, peak: float, sequences: int, steps: int, seed: int):
    """Train a GPT with AdamW on random windows of `ids`; yields (step, model) every 200 steps."""
    torch.manual_seed(seed)
    model = GPT(config)
    matrices = [w for w in model.parameters() if w.ndim == 2]
    vectors = [w for w in model.parameters() if w.ndim < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=peak, betas=(0.9, 0.98))
    generator = torch.Generator().manual_seed(seed)
    window = torch.arange(config.context + 1)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate(step, steps, peak)
        starts = torch.randint(len(ids) - config.context, (sequences, 1), generator=generator)
        loss = next_token_loss(model, ids[starts + window])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if (step + 1) % 200 == 0:
            yield step + 1, model.eval()
            model.train()


def run() -> dict:
    train_text, held_out = prose("train"), prose("held out")
    tokenizer = BytePairs(train_merges(train_text, VOCABULARY - 1))
    save_tokenizer(tokenizer)
    ids, test_ids = stream(tokenizer, train_text), stream(tokenizer, held_out)
    n_bytes = sum(len(text.encode()) for text in held_out)
    part = ids[: len(test_ids)]  # as much of the training text, to see how much is learned by heart
    part_bytes = sum(len(tokenizer.bytes[i]) for i in part)
    result = {
        "seeds": [SEED],
        "train_tokens": len(ids),
        "train_bytes": sum(len(text.encode()) for text in train_text),
        "held_out_tokens": len(test_ids),
        "held_out_bytes": n_bytes,
        "held_out_sha256": hashlib.sha256("\n".join(held_out).encode()).hexdigest(),
        "models": {},
    }
    for name, (peak, sequences, steps, dropout) in RUNS.items():
        config = replace(CONFIGS[name], dropout=dropout)
        curve = []
        for step, model in train(config, ids, peak, sequences, steps, SEED):
            at_test = nats_per_byte(model, test_ids, n_bytes)
            curve.append([step, nats_per_byte(model, part, part_bytes), at_test])
            print(name, curve[-1], flush=True)
        result["models"][name] = {
            "learning_rate": peak,
            "tokens_a_step": sequences * config.context,
            "curve": curve,  # step, nats per byte of a tenth of the training text, of the held-out
            "sha256": save_model(name, model),
        }
    return result
