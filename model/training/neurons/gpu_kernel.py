"""The neuron over all time steps in one pass: Triton kernels for a GPU, the twins of ``kernel.py``.

Channels come last in memory, as a GPU's convolutions like them: arrays [T, N, C, S] are rows of channels [T, N·S, C]
underneath. Sums are read as the nearest integers, because a convolution may be computed by a transform that rounds.
Of the forward pass the stored membranes are kept, a byte each, not the potentials: the backward pass has those again
from the sums. It runs twice, once for the sums over a channel and once for the gradient that depends on them.

Triton comes with PyTorch for a GPU. With TRITON_INTERPRET=1 in the environment the kernels run on the CPU, slowly.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from model.training.neurons.kernel import UNLIKE, Constants

try:
    import triton
    import triton.language as tl
except ImportError:
    triton = None

BLOCK, WIDEST = 1024, 64
"""Neurons of a program, and its channels at most."""
LONGEST = 16
"""Time steps at most: the loops over them are unrolled."""
allowed = True
"""Whether they are used; whoever finds that they do not compile says no."""


def usable(x: Tensor, time_steps: int = 1) -> bool:
    """Whether the kernels run for ``x``."""
    return allowed and triton is not None and x.is_cuda and x.dtype == torch.float32 and time_steps <= LONGEST


def rows(x: Tensor) -> Tensor:
    """[T, N, C, S] as contiguous [T, N, S, C]: of a tensor with channels last the same memory."""
    return x.movedim(2, 3).contiguous()


def _grid(rows_: int, channels: int) -> tuple[tuple[int, int], dict[str, int]]:
    """Programs, and the block of each."""
    width = min(triton.next_power_of_2(channels), WIDEST)
    block = {"ROWS": BLOCK // width, "WIDTH": width}
    return (triton.cdiv(rows_, block["ROWS"]), triton.cdiv(channels, width)), block


def _check(sums: Tensor, time_steps: int, channels: Sequence[Tensor], neurons: Sequence[Tensor]) -> None:
    """Refuse arrays that do not belong to ``sums`` [T or 1, N, C, S]: beyond their ends a kernel would not stop."""
    fits = len(sums) in (1, time_steps) and all(len(x) == sums.shape[2] for x in channels)
    if not fits or any(x.shape != (time_steps, *sums.shape[1:]) for x in neurons):
        raise ValueError(UNLIKE)


def _flags(constants: Constants) -> dict[str, bool]:
    """What kernels are compiled for: how codes are rounded, and what a spike leaves of a potential."""
    return {
        "TOWARDS_ZERO": bool(constants.towards_zero),
        "ZEROED": bool(constants.zeroed),
        "SUBTRACTED": bool(constants.subtracted),
    }


def channel_moments(sums: Tensor) -> Tensor:
    """Σ A and Σ A² [2, C] in float64, exact."""
    x = rows(sums)
    channels, count = x.shape[3], x[..., 0].numel()
    grid, block = _grid(count, channels)
    partial = torch.empty(grid[0], 2, channels, dtype=torch.float64, device=x.device)
    _moments[grid](x, partial, count, channels, **block)
    return partial.sum(0)


def forward(
    sums: Tensor,
    time_steps: int,
    bias: Tensor,
    threshold: Tensor,
    constants: Constants,
    skip: Tensor | None = None,
    skip_bias: Tensor | None = None,
    *,
    potentials: bool = False,
) -> tuple[Tensor, Tensor]:
    """Spikes [T, N, C, S], and stored membranes, int8, or ``potentials``, float32, alike.

    ``constants`` are :attr:`NeuronConfig.constants`; of a join with an identity shortcut J·``skip`` is added to A.
    """
    _check(sums, time_steps, [bias, threshold], [] if skip is None else [skip])
    x = rows(sums)
    steps, batch, size, channels = x.shape
    count = batch * size
    spikes = torch.empty(time_steps, batch, size, channels, dtype=torch.float32, device=x.device)
    kept = torch.empty_like(spikes, dtype=torch.float32 if potentials else torch.int8)
    store, load, limit, *_ = map(float, constants)
    flags = _flags(constants)
    grid, block = _grid(count, channels)
    _forward[grid](
        x, x if skip is None else rows(skip), bias, threshold, bias if skip_bias is None else skip_bias,
        spikes, kept, count, channels, store, load, limit,
        STEPS=time_steps, STATIC=steps == 1, SKIP=skip is not None, POTENTIALS=potentials, **flags, **block,
    )  # fmt: skip
    return spikes.movedim(3, 2), kept.movedim(3, 2)


class Backward:
    """Gradient of a loss with respect to the sums, in two passes over the same arrays.

    ``grad`` [T, N, C, S] is the spikes', ``membranes`` what :func:`forward` kept.
    """

    def __init__(
        self,
        grad: Tensor,
        sums: Tensor,
        membranes: Tensor,
        bias: Tensor,
        threshold: Tensor,
        unit: Tensor,
        constants: Constants,
        sharpness: float,
        skip: Tensor | None = None,
        skip_bias: Tensor | None = None,
    ) -> None:
        _check(sums, len(grad), [bias, threshold, unit], [grad, membranes, *([] if skip is None else [skip])])
        self.sums, self.sharpness = rows(sums), sharpness
        self.scalars = [float(x) for x in (*constants[:3], constants.decay)]
        grad, membranes = rows(grad), rows(membranes)
        others = [self.sums if skip is None else rows(skip), bias, threshold, bias if skip is None else skip_bias, unit]
        self.arrays = [grad, self.sums, membranes, *others]
        self.count, self.channels = self.sums[0, ..., 0].numel(), self.sums.shape[3]
        self.flags = {"STEPS": len(grad), "STATIC": len(self.sums) == 1, "SKIP": skip is not None, **_flags(constants)}

    def reductions(self) -> Tensor:
        """Per channel Σ dh, Σ dh·A and what the step receives from U [C, 3], as ``kernel.backward`` has them."""
        grid, block = _grid(self.count, self.channels)
        partial = self.sums.new_empty(grid[0], 3, self.channels, dtype=torch.float64)
        unused = self.arrays[4]
        self._run(grid, block, unused, unused, unused, self.sums, self.sums, partial, reduce=True)
        return partial.sum(0).T

    def gradient(self, scale: Tensor, constant: Tensor, linear: Tensor) -> tuple[Tensor, Tensor | None]:
        """scale[c]·dh + constant[c] + linear[c]·A like the sums, and unit·J·dh like the shortcut's spikes."""
        grid, block = _grid(self.count, self.channels)
        real = torch.empty_like(self.sums)
        skipped = torch.empty_like(self.arrays[0]) if self.flags["SKIP"] else real
        self._run(grid, block, scale, constant, linear, real, skipped, real, reduce=False)
        return real.movedim(3, 2), skipped.movedim(3, 2) if self.flags["SKIP"] else None

    def _run(self, grid: tuple[int, int], block: dict[str, int], *arrays: Tensor, reduce: bool) -> None:
        sizes = self.count, self.channels
        _backward[grid](
            *self.arrays, *arrays, *sizes, *self.scalars, self.sharpness, REDUCE=reduce, **self.flags, **block
        )


