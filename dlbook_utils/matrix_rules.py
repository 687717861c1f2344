"""Update rules that treat a weight as a matrix; the chapter `curvature` writes them out.

They have the form of `update_rules`: rule(w, g, state) gives the direction. The kernels of a
convolution (out, in, height, width) count as a matrix (out, in * height * width).
"""

import torch
from torch import Tensor

from dlbook_utils.update_rules import adagrad


def inverse_root(M: Tensor, root: float) -> Tensor:
    """M^(-1/root) of a symmetric positive definite M, (n, n)."""
    values, vectors = torch.linalg.eigh(M)
    return (vectors * values.clamp(min=1e-12) ** (-1 / root)) @ vectors.T


def shampoo(w: Tensor, g: Tensor, state: dict, eps: float = 1e-4) -> Tensor:
    """Gupta, Koren and Singer (2018), algorithm 1; what has one axis, a bias, gets AdaGrad."""
    if g.ndim < 2:
        return adagrad(w, g, state)
    G = g.flatten(1)  # (out, in)
    if "L" not in state:
        state["L"] = eps * torch.eye(len(G), dtype=G.dtype, device=G.device)
        state["R"] = eps * torch.eye(len(G.T), dtype=G.dtype, device=G.device)
    state["L"] += G @ G.T
    state["R"] += G.T @ G
    direction = inverse_root(state["L"], 4) @ G @ inverse_root(state["R"], 4)
    return direction.view_as(g)


def newton_schulz(G: Tensor, steps: int = 5) -> Tensor:
    """Nearly U V^T of the singular value decomposition U S V^T of G, (rows, columns), in bfloat16.

    Jordan et al. (2024), Muon; the same polynomial and precision as torch.optim.Muon.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    X = G.bfloat16()
    tall = G.size(0) > G.size(1)
    if tall:
        X = X.T
    X = X / X.norm().clamp(min=1e-7)
    for _ in range(steps):
        A = X @ X.T
        X = torch.addmm(X, torch.addmm(A, A, A, beta=b, alpha=c), X, beta=a)
    return X.T if tall else X


def muon(w: Tensor, g: Tensor, state: dict, momentum: float = 0.95) -> Tensor:
    """Jordan et al. (2024): momentum in Nesterov's form, then orthogonalized."""
    if g.ndim < 2:
        raise ValueError(f"Muon takes matrices; give a weight of shape {tuple(g.shape)} to Adam")
    if "m" not in state:
        state["m"] = torch.zeros_like(g)
    state["m"].lerp_(g, 1 - momentum)
    G = torch.lerp(g, state["m"], momentum).flatten(1)  # (out, in)
    direction = newton_schulz(G).to(g.dtype) * max(1, len(G) / len(G.T)) ** 0.5
    return direction.view_as(g)
