"""The neuron over all time steps in one pass: compiled loops for the CPU.

One call reads every sum once and keeps the membrane of a strip of neurons in the cache, instead of
a dozen elementwise passes per time step. ``lif.py`` holds the same equations in plain
PyTorch; the tests demand equal results. Arrays are [T, N, C, S] float32 holding integers; arrays that do not belong
together are refused. With the variable MINT_CHECK_BOUNDS=1, which the tests set, every index is checked as well.
"""

import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

try:
    import numba
except ImportError:  # plain PyTorch then
    numba = None

AVAILABLE = numba is not None
CHECKED = os.environ.get("MINT_CHECK_BOUNDS") == "1"
UNLIKE = "arrays of the neuron's loops do not belong together"


class Constants(NamedTuple):
    """A leaky neuron's law as the compiled loops take it: store by 2^-r, load by 2^(r-1) or half, ±Q, and its decay."""

    store_scale: np.float32
    load_scale: np.float32
    limit: np.float32
    half: bool
    decay: np.float32
    """By this the gradient goes back in time."""

    @staticmethod
    def of(neuron: Any) -> "Constants":
        """Those of a :class:`~model.neurons.Lif`."""
        scales = np.float32(2.0**-neuron.r), np.float32(2.0 ** (neuron.r - 1))
        return Constants(*scales, np.float32(neuron.limit), neuron.r == 0, np.float32(neuron.leak))


def compiled(x: Tensor) -> bool:
    """Whether these loops run for ``x``."""
    return AVAILABLE and x.device.type == "cpu"


def jit(loops: Callable[..., Any], checked: bool = CHECKED) -> Any:
    """``loops``, compiled; ``checked`` ones raise IndexError beyond an array, in one thread: prange would lose it."""
    if numba is None:
        return loops
    loops.__qualname__ = loops.__name__ + "_checked" * checked  # numba's cache tells them apart by nothing else
    return numba.njit(
        parallel=not checked,
        boundscheck=checked,
        fastmath={"contract", "nsz", "reassoc"},
        cache=True,
        error_model="numpy",
    )(loops)


@jit
def channel_moments(sums):
    """Sum and sum of squares of [M, N, C, S] per channel, exact in float64 for integers."""
    steps, batch, channels, size = sums.shape
    partial = np.zeros((batch, channels, 2))
    for index in numba.prange(batch * channels):
        n, c = index // channels, index % channels
        total, square = 0.0, 0.0
        for t in range(steps):
            row = sums[t, n, c]
            for s in range(size):
                value = np.float64(row[s])
                total += value
                square += value * value
        partial[n, c, 0], partial[n, c, 1] = total, square
    return partial


@jit
def forward(sums, steps, bias, threshold, store_scale, load_scale, limit, half, potential, spikes):
    """H[t] = A[t] + B + load(U); spike = H >= Θ; U = 0 or sat(floor(H·store_scale)).

    ``half`` selects load(U) = floor(U/2) (r = 0) instead of U·load_scale.
    """
    static, batch, channels, size = sums.shape
    if potential.shape != (steps, batch, channels, size) or spikes.shape != potential.shape:
        raise ValueError(UNLIKE)
    if static not in (1, steps) or len(bias) != channels or len(threshold) != channels:
        raise ValueError(UNLIKE)
    for index in numba.prange(batch * channels):
        n, c = index // channels, index % channels
        b, theta = bias[c], threshold[c]
        membrane = np.zeros(size, np.float32)
        for t in range(steps):
            row = sums[t if static > 1 else 0, n, c]
            h_row, s_row = potential[t, n, c], spikes[t, n, c]
            for s in range(size):
                u = membrane[s]
                loaded = np.floor(u * np.float32(0.5)) if half else u * load_scale
                h = row[s] + b + loaded
                fired = np.float32(1.0) if h >= theta else np.float32(0.0)
                kept = min(max(np.floor(h * store_scale), -limit), limit)
                h_row[s] = h
                s_row[s] = fired
                membrane[s] = kept * (np.float32(1.0) - fired)