def max_pool(x: Tensor, size: int) -> Tensor:
    """Maximum over size × size of spikes [M, H, W, C]."""
    planes, height, width, channels = x.shape
    out = x.new_empty(planes, height // size, width // size, channels)
    grid, block = _grid(out[..., 0].numel(), channels)
    _max_pool[grid](x, out, out, out[..., 0].numel(), channels, height, width, SIZE=size, BACK=False, **block)
    return out


def max_pool_backward(grad: Tensor, x: Tensor, size: int) -> Tensor:
    """The gradient [M, H', W', C] goes to the first of a window that equals its maximum; the others get 0."""
    planes, height, width, channels = x.shape
    if grad.shape != (planes, height // size, width // size, channels):
        raise ValueError(UNLIKE)
    whole = height % size == 0 and width % size == 0
    out = torch.empty_like(x) if whole else torch.zeros_like(x)
    grid, block = _grid(grad[..., 0].numel(), channels)
    _max_pool[grid](x, grad, out, grad[..., 0].numel(), channels, height, width, SIZE=size, BACK=True, **block)
    return out


if triton is not None:

    @triton.jit
    def _place(count, channels, ROWS: tl.constexpr, WIDTH: tl.constexpr):
        """Channels of this program, offsets of its neurons, and which of both there are."""
        row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
        c = tl.program_id(1) * WIDTH + tl.arange(0, WIDTH)
        there = (row < count)[:, None] & (c < channels)[None, :]
        return c, row[:, None].to(tl.int64) * channels + c[None, :], there

    @triton.jit
    def _moments(sums, partial, count, channels, ROWS: tl.constexpr, WIDTH: tl.constexpr):
        c, at, there = _place(count, channels, ROWS, WIDTH)
        a = tl.floor(tl.load(sums + at, mask=there, other=0.0) + 0.5).to(tl.float64)
        out = partial + tl.program_id(0) * 2 * channels + c
        tl.store(out, tl.sum(a, 0), mask=c < channels)
        tl.store(out + channels, tl.sum(a * a, 0), mask=c < channels)

    @triton.jit
    def _left(h, theta, fired, ZEROED: tl.constexpr, SUBTRACTED: tl.constexpr):
        """V: what a spike leaves of a potential."""
        if ZEROED:
            h = tl.where(fired, 0.0, h)
        if SUBTRACTED:
            h = tl.where(fired, h - theta, h)
        return h

    @triton.jit
    def _code(share, TOWARDS_ZERO: tl.constexpr):
        """What is stored of V, before it is limited."""
        code = tl.floor(share)
        if TOWARDS_ZERO:
            code = tl.where(share < 0.0, tl.ceil(share), code)
        return code

    @triton.jit
    def _forward(
        sums, skip, bias, threshold, skip_bias, spikes, kept, count, channels, store, load, limit,
        STEPS: tl.constexpr, STATIC: tl.constexpr, SKIP: tl.constexpr, POTENTIALS: tl.constexpr,
        TOWARDS_ZERO: tl.constexpr, ZEROED: tl.constexpr, SUBTRACTED: tl.constexpr,
        ROWS: tl.constexpr, WIDTH: tl.constexpr,
    ):  # fmt: skip
        """H[t] = A[t] + B + J·x + floor(U·2^(r-1)); spike = H >= Θ; U is the code of what the spike leaves of H."""
        c, at, there = _place(count, channels, ROWS, WIDTH)
        step = count.to(tl.int64) * channels
        b = tl.load(bias + c, mask=c < channels, other=0.0)[None, :]
        theta = tl.load(threshold + c, mask=c < channels, other=0.0)[None, :]
        if SKIP:
            j = tl.load(skip_bias + c, mask=c < channels, other=0.0)[None, :]
        u = tl.zeros([ROWS, WIDTH], tl.float32)
        a = u
        for t in tl.static_range(STEPS):
            if t == 0 or not STATIC:
                a = tl.floor(tl.load(sums + t * step + at, mask=there, other=0.0) + 0.5)
            h = a + b + tl.floor(u * load)
            if SKIP:
                h += j * tl.load(skip + t * step + at, mask=there, other=0.0)
            fired = h >= theta
            code = _code(_left(h, theta, fired, ZEROED, SUBTRACTED) * store, TOWARDS_ZERO)
            u = tl.minimum(tl.maximum(code, -limit), limit)
            tl.store(spikes + t * step + at, fired.to(tl.float32), mask=there)
            if POTENTIALS:
                tl.store(kept + t * step + at, h, mask=there)
            else:
                tl.store(kept + t * step + at, u.to(tl.int8), mask=there)

    @triton.jit
    def _backward(
        grad, sums, membranes, skip, bias, threshold, skip_bias, unit, scale, constant, linear, real, skipped, partial,
        count, channels, store, load, limit, decay, sharpness,
        REDUCE: tl.constexpr, STEPS: tl.constexpr, STATIC: tl.constexpr, SKIP: tl.constexpr,
        TOWARDS_ZERO: tl.constexpr, ZEROED: tl.constexpr, SUBTRACTED: tl.constexpr,
        ROWS: tl.constexpr, WIDTH: tl.constexpr,
    ):  # fmt: skip
        """``kernel.backward``, and ``kernel.affine`` of what it gives unless it only adds up."""
        c, at, there = _place(count, channels, ROWS, WIDTH)
        step = count.to(tl.int64) * channels
        own = c < channels
        b = tl.load(bias + c, mask=own, other=0.0)[None, :]
        theta = tl.load(threshold + c, mask=own, other=0.0)[None, :]
        q = tl.load(unit + c, mask=own, other=0.0)[None, :]
        slope = q * (1.5707963267948966 * sharpness)
        k = tl.load(scale + c, mask=own, other=0.0)[None, :]
        d = tl.load(constant + c, mask=own, other=0.0)[None, :]
        e = tl.load(linear + c, mask=own, other=0.0)[None, :]
        if SKIP:
            j = tl.load(skip_bias + c, mask=own, other=0.0)[None, :]
        carried = tl.zeros([ROWS, WIDTH], tl.float32)
        total = carried
        weighted = carried
        residual = carried
        a = tl.floor(tl.load(sums + (0 if STATIC else STEPS - 1) * step + at, mask=there, other=0.0) + 0.5)
        for t in tl.static_range(STEPS - 1, -1, -1):
            if t < STEPS - 1 and not STATIC:
                a = tl.floor(tl.load(sums + t * step + at, mask=there, other=0.0) + 0.5)
            h = a + b
            if t > 0:
                u = tl.load(membranes + (t - 1) * step + at, mask=there, other=0).to(tl.float32)
                h += tl.floor(u * load)
            if SKIP:
                h += j * tl.load(skip + t * step + at, mask=there, other=0.0)
            fired = h >= theta
            left = _left(h, theta, fired, ZEROED, SUBTRACTED)
            code = _code(left * store, TOWARDS_ZERO)
            stored = tl.minimum(tl.maximum(code, -limit), limit)
            inside = stored == code
            if ZEROED:
                inside = inside & (h < theta)
            residual += carried * (tl.floor(stored * load) - tl.where(inside, left * decay, 0.0))
            x = (h - theta) * slope
            g = tl.load(grad + t * step + at, mask=there, other=0.0)
            carried = g * (sharpness * 0.5) / (1.0 + x * x) + tl.where(inside, carried * decay, 0.0)
            if REDUCE or STATIC:
                total += carried
                weighted += carried * a
            else:
                tl.store(real + t * step + at, carried * k + d + a * e, mask=there)
            if SKIP and not REDUCE:
                tl.store(skipped + t * step + at, carried * (j * q), mask=there)
        if REDUCE:
            out = partial + tl.program_id(0) * 3 * channels + c
            tl.store(out, tl.sum(total.to(tl.float64), 0), mask=own)
            tl.store(out + channels, tl.sum(weighted.to(tl.float64), 0), mask=own)
            tl.store(out + 2 * channels, tl.sum(residual.to(tl.float64), 0), mask=own)
        elif STATIC:
            tl.store(real + at, total * k + d + a * e, mask=there)

    @triton.jit
    def _max_pool(
        x, y, out, count, channels, height, width, SIZE: tl.constexpr, BACK: tl.constexpr,
        ROWS: tl.constexpr, WIDTH: tl.constexpr,
    ):  # fmt: skip
        """Forward ``y`` is written; backward it is the gradient, and ``out`` is written."""
        c, at, there = _place(count, channels, ROWS, WIDTH)
        row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
        across, down = width // SIZE, height // SIZE
        corner = ((row // across // down) * height + (row // across % down) * SIZE) * width + row % across * SIZE
        first = corner[:, None].to(tl.int64) * channels + c[None, :]
        best = tl.zeros([ROWS, WIDTH], tl.float32)
        for i in tl.static_range(SIZE * SIZE):
            place = first + ((i // SIZE) * width + i % SIZE) * channels
            best = tl.maximum(best, tl.load(x + place, mask=there, other=0.0))
        if BACK:
            rest = tl.load(y + at, mask=there, other=0.0)
            for i in tl.static_range(SIZE * SIZE):
                place = first + ((i // SIZE) * width + i % SIZE) * channels
                chosen = tl.load(x + place, mask=there, other=0.0) == best
                tl.store(out + place, tl.where(chosen, rest, 0.0), mask=there)
                rest = tl.where(chosen, 0.0, rest)
        else:
            tl.store(y + at, best, mask=there)
