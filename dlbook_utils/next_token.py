"""A text of the reader's own before the pocket-size language model: how it reads, and what is next.

The twin of `next_token` in the page is figure_scripts/next_token.js. The chapter `language_model`
places it:

    from dlbook_utils.interactive import workbench
    from dlbook_utils.next_token import SETTINGS, next_token_drawer, page_data
    from dlbook_utils.small_gpt import load_model, load_tokenizer

    pocket, tokenizer = load_model("pocket"), load_tokenizer()
    workbench(next_token_drawer(pocket, tokenizer), "Write, and see what comes next.",
              "next_token", page_data(pocket, tokenizer), **SETTINGS)
"""

import base64
import re
from collections.abc import Sequence
from copy import deepcopy

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from dlbook_utils.byte_pairs import BytePairs
from dlbook_utils.gpt import GPT

SHOWN = 10  # tokens in the list of the likeliest
SAMPLE_TEXTS = [
    "Return a copy of the string with all",
    "If the file does not exist, a",
    "The optional argument timeout specifies the number of",
    "This method raises a ValueError if the list is empty, and a TypeError if the",
    "The name of the encoding used to decode the bytes. The name of the",
    "def __init__(self, name, value=None",
    "El método devuelve una lista de",
]
SETTINGS = {  # for a live kernel; the first of each is the figure without scripts
    "text": SAMPLE_TEXTS,
    "layer": [1, 2],
    "head": [1, 2, 3, 4],
    "temperature": [1.0, 0.1, 2.0],
    "k": [1024, 1, 2, 5, 10, 20, 50, 100, 200, 500],
    "p": [1.0, 0.05],
}


@torch.no_grad()
def logits_and_attention(model: GPT, ids: Tensor) -> tuple[Tensor, Tensor]:
    """Of ids (T,): logits (T, vocabulary), and all attention weights (layers, heads, T, T)."""
    T, maps = len(ids), []
    x = (model.tokens(ids) + model.places.weight[:T])[None]
    future = torch.ones(T, T, dtype=torch.bool).triu(1)
    for block in model.blocks:
        qkv = block.attention.qkv(block.norm1(x)).view(T, 3, block.attention.n_heads, -1)
        q, k, _ = qkv.permute(1, 2, 0, 3)  # each (heads, T, C / heads)
        scores = q @ k.transpose(1, 2) / q.shape[-1] ** 0.5
        maps.append(scores.masked_fill(future, -torch.inf).softmax(-1))
        x = block(x)
    return model.norm(x)[0] @ model.tokens.weight.T, torch.stack(maps)


def cut_probs(logits: Tensor, temperature: float, k: int, p: float) -> tuple[Tensor, Tensor, int]:
    """Temperature, then the `k` likeliest, then the fewest of them that hold the share `p`.

    Returns probabilities at this temperature, those after both cuts, and how many tokens are left.
    """
    if not (temperature > 0 and k >= 1 and 0 < p <= 1):
        raise ValueError(
            f"temperature {temperature}, k {k}, p {p}: the temperature is above 0, k at least 1, "
            "and p above 0 and at most 1"
        )
    before = (logits / temperature).softmax(0)
    likeliest = before.argsort(descending=True, stable=True)[:k]
    among = before[likeliest] / before[likeliest].sum()
    held = among.cumsum(0) - among  # by all that are likelier
    kept = likeliest if p == 1 else likeliest[held < p]
    after = torch.zeros_like(before)
    after[kept] = before[kept] / before[kept].sum()
    return before, after, len(kept)


def uniform_number(n: int) -> float:
    """The n-th number in [0, 1) of the generator mulberry32, started at zero."""
    mask = 0xFFFFFFFF
    a = (n + 1) * 0x6D2B79F5 & mask
    t = (a ^ a >> 15) * (a | 1) & mask
    t ^= t + ((t ^ t >> 7) * (t | 61) & mask) & mask
    return (t ^ t >> 14) / 2**32


def token_label(raw: bytes) -> str:
    """A token for the eye: spaces and line ends get marks, what is no text its bytes."""
    if not raw:
        return "‹end›"
    text = raw.decode(errors="replace").replace("\n", "↵").replace("\t", "⇥").replace(" ", "␣")
    if re.search("[\ufffd\x00-\x1f\x7f-\x9f]", text):
        return "".join(f"\\x{byte:02x}" for byte in raw)
    return text