@jit
def backward(grad, potential, sums, unit, threshold, store_scale, load_scale, limit, half, decay, sharpness, grad_real):
    """Gradient with respect to the real potential h = unit·H, and its sums per sample and channel.

    dh[t] = dS[t]·σ'((H-Θ)·unit) + dh[t+1]·decay·[no spike]·[not saturated], the reset detached.
    ``grad_real`` comes in as zeros; for a static input it sums over t. Returns partial sums over time and space of
    dh, dh·A, and dh[t+1]·(load(U) - decay·H·[not saturated]): the last is what the step receives from U at every time
    step.
    """
    steps, batch, channels, size = grad.shape
    static = sums.shape[0]
    out_static = grad_real.shape[0]
    if potential.shape != grad.shape or sums.shape[1:] != grad.shape[1:] or grad_real.shape != sums.shape:
        raise ValueError(UNLIKE)
    if static not in (1, steps) or len(unit) != channels or len(threshold) != channels:
        raise ValueError(UNLIKE)
    partial = np.zeros((batch, channels, 3))
    slope = np.float32(np.pi / 2 * sharpness)
    height = np.float32(sharpness / 2)
    for index in numba.prange(batch * channels):
        n, c = index // channels, index % channels
        q, theta = unit[c], threshold[c]
        carried = np.zeros(size, np.float32)
        total, weighted, residual = 0.0, 0.0, 0.0
        for t in range(steps - 1, -1, -1):
            g_row, h_row = grad[t, n, c], potential[t, n, c]
            a_row = sums[t if static > 1 else 0, n, c]
            out = grad_real[t if out_static > 1 else 0, n, c]
            held = np.float32(1.0) if out_static == 1 else np.float32(0.0)
            t_total, t_weighted, t_residual = np.float32(0), np.float32(0), np.float32(0)
            for s in range(size):
                h = h_row[s]
                quiet = np.float32(0.0) if h >= theta else np.float32(1.0)
                code = np.floor(h * store_scale)
                kept = min(max(code, -limit), limit)
                inside = quiet if kept == code else np.float32(0.0)
                loaded = np.floor(kept * np.float32(0.5)) if half else kept * load_scale
                future = carried[s]
                t_residual += future * (quiet * loaded - inside * decay * h)
                x = (h - theta) * q * slope
                real = g_row[s] * height / (np.float32(1.0) + x * x) + future * inside * decay
                carried[s] = real
                out[s] = real + held * out[s]
                t_total += real
                t_weighted += real * a_row[s]
            total += t_total
            weighted += t_weighted
            residual += t_residual
        partial[n, c, 0], partial[n, c, 1], partial[n, c, 2] = total, weighted, residual
    return partial


@jit
def affine(grad_real, sums, scale, constant, linear):
    """grad_real <- scale[c]·grad_real + constant[c] + linear[c]·A, in place."""
    steps, batch, channels, size = grad_real.shape
    if sums.shape != grad_real.shape or not len(scale) == len(constant) == len(linear) == channels:
        raise ValueError(UNLIKE)
    for index in numba.prange(batch * channels):
        n, c = index // channels, index % channels
        k, d, e = scale[c], constant[c], linear[c]
        for t in range(steps):
            out, row = grad_real[t, n, c], sums[t, n, c]
            for s in range(size):
                out[s] = k * out[s] + d + e * row[s]


@jit
def are_integers(values, top):
    """Whether all of a row are integers 0 ... ``top``."""
    wrong = 0
    for i in numba.prange(len(values)):
        value = values[i]
        wrong += 0 if (value >= 0) & (value <= top) & (np.floor(value) == value) else 1
    return wrong == 0


@jit
def max_pool_forward(x, size, out):
    """Maximum over size × size of [M, H, W] planes of spikes."""
    planes, height, width = out.shape
    if out.shape != (len(x), x.shape[1] // size, x.shape[2] // size):
        raise ValueError(UNLIKE)
    for m in numba.prange(planes):
        for i in range(height):
            for j in range(width):
                best = x[m, i * size, j * size]
                for di in range(size):
                    for dj in range(size):
                        best = max(best, x[m, i * size + di, j * size + dj])
                out[m, i, j] = best


@jit
def max_pool_backward(grad, x, y, size, out):
    """The gradient goes to the first of the window that equals its maximum; the others get 0."""
    planes, height, width = grad.shape
    if y.shape != grad.shape or y.shape != (len(x), x.shape[1] // size, x.shape[2] // size) or out.shape != x.shape:
        raise ValueError(UNLIKE)
    for m in numba.prange(planes):
        for i in range(height):
            for j in range(width):
                best = y[m, i, j]
                rest = grad[m, i, j]
                for di in range(size):
                    for dj in range(size):
                        first = x[m, i * size + di, j * size + dj] == best
                        out[m, i * size + di, j * size + dj] = rest if first else np.float32(0.0)
                        rest = np.float32(0.0) if first else rest
