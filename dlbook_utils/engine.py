"""A reverse-mode autodiff engine on NumPy arrays. The chapter `autodiff` writes it out.

One design for everything: a rule takes arrays and returns a value and, for each input, a function
that pulls a gradient of the value back to a gradient of that input (a vector-Jacobian product).
`operation` turns a rule into a function of `Tensor`s that remembers its pulls; `backward` calls
them in reverse topological order and adds up.

Everything is float64. Gradients have the shape of their tensor.
Source: Griewank and Walther, 2008, "Evaluating Derivatives", chapter 3; Baydin et al., 2018.
"""

from contextlib import contextmanager
from functools import wraps

import numpy as np

recording = True


@contextmanager
def no_grad():
    """Inside, results are plain values: nothing is recorded."""
    global recording
    before, recording = recording, False
    try:
        yield
    finally:
        recording = before


def unbroadcast(g, shape):
    """Sum g over the axes along which an array of this shape was stretched."""
    if g.shape == shape:
        return g
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    ones = tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)
    g = g.sum(axis=ones, keepdims=True)
    if g.shape != shape:
        raise ValueError(f"a gradient of shape {g.shape} for a value of {shape}")
    return g


def record(value, parents, vjp, op=None, options=None):
    """Make the result of an operation; remember how it was made, if needed.

    vjp(g) returns one gradient per parent (None where it is not needed).
    """
    out = Tensor(value)
    if recording and any(parent.requires_grad for parent in parents):
        out.requires_grad, out.parents, out.vjp = True, parents, vjp
        out.op, out.options = op, options or {}
    return out


def all_of(pulls):
    """One function of g for all inputs; None stays None."""
    return lambda g: [pull and pull(g) for pull in pulls]


def operation(rule):
    """Turn rule(*arrays, **options) -> (value, *pulls) into a function of Tensors."""

    @wraps(rule)
    def op(*inputs, **options):
        inputs = tuple(x if isinstance(x, Tensor) else Tensor(x) for x in inputs)
        try:
            value, *pulls = rule(*(x.data for x in inputs), **options)
        except ValueError as error:
            shapes = " and ".join(str(x.shape) for x in inputs)
            message = f"{rule.__name__} does not fit {shapes}: {error}"
            raise ValueError(message) from None
        needed = [x.requires_grad for x in inputs]
        pulls = [p if n else None for p, n in zip(pulls, needed, strict=True)]
        return record(value, inputs, all_of(pulls), op, options)

    return op


@operation
def add(a, b):
    return a + b, lambda g: g, lambda g: g


@operation
def sub(a, b):
    return a - b, lambda g: g, lambda g: -g


@operation
def neg(a):
    return -a, lambda g: -g


@operation
def mul(a, b):
    return a * b, lambda g: g * b, lambda g: g * a


@operation
def div(a, b):
    y = a / b
    return y, lambda g: g / b, lambda g: -g * y / b


@operation
def power(x, *, exponent):
    return x**exponent, lambda g: g * exponent * x ** (exponent - 1)


@operation
def exp(x):
    y = np.exp(x)
    return y, lambda g: g * y


@operation
def log(x):
    return np.log(x), lambda g: g / x


@operation
def sin(x):
    return np.sin(x), lambda g: g * np.cos(x)


@operation
def tanh(x):
    y = np.tanh(x)
    return y, lambda g: g * (1 - y * y)


@operation
def sigmoid(x):
    y = 0.5 + 0.5 * np.tanh(0.5 * x)  # 1 / (1 + exp(-x)), without overflow
    return y, lambda g: g * y * (1 - y)


@operation
def relu(x):
    on = x > 0
    return np.maximum(x, 0), lambda g: g * on


@operation
def matmul(a, b):
    if a.ndim < 2 or b.ndim < 2:
        raise ValueError("both sides of @ need two axes or more")
    return a @ b, lambda g: g @ b.swapaxes(-1, -2), lambda g: a.swapaxes(-1, -2) @ g


@operation
def sum_over(x, *, axis=None, keepdims=False):
    y = x.sum(axis=axis, keepdims=True)
    before, kept = x.shape, y.shape
    value = y if keepdims else y.squeeze(axis)
    return value, lambda g: np.broadcast_to(g.reshape(kept), before)


@operation
def max_over(x, *, axis=None, keepdims=False):
    y = x.max(axis=axis, keepdims=True)
    share = (x == y) / (x == y).sum(axis=axis, keepdims=True)  # ties share
    value, kept = y if keepdims else y.squeeze(axis), y.shape
    return value, lambda g: g.reshape(kept) * share


@operation
def logsumexp(x, *, axis=-1):
    top = x.max(axis=axis, keepdims=True)
    e = np.exp(x - top)
    total = e.sum(axis=axis, keepdims=True)
    value = (top + np.log(total)).squeeze(axis)
    return value, lambda g: np.expand_dims(g, axis) * (e / total)


