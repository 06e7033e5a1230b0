"""Layers as views of one flat vector of parameters, their derivatives by matrix calculus, and Adam on that vector.

A batch is a matrix with a row an example. With d the derivative of some number by a layer's output ``x W + b``:

    by W: x^T d      by b: the sum of d's rows      by x: d W^T

Since every parameter lives in one vector, an optimiser's step is a few passes over one array. Everything works in the
dtype it is given: float32 to train, float64 to check. `out` arguments save allocations and change nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .distributions import number
from .errors import IllFormed


class Layer(NamedTuple):
    """An affine layer, or the derivative by one: weight (inputs, outputs) and bias (outputs,)."""

    weight: np.ndarray
    bias: np.ndarray


def layers(vector: np.ndarray, shapes: Sequence[tuple[int, int]]) -> list[Layer]:
    """Layers of these (inputs, outputs), as views of one vector. Raises IllFormed where its size is another."""
    if vector.shape != (size(shapes),):
        raise IllFormed(f"expected {size(shapes)} parameters for layers {list(shapes)}, found shape {vector.shape}")
    made, start = [], 0
    for inputs, outputs in shapes:
        middle, end = start + inputs * outputs, start + (inputs + 1) * outputs
        made.append(Layer(vector[start:middle].reshape(inputs, outputs), vector[middle:end]))
        start = end
    return made


def size(shapes: Sequence[tuple[int, int]]) -> int:
    """How many parameters layers of these (inputs, outputs) have."""
    return sum((inputs + 1) * outputs for inputs, outputs in shapes)


def initialise(found: Sequence[Layer], rng: np.random.Generator) -> None:
    """Weights uniform on +-1/sqrt(inputs), biases zero."""
    for layer in found:
        layer.weight[...] = rng.uniform(-1.0, 1.0, layer.weight.shape) / np.sqrt(len(layer.weight))
        layer.bias[...] = 0


def affine(x: np.ndarray, layer: Layer, out: np.ndarray | None = None) -> np.ndarray:
    """``x W + b``, shape (n, inputs) to (n, outputs)."""
    out = np.dot(x, layer.weight, out=out)
    out += layer.bias
    return out


def by_parameters(x: np.ndarray, d: np.ndarray, slope: Layer, ones: np.ndarray) -> None:
    """Writes the derivative by a layer's weight and bias into `slope`.

    x (n, inputs) is what went in, d (n, outputs) the derivative by what came out, ones (n,).
    """
    np.dot(x.T, d, out=slope.weight)
    np.dot(ones, d, out=slope.bias)


def by_input(d: np.ndarray, layer: Layer, out: np.ndarray | None = None) -> np.ndarray:
    """The derivative by what went into a layer, (n, inputs), from that by what came out, (n, outputs)."""
    return np.dot(d, layer.weight.T, out=out)


class Relu:
    """max(a, 0): the cheapest activation; its derivative jumps at 0."""

    @staticmethod
    def apply(a: np.ndarray, zeros: np.ndarray) -> np.ndarray:
        """In place, zeros (width,). (NumPy's maximum with an array is four times faster than with a number.)"""
        return np.maximum(a, zeros, out=a)

    @staticmethod
    def pull(h: np.ndarray, d: np.ndarray) -> np.ndarray:
        """d times the derivative at the activation h, in place."""
        return np.multiply(d, h > 0, out=d)


class Tanh:
    """tanh(a): smooth, so that quadrature over its input converges fast."""

    @staticmethod
    def apply(a: np.ndarray, zeros: np.ndarray) -> np.ndarray:
        return np.tanh(a, out=a)

    @staticmethod
    def pull(h: np.ndarray, d: np.ndarray) -> np.ndarray:
        d -= d * h * h
        return d


ACTIVATIONS = {"relu": Relu, "tanh": Tanh}


def activation(name: str) -> Any:
    if name not in ACTIVATIONS:
        raise IllFormed(f"expected an activation ({', '.join(ACTIVATIONS)}), found {name!r}")
    return ACTIVATIONS[name]


def sigmoid(a: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-a)), of any size without a warning."""
    half = np.tanh(0.5 * a)
    half *= 0.5
    half += 0.5
    return half


class Adam:
    """Steps uphill along a gradient, scaled by its running root mean square.

    Kingma and Ba, Adam: A Method for Stochastic Optimization (2015), algorithm 1, upwards. The running sums here are
    not yet multiplied by 1 - beta1 and 1 - beta2: these constants go into the size of the step, and into `epsilon`.
    """

    def __init__(
        self, vector: np.ndarray, rate: float = 1e-3, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
    ):
        self.vector, self.rate = vector, number(rate, "rate", "Adam", positive=True)
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self.first, self.second = np.zeros_like(vector), np.zeros_like(vector)
        self.steps = 0

    def step(self, slope: np.ndarray) -> None:
        """Moves the vector along `slope`, which is overwritten."""
        self.steps += 1
        self.first *= self.beta1
        self.first += slope
        self.second *= self.beta2
        slope *= slope
        self.second += slope
        unit = np.sqrt((1 - self.beta2) / (1 - self.beta2**self.steps))
        move = np.sqrt(self.second, out=slope)
        move += float(self.epsilon / unit)
        np.divide(self.first, move, out=move)
        move *= float(self.rate * (1 - self.beta1) / (1 - self.beta1**self.steps) / unit)
        self.vector += move
