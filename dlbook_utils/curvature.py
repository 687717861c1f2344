"""Curvature of a loss without forming its Hessian; the chapter `curvature` writes it out."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Product = Callable[[Tensor], Tensor]  # v -> H v, vectors (p,)


def flat(tensors: Sequence[Tensor]) -> Tensor:
    """All entries in one vector (p,)."""
    return torch.cat([t.reshape(-1) for t in tensors])


def hessian_product(loss: Tensor, params: Sequence[Tensor]) -> Product:
    """v -> H v for vectors (p,): the gradient of the number g . v, as in Pearlmutter (1994)."""
    g = flat(torch.autograd.grad(loss, params, create_graph=True))
    return lambda v: flat(torch.autograd.grad(g @ v, params, retain_graph=True))


def lanczos(product: Product, first: Tensor, steps: int) -> Tensor:
    """Ritz values (steps,), ascending: the outer eigenvalues converge first (Lanczos, 1950)."""
    Q, alphas, betas = [first / first.norm()], [], []
    for _ in range(steps):
        r = product(Q[-1])
        alphas.append(r @ Q[-1])
        basis = torch.stack(Q)
        for _ in range(2):  # twice, for rounding errors grow back
            r = r - basis.T @ (basis @ r)
        betas.append(r.norm())
        if betas[-1] <= 1e-10 * abs(alphas[0]):
            break
        Q.append(r / betas[-1])
    off = torch.stack(betas[: len(alphas) - 1]) if len(alphas) > 1 else torch.empty(0)
    T = torch.diag(torch.stack(alphas))
    T = T + torch.diag(off, 1) + torch.diag(off, -1)
    return torch.linalg.eigvalsh(T)


def sharpness(loss: Tensor, params: Sequence[Tensor], steps: int = 15, seed: int = 0) -> float:
    """The greatest eigenvalue of the Hessian of `loss` in `params`."""
    params = list(params)
    generator = torch.Generator().manual_seed(seed)
    size = sum(p.numel() for p in params)
    first = torch.randn(size, generator=generator, dtype=params[0].dtype)
    product = hessian_product(loss, params)
    return lanczos(product, first, min(steps, size))[-1].item()
