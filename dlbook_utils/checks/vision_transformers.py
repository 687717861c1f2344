"""Checks for the exercises of the chapter `vision_transformers`."""

import torch
from torch.nn import functional as F

from dlbook_utils.answers import agree, call, finite, number
from dlbook_utils.exercises import exercise, require


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


@exercise
def n_tokens(answer):
    """Exercise 1. How many tokens?"""
    for height, width, P in [(224, 224, 16), (8, 8, 4), (96, 32, 8), (5, 5, 1)]:
        got = number(call(answer, height, width, P))
        patches = (height // P) * (width // P)
        require(got != patches, "the class token is a token, too")
        require(
            got != (height // P) ** 2 + 1 or height == width,
            "the picture need not be square: rows of patches times columns of patches",
        )
        require(got != height * width / P + 1 or P == 1, "a patch covers P by P pixels: P twice")
        require(
            got == patches + 1,
            f"{height} by {width} in patches of {P}: expected {patches + 1}, got {got:g}",
        )


@exercise
def growth(answer):
    """Exercise 2. Halve the patch"""
    for n, P, d, depth in [(224, 16, 768, 12), (8, 4, 24, 2), (4096, 8, 64, 3)]:
        T = (n / P) ** 2
        got = number(call(answer, n, P, d, depth))
        want = (4 * T * 12 * d * d + 32 * T * T * d) / (T * 12 * d * d + 2 * T * T * d)
        require(not agree(got, 1 / want), "the other way round: small patches over large ones")
        require(not agree(got, 16), "16 is for the scores alone; most of the work is per token")
        require(
            not agree(got, 4), "4 is for what is done to each token; pairs of tokens grow by 16"
        )
        once = (4 * 12 * d + 16 * T) / (12 * d + T)
        require(
            not agree(got, once), "T² d twice: for the scores, and for the weighted sum of values"
        )
        attention = (4 * 4 * d + 32 * T) / (4 * d + 2 * T)
        require(not agree(got, attention), "the MLP's 8 d² per token belong to the block")
        require(
            agree(got, want, 1e-3),
            f"n = {n}, P = {P}, d = {d}: expected {want:.3f} (12 d² per token, 2 d per pair of "
            f"tokens), got {got:.3f}",
        )


@exercise
def unpatched(answer):
    """Exercise 3. Back to the picture"""
    for B, C, P, g in [(2, 3, 4, 3), (1, 1, 2, 4), (3, 2, 5, 2)]:
        x = drawn(B, C, g * P, g * P)
        patches = F.unfold(x, P, stride=P).mT.contiguous()
        got = call(answer, patches.clone(), P, C)
        got = finite(got, x.shape, f"pictures in the shape {tuple(x.shape)}")
        cut = patches.reshape(B, g, g, C, P, P)
        turned = cut.permute(0, 3, 2, 4, 1, 5).reshape(x.shape)
        require(not agree(got, turned), "patches come row by row: the first index is the row")
        inner = cut.permute(0, 3, 1, 5, 2, 4).reshape(x.shape)
        require(not agree(got, inner), "the pixels within each patch were transposed")
        require(
            not agree(got, patches.reshape(x.shape)) or g == 1,
            "a reshape alone lays patch after patch in rows of the picture: permute before",
        )
        last = patches.reshape(B, g, g, P, P, C).permute(0, 5, 1, 3, 2, 4).reshape(x.shape)
        require(
            not agree(got, last) or C == 1,
            "in a patch of F.unfold the channel comes first: C, then row, then column",
        )
        require(agree(got, x), "not the picture that was cut: (B, C, row, P, column, P) is needed")


@exercise
def new_positions(answer):
    """Exercise 4. Positions for a larger picture"""
    for g, grid in [(4, 6), (3, 3), (2, 5), (6, 4)]:
        places = drawn(1 + g * g, 5)
        picture = places[1:].T.reshape(1, 5, g, g)

        def flat(z):
            return torch.cat([places[:1], z.flatten(2)[0].T])  # noqa: B023

        want = flat(F.interpolate(picture, (grid, grid), mode="bilinear"))
        got = call(answer, places.clone(), grid)
        require(
            getattr(got, "shape", None) != (grid * grid, 5), "the class token's position is missing"
        )
        got = finite(got, want.shape, f"positions in the shape {tuple(want.shape)}")
        require(agree(got[0], places[0]), "the class token's position stays as it was, and first")
        line = F.interpolate(places[1:].T[None], grid * grid, mode="linear")[0].T
        require(
            g == grid or not agree(got[1:], line), "resized as a line: lay them out as a square"
        )
        corners = F.interpolate(picture, (grid, grid), mode="bilinear", align_corners=True)
        require(g == grid or not agree(got, flat(corners)), "that is align_corners=True")
        nearest = F.interpolate(picture, (grid, grid))
        require(
            g == grid or not agree(got, flat(nearest)), "that copies the nearest one: mode bilinear"
        )
        turned = want[1:].reshape(grid, grid, 5).transpose(0, 1).reshape(-1, 5)
        require(not agree(got[1:], turned), "rows and columns were exchanged")
        require(agree(got, want), "expected each channel's square, resized bilinearly")


@exercise
def invisible(answer):
    """Exercise 5. What no token sees"""
    for d, p, seed in [(5, 16, 0), (15, 16, 1), (24, 64, 2)]:
        E = drawn(d, p, seed=seed)
        got = finite(call(answer, E.clone()), (p,), f"a vector of {p} pixels")
        got = torch.as_tensor(got)
        require(got.norm() > 1e-6, "nothing is seen of no change: the vector has length 1")
        require(
            (E @ got).norm() / got.norm() < 1e-5,
            f"a token sees it: E @ vector has length {(E @ got).norm():.2g}, not 0; it must be "
            "orthogonal to every row of E",
        )
        require(abs(got.norm() - 1) < 1e-5, f"of length 1, not {got.norm():.3g}")


@exercise
def resized_embedding(answer):
    """Exercise 6. A patch size for every day"""
    for d, p, q, seed in [(3, 4, 9, 0), (6, 9, 16, 1)]:
        E, R = drawn(d, p, seed=seed), drawn(q, p, seed=seed + 10)
        want = E @ torch.linalg.pinv(R)
        got = finite(call(answer, E.clone(), R.clone()), (d, q), f"weights in the shape {(d, q)}")
        require(not agree(got, E @ R.T), "that resizes the weights like a picture: tokens change")
        got = torch.as_tensor(got)
        require(agree(got @ R, E, 1e-5), "E2 R must be E: enlarged patches keep their tokens")
        require(
            agree(got, want, 1e-5), "the tokens are right; among such E2 take the one of least norm"
        )


@exercise
def mean_distance(answer):
    """Exercise 7. How far does a head look?"""
    for g, seed in [(4, 0), (3, 1)]:
        weights = (2 * drawn(g * g, g * g, seed=seed)).softmax(-1)
        i = torch.arange(g * g)
        rows, columns = i // g, i % g
        down, right = rows[:, None] - rows, columns[:, None] - columns
        distance = (down**2 + right**2).double().sqrt()
        want = (weights * distance).sum(1).mean()
        got = number(call(answer, weights.clone()))
        require(not agree(got, (weights * distance).sum()), "the mean over the tokens, not the sum")
        require(not agree(got, distance.mean()), "weighted by how much each token looks")
        line = (weights * (i[:, None] - i).abs()).sum(1).mean()
        require(not agree(got, line), "distances on the grid, not along the list of tokens")
        square = (weights * distance**2).sum(1).mean()
        require(not agree(got, square), "that is the mean squared distance: take the root first")
        blocks = (weights * (down.abs() + right.abs())).sum(1).mean()
        require(not agree(got, blocks), "straight across, not along rows and columns")
        require(agree(got, want, 1e-5), f"expected {want:.4f}, got {got:.4f}")


@exercise
def zero_shot(answer):
    """Exercise 8. Classes without training"""
    captions = drawn(6, 4, 8) + 0.5 * drawn(6, 1, 8, seed=1)
    captions *= drawn(6, 4, 1, seed=2).exp() ** 2  # captions of very different lengths
    images = drawn(200, 8, seed=3)
    images *= drawn(200, 1, seed=4).exp()
    unit = F.normalize(captions, dim=-1)
    anchors = F.normalize(unit.mean(1), dim=-1)
    want = (images @ anchors.T).argmax(1)
    got = call(answer, images.clone(), captions.clone())
    require(
        getattr(got, "shape", None) != (200, 6), "the number of the best class, not all cosines"
    )
    got = finite(got, (200,), "a class for each of 200 pictures")
    raw = (images @ F.normalize(captions.mean(1), dim=-1).T).argmax(1)
    require(
        not agree(got, raw), "normalize each caption before averaging: a long one counts for more"
    )
    unscaled = (images @ unit.mean(1).T).argmax(1)
    require(not agree(got, unscaled), "normalize again after averaging: a cosine has no lengths")
    plain = (images @ captions.mean(1).T).argmax(1)
    require(not agree(got, plain), "cosines, not products: captions have lengths")
    single = (images @ unit.flatten(0, 1).T).argmax(1) // 4
    require(not agree(got, single), "one direction for each class: average its captions first")
    first = (images @ unit[:, 0].T).argmax(1)
    require(not agree(got, first), "all captions of a class, not the first alone")
    require(agree(got, want), "the class whose mean direction has the largest cosine")
