"""`gradcheck` and `gradgradcheck`: gradients against finite differences.

For each pair of an input x and an output y the Jacobian is computed twice: numerically,
``(f(x + eps e_i) - f(x - eps e_i)) / (2 eps)``, one column for each element of x, and
analytically, one row of the transposed Jacobian for each backward from an element of y.
``fast_mode`` compares one random projection u^T J v instead.

Jacobians are NumPy arrays of shape (elements of x, elements of y), as PyTorch prints them.
A complex output counts as two real ones, its real parts followed by its imaginary parts; the
derivative by a complex element is the one by its real part plus i times that by its imaginary
part, which is what backward gives.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes
from .._tensor import Tensor
from ..backends import backend_of
from ..forward import zeros_for
from ..modes import enable_grad
from . import grad as _grad
from .jacobians import (
    Check,
    Matrix,
    backward_jacobians,
    forward_jacobians,
    host_values,
    moved,
    numerical_jacobians,
    pull,
    push,
    real_parts,
)


class GradcheckError(RuntimeError):
    """Numerical and analytical gradients differ, or can't be compared."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compare the gradients of a function with finite differences.

    Parameters
    ----------
    func : callable
        Takes `inputs`, returns a tensor or a tuple of tensors.
    inputs : Tensor or tuple
        In float64, finite; those that require grad are checked.
    eps : float
        Step of the finite differences.
    atol, rtol : float
        ``|analytical - numerical| <= atol + rtol * |numerical|`` in every element.
    raise_exception : bool, default True
        Raise instead of returning False.
    nondet_tol : float
        How far two backward passes may differ.
    check_undefined_grad : bool, default True
        Also check that outputs without gradient (None) are handled as zeros.
    check_grad_dtypes : bool, default False
        Also check that gradients have their inputs' dtypes.
    check_batched_grad, check_batched_forward_grad : bool, default False
        Also check gradients of a batch of cotangents (``is_grads_batched``); the second is
        accepted for compatibility.
    check_forward_ad, check_backward_ad : bool
        Which mode to check.
    fast_mode : bool, default False
        Compare random projections only: cheaper, less thorough.
    masked : bool, optional
        Accepted for compatibility (sparse tensors do not exist here).

    Returns
    -------
    bool
        True if everything agrees.

    Raises
    ------
    GradcheckError
        With both Jacobians, if something does not (RuntimeError's subclass).
    ValueError
        If no input requires grad, or neither mode is to be checked.
    """
    if not (check_backward_ad or check_forward_ad):
        raise ValueError(
            "Expected at least one of check_forward_ad or check_backward_ad to be True "
            "to check gradients"
        )
    if check_batched_grad and not check_backward_ad:
        raise ValueError("Setting check_batched_grad=True requires check_backward_ad to be True")
    given = tuple(inputs) if isinstance(inputs, list | tuple) else (inputs,)
    check = Check(func, given, eps, atol, rtol, nondet_tol)
    try:
        _check_inputs(check)
        _check_outputs(check)
        if check_forward_ad:
            _compare(check, "forward mode", fast_mode)
        if check_backward_ad:
            _compare(check, "backward mode", fast_mode)
            _check_dtypes(check, check_grad_dtypes)
            if check_batched_grad:
                _check_batched(check)
            if check_undefined_grad:
                _check_undefined(check)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Compare second gradients with finite differences of the first: `gradcheck` of the backward.

    Parameters
    ----------
    grad_outputs : Tensor or sequence of Tensor, optional
        Cotangents of the outputs, differentiated too; default: random ones.
    gen_non_contig_grad_outputs : bool, default False
        Make the random ones non-contiguous.
    check_fwd_over_rev, check_rev_over_rev : bool
        Which mode to differentiate the backward in.
    func, inputs, eps, atol, rtol, raise_exception, nondet_tol, check_undefined_grad
        As in `gradcheck`, like the remaining ones.
    """
    if not (check_fwd_over_rev or check_rev_over_rev):
        raise ValueError(
            "Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True"
        )
    given = tuple(inputs) if isinstance(inputs, list | tuple) else (inputs,)
    first = Check(func, given, eps, atol, rtol, nondet_tol)
    if grad_outputs is None:
        likes = first.outputs()
        cotangents = tuple(_random_like(y, gen_non_contig_grad_outputs) for y in likes)
    else:
        cotangents = (
            tuple(grad_outputs) if isinstance(grad_outputs, list | tuple) else (grad_outputs,)
        )
    count = len(cotangents)

    def backward(*args: Any) -> Any:
        xs, gs = args[: len(args) - count], args[len(args) - count :]
        again = [
            x.requires_grad_() if isinstance(x, Tensor) and x.is_leaf and old.requires_grad else x
            for x, old in zip(xs, given, strict=True)
        ]
        with enable_grad():
            outputs = Check(func, tuple(again), eps, atol, rtol, 0.0).outputs()
            pairs = [(y, g) for y, g in zip(outputs, gs, strict=True) if y.requires_grad]
            wanted = [x for x, old in zip(again, given, strict=True) if _needs(old)]
            if not pairs:
                return tuple(zeros_for(x) for x in wanted)
            ends, along = zip(*pairs, strict=True)
            return _grad(ends, wanted, along, create_graph=True, materialize_grads=True)

    return gradcheck(
        backward,
        given + cotangents,
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad,
        check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
        fast_mode=fast_mode,
        masked=masked,
    )


# ------------------------------------------------------------------ what can be checked


def _needs(x: Any) -> bool:
    return isinstance(x, Tensor) and x.requires_grad


def _check_inputs(check: Check) -> None:
    if not check.wanted:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, "
            "but none of them have requires_grad=True."
        )
    for i, x in zip(check.positions, check.wanted, strict=True):
        if x.dtype not in (dtypes.float64, dtypes.complex128):
            warnings.warn(
                f"Input #{i} requires gradient and is not a double precision floating point or "
                f"complex ({x.dtype!r}). This check will likely fail if all the inputs are not of "
                "double precision floating point or complex.",
                stacklevel=4,
            )
        if x.numel() and any(s == 0 < n - 1 for s, n in zip(x.stride(), x.shape, strict=True)):
            raise GradcheckError(
                f"The {i}th input has a dimension with stride 0. gradcheck only supports inputs "
                "that are non-overlapping to be able to compute the numerical gradients correctly. "
                "You should call .contiguous on the input before passing it to gradcheck."
            )
    for i, y in enumerate(check.inputs):
        if isinstance(y, Tensor):
            _check_finite(
                y, f"input {i}", "pass finite values, away from where the function is not"
            )


