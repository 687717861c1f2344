"""Update rules for matrices: against torch, against the singular value decomposition."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from dlbook_utils.matrix_rules import inverse_root, muon, newton_schulz, shampoo
from dlbook_utils.update_rules import RuleOptimizer, adagrad


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def test_muon_is_torchs():
    ours, theirs = (nn.Parameter(torch.ones(6, 8)) for _ in range(2))
    a = RuleOptimizer([ours], muon, lr=0.02, weight_decay=0.1)
    b = torch.optim.Muon([theirs], lr=0.02, weight_decay=0.1)
    for _ in range(20):
        ours.grad = torch.randn(6, 8)
        theirs.grad = ours.grad.clone()
        a.step()
        b.step()
    assert torch.equal(ours, theirs)


def test_newton_schulz_of_a_transpose_is_the_transpose():
    G = torch.randn(5, 9)
    assert torch.equal(newton_schulz(G), newton_schulz(G.T).T)


def test_newton_schulz_brings_singular_values_near_one():
    values = torch.linalg.svdvals(newton_schulz(torch.randn(16, 32)).float())
    assert 0.6 < values.min() < values.max() < 1.3


def test_muon_has_no_rule_for_a_bias():
    with pytest.raises(ValueError, match=r"shape \(10,\) to Adam"):
        muon(torch.zeros(10), torch.ones(10), {})


def test_an_inverse_root_multiplied_by_itself_is_the_inverse():
    M = torch.randn(5, 5, dtype=torch.float64)
    M = M @ M.T + torch.eye(5)
    R = inverse_root(M, 4)
    assert_close(R @ R @ R @ R, torch.linalg.inv(M))


def test_the_first_step_of_shampoo_is_orthogonal():
    G = torch.randn(6, 4, dtype=torch.float64)
    U, _, Vt = torch.linalg.svd(G, full_matrices=False)
    assert_close(shampoo(G, G, {}, eps=1e-11), U @ Vt, atol=1e-6, rtol=0)


def test_shampoo_turns_with_the_axes():
    G = torch.randn(6, 4, dtype=torch.float64)
    Q = torch.linalg.qr(torch.randn(6, 6, dtype=torch.float64))[0]
    turned, plain = {}, {}
    for scale in (1.0, 0.3):
        assert_close(shampoo(G, scale * Q @ G, turned), Q @ shampoo(G, scale * G, plain))


def test_shampoo_of_a_bias_is_adagrad():
    g = torch.randn(7)
    assert torch.equal(shampoo(g, g, {}), adagrad(g, g, {}))


@pytest.mark.parametrize("rule", [muon, shampoo])
def test_kernels_count_as_a_matrix(rule):
    g = torch.randn(4, 2, 3, 3)
    assert_close(rule(g, g, {}), rule(g.flatten(1), g.flatten(1), {}).view_as(g))
