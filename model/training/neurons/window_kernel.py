"""Memory-free neurons over all time steps in one pass: compiled loops for the CPU.

A neuron's potential is what its window makes of the sums A of the time steps up to its own, and nothing is stored::

    V[t] = Σ_j tap_j·A[t - d·j]          H[t] = V[t] + B          spike = H >= Θ

Each loop reads A and computes V again in the cache, so that memory is read as often as for leaky neurons. Arrays and
what is refused are those of ``kernel.py``; ``window.py`` holds the same equations in plain PyTorch.
"""

import functools

import numpy as np

from model.training.neurons.kernel import UNLIKE, hand_out, jit, numba, to_first

inlined = functools.partial(jit, parallel=False, inline="always")
"""For what is called for each row."""
TOGETHER = 4
"""Taps that are added in one pass over a row; to a multiple of it taps are filled up with zeros."""


@inlined
def _windowed(sums, n, c, taps, dilation, t, out):
    """V[t] of a channel of a sample, [S]; sums of one time step are the same at each."""
    for j in range(0, len(taps), TOGETHER):
        t0 = t - dilation * j
        if t0 < 0:
            break
        # A tap of no time step is 0; the sums are then any. Rows by number: views of them would cost as much as they.
        w0 = taps[j]
        w1 = taps[j + 1] if t0 >= dilation else np.float32(0.0)
        w2 = taps[j + 2] if t0 >= 2 * dilation else np.float32(0.0)
        w3 = taps[j + 3] if t0 >= 3 * dilation else np.float32(0.0)
        t1, t2, t3 = max(t0 - dilation, 0), max(t0 - 2 * dilation, 0), max(t0 - 3 * dilation, 0)
        if len(sums) == 1:
            t0, t1, t2, t3 = 0, 0, 0, 0
        if j == 0:
            for s in range(len(out)):
                out[s] = (
                    w0 * sums[t0, n, c, s] + w1 * sums[t1, n, c, s] + w2 * sums[t2, n, c, s] + w3 * sums[t3, n, c, s]
                )
        else:
            for s in range(len(out)):
                out[s] += (
                    w0 * sums[t0, n, c, s] + w1 * sums[t1, n, c, s] + w2 * sums[t2, n, c, s] + w3 * sums[t3, n, c, s]
                )


@inlined
def _ordered(row, order, out):
    """The places of a row in an order; an empty order is that of ``row``, which is then handed back."""
    if len(order) == 0:
        return row
    for s in range(len(order)):
        out[s] = row[order[s]]
    return out


@jit
def channel_moments(sums, steps, taps, dilation):
    """Sum and sum of squares of V per channel of [T or 1, N, C, S], exact in float64 for integers."""
    static, batch, channels, size = sums.shape
    if static not in (1, steps) or len(taps) % TOGETHER:
        raise ValueError(UNLIKE)
    partial = np.zeros((batch, channels, 2))
    for index in numba.prange(batch * channels):
        n, c = index // channels, index % channels
        row = np.empty(size, sums.dtype)
        total, square = 0.0, 0.0
        for t in range(steps):
            _windowed(sums, n, c, taps, dilation, t, row)
            for s in range(size):
                value = np.float64(row[s])
                total += value
                square += value * value
        partial[n, c, 0], partial[n, c, 1] = total, square
    return partial


@jit
def fire(sums, steps, taps, dilation, bias, threshold, order, windows, spikes):
    """Pooled spikes, as ``kernel.fire`` gives them; returns how many neurons spike, [N, C]."""
    static, batch, channels, size = sums.shape
    pooled = spikes.shape[3]
    if spikes.shape[:3] != (steps, batch, channels) or static not in (1, steps) or pooled * windows > size:
        raise ValueError(UNLIKE)
    if len(order) != (size if windows > 1 else 0) or not len(bias) == len(threshold) == channels:
        raise ValueError(UNLIKE)
    if len(taps) % TOGETHER:
        raise ValueError(UNLIKE)
    found = np.zeros((batch, channels))
    for index in numba.prange(batch * channels):
        n, c = index // channels, index % channels
        least = threshold[c] - bias[c]
        found_row, in_order = np.empty(size, sums.dtype), np.empty(size, sums.dtype)
        count = 0
        for t in range(steps):
            _windowed(sums, n, c, taps, dilation, t, found_row)
            row, s_row = _ordered(found_row, order, in_order), spikes[t, n, c]
            for s in range(size):
                count += row[s] >= least
            for s in range(pooled):
                s_row[s] = np.float32(1.0) if row[s] >= least else np.float32(0.0)
            for d in range(1, windows):
                own = row[d * pooled : (d + 1) * pooled]
                for s in range(pooled):
                    s_row[s] = np.float32(1.0) if own[s] >= least else s_row[s]
        found[n, c] = count
    return found


