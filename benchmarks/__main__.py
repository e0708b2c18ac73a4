"""``python -m benchmarks [NAME ...]`` prints the figures.

There are engine, trace and debugger, which run if no name is given, gpu, browser and first_graph.
"""

from __future__ import annotations

import importlib
import os
import platform
import sys


def main() -> int:
    """Run the named benchmarks, or those that need neither GPU nor browser."""
    names = sys.argv[1:] or ["engine", "trace", "debugger"]
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as PyTorch is told; read at import
    print(f"Python {platform.python_version()} on {platform.machine()}, {platform.system()}")
    for name in names:
        try:
            importlib.import_module(f"benchmarks.{name}").main()
        except ImportError as error:
            print(f"{name}: skipped, {error} (PyTorch for comparison: pip install torch)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
