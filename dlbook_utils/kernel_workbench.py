"""A kernel over a photograph, edited in the page: data, arithmetic and first drawing.

The twin of `respond` in the page is figure_scripts/kernel_workbench.js. Used by the chapter on
convolution.
"""

import base64

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from torch.nn.functional import interpolate

from dlbook_utils.pictures import photograph

SIZE = (128, 192)  # rows and columns of the reduced photograph
KERNELS = {
    "Sobel, across": [-1, 0, 1, -2, 0, 2, -1, 0, 1],
    "Sobel, down": [-1, -2, -1, 0, 0, 0, 1, 2, 1],
    "Laplace": [0, 1, 0, 1, -4, 1, 0, 1, 0],
    "blur": [0.0625, 0.125, 0.0625, 0.125, 0.25, 0.125, 0.0625, 0.125, 0.0625],
    "sharpen": [0, -1, 0, -1, 5, -1, 0, -1, 0],
    "emboss": [-2, -1, 0, -1, 1, 1, 0, 1, 2],
    "identity": [0, 0, 0, 0, 1, 0, 0, 0, 0],
    "shift to the right": [0, 0, 0, 1, 0, 0, 0, 0, 0],
}


def small_photograph() -> np.ndarray:
    """The photograph in gray, reduced, as whole numbers from 0 to 255: (rows, columns)."""
    gray = photograph().mean(0)[None, None]
    small = interpolate(gray, SIZE, mode="bilinear", antialias=True)[0, 0]
    return np.round(255 * small.numpy()).astype(np.uint8)


def workbench_data() -> dict:
    """What the page's script needs, ready for JSON."""
    pixels = base64.b64encode(small_photograph().tobytes()).decode()
    return {"rows": SIZE[0], "columns": SIZE[1], "pixels": pixels, "kernels": KERNELS}


def respond(picture: np.ndarray, kernel: list[float], spread: int, flipped: bool) -> dict:
    """Slide nine numbers over a picture in [0, 1]: the response and what it says.

    spread: pixels between neighbors of the window (a dilation); flipped: convolve instead of
    correlate. Pixels outside of the picture repeat its border.
    """
    rows, columns = picture.shape
    w = np.array(kernel, dtype=float).reshape(3, 3)
    used = w[::-1, ::-1] if flipped else w
    wide = np.pad(picture, spread, mode="edge")
    response = sum(
        used[u, v] * wide[u * spread : u * spread + rows, v * spread : v * spread + columns]
        for u in range(3)
        for v in range(3)
    )
    total = w.sum()
    alternating = (w * np.array([[1, -1, 1], [-1, 1, -1], [1, -1, 1]])).sum()
    level = "level areas vanish" if abs(total) < 1e-9 else "a level area is multiplied by that"
    sentence = (
        f"The nine weights sum to {total:.2f}: {level}. A checkerboard of single pixels would be "
        f"multiplied by {alternating:.2f}. Responses lie between {response.min():.2f} and "
        f"{response.max():.2f}."
    )
    return {
        "response": response,
        "sum": total,
        "alternating": alternating,
        "sentence": sentence.replace("-0.00", "0.00"),
    }


def as_gray(response: np.ndarray, total: float) -> np.ndarray:
    """Gray values in [0, 1]: zero is medium gray where the weights sum to about 0, else black."""
    if abs(total) < 0.5:
        return 0.5 + 0.5 * response / max(np.abs(response).max(), 1e-9)
    return response.clip(0, 1)


def draw_kernel(kernel: str, spread: int, operation: str) -> tuple[Figure, str]:
    """The photograph beside the response to one of the KERNELS."""
    picture = small_photograph() / 255
    found = respond(picture, KERNELS[kernel], spread, operation == "convolution")
    fig, axs = plt.subplots(1, 2, figsize=(6.4, 2.4))
    for ax, image, title in [
        (axs[0], picture, "photograph"),
        (axs[1], as_gray(found["response"], found["sum"]), f"response: {kernel}"),
    ]:
        ax.imshow(image, cmap="gray", vmin=0, vmax=1)
        ax.set_title(title)
        ax.set_axis_off()
    return fig, f"{kernel}, {operation}, spread {spread}. {found['sentence']}"
