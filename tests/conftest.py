"""What every test shares: how hypothesis draws, and where GPU tests are skipped.

The policy on warnings is in pyproject.toml: a warning from our own code fails the test.
"""

import importlib.util
import os
from functools import cache

import pytest
from hypothesis import settings

# No deadline: a shared machine can stall for a second, and that is no bug of ours.
settings.register_profile("dev", deadline=None)
# The same examples in every run, so that a change fails only over what it changed.
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") == "true" else "dev")
)


@cache
def why_no_gpu() -> str | None:
    """Say why tests cannot use a GPU here, or return None where they can."""
    if importlib.util.find_spec("cupy") is None:
        return "CuPy is not installed"
    import cupy

    try:
        found = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return f"CUDA finds no GPU: {error}"
    return None if found else "CUDA finds no GPU"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked ``gpu`` on a machine that has none."""
    if item.get_closest_marker("gpu") is not None and (reason := why_no_gpu()):
        pytest.skip(reason)
