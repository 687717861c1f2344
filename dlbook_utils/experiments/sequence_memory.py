"""Which network remembers: convolutions, an LSTM and attention on delayed copy and on adding.

Equal parameters within a few percent, equal steps, and for each a sweep of the learning rate. The
chapter `receptive_fields` shows the result and repeats a part of it.
"""

import torch

from dlbook_utils.sequence_models import (
    NETWORKS,
    TASKS,
    CausalConvs,
    OneAttention,
    Recurrent,
    adding,
    delayed_copy,
    train_sequences,
)

SEEDS = (0, 1, 2, 3, 4)
STEPS = 1000
RATES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
PARTS = (CausalConvs, OneAttention, Recurrent, adding, delayed_copy)  # what the result rests on


def run() -> dict:
    """For each task and network: its parameters, rates, and scores (rates, seeds)."""
    torch.set_num_threads(1)
    found = {}
    for task, at in TASKS.items():
        found[task] = {}
        for name, make in NETWORKS.items():
            held_out, test = train_sequences(name, task, RATES, SEEDS, STEPS)
            found[task][name] = {
                "parameters": sum(p.numel() for p in make(at.inputs, at.outputs).parameters()),
                "held out": held_out.tolist(),
                "test": test.tolist(),
            }
    return {"seeds": SEEDS, "steps": STEPS, "rates": RATES, "tasks": found}