def next_token(
    model: GPT,
    tokenizer: BytePairs,
    text: str,
    added: Sequence[int] = (),
    layer: int = 1,
    head: int = 1,
    place: int | None = None,
    temperature: float = 1.0,
    k: int = 1024,
    p: float = 1.0,
    n: int = 0,
) -> dict:
    """How the model reads a text and the tokens `added` to it, and what it expects next.

    The token at `place` of what the model sees, or the last one, says where it looks. `n` counts
    the numbers drawn so far.
    """
    given = [*tokenizer.encode(text), *added]
    ids = torch.tensor([tokenizer.end, *given][-model.config.context :])
    label = [token_label(tokenizer.bytes[i]) for i in range(len(tokenizer))]
    logits, maps = logits_and_attention(model, ids)
    before, after, kept = cut_probs(logits[-1], temperature, k, p)
    order = before.argsort(descending=True, stable=True)
    drawn = order[torch.searchsorted(after[order].cumsum(0), uniform_number(n), right=True)]
    place = len(ids) - 1 if place is None else min(place, len(ids) - 1)
    weights = maps[layer - 1, head - 1]
    most = weights[place].argmax().item()

    says = [f"{len(given)} token{'s' * (len(given) != 1)}"]
    if len(given) >= len(ids):
        says[0] += f", of which the model sees the last {len(ids)}"
    if not given:
        says[0] = "No text: the model sees only the mark ‹end› between documents"
    says.append(
        f"Likeliest next at temperature {temperature:.2f}: “{label[order[0]]}” with probability "
        f"{after[order[0]]:.2f}"
    )
    if kept < len(label):
        says.append(
            f"{kept} of {len(label)} tokens {'is' if kept == 1 else 'are'} kept, which had "
            f"{before[order[:kept]].sum():.2f} of the probability before the cut"
        )
    says.append(
        f"Layer {layer}, head {head}: “{label[ids[place]]}” looks most at “{label[ids[most]]}”, "
        f"weight {weights[place, most]:.2f}"
    )
    n_bytes = sum(len(tokenizer.bytes[i]) for i in ids[1:])
    loss = F.cross_entropy(logits[:-1], ids[1:], reduction="sum").item() / max(n_bytes, 1)
    if n_bytes:
        says.append(f"What it sees costs the model {loss:.2f} nats per byte")
    return {
        "ids": ids.tolist(),
        "text": tokenizer.decode(given),
        "map": weights,
        "before": before,
        "after": after,
        "order": order[:SHOWN].tolist(),
        "kept": kept,
        "drawn": drawn.item(),
        "loss": loss,
        "sentence": ". ".join(says) + ".",
    }


def page_data(model: GPT, tokenizer: BytePairs) -> dict:
    """Weights in half precision, in the order of `shapes`, and merges, ready for JSON."""
    state, config = model.state_dict(), model.config
    halves = {name: weight.half() for name, weight in state.items()}
    if any(not torch.equal(halves[name].float(), state[name].float()) for name in state):
        raise ValueError(
            "the page holds half precision; round the model's weights first: w.half().float()"
        )
    packed = b"".join(weight.numpy().astype("<f2").tobytes() for weight in halves.values())
    return {
        "context": config.context,
        "channels": config.d_model,
        "layers": config.n_layers,
        "heads": config.n_heads,
        "shown": SHOWN,
        "shapes": {name: list(weight.shape) for name, weight in halves.items()},
        "weights": base64.b64encode(packed).decode(),
        "merges": tokenizer.merges,
        "samples": SAMPLE_TEXTS,
    }


def next_token_drawer(model: GPT, tokenizer: BytePairs):
    """A function for `workbench`: draws where the last token looks, and the likeliest next ones."""
    exact = deepcopy(model).double()

    def draw_next_token(
        text: str, layer: int, head: int, temperature: float, k: int, p: float
    ) -> tuple[Figure, str]:
        settings = {"layer": layer, "head": head, "temperature": temperature, "k": k, "p": p}
        found = next_token(exact, tokenizer, text, **settings)
        label = [token_label(raw).replace("$", r"\$") for raw in tokenizer.bytes]
        ids, order = found["ids"], found["order"]
        before, after = found["before"][order].numpy(), found["after"][order].numpy()
        fig, (looks, bars) = plt.subplots(1, 2, figsize=(6.4, 0.6 + 0.2 * max(len(ids), 12)))
        looks.barh(range(len(ids)), found["map"][-1].numpy())
        looks.set_yticks(range(len(ids)), [label[i] for i in ids])
        looks.set(xlim=(0, 1), xlabel="attention weight", title="where the last token looks")
        bars.barh(range(len(order)), before, facecolor="none", edgecolor="C5")
        bars.barh(range(len(order)), after)
        bars.set_yticks(range(len(order)), [label[i] for i in order])
        bars.set(xlim=(0, 1), xlabel="probability", title="what comes next")
        for ax in (looks, bars):
            ax.invert_yaxis()
            ax.set_axisbelow(True)
        return fig, f"After “{text}”: {found['sentence']}"

    return draw_next_token