def _check_finite(x: Tensor, what: str, remedy: str) -> None:
    from ..anomaly import first_nonfinite

    bad = first_nonfinite(x._array)
    if bad is None:
        return
    _, index, count, size = bad
    value = host_values(x)[index]
    raise GradcheckError(
        f"gradcheck got {value} in {what} at index {index} ({count} of {size} elements are not "
        f"finite): finite differences would be NaN there; {remedy}."
    )


def _check_outputs(check: Check) -> None:
    for j, y in enumerate(check.outputs()):
        remedy = "choose inputs at which the function is finite"
        _check_finite(y, f"output {j} of the function", remedy)


# ------------------------------------------------------------------ comparing


def _compare(check: Check, mode: str, fast: bool) -> None:
    if fast:
        _compare_projections(check, mode)
        return
    analytical = forward_jacobians(check) if mode == "forward mode" else backward_jacobians(check)
    if mode == "backward mode":
        _check_deterministic(check, analytical)
    for i, x in enumerate(check.wanted):
        for j, numerical in enumerate(numerical_jacobians(check, x)):
            if not _close(analytical[j][i], numerical, check):
                raise GradcheckError(_mismatch(check, mode, i, j, numerical, analytical[j][i]))


def _close(a: Matrix, n: Matrix, check: Check) -> bool:
    return bool(np.allclose(a, n, rtol=check.rtol, atol=check.atol))


