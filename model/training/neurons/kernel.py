"""The neuron over all time steps in one pass: compiled loops for the CPU.

One call reads every sum once and keeps membranes and potentials of a strip of neurons in the cache, instead of
a dozen elementwise passes per time step; memory is what limits it, so spikes leave pooled, and the gradient computes
the potentials again. ``lif.py`` holds the same equations in plain PyTorch; the tests demand equal results. Arrays
are [T, N, C, S] float32 holding integers; arrays that do not belong together are refused. With the variable
MINT_CHECK_BOUNDS=1, which the tests set, every index is checked as well.
"""

import functools
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from model.neurons.lif import Reset

try:
    import numba
except ImportError:  # plain PyTorch then
    numba = None

AVAILABLE = numba is not None
CHECKED = os.environ.get("MINT_CHECK_BOUNDS") == "1"
UNLIKE = "arrays of the neuron's loops do not belong together"


class Constants(NamedTuple):
    """A leaky neuron's law as the compiled loops take it: what is stored and loaded of it, ±Q, and its decay."""

    store_scale: np.float32
    load_scale: np.float32
    limit: np.float32
    half: bool
    """Whether loading halves, and rounds down."""
    towards_zero: bool
    """Whether storing rounds towards zero; else down."""
    zeroed: np.float32
    """1 if a spike resets to zero, else 0."""
    subtracted: np.float32
    """1 if it subtracts the threshold, else 0."""
    decay: np.float32
    """By this the gradient goes back in time."""

    @staticmethod
    def of(neuron: Any) -> "Constants":
        """Those of a :class:`~model.neurons.Lif`."""
        _, shift, towards_zero = neuron.kept_share
        scales = np.float32(neuron.factor * 2.0**-shift), np.float32(2.0 ** (neuron.r - 1))
        zeroed, subtracted = (np.float32(neuron.reset == reset) for reset in (Reset.ZERO, Reset.SUBTRACT))
        limit, decay = np.float32(neuron.limit), np.float32(neuron.leak)
        return Constants(*scales, limit, neuron.r == 0, towards_zero, zeroed, subtracted, decay)

    @property
    def law(self) -> tuple[Any, ...]:
        """What the forward pass needs."""
        return self[:-1]


def compiled(x: Tensor) -> bool:
    """Whether these loops run for ``x``."""
    return AVAILABLE and x.device.type == "cpu"


def jit(loops: Callable[..., Any], checked: bool = CHECKED, parallel: bool = True, inline: str = "never") -> Any:
    """``loops``, compiled; ``checked`` ones raise IndexError beyond an array, in one thread: prange would lose it."""
    if numba is None:
        return loops
    loops.__qualname__ = loops.__name__ + "_checked" * checked  # numba's cache tells them apart by nothing else
    return numba.njit(
        parallel=parallel and not checked,
        boundscheck=checked,
        fastmath={"contract", "nsz", "reassoc"},
        cache=True,
        error_model="numpy",
        inline=inline,
    )(loops)


part = functools.partial(jit, parallel=False)
"""For what the loops over neurons call."""


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


@part
def _ordered(sums, n, c, order):
    """A channel of a sample, [T, S], its places in an order; an empty order is that of ``sums``."""
    steps, size = len(sums), sums.shape[3]
    out = np.empty((steps, size), sums.dtype)
    for t in range(steps):
        row, to = sums[t, n, c], out[t]
        if len(order) == 0:
            to[:] = row
        else:
            for s in range(size):
                to[s] = row[order[s]]
    return out


@part
def _code(left, store_scale, towards_zero):
    """What is stored of V, before it is limited."""
    share = left * store_scale
    code = np.floor(share)
    return code + np.float32(1.0) if towards_zero and code < np.float32(0.0) and code < share else code


