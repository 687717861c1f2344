"""Curvature without a Hessian equals curvature with one."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from dlbook_utils.curvature import flat, hessian_product, lanczos, sharpness


@pytest.fixture
def problem():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    X, y = torch.randn(10, 3).double(), torch.randint(2, (10,))
    params = list(model.parameters())

    def loss():
        return nn.functional.cross_entropy(model(X), y)

    eye = torch.eye(sum(w.numel() for w in params)).double()
    product = hessian_product(loss(), params)
    return loss, params, torch.stack([product(e) for e in eye])


def test_flat_keeps_the_order_of_the_entries():
    assert flat([torch.tensor([[1, 2], [3, 4]]), torch.tensor([5])]).tolist() == [1, 2, 3, 4, 5]


def test_products_make_a_symmetric_matrix(problem):
    _, _, H = problem
    assert_close(H, H.T)


def test_a_product_is_a_difference_of_gradients(problem):
    loss, params, H = problem
    v = torch.randn(len(H), dtype=torch.float64)
    gradients = []
    w = nn.utils.parameters_to_vector(params).detach()
    for h in (1e-5, -1e-5):
        nn.utils.vector_to_parameters(w + h * v, params)
        gradients.append(flat(torch.autograd.grad(loss(), params)))
    assert_close(H @ v, (gradients[0] - gradients[1]) / 2e-5, rtol=1e-5, atol=1e-8)


def test_all_steps_of_lanczos_give_all_eigenvalues():
    torch.manual_seed(0)
    A = torch.randn(8, 8, dtype=torch.float64)
    A = A + A.T
    ritz = lanczos(lambda v: A @ v, torch.randn(8, dtype=torch.float64), 8)
    assert_close(ritz, torch.linalg.eigvalsh(A))


def test_lanczos_stops_where_the_products_add_nothing():
    A = torch.diag(torch.tensor([2.0, 2.0, 5.0], dtype=torch.float64))
    ritz = lanczos(lambda v: A @ v, torch.ones(3, dtype=torch.float64), 3)
    assert_close(ritz, torch.tensor([2.0, 5.0], dtype=torch.float64))


def test_a_flat_function_has_sharpness_zero():
    w = nn.Parameter(torch.ones(4))
    assert sharpness(w.sum() + 0 * (w**2).sum(), [w]) == 0


def test_sharpness_is_the_largest_eigenvalue(problem):
    loss, params, H = problem
    found = sharpness(loss(), params, steps=26)
    assert found == pytest.approx(torch.linalg.eigvalsh(H)[-1].item(), rel=1e-6)