def _mismatch(
    check: Check, mode: str, i: int, j: int, numerical: Matrix, analytical: Matrix
) -> str:
    where = ""
    if numerical.shape == analytical.shape and numerical.size and numerical.ndim == 2:
        gap = np.abs(analytical - numerical)
        worst = np.unravel_index(int(np.argmax(np.where(np.isnan(gap), np.inf, gap))), gap.shape)
        x, y = check.wanted[i], check.outputs()[j]
        at_x = tuple(int(k) for k in np.unravel_index(worst[0], tuple(x.shape) or (1,)))
        at_y = tuple(int(k) for k in np.unravel_index(worst[1] % y.numel(), tuple(y.shape) or (1,)))
        where = (
            f"\nThe largest difference is {gap[worst]:.3g}: input element "
            f"{at_x if x.ndim else ()}, output element {at_y if y.ndim else ()}."
        )
    computed = " with forward mode AD" if mode == "forward mode" else ""
    hint = _float32_hint(check)
    return (
        f"Jacobian{computed} mismatch for output {j} with respect to input "
        f"{check.positions[i]},\nnumerical:{_text(numerical)}\nanalytical:{_text(analytical)}\n"
        f"{where}{hint}"
    )


def _float32_hint(check: Check) -> str:
    narrow = [x for x in check.wanted if x.dtype not in (dtypes.float64, dtypes.complex128)]
    if not narrow:
        return ""
    return f"\nAn input is {narrow[0].dtype!r}: finite differences need float64; use .double()."


def _text(matrix: Matrix) -> str:
    from ..printing import tensor_text

    made: Tensor = Tensor._from_array(np.ascontiguousarray(matrix))
    return tensor_text(made)


def _check_deterministic(check: Check, first: list[list[Matrix]]) -> None:
    second = backward_jacobians(check)
    for one, two in zip(first, second, strict=True):
        for i, (a, b) in enumerate(zip(one, two, strict=True)):
            if a.size and np.abs(a - b).max() > check.nondet_tol:
                raise GradcheckError(
                    "Backward is not reentrant, i.e., running backward with same input and "
                    "grad_output multiple times gives different values, although analytical "
                    "gradient matches numerical gradient. The tolerance for nondeterminism was "
                    f"{check.nondet_tol}; the gradient of input {check.positions[i]} differed by "
                    f"{np.abs(a - b).max():.3g}."
                )


def _compare_projections(check: Check, mode: str) -> None:
    """u^T J v from finite differences along v, against a backward from u (or a push of v)."""
    rng = np.random.default_rng(0)
    for i, (position, x) in enumerate(zip(check.positions, check.wanted, strict=True)):
        v = _direction(x, rng)

        def shift(sign: int, v: Any = v) -> Callable[[Any], None]:
            def change(array: Any) -> None:
                array += sign * check.eps * v._array

            return change

        up, down = moved(check, x, shift(+1)), moved(check, x, shift(-1))
        for j, y in enumerate(check.outputs()):
            u = _direction(y, rng)
            weights = real_parts(host_values(u))
            wanted = weights @ (up[j] - down[j]) / (2 * check.eps)
            if mode == "forward mode":
                found = float(weights @ push(check, position, v)[j])
            else:
                found = float(np.vdot(pull(y, [x], u)[0], host_values(v).reshape(-1)).real)
            if not np.allclose(found, wanted, rtol=check.rtol, atol=check.atol):
                raise GradcheckError(
                    _mismatch(check, mode, i, j, np.asarray(wanted), np.asarray(found))
                    + "\nThe above quantities relating the numerical and analytical jacobians are "
                    "computed in fast mode: run again with fast_mode=False for the whole Jacobians."
                )


