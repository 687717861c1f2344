"""The vision transformer is torchvision's, and its patches are what they are said to be."""

import pytest
import torch

from dlbook_utils.vit import ViT

SIZES = dict(size=8, patch=4, d=12, depth=2, heads=3, ffn=20)


def test_it_equals_torchvisions_with_the_same_weights():
    from torchvision.models.vision_transformer import VisionTransformer

    theirs = VisionTransformer(
        image_size=8, patch_size=4, num_layers=2, num_heads=3, hidden_dim=12, mlp_dim=20,
        num_classes=5,
    ).eval()  # fmt: skip
    torch.nn.init.normal_(theirs.heads.head.weight)
    ours = ViT(**SIZES, classes=5, channels=3)
    theirs_in_order = [
        theirs.class_token,
        theirs.encoder.pos_embedding,
        *theirs.conv_proj.parameters(),
    ]
    theirs_in_order += [*theirs.encoder.layers.parameters(), *theirs.encoder.ln.parameters()]
    theirs_in_order += theirs.heads.parameters()
    by_shape = [ours.cls, ours.places, *ours.patches.parameters()]
    for block in ours.blocks:
        layers = (block.norm1, block.qkv, block.out, block.norm2, block.up, block.down)
        by_shape += [p for layer in layers for p in layer.parameters()]
    by_shape += [*ours.norm.parameters(), *ours.head.parameters()]
    for mine, other in zip(by_shape, theirs_in_order, strict=True):
        mine.data = other.data.clone().view_as(mine)
    x = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(ours(x), theirs(x), atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_without_positions_whole_patches_move_along():
    model = ViT(**SIZES, pool="mean", positions=False).double()
    x = torch.randn(2, 1, 8, 8, dtype=torch.float64)
    torch.testing.assert_close(model(x.roll(4, -1)), model(x))
    assert (model(x.roll(1, -1)) - model(x)).abs().max() > 1e-4


@torch.no_grad()
def test_attention_weights_sum_to_one_and_are_those_that_forward_uses():
    model = ViT(**SIZES)
    before, after, _ = model.tokens(torch.randn(2, 1, 8, 8))
    block = model.blocks[0]
    added, weights = block.attend(before)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, 5))
    x = before + added
    hidden = torch.nn.functional.gelu(block.up(block.norm2(x)))
    torch.testing.assert_close(x + block.down(hidden), after)


def test_patches_must_fill_the_picture():
    with pytest.raises(ValueError, match="patches of 3 pixels do not fill a side of 8"):
        ViT(**{**SIZES, "patch": 3})
