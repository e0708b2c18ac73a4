"""Which op runs in which precision under `autocast`, by device: PyTorch's lists.

==========  ==================================================================
policy      what happens to floating inputs (float64 stays as it is)
==========  ==================================================================
lower       they become the autocast dtype
float32     they become float32
sum         they become float32, unless ``dtype=`` says something else
promote     they become the widest dtype among them
plain       nothing, to the op and what it is made of
first       they are computed with in float32, and the result is of the first one's
            dtype: so norms whose parameters are float32 pass a lower precision on
refused     an error: the op overflows too easily
==========  ==================================================================

Ops that are not named run in the dtype of their inputs.  Source: the "Autocast Op
Reference" of PyTorch's documentation, and aten/src/ATen/autocast_mode.h.
"""

from __future__ import annotations

_LOWER = """
    addbmm addmm baddbmm bmm conv1d conv2d conv3d conv_tbc conv_transpose1d conv_transpose2d
    conv_transpose3d linear lstm matmul mm prelu rnn_relu rnn_tanh scaled_dot_product_attention
    vecdot
"""
_LOWER_CUDA = """
    addmv addr chain_matmul einsum mv multi_dot gru_cell lstm_cell rnn_relu_cell rnn_tanh_cell
"""
_LOSSES = """
    binary_cross_entropy_with_logits cosine_embedding_loss hinge_embedding_loss huber_loss kl_div
    l1_loss margin_ranking_loss mse_loss multi_margin_loss multilabel_margin_loss nll_loss
    poisson_nll_loss smooth_l1_loss soft_margin_loss triplet_margin_loss
"""
_FLOAT32_CPU = """
    adaptive_avg_pool3d adaptive_max_pool3d avg_pool3d binary_cross_entropy cdist cholesky
    cholesky_ex cholesky_inverse cholesky_solve cond cross_entropy ctc_loss eig eigh eigvals
    eigvalsh fft fft2 fftn fractional_max_pool2d fractional_max_pool3d geqrf grid_sample
    hfft householder_product ifft ifft2 ifftn ihfft inv inv_ex inverse irfft irfft2 irfftn lstsq
    lu_solve matrix_rank max_pool3d max_unpool2d max_unpool3d nanquantile ormqr pinverse polar
    prod qr quantile reflection_pad1d reflection_pad2d replication_pad1d replication_pad2d
    replication_pad3d rfft rfft2 rfftn solve stft svd svdvals tensorinv tensorsolve trace
    triangular_solve view_as_complex
"""
_FLOAT32_CUDA = """
    acos asin cdist cosh cosine_similarity dist erfinv exp expm1 group_norm layer_norm log log10
    log1p log2 logsumexp norm pdist pow reciprocal renorm rsqrt sinh softplus tan
"""
_SUM_CUDA = """
    cumprod cumsum log_softmax matrix_norm prod softmax softmin sum vector_norm
"""
_PROMOTE_CUDA = """
    addcdiv addcmul atan2 bilinear cross dot grid_sample index_put scatter_add tensordot vdot
"""


def _table(**policies: str) -> dict[str, str]:
    return {name: policy for policy, names in policies.items() for name in names.split()}


LISTS: dict[str, dict[str, str]] = {
    "cpu": _table(
        lower=_LOWER,
        float32=_LOSSES + _FLOAT32_CPU,
        promote="cat gru_gates index_copy lstm_gates stack",
        plain="bilinear",
        first="batch_norm group_norm instance_norm layer_norm rms_norm",
    ),
    "cuda": _table(
        lower=_LOWER + _LOWER_CUDA,
        float32=_LOSSES + _FLOAT32_CUDA,
        sum=_SUM_CUDA,
        promote=_PROMOTE_CUDA + "cat gru_gates lstm_gates stack",
        first="batch_norm instance_norm rms_norm",
        refused="binary_cross_entropy",
    ),
}
"""The policy of each public function by its name, for each kind of device."""

OF_PRIMITIVE = {
    "attention": "scaled_dot_product_attention", "avgpool3d": "avg_pool3d",
    "adaptiveavgpool3d": "adaptive_avg_pool3d", "adaptivemaxpool3d": "adaptive_max_pool3d",
    "batched_matmul": "matmul", "bce_with_logits": "binary_cross_entropy_with_logits",
    "convolution": "conv2d", "convolution_transposed": "conv_transpose2d",
    "grid_sample_2d": "grid_sample", "grid_sample_3d": "grid_sample",
    "maxpool3dwithindices": "max_pool3d", "native_group_norm": "group_norm",
    "native_layer_norm": "layer_norm", "nll_loss2d": "nll_loss", "pow_scalar": "pow",
    "pow_of_number": "pow", "prelu_kernel": "prelu", "prod_all": "prod",
    "reflectionpad1d": "reflection_pad1d", "reflectionpad2d": "reflection_pad2d",
    "replicationpad1d": "replication_pad1d", "replicationpad2d": "replication_pad2d",
    "replicationpad3d": "replication_pad3d", "sum_all": "sum", "vector_norm_op": "vector_norm",
}  # fmt: skip
"""The public functions of primitive ops whose names differ."""