def _direction(x: Tensor, rng: np.random.Generator) -> Tensor:
    values = rng.standard_normal(tuple(x.shape))
    if x.is_complex():
        values = values + 1j * rng.standard_normal(tuple(x.shape))
    norm = np.linalg.norm(values.reshape(-1)) or 1.0
    made: Tensor = zeros_for(x)
    made._array[...] = backend_of(x._array).xp.asarray(np.asarray(values / norm, x._array.dtype))
    return made


# ------------------------------------------------------------------ further checks


def _check_dtypes(check: Check, dtypes_too: bool) -> None:
    for y in check.outputs():
        if not y.requires_grad:
            continue
        found = _grad(y, check.wanted, _ones(y), retain_graph=True, allow_unused=True)
        for i, (x, g) in enumerate(zip(check.wanted, found, strict=True)):
            if g is None:
                continue
            if g.shape != x.shape:
                raise GradcheckError(f"grad has incorrect size for input {check.positions[i]}")
            if dtypes_too and g.dtype is not x.dtype:
                raise GradcheckError(
                    f"Backward produced a gradient of {g.dtype!r} for input {check.positions[i]}, "
                    f"which is {x.dtype!r}"
                )


def _ones(y: Tensor) -> Tensor:
    made: Tensor = zeros_for(y)
    made._array[...] = 1
    return made


def _random_like(y: Tensor, strided: bool) -> Tensor:
    rng = np.random.default_rng(0)
    if not strided or y.ndim == 0:
        return _direction(y, rng).requires_grad_()
    wide = np.empty((*y.shape[:-1], 2 * y.shape[-1]), y._array.dtype)[..., ::2]
    wide[...] = rng.standard_normal(tuple(y.shape))
    made: Tensor = Tensor._from_array(backend_of(y._array).xp.asarray(wide))
    return made.requires_grad_()


def _check_batched(check: Check) -> None:
    rng = np.random.default_rng(0)
    for y in check.outputs():
        if not y.requires_grad:
            continue
        rows = [_direction(y, rng) for _ in range(2)]
        xp = backend_of(y._array).xp
        batch: Tensor = Tensor._from_array(xp.stack([r._array for r in rows]))
        together = _grad(
            y, check.wanted, batch, retain_graph=True, allow_unused=True, is_grads_batched=True
        )
        alone = [_grad(y, check.wanted, r, retain_graph=True, allow_unused=True) for r in rows]
        for i, g in enumerate(together):
            for k, one in enumerate(alone):
                a = None if g is None else host_values(g)[k]
                b = None if one[i] is None else host_values(one[i])
                zero = np.zeros(())
                if not np.allclose(zero if a is None else a, zero if b is None else b):
                    raise GradcheckError(
                        f"Batched gradient of input {check.positions[i]} differs from that of "
                        f"row {k} alone"
                    )


def _check_undefined(check: Check) -> None:
    """A backward that gets None for an output must treat it as zeros."""
    outputs = [y for y in check.outputs() if y.requires_grad]
    if len(outputs) < 2:
        return
    for j in range(len(outputs)):
        with_zeros = [zeros_for(y) if k == j else _ones(y) for k, y in enumerate(outputs)]
        kept = [y for k, y in enumerate(outputs) if k != j]
        expected = _grad(outputs, check.wanted, with_zeros, retain_graph=True, allow_unused=True)
        found = _grad(
            kept, check.wanted, [_ones(y) for y in kept], retain_graph=True, allow_unused=True
        )
        for i, (a, b) in enumerate(zip(expected, found, strict=True)):
            one = 0.0 if a is None else host_values(a)
            two = 0.0 if b is None else host_values(b)
            if not np.allclose(one, two, equal_nan=True):
                raise GradcheckError(
                    "Expected backward function to handle undefined output grads. Please look at "
                    f"'Notes about undefined output gradients': output {j} without gradient gives "
                    f"another gradient of input {check.positions[i]} than one of zeros"
                )


__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]
