"""The same test runs on this library and, where it is installed, on PyTorch."""

import pytest

import autograd_core as ag

try:
    import torch
except ImportError:
    torch = None


@pytest.fixture(params=["autograd_core", "torch"])
def lib(request):
    if request.param == "autograd_core":
        return ag
    if torch is None:
        pytest.skip("PyTorch is not installed")
    return torch