@part
def _potentials(total, bias, theta, store_scale, load_scale, limit, half, towards_zero, zeroed, subtracted, potential):
    """H[t] = A[t] + B + load(U) of a channel of a sample, [T, S]; U is what is stored of V, 0 at first."""
    steps, size = potential.shape
    membrane = np.zeros(size, np.float32)
    plain = zeroed == np.float32(1.0) and not towards_zero  # MINT's neuron has a loop of its own, which is faster
    for t in range(steps):
        row, h_row = total[t if len(total) > 1 else 0], potential[t]
        if not plain:
            for s in range(size):
                h = row[s] + bias + (np.floor(membrane[s] * np.float32(0.5)) if half else membrane[s] * load_scale)
                fired = np.float32(1.0) if h >= theta else np.float32(0.0)
                h_row[s] = h
                code = _code(h - fired * (zeroed * h + subtracted * theta), store_scale, towards_zero)
                membrane[s] = min(max(code, -limit), limit)
            continue
        for s in range(size):
            u = membrane[s]
            loaded = np.floor(u * np.float32(0.5)) if half else u * load_scale
            h = row[s] + bias + loaded
            fired = np.float32(1.0) if h >= theta else np.float32(0.0)
            kept = min(max(np.floor(h * store_scale), -limit), limit)
            h_row[s] = h
            membrane[s] = kept * (np.float32(1.0) - fired)


@part
def hand_out(values, order, out):
    """The inverse of :func:`_ordered` for one row."""
    if len(order) == 0:
        out[:] = values
    else:
        for s in range(len(order)):
            out[order[s]] = values[s]


@part
def to_first(grad, potential, theta, windows, rest, out):
    """The gradient of a maximum of spikes goes to the first that spikes, or to the first of all; the others get 0."""
    size = len(grad)
    out[windows * size :] = np.float32(0.0)
    rest[:] = grad
    for d in range(windows):
        h, to = potential[d * size : (d + 1) * size], out[d * size : (d + 1) * size]
        for s in range(size):
            spikes = h[s] >= theta
            to[s] = rest[s] if spikes else np.float32(0.0)
            rest[s] = np.float32(0.0) if spikes else rest[s]
    for s in range(size):
        out[s] += rest[s]


@jit
def forward(
    total, steps, bias, threshold, store_scale, load_scale, limit, half, towards_zero, zeroed, subtracted,
    potential, spikes,
):  # fmt: skip
    """H[t] = A[t] + B + load(U); spike = H >= Θ; U is what is stored of V = H·(1 - zeroed·S) - subtracted·Θ·S.

    ``half`` selects load(U) = floor(U/2) (r = 0) instead of U·load_scale.
    """
    static, batch, channels, size = total.shape
    if potential.shape != (steps, batch, channels, size) or spikes.shape != potential.shape:
        raise ValueError(UNLIKE)
    if static not in (1, steps) or len(bias) != channels or len(threshold) != channels:
        raise ValueError(UNLIKE)
    order = np.empty(0, np.uint32)
    law = store_scale, load_scale, limit, half, towards_zero, zeroed, subtracted
    for index in numba.prange(batch * channels):
        n, c = index // channels, index % channels
        theta, rows = threshold[c], np.empty((steps, size), total.dtype)
        _potentials(_ordered(total, n, c, order), bias[c], theta, *law, rows)
        for t in range(steps):
            h_row, out, s_row = rows[t], potential[t, n, c], spikes[t, n, c]
            for s in range(size):
                out[s] = h_row[s]
                s_row[s] = np.float32(1.0) if h_row[s] >= theta else np.float32(0.0)


@jit
def fire(
    total, steps, bias, threshold, store_scale, load_scale, limit, half, towards_zero, zeroed, subtracted,
    order, windows, spikes,
):  # fmt: skip
    """Spikes of :func:`forward` alone, pooled: [T, N, C, S'], the maximum of ``windows`` neurons each.

    ``order`` [S] has the places of the first neurons of all windows, then of the second ones, and so on, then what is
    in none; it is empty without pooling. Returns how many neurons spike, [N, C].
    """
    static, batch, channels, size = total.shape
    pooled = spikes.shape[3]
    if spikes.shape[:3] != (steps, batch, channels) or static not in (1, steps) or pooled * windows > size:
        raise ValueError(UNLIKE)
    if len(order) != (size if windows > 1 else 0) or len(bias) != channels or len(threshold) != channels:
        raise ValueError(UNLIKE)
    found = np.zeros((batch, channels))
    law = store_scale, load_scale, limit, half, towards_zero, zeroed, subtracted
    for index in numba.prange(batch * channels):
        n, c = index // channels, index % channels
        theta, potential = threshold[c], np.empty((steps, size), total.dtype)
        _potentials(_ordered(total, n, c, order), bias[c], theta, *law, potential)
        count = 0
        for t in range(steps):
            h_row, s_row = potential[t], spikes[t, n, c]
            for s in range(size):
                count += h_row[s] >= theta
            for s in range(pooled):
                s_row[s] = np.float32(1.0) if h_row[s] >= theta else np.float32(0.0)
            for d in range(1, windows):
                h = h_row[d * pooled : (d + 1) * pooled]
                for s in range(pooled):
                    s_row[s] = np.float32(1.0) if h[s] >= theta else s_row[s]
        found[n, c] = count
    return found