@operation
def softmax(x, *, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    p = e / e.sum(axis=axis, keepdims=True)
    return p, lambda g: p * (g - (g * p).sum(axis=axis, keepdims=True))


@operation
def reshape(x, *, shape):
    before = x.shape
    return x.reshape(shape), lambda g: g.reshape(before)


@operation
def transpose(x, *, axes=None):
    back = None if axes is None else np.argsort([i % x.ndim for i in axes])
    return x.transpose(axes), lambda g: g.transpose(back)


@operation
def take(x, *, index):
    shape = x.shape

    def pull(g):
        out = np.zeros(shape)
        np.add.at(out, index, g)  # an entry taken twice gets both gradients
        return out

    return x[index], pull


def mean_over(x, *, axis=None, keepdims=False):
    total = sum_over(x, axis=axis, keepdims=keepdims)
    return total * (total.data.size / x.data.size)


def topological_order(root):
    """Every node below root, parents first. A stack, not recursion: depth has no limit."""
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        node, parents_done = stack.pop()
        if parents_done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack += [(parent, False) for parent in reversed(node.parents)]
    return order


def freed(g):
    raise RuntimeError("an earlier backward has freed this graph; give that call keep=True")


def seed_for(root, seed):
    """The gradient of the root to start from, checked."""
    if not root.requires_grad:
        raise ValueError("nothing below this value requires a gradient")
    if seed is None and root.data.size != 1:
        raise ValueError(
            f"backward from shape {root.shape} needs a seed gradient of that "
            "shape; only a single number has the natural seed 1"
        )
    seed = np.asarray(1.0 if seed is None else seed, dtype=float)
    if seed.size == root.data.size == 1:
        seed = seed.reshape(root.shape)
    if seed.shape != root.shape:
        raise ValueError(f"a seed of shape {seed.shape} for a root of shape {root.shape}")
    return seed


def add_to(grads, node, g):
    """Gradients of all paths into one node add up."""
    g = unbroadcast(g, node.shape)
    grads[node] = grads[node] + g if node in grads else g


def backward(root, seed=None, keep=False):
    """Add d(root)/d(leaf) to the .grad of every leaf, weighted by seed.

    The graph is freed on the way. keep=True leaves it, and also writes the
    gradients of the values in between.
    """
    grads, order = {root: seed_for(root, seed)}, topological_order(root)
    if any(node.vjp is freed for node in order):
        freed(None)
    for node in reversed(order):
        if node not in grads:
            continue
        g = grads.pop(node)
        if node.vjp is None or keep:
            node.grad = g.copy() if node.grad is None else node.grad + g
        if node.vjp is None:
            continue
        for parent, part in zip(node.parents, node.vjp(g), strict=True):
            if part is not None:
                add_to(grads, parent, part)
        if not keep:
            node.parents, node.vjp = (), freed


def flipped(op):
    """For 2 * x, where Python finds the Tensor on the right."""
    return lambda right, left: op(left, right)


def taking(op, option):
    """A method that passes its argument on as an option, for x[index] and x**2."""
    return lambda x, value: op(x, **{option: value})


def detach(x):
    """The same array, without its past."""
    return Tensor(x.data)


class Tensor:
    """An array, and how it was made. Leaves with requires_grad=True get a .grad."""

    def __init__(self, data, requires_grad=False, name=""):
        self.data = np.asarray(data, dtype=float)
        self.requires_grad, self.name = requires_grad, name
        self.grad, self.parents, self.vjp = None, (), None
        self.op, self.options = None, {}

    def __repr__(self):
        made_by = self.op.__name__ if self.op else self.name or "leaf"
        return f"Tensor({self.data}, {made_by})"

    shape = property(lambda self: self.data.shape)
    T = property(transpose)
    __add__, __sub__, __mul__, __truediv__ = add, sub, mul, div
    __radd__, __rsub__ = flipped(add), flipped(sub)
    __rmul__, __rtruediv__ = flipped(mul), flipped(div)
    __matmul__, __rmatmul__, __neg__ = matmul, flipped(matmul), neg
    __pow__, __getitem__ = taking(power, "exponent"), taking(take, "index")
    reshape, detach, backward = taking(reshape, "shape"), detach, backward
    sum, mean, max = sum_over, mean_over, max_over
    exp, log, sin, tanh, sigmoid, relu = exp, log, sin, tanh, sigmoid, relu
    __array_ufunc__ = None  # array + Tensor is ours to answer, not NumPy's


def saved_arrays(root):
    """The distinct arrays that the pulls of this graph hold: what backward will read."""
    found, todo = {}, [node.vjp for node in topological_order(root)]
    while todo:
        thing = todo.pop()
        if isinstance(thing, np.ndarray):
            owner = thing.base if isinstance(thing.base, np.ndarray) else thing
            found[id(owner)] = owner
        elif isinstance(thing, Tensor):
            todo.append(thing.data)
        elif isinstance(thing, list | tuple):
            todo += thing
        elif getattr(thing, "__closure__", None):
            todo += [cell.cell_contents for cell in thing.__closure__]
    return list(found.values())
