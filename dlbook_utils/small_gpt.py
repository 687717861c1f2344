"""The book's trained language models and their tokenizer, as files beside this module.

`experiments/small_language_models.py` trains them; the chapter `language_model` tells how. The
folder `small_gpt_files/<name>` has the form of a GPT-2 of the library `transformers`, which loads
it with GPT2LMHeadModel.from_pretrained.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor

from dlbook_utils.byte_pairs import BytePairs
from dlbook_utils.gpt import GPT, GPTConfig

FOLDER = Path(__file__).parent / "small_gpt_files"
CONFIGS = {
    "small": GPTConfig(),
    "pocket": GPTConfig(context=64, d_model=48, n_layers=2),
}
# our names, and those of transformers' GPT-2
NAMES = {
    "tokens.": "transformer.wte.",
    "places.": "transformer.wpe.",
    "blocks.": "transformer.h.",
    "norm1.": "ln_1.",
    "norm2.": "ln_2.",
    "attention.qkv.": "attn.c_attn.",
    "attention.out.": "attn.c_proj.",
    "up.": "mlp.c_fc.",
    "down.": "mlp.c_proj.",
}


def load_model(name: str = "small") -> GPT:
    """The trained model, for evaluation: "small" (957,184 weights) or "pocket" (108,864)."""
    model = GPT(config_of(name))
    weights = load_file(FOLDER / name / "model.safetensors")
    model.load_state_dict(from_gpt2(weights, model.state_dict()))
    return model.eval()


def load_tokenizer() -> BytePairs:
    return BytePairs(json.loads((FOLDER / "merges.json").read_text()))


def config_of(name: str) -> GPTConfig:
    if name not in CONFIGS:
        raise ValueError(f"no language model {name!r}; there are {', '.join(CONFIGS)}")
    return CONFIGS[name]


def save_model(name: str, model: GPT) -> str:
    """Write the model as transformers' GPT-2 would be; the SHA-256 of its weights' file."""
    config, folder = config_of(name), FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.safetensors"
    weights = to_gpt2(model.state_dict())
    if name == "pocket":  # as the page carries it: half the bytes
        weights = {key: weight.half() for key, weight in weights.items()}
    save_file(weights, path, metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(gpt2_config(config), indent=1) + "\n")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def save_tokenizer(tokenizer: BytePairs) -> None:
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "merges.json").write_text(json.dumps(tokenizer.merges, separators=(",", ":")) + "\n")


def gpt2_config(config: GPTConfig) -> dict:
    """The sizes under transformers' names."""
    return {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "vocab_size": config.vocabulary,
        "n_positions": config.context,
        "n_embd": config.d_model,
        "n_layer": config.n_layers,
        "n_head": config.n_heads,
        "activation_function": "gelu_new",
        "bos_token_id": config.vocabulary - 1,
        "eos_token_id": config.vocabulary - 1,
        "embd_pdrop": 0.0,
        "attn_pdrop": 0.0,
        "resid_pdrop": 0.0,
    }


def to_gpt2(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """A state dict of `GPT` under GPT-2's names; its linear weights are (inputs, outputs)."""
    return {theirs(name): as_stored(name, weight) for name, weight in weights.items()}


def from_gpt2(weights: dict[str, Tensor], names: Iterable[str]) -> dict[str, Tensor]:
    """The other way: from a file of GPT-2's form those weights of a `GPT`, in float32."""
    return {name: as_stored(name, weights[theirs(name)].float()) for name in names}


def theirs(name: str) -> str:
    if name.startswith("norm."):
        return "transformer.ln_f." + name.removeprefix("norm.")
    for part, other in NAMES.items():
        name = name.replace(part, other)
    return name


def as_stored(name: str, weight: Tensor) -> Tensor:
    linear = weight.ndim == 2 and name.startswith("blocks.")
    return weight.T.contiguous() if linear else weight.contiguous()
