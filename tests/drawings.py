"""A small figure for the tests of figures."""

import matplotlib.pyplot as plt


def a_line(slope=1.0, height=2):
    fig, ax = plt.subplots(figsize=(4, height))
    ax.plot([0, 1], [0, slope], label="0.123456")
    ax.set(xlabel="time in s", ylim=(0, 3))
    ax.legend()
    return fig, f"A straight line rises from zero to {slope}."
