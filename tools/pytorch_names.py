"""Write down which public names PyTorch has, for the table of what is here and what is missing.

    python tools/pytorch_names.py

It goes into docs/_ext/pytorch_names.json, from the PyTorch that is installed here.  The
documentation reads that file, so that building it needs no PyTorch.
"""

import importlib
import inspect
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "docs" / "_ext" / "pytorch_names.json"


def is_function(value: Any) -> bool:
    """Whether it is a function of PyTorch's own, not one that it imports."""
    if not callable(value) or inspect.isclass(value) or inspect.ismodule(value):
        return False
    home = getattr(value, "__module__", None) or "torch"
    return home.split(".")[0] in ("torch", "builtins", "boolean_dispatch")


def kinds() -> Iterator[tuple[str, Callable[[Any], bool]]]:
    """Yield the namespaces below ``torch``, each with what counts there."""
    import torch

    def subclass_of(base: type) -> Callable[[Any], bool]:
        return lambda value: inspect.isclass(value) and issubclass(value, base)

    for name in ("", "nn.functional", "linalg", "fft", "special", "signal.windows", "func"):
        yield name, is_function
    yield "nn", subclass_of(torch.nn.Module)
    yield "nn.init", is_function
    yield "nn.utils", is_function
    yield "optim", subclass_of(torch.optim.Optimizer)
    yield "optim.lr_scheduler", subclass_of(torch.optim.lr_scheduler.LRScheduler)
    yield "Tensor", lambda value: True


def names(space: str, counts: Callable[[Any], bool]) -> list[str]:
    """The names of one namespace, sorted."""
    import torch

    home = (
        torch.Tensor if space == "Tensor" else importlib.import_module(f"torch.{space}".rstrip("."))
    )
    return sorted(n for n in dir(home) if not n.startswith("_") and counts(getattr(home, n)))


def collected() -> dict[str, Any]:
    """PyTorch's version, and the names of each namespace."""
    import torch

    torch.nn.functional.gelu  # noqa: B018 - loads what is loaded late
    version = str(torch.__version__).split("+")[0]
    return {"version": version, "names": {space: names(space, counts) for space, counts in kinds()}}


if __name__ == "__main__":
    TARGET.write_text(json.dumps(collected(), indent=0) + "\n", encoding="utf-8")
    print(TARGET)
