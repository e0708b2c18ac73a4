"""Linear algebra: graph, errors, what is determined up to a sign, and corners of the numbers."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import linalg

DRAW = np.random.default_rng(0)


def leaf(*shape, kind="float64"):
    values = DRAW.uniform(-1, 1, shape)
    if kind.startswith("complex"):
        values = values + 1j * DRAW.uniform(-1, 1, shape)
    return ag.tensor(values, dtype=getattr(ag, kind), requires_grad=True)


def adjoint(x):
    return x.conj().transpose(-2, -1)


def hermitian(x):
    return x + adjoint(x)


def positive(x):
    return x @ adjoint(x) + ag.eye(x.shape[-1], dtype=x.dtype)


def close(a, b, tolerance=1e-9):
    np.testing.assert_allclose(
        a.detach().numpy(), b.detach().numpy(), rtol=tolerance, atol=tolerance
    )


# ------------------------------------------------------------------ the graph


@pytest.mark.parametrize(
    ("compute", "node"),
    [
        (lambda a: linalg.cholesky(positive(a)), "LinalgCholeskyExBackward0"),
        (lambda a: linalg.det(a), "LinalgDetBackward0"),
        (lambda a: linalg.slogdet(a)[1], "LinalgSlogdetBackward0"),
        (lambda a: linalg.eig(a)[0], "LinalgEigBackward0"),
        (lambda a: linalg.eigvals(a), "LinalgEigBackward0"),
        (lambda a: linalg.eigh(a)[0], "LinalgEighBackward0"),
        (lambda a: linalg.eigvalsh(a), "LinalgEighBackward0"),
        (lambda a: linalg.svd(a)[1], "LinalgSvdBackward0"),
        (lambda a: linalg.svdvals(a), "LinalgSvdBackward0"),
        (lambda a: linalg.householder_product(a, a[0]), "LinalgHouseholderProductBackward0"),
        (lambda a: linalg.inv(a), "LinalgInvExBackward0"),
        (lambda a: linalg.solve(a, a), "LinalgSolveExBackward0"),
        (lambda a: linalg.solve(a, a[0]), "LinalgSolveExBackward0"),
        (lambda a: linalg.solve_triangular(a, a, upper=True), "LinalgSolveTriangularBackward0"),
        (lambda a: linalg.lstsq(a, a)[0], "LinalgLstsqBackward0"),
        (lambda a: linalg.lu(a)[1], "LinalgLuBackward0"),
        (lambda a: linalg.lu_factor(a)[0], "LinalgLuFactorExBackward0"),
        (lambda a: linalg.lu_solve(*linalg.lu_factor(a), a), "LinalgLuSolveBackward0"),
        (lambda a: linalg.matrix_exp(a), "LinalgMatrixExpBackward0"),
        (lambda a: linalg.matrix_power(a, 3), "MmBackward0"),
        (lambda a: linalg.pinv(a), "LinalgPinvBackward0"),
        (lambda a: linalg.qr(a)[1], "LinalgQrBackward0"),
        (lambda a: ag.cholesky(positive(a)), "CholeskyBackward0"),
        (lambda a: ag.cholesky_inverse(a), "CholeskyInverseBackward0"),
        (lambda a: ag.cholesky_solve(a, a), "CholeskySolveBackward0"),
        (lambda a: ag.logdet(positive(a)), "WhereBackward0"),
        (lambda a: ag.lu_unpack(*linalg.lu_factor(a))[1], "LuUnpackBackward0"),
        (lambda a: ag.ormqr(a, a[0], a), "OrmqrBackward0"),
        (lambda a: ag.triangular_solve(a, a)[0], "TriangularSolveBackward0"),
        (lambda a: ag.pinverse(a), "LinalgPinvBackward0"),
    ],
)
def test_nodes_are_pytorchs(compute, node):
    assert compute(leaf(3, 3)).grad_fn.name() == node


def test_results_have_names():
    a = positive(leaf(3, 3)).detach()
    assert linalg.eigh(a)._fields == ("eigenvalues", "eigenvectors")
    assert linalg.lu_factor_ex(a)._fields == ("LU", "pivots", "info")
    assert repr(ag.qr(ag.eye(1))).startswith("torch.return_types.qr(\nQ=tensor(")


# ------------------------------------------------------------------ errors

SINGULAR = [[1.0, 2.0], [2.0, 4.0]]


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        (lambda a: linalg.inv(a), r"linalg.inv: The diagonal element 2 is zero, the inversion"),
        (lambda a: linalg.inv(ag.stack([ag.eye(2), a])), r"linalg.inv: \(Batch element 1\): The"),
        (lambda a: linalg.solve(a, ag.ones(2, 1)), "solver failed because the input matrix is sin"),
        (lambda a: linalg.cholesky(a - 5 * ag.eye(2)), r"leading minor of order 1 is not positive"),
        (lambda a: linalg.cholesky_ex(a, check_errors=True), "leading minor of order 2"),
        (lambda a: linalg.lu_factor(a), r"U\[2,2\] is zero and using it on lu_solve"),
        (lambda a: linalg.lstsq(a, a, driver="gels"), "does not have full rank"),
        (lambda a: linalg.svd(a * float("nan")), "the input matrix contained non-finite values"),
        (lambda a: linalg.ldl_factor(0 * a), r"D\[1,1\] is zero"),
        (lambda a: linalg.inv_ex(a, check_errors=True), "linalg.inv: The diagonal element 2"),
    ],
)
def test_matrices_that_cannot_be_taken(compute, message):
    with pytest.raises(linalg.LinAlgError, match=message):
        compute(ag.tensor(SINGULAR))


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        (lambda: linalg.inv(ag.ones(2, 3)), "be batches of square matrices, but they are 2 by 3"),
        (lambda: linalg.det(ag.ones(3)), "input tensor A must have at least 2 dimensions"),
        (lambda: linalg.inv(ag.ones(2, 2).long()), "floating point or complex .* Got Long"),
        (lambda: linalg.inv(ag.ones(2, 2).half()), "Low precision dtypes not supported. Got Half"),
        (lambda: linalg.solve(ag.eye(2), ag.ones(3, 1)), r"equation AX = B \(2x2 and 3x1\)"),
        (
            lambda: linalg.solve(ag.eye(2), ag.ones(2, 1).double()),
            "A of type Float and B of type D",
        ),
        (lambda: linalg.eigh(ag.eye(2), UPLO="X"), "UPLO argument to be 'L' or 'U', but got X"),
        (lambda: linalg.qr(ag.eye(2), mode="x"), "unrecognized mode 'x'"),
        (lambda: linalg.cond(ag.eye(2), 3), "invalid norm type: 3"),
        (lambda: linalg.tensorinv(ag.ones(2, 3), ind=1), "but got 3 != 2"),
        (lambda: linalg.lstsq(ag.ones(3, 2), ag.ones(2, 1)), r"input.size\(-2\) should match"),
        (lambda: linalg.svd(ag.eye(2), driver="gesvd"), "only supported on CUDA"),
        (lambda: linalg.lu_solve(ag.eye(2), ag.ones(2).long(), ag.eye(2)), "type torch.int32"),
        (lambda: ag.lu_unpack(ag.eye(2), ag.ones(2)), "torch.int32"),
        (lambda: linalg.vander(ag.ones(3), N=1), "N must be greater than 1, got 1"),
        (lambda: linalg.householder_product(ag.ones(2, 3), ag.ones(2)), "got 2 and 3"),
    ],
)
def test_errors_are_pytorchs(compute, message):
    with pytest.raises(RuntimeError, match=message):
        compute()


def test_a_power_is_an_integer():
    with pytest.raises(TypeError, match="must be int, not float"):
        linalg.matrix_power(ag.eye(2), 1.5)


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        (lambda a: linalg.qr(a, mode="r")[1].sum(), "depends on Q, which is not computed"),
        (
            lambda a: linalg.qr(a, mode="complete")[0].sum(),
            "not differentiable when mode='complete'",
        ),
        (lambda a: linalg.eigh(hermitian(a[:3] * 1j))[1].real.sum(), "phi"),
        (lambda a: linalg.svd(a * (1 + 1j))[0].imag.sum(), "phase term"),
    ],
)
def test_gradients_that_do_not_exist(compute, message):
    with pytest.raises(RuntimeError, match=message):
        compute(leaf(4, 3)).backward()


# ------------------------------------------------------------------ up to a sign or a phase


def squared(x):
    return (x * x.conj()).real


def of_eigh(a):
    values, vectors = linalg.eigh(hermitian(a))
    return (
        values,
        squared(vectors),
        (vectors * values.exp().to(vectors.dtype).unsqueeze(-2)) @ adjoint(vectors),
    )


def of_svd(a):
    u, s, vh = linalg.svd(a, full_matrices=False)
    return s, squared(u), squared(vh), (u * s.sqrt().to(u.dtype).unsqueeze(-2)) @ vh


def of_eig(a):
    values, vectors = linalg.eig(a)
    return (values.exp().sum(-1)), (vectors * values.exp().unsqueeze(-2)) @ linalg.inv(vectors)


def of_qr(a):
    q, r = linalg.qr(a)
    return squared(q), squared(r), q @ r


def of_lowest(a):
    """Only some of the outputs."""
    return (squared(linalg.eigh(hermitian(a))[1][..., 0]),)


FREE = {
    "eigh": (of_eigh, (3, 3)),
    "eigh of a batch": (of_eigh, (2, 3, 3)),
    "one eigenvector": (of_lowest, (3, 3)),
    "svd, square": (of_svd, (3, 3)),
    "svd, tall": (of_svd, (4, 2)),
    "svd, wide": (of_svd, (2, 2, 3)),
    "eig": (of_eig, (3, 3)),
    "qr, tall": (of_qr, (4, 2)),
    "qr, wide": (of_qr, (2, 4)),
}


def gradients(library, compute, a, kind):
    """First and second gradients of a real number made of all outputs."""
    x = library.tensor(a, dtype=getattr(library, kind)).requires_grad_()
    outputs = [o.abs() for o in compute(x)]
    loss = sum((o * o * (i + 1) + o).sum() for i, o in enumerate(outputs))
    (first,) = library.autograd.grad(loss, x, create_graph=True)
    (second,) = library.autograd.grad((first.abs() ** 2).sum(), x)
    return [np.asarray(t.detach().numpy()) for t in (*outputs, first, second)]


@pytest.mark.parametrize("kind", ["float64", "complex128"])
@pytest.mark.parametrize("name", FREE)
def test_what_is_determined_agrees_with_pytorch(name, kind, monkeypatch):
    torch = pytest.importorskip("torch")
    compute, shape = FREE[name]
    a = np.random.default_rng(3).uniform(-1, 1, shape)
    if kind == "complex128":
        a = a + 1j * np.random.default_rng(4).uniform(-1, 1, shape)
    ours = gradients(ag, compute, a, kind)
    monkeypatch.setitem(globals(), "linalg", torch.linalg)
    theirs = gradients(torch, compute, a, kind)
    for mine, expected in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", FREE)
def test_what_is_determined_agrees_with_finite_differences(name):
    compute, shape = FREE[name]
    a = leaf(*shape)

    def real(x):
        return tuple(o.abs() if o.is_complex() else o for o in compute(x))

    assert ag.autograd.gradcheck(real, a)


@pytest.mark.parametrize("kind", ["float64", "complex128"])
def test_full_matrices_have_the_gradient_of_the_reduced_ones(kind):
    a = leaf(4, 2, kind=kind)

    def first_columns(full):
        u, s, vh = linalg.svd(a, full_matrices=full)
        return (squared(u[:, :2]) * s).sum() + (squared(vh)[0] * s).sum()

    close(*(ag.autograd.grad(first_columns(full), a)[0] for full in (True, False)))


# ------------------------------------------------------------------ triangles and factors


@pytest.mark.parametrize("shape", [(70, 70), (50, 40), (40, 75), (2, 33, 33), (5, 0), (0, 5)])
@pytest.mark.parametrize("kind", ["float64", "complex128"])
def test_lu_in_blocks_gives_the_matrix_back(shape, kind):
    a = leaf(*shape, kind=kind).detach()
    p, lower, upper = linalg.lu(a)
    close(p @ lower @ upper, a)
    assert lower.abs().max().item() <= 1.5 if a.numel() else True  # rows were exchanged
    packed, pivots, info = linalg.lu_factor_ex(a)
    assert not info.any()
    for one, other in zip(ag.lu_unpack(packed, pivots), (p, lower, upper), strict=True):
        close(one, other)


def test_lu_without_pivots():
    a = leaf(3, 3).detach() + 4 * ag.eye(3)
    p, lower, upper = linalg.lu(a, pivot=False)
    assert tuple(p.shape) == (0,)
    close(lower @ upper, a.double())


def test_info_counts_from_one():
    a = ag.stack([ag.eye(3), ag.ones(3, 3), ag.zeros(3, 3)])
    assert linalg.inv_ex(a).info.tolist() == [0, 2, 1]
    assert linalg.lu_factor_ex(a).info.tolist() == [0, 2, 1]
    assert linalg.cholesky_ex(a).info.tolist() == [0, 2, 1]
    assert linalg.solve_ex(a, a).info.tolist() == [0, 2, 1]
    assert linalg.inv_ex(a).info.dtype is ag.int32


def test_a_failed_factor_leaves_the_others_alone():
    good = positive(leaf(3, 3)).detach()
    found = linalg.cholesky_ex(ag.stack([good, -good])).L
    close(found[0], linalg.cholesky(good))
    inverse = linalg.inv_ex(ag.stack([good, 0 * good])).inverse
    close(inverse[0], linalg.inv(good))
    assert not inverse[1].isfinite().any()


@pytest.mark.parametrize("upper", [True, False])
def test_a_zero_on_the_diagonal_of_a_triangle_gives_inf(upper):
    a = ag.eye(3)
    a[1, 1] = 0
    x = linalg.solve_triangular(a, ag.ones(3, 1), upper=upper)
    assert x.isinf().any()
    unit = linalg.solve_triangular(a, ag.ones(3, 1), upper=upper, unitriangular=True)
    assert unit.tolist() == [[1.0]] * 3


def test_the_other_triangle_is_not_read():
    a = leaf(4, 4).detach() + 3 * ag.eye(4)
    junk = a + ag.full((4, 4), float("nan")).triu(1).nan_to_num(1e9)
    b = leaf(4, 2).detach()
    close(linalg.solve_triangular(junk, b, upper=False), linalg.solve(a.tril(), b))
    good = positive(a).detach()
    close(linalg.cholesky(good.tril()), linalg.cholesky(good))
    close(linalg.cholesky(good.triu(), upper=True), adjoint(linalg.cholesky(good)))
    close(linalg.eigvalsh(good.triu(), UPLO="U"), linalg.eigvalsh(good))


@pytest.mark.parametrize("kind", ["float64", "complex128"])
@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("adjointly", [True, False])
def test_lu_solve_undoes_the_product(kind, left, adjointly):
    a, x = leaf(2, 4, 4, kind=kind).detach(), leaf(2, 4, 4, kind=kind).detach()
    matrix = adjoint(a) if adjointly else a
    b = matrix @ x if left else x @ matrix
    found = linalg.lu_solve(*linalg.lu_factor(a), b, left=left, adjoint=adjointly)
    close(found, x)


@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("adjointly", [True, False])
def test_gradients_of_lu_solve(left, adjointly):
    a, b = leaf(3, 3).detach() + 3 * ag.eye(3), leaf(3, 3)
    packed, pivots = linalg.lu_factor(a)
    packed = packed.detach().requires_grad_()

    def solve(packed, b):
        return linalg.lu_solve(packed, pivots, b, left=left, adjoint=adjointly)

    assert ag.autograd.gradcheck(solve, (packed, b))
    assert ag.autograd.gradgradcheck(solve, (packed, b))


@pytest.mark.parametrize("hermitian_too", [True, False])
def test_ldl_solves_an_indefinite_system(hermitian_too):
    z = leaf(2, 7, 7, kind="complex128" if hermitian_too else "float64").detach()
    a = hermitian(z)
    a = a - ag.diag_embed(ag.diagonal(a, dim1=-2, dim2=-1))  # zeros: pivots of two rows
    b = leaf(2, 7, 2, kind="complex128" if hermitian_too else "float64").detach()
    packed, pivots = linalg.ldl_factor(a, hermitian=hermitian_too)
    assert (pivots < 0).any()
    close(a @ linalg.ldl_solve(packed, pivots, b, hermitian=hermitian_too), b)


def test_reflections_multiply_to_q():
    a = leaf(5, 3).detach()
    packed, tau = ag.geqrf(a)
    q, r = linalg.qr(a)
    close(ag.orgqr(packed, tau), q)
    close(packed.triu()[:3], r)
    close(ag.ormqr(packed, tau, a, transpose=True)[:3], r)


# ------------------------------------------------------------------ determinants


@pytest.mark.parametrize("rank", [3, 2, 1, 0])
def test_the_determinant_has_gradients_where_it_is_zero(rank):
    left, right = DRAW.integers(-2, 3, (2, 3, 3)).astype(float)
    a = ag.tensor(left[:, :rank] @ right[:rank] * (rank > 0), dtype=ag.float64, requires_grad=True)
    assert ag.autograd.gradcheck(linalg.det, a)
    assert ag.autograd.gradgradcheck(linalg.det, a)


def test_the_third_derivative_of_a_determinant():
    a = leaf(3, 3)

    @ag.enable_grad()
    def second(x):
        x = x if x.requires_grad else x.detach().requires_grad_()
        (g,) = ag.autograd.grad(linalg.det(x), x, create_graph=True)
        (h,) = ag.autograd.grad((g * g).sum(), x, create_graph=True)
        return h

    assert ag.autograd.gradcheck(second, a)


def test_log_determinants_of_what_has_none():
    assert ag.logdet(-ag.eye(3)).isnan()
    assert ag.logdet(ag.zeros(2, 2)).item() == -float("inf")
    assert linalg.slogdet(-ag.eye(3)).sign.item() == -1
    z = leaf(3, 3, kind="complex128")
    close(ag.logdet(z).exp(), linalg.det(z))


# ------------------------------------------------------------------ functions of matrices


@pytest.mark.parametrize("kind", ["float32", "float64", "complex128"])
def test_the_exponential_of_a_large_rotation(kind):
    turn = ag.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=getattr(ag, kind))
    angles = ag.tensor([0.0, 0.1, 3.0, 300.0], dtype=getattr(ag, kind))
    found = ag.matrix_exp(turn * angles[:, None, None])
    expected = np.stack(
        [[[np.cos(x), -np.sin(x)], [np.sin(x), np.cos(x)]] for x in angles.real.tolist()]
    )
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-3 if kind == "float32" else 1e-11)


def test_the_exponential_of_unlike_sizes_and_its_gradients():
    a = ag.tensor(DRAW.uniform(-1, 1, (3, 2, 2)) * np.array([1e-6, 1, 9])[:, None, None])
    a = a.requires_grad_()
    close(ag.matrix_exp(a) @ ag.matrix_exp(-a), ag.eye(2).double().expand(3, 2, 2), 1e-7)
    assert ag.autograd.gradcheck(lambda x: ag.matrix_exp(x[:2]), a)
    assert ag.autograd.gradgradcheck(lambda x: ag.matrix_exp(x[:2]), a)


def test_a_nan_stays_one():
    a = ag.eye(2)
    a[0, 1] = float("nan")
    assert ag.matrix_exp(a).isnan().any()


@pytest.mark.parametrize("p", [1, -1, float("inf"), -float("inf"), "fro", "nuc"])
def test_gradients_of_the_condition(p):
    a = (leaf(2, 3, 3).detach() + 3 * ag.eye(3)).requires_grad_()
    assert ag.autograd.gradcheck(lambda x: linalg.cond(x, p), a)


def test_the_condition_of_a_singular_matrix_is_infinite():
    a = ag.tensor(SINGULAR)
    assert linalg.cond(a, 1).item() == linalg.cond(ag.zeros(2, 2), "fro").item() == float("inf")


def test_gradients_of_vander():
    x = leaf(4)
    assert ag.autograd.gradcheck(lambda x: ag.vander(x), x)
    assert ag.vander(ag.tensor([2, 3]), 3).tolist() == [[4, 2, 1], [9, 3, 1]]


@pytest.mark.parametrize("driver", [None, "gels", "gelsy", "gelsd", "gelss"])
def test_what_lstsq_reports(driver):
    a, b = leaf(5, 3).detach(), leaf(5, 2).detach()
    found = linalg.lstsq(a, b, driver=driver)
    close(a.T @ (a @ found.solution - b), ag.zeros(3, 2).double(), 1e-12)
    assert found.rank.tolist() == ([] if driver == "gels" else 3)
    assert tuple(found.residuals.shape) == ((0,) if driver in (None, "gelsy") else (2,))
    assert tuple(found.singular_values.shape) == ((3,) if driver in ("gelsd", "gelss") else (0,))


def test_lstsq_takes_the_shortest_solution():
    a = ag.tensor(SINGULAR, dtype=ag.float64)
    b = ag.tensor([[1.0], [2.0]], dtype=ag.float64)
    close(linalg.lstsq(a, b).solution, linalg.pinv(a) @ b)
    assert linalg.matrix_rank(a).item() == 1


def test_gradients_of_residuals():
    a, b = leaf(4, 2), leaf(4, 3)
    assert ag.autograd.gradcheck(lambda a, b: linalg.lstsq(a, b, driver="gelsd")[1], (a, b))


def test_tolerances_may_be_tensors():
    a = ag.diag_embed(ag.tensor([[1.0, 1e-3], [1.0, 1e-5]]))
    assert linalg.matrix_rank(a, atol=ag.tensor([1e-4, 1e-4])).tolist() == [2, 1]
    assert linalg.matrix_rank(a, rtol=1e-4).tolist() == [2, 1]
    assert linalg.pinv(a, atol=1e-4)[1, 1, 1].item() == 0
    assert linalg.pinv(hermitian(a), hermitian=True)[0, 0, 0].item() == pytest.approx(0.5)


@pytest.mark.parametrize("shape", [(20, 8), (8, 20), (2, 9, 9)])
def test_few_random_projections_find_a_matrix_of_low_rank(shape):
    a = leaf(*shape[:-1], 3).detach() @ leaf(*shape[:-2], 3, shape[-1]).detach()
    u, s, v = ag.svd_lowrank(a, 5)
    close((u * s.unsqueeze(-2)) @ adjoint(v), a, 1e-7)
    u, s, v = ag.pca_lowrank(a, 5)
    close((u * s.unsqueeze(-2)) @ adjoint(v), a - a.mean(-2, keepdim=True), 1e-7)


# ------------------------------------------------------------------ older names, other roads


@pytest.mark.filterwarnings("ignore:torch\\.:UserWarning")
def test_older_functions_agree_with_pytorch():
    torch = pytest.importorskip("torch")
    values, right = DRAW.uniform(-1, 1, (2, 4, 4)) + 2 * np.eye(4)

    def results(library):
        a, b = (
            library.tensor(x, dtype=library.float64, requires_grad=True) for x in (values, right)
        )
        outputs = [
            library.cholesky(a @ a.T, upper=True), *library.qr(a), library.svd(a)[1],
            library.lu(a)[0], library.lu_solve(b, *library.lu(a)), a.logdet(), a.slogdet()[1],
            library.triangular_solve(b, a, transpose=True)[0], a.inverse(), a.pinverse(),
            library.triangular_solve(b, a, upper=False, unitriangular=True)[0],
            library.svd(a, compute_uv=False)[1], a.matrix_exp(), a.matrix_power(3),
        ]  # fmt: skip
        total = sum((o * o).sum() for o in outputs)
        return [*outputs, *library.autograd.grad(total, (a, b))]

    for ours, theirs in zip(results(ag), results(torch), strict=True):
        np.testing.assert_allclose(
            ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-7, atol=1e-7
        )


def test_out_takes_results():
    a, out = leaf(3, 3).detach(), ag.empty(3, 3, dtype=ag.float64)
    assert linalg.inv(a, out=out) is out
    close(out @ a, ag.eye(3).double())
    q, r = ag.empty(0).double(), ag.empty(0).double()
    linalg.qr(a, out=(q, r))
    close(q @ r, a)


def test_norms_of_complex_numbers_are_real():
    z = leaf(3, 4, kind="complex128")
    for norm in (linalg.norm(z), linalg.vector_norm(z, 3), linalg.matrix_norm(z, "nuc")):
        assert norm.dtype is ag.float64
    assert linalg.vecdot(z, z).imag.abs().max().item() < 1e-12


def test_forward_mode_goes_through_solutions():
    a, b = leaf(3, 3).detach() + 3 * ag.eye(3), leaf(3, 2).detach()
    change = leaf(3, 3).detach()
    _, along = ag.func.jvp(lambda a: linalg.solve(a, b), (a,), (change,))
    close(along, -linalg.solve(a, change @ linalg.solve(a, b)))


def test_nothing_needs_scipy():
    program = (
        "import sys, autograd_core as ag; a = ag.rand(4, 4) + 4 * ag.eye(4); L = ag.linalg;"
        "L.lu_solve(*L.lu_factor(a), a); L.solve_triangular(a, a, upper=True); ag.matrix_exp(a);"
        "ag.cholesky_solve(a, a); L.ldl_factor(a + a.T); ag.fft.fft(a); L.lstsq(a, a);"
        "assert 'scipy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