@jit
def backward(grad, sums, taps, dilation, bias, threshold, unit, sharpness, order, windows, real):
    """The gradient dh[t] = dS[t]·σ'((H - Θ)·unit) of the real potentials, into ``real`` [T, N, C, S], and its sums
    Σ dh and Σ dh·V per sample and channel; ``grad`` is of what :func:`fire` returns."""
    steps, batch, channels, pooled = grad.shape
    size, static = sums.shape[3], len(sums)
    if real.shape != (steps, *sums.shape[1:]) or sums.shape[1:3] != (batch, channels) or static not in (1, steps):
        raise ValueError(UNLIKE)
    if len(order) != (size if windows > 1 else 0) or pooled * windows > size:
        raise ValueError(UNLIKE)
    if not len(bias) == len(unit) == len(threshold) == channels or len(taps) % TOGETHER:
        raise ValueError(UNLIKE)
    partial = np.zeros((batch, channels, 2))
    slope = np.float32(np.pi / 2 * sharpness)
    height = np.float32(sharpness / 2)
    for index in numba.prange(batch * channels):
        n, c = index // channels, index % channels
        steep, least = unit[c] * slope, threshold[c] - bias[c]
        found_row, in_order = np.empty(size, sums.dtype), np.empty(size, sums.dtype)
        unpooled, rest = np.empty(size, np.float32), np.empty(pooled, np.float32)
        own = np.empty(size, np.float32)
        whole, weighted = 0.0, 0.0
        for t in range(steps):
            _windowed(sums, n, c, taps, dilation, t, found_row)
            g_row, row = grad[t, n, c], _ordered(found_row, order, in_order)
            if windows > 1:
                to_first(g_row, row, least, windows, rest, unpooled)
                g_row = unpooled
            t_whole, t_weighted = np.float32(0), np.float32(0)
            for s in range(size):
                x = (row[s] - least) * steep
                dh = g_row[s] * height / (np.float32(1.0) + x * x)
                own[s] = dh
                t_whole += dh
                t_weighted += dh * row[s]
            whole += t_whole
            weighted += t_weighted
            hand_out(own, order, real[t, n, c])
        partial[n, c, 0], partial[n, c, 1] = whole, weighted
    return partial


@jit
def affine(real, sums, taps, dilation, scale, constant, linear, learned, out):
    """The gradient of A, which may be written over dh, and if they are ``learned`` those of the taps per sample and
    channel, [N, C, k], from dh and an affine map::

        dV = scale[c]·dh + constant[c] + linear[c]·V
        dA[t] = Σ_j tap_j·dV[t + d·j], summed over t where A is the same at each          dtap_j = Σ dV[t]·A[t - d·j]
    """
    steps, batch, channels, size = real.shape
    static = len(sums)
    if out.shape != sums.shape or sums.shape[1:] != real.shape[1:] or static not in (1, steps):
        raise ValueError(UNLIKE)
    if not len(scale) == len(constant) == len(linear) == channels or len(taps) % TOGETHER:
        raise ValueError(UNLIKE)
    of_taps = np.zeros((batch, channels, len(taps)))
    for index in numba.prange(batch * channels):
        n, c = index // channels, index % channels
        k, d, e = scale[c], constant[c], linear[c]
        values = np.zeros((steps + 1, size), sums.dtype)  # the last one stays 0
        for t in range(steps):
            row, dh = values[t], real[t, n, c]
            _windowed(sums, n, c, taps, dilation, t, row)
            for s in range(size):
                row[s] = k * dh[s] + d + e * row[s]
        if static == 1:
            out[0, n, c, :] = np.float32(0.0)
        for j in range(0, len(taps), TOGETHER):
            w0, w1, w2, w3 = taps[j], taps[j + 1], taps[j + 2], taps[j + 3]
            s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
            for t in range(steps - dilation * j):
                at = t + dilation * j
                r1, r2, r3 = min(at + dilation, steps), min(at + 2 * dilation, steps), min(at + 3 * dilation, steps)
                to = t if static > 1 else 0
                if static > 1 and j == 0:
                    for s in range(size):
                        out[to, n, c, s] = (
                            w0 * values[at, s] + w1 * values[r1, s] + w2 * values[r2, s] + w3 * values[r3, s]
                        )
                else:
                    for s in range(size):
                        out[to, n, c, s] += (
                            w0 * values[at, s] + w1 * values[r1, s] + w2 * values[r2, s] + w3 * values[r3, s]
                        )
                if learned:
                    q0, q1, q2, q3 = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
                    for s in range(size):
                        a = sums[to, n, c, s]
                        q0 += values[at, s] * a
                        q1 += values[r1, s] * a
                        q2 += values[r2, s] * a
                        q3 += values[r3, s] * a
                    s0 += q0
                    s1 += q1
                    s2 += q2
                    s3 += q3
            of_taps[n, c, j], of_taps[n, c, j + 1], of_taps[n, c, j + 2], of_taps[n, c, j + 3] = s0, s1, s2, s3
    return of_taps
