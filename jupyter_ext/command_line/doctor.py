"""Say what works here and what does not: versions, kernel, front ends, extension, GPU.

Each line is one thing.  A cross is a problem and comes with the command that mends it; a dot
is something optional that is not there.  The exit code is 1 if there is a problem.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import autograd_core

COMMAND = "doctor"
_LAB = "pip install autograd-core[lab]"
_EXTENSION = "autograd-core"


@dataclass(frozen=True)
class Finding:
    """One line.

    Attributes
    ----------
    what, found : str
        What was looked at, and what was there.
    mend : str
        The command that mends or adds it; empty if all is well.
    needed : bool
        Whether it is a problem if `mend` is not empty.
    """

    what: str
    found: str
    mend: str = ""
    needed: bool = True

    def __str__(self) -> str:
        mark = "✓" if not self.mend else "✗" if self.needed else "·"
        rest = f"   → {self.mend}" if self.mend else ""
        return f"{mark} {self.what:<20} {self.found}{rest}"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Nothing follows ``doctor``."""


def run(given: argparse.Namespace) -> int:
    """Print all findings."""
    problems = 0
    for finding in findings():
        print(finding)
        problems += bool(finding.mend and finding.needed)
    if problems:
        print(f"{problems} problem{'s' if problems > 1 else ''}: see the crosses above.")
    return 1 if problems else 0


def findings() -> Iterator[Finding]:
    """Everything that is looked at, in order."""
    where = Path(autograd_core.__file__).parent
    yield Finding("autograd_core", f"{autograd_core.__version__} in {where}")
    yield Finding("Python", f"{platform.python_version()}, {sys.executable}")
    yield from (_package(*row) for row in _PACKAGES)
    yield _bundle()
    yield _panel()
    yield _kernel()
    yield _gpu()


# ------------------------------------------------------------------ packages

_PACKAGES = [
    ("numpy", "2.1", "pip install 'numpy>=2.1'", True),
    ("ipykernel", "6.29", _LAB, True),
    ("ipywidgets", "8.1", _LAB, True),
    ("anywidget", "0.9.13", _LAB, True),
    ("jupyterlab", "4.4", _LAB, True),
    ("pillow", "10.1", _LAB, True),
    ("tqdm", "4.66", _LAB, False),
    ("notebook", "7.2", "pip install notebook", False),
    ("scipy", "1.14", "pip install autograd-core[fast]", False),
    ("numba", "0.61", "pip install autograd-core[fast]", False),
    ("ml_dtypes", "0.5", "pip install autograd-core[bfloat16]", False),
    ("torch", "2.6", "pip install torch (only to compare, or to debug a PyTorch model)", False),
]
"""Package, lowest version, command, and whether the notebook side needs it."""


def _package(name: str, lowest: str, mend: str, needed: bool) -> Finding:
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "not installed", mend, needed)
    if _numbers(version) < _numbers(lowest):
        return Finding(name, f"{version}, too old: {lowest} is needed", f"{mend} --upgrade")
    return Finding(name, version)


def _numbers(version: str) -> tuple[int, ...]:
    """``2.13.0+cpu`` as (2, 13, 0); what is no number ends it."""
    found = []
    for part in version.split("+")[0].split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        found.append(int(digits))
    return tuple(found)


# ------------------------------------------------------------------ Jupyter


def _bundle() -> Finding:
    from ..inline import BUNDLE

    if BUNDLE.exists():
        return Finding("live graph", f"{BUNDLE.stat().st_size // 1024} KiB, built")
    return Finding("live graph", "not built", "npm ci && npm run build (in widgets/)")


def _panel() -> Finding:
    """JupyterLab's panel: installed where Jupyter looks, and not switched off."""
    try:
        from jupyter_core.paths import jupyter_config_path, jupyter_path
    except ImportError:
        return Finding("JupyterLab panel", "Jupyter is not installed", _LAB)
    places = [Path(folder) / _EXTENSION for folder in jupyter_path("labextensions")]
    found = next((place for place in places if (place / "package.json").exists()), None)
    if found is None:
        return Finding(
            "JupyterLab panel", "JupyterLab does not see it",
            "pip install --force-reinstall --no-deps autograd-core",
        )  # fmt: skip
    for folder in jupyter_config_path():
        if _is_disabled(Path(folder) / "labconfig" / "page_config.json"):
            return Finding(
                "JupyterLab panel", f"disabled in {folder}",
                f"jupyter labextension enable {_EXTENSION}",
            )  # fmt: skip
    return Finding("JupyterLab panel", str(found))


def _is_disabled(file: Path) -> bool:
    try:
        disabled = json.loads(file.read_text()).get("disabledExtensions", {})
    except (OSError, ValueError, AttributeError):
        return False
    if isinstance(disabled, list):
        return _EXTENSION in disabled
    return bool(disabled.get(_EXTENSION))


def _kernel() -> Finding:
    """Whether the notebook's Python 3 is this one."""
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    except ImportError:
        return Finding("kernel", "Jupyter is not installed", _LAB)
    mend = f"{sys.executable} -m ipykernel install --sys-prefix"
    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        return Finding("kernel", "there is no kernel 'python3'", mend)
    program = spec.argv[0] if spec.argv else ""
    here = Path(sys.executable).name
    if program in (sys.executable, here, "python", "python3"):
        return Finding("kernel", "python3 is this Python")
    return Finding("kernel", f"'python3' runs {program}, another Python", mend)


def _gpu() -> Finding:
    if autograd_core.cuda.is_available():
        return Finding("GPU", str(autograd_core.cuda.get_device_name(0)))
    return Finding("GPU", "none, or CuPy is missing", "pip install autograd-core[gpu]", False)


__all__ = ["COMMAND", "Finding", "add_arguments", "findings", "run"]