@jit
def backward(
    grad,
    total,
    sums,
    bias,
    threshold,
    unit,
    store_scale,
    load_scale,
    limit,
    half,
    towards_zero,
    zeroed,
    subtracted,
    decay,
    sharpness,
    order,
    windows,
    grad_real,
):
    """Gradient with respect to the real potential h = unit·H, and its sums per sample and channel.

    dh[t] = dS[t]·σ'((H-Θ)·unit) + dh[t+1]·decay·[no spike, or none that zeroes]·[not saturated], the reset detached;
    ``grad`` is of what :func:`fire` returns for ``total``, which is ``sums`` and what a shortcut adds to them, or empty
    without one. For a static input ``grad_real`` is the sum over t. Returns partial sums over time and space of
    dh, dh·A, and dh[t+1]·(load(U) - decay·V·[not saturated]): the last is what the step receives from U at every time
    step, Θ·unit being a constant.
    """
    steps, batch, channels, pooled = grad.shape
    size, static = sums.shape[3], len(sums)
    if sums.shape[1:] != (batch, channels, size) or total.shape[1:] != sums.shape[1:] or grad_real.shape != sums.shape:
        raise ValueError(UNLIKE)
    if static not in (1, steps) or len(total) not in (0, 1, steps) or len(order) != (size if windows > 1 else 0):
        raise ValueError(UNLIKE)
    if pooled * windows > size or not len(bias) == len(unit) == len(threshold) == channels:
        raise ValueError(UNLIKE)
    skips = len(total) > 0
    partial = np.zeros((batch, channels, 3))
    law = store_scale, load_scale, limit, half, towards_zero, zeroed, subtracted
    plain = zeroed == np.float32(1.0) and not towards_zero
    slope = np.float32(np.pi / 2 * sharpness)
    height = np.float32(sharpness / 2)
    for index in numba.prange(batch * channels):
        n, c = index // channels, index % channels
        q, theta = unit[c], threshold[c]
        potential, a = np.empty((steps, size), total.dtype), _ordered(sums, n, c, order)
        h_sums = _ordered(total, n, c, order) if skips else a
        _potentials(h_sums, bias[c], theta, *law, potential)
        unpooled, rest = np.empty(size, np.float32), np.empty(pooled, np.float32)
        carried, over_time = np.zeros(size, np.float32), np.zeros(size, np.float32)
        whole, weighted, residual = 0.0, 0.0, 0.0
        for t in range(steps - 1, -1, -1):
            g_row, h_row = grad[t, n, c], potential[t]
            if windows > 1:
                to_first(g_row, h_row, theta, windows, rest, unpooled)
                g_row = unpooled
            a_row = a[t if static > 1 else 0]
            t_whole, t_weighted, t_residual = np.float32(0), np.float32(0), np.float32(0)
            for s in range(0 if plain else size):
                h = h_row[s]
                fired = np.float32(1.0) if h >= theta else np.float32(0.0)
                left = h - fired * (zeroed * h + subtracted * theta)
                code = _code(left, store_scale, towards_zero)
                kept = min(max(code, -limit), limit)
                inside = np.float32(1.0) - fired * zeroed if kept == code else np.float32(0.0)
                loaded = np.floor(kept * np.float32(0.5)) if half else kept * load_scale
                future = carried[s]
                t_residual += future * (loaded - inside * decay * left)
                x = (h - theta) * q * slope
                real = g_row[s] * height / (np.float32(1.0) + x * x) + future * inside * decay
                carried[s] = real
                t_whole += real
                t_weighted += real * a_row[s]
            for s in range(size if plain else 0):
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
                t_whole += real
                t_weighted += real * a_row[s]
            whole += t_whole
            weighted += t_weighted
            residual += t_residual
            if static == 1:
                for s in range(size):
                    over_time[s] += carried[s]
            if static > 1 or t == 0:
                hand_out(over_time if static == 1 else carried, order, grad_real[t, n, c])
        partial[n, c, 0], partial[n, c, 1], partial[n, c, 2] = whole, weighted, residual
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
