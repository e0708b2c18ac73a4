"""The archives, and clean environments: each version of Python with what the wheel depends on."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

VERSIONS = ("3.11", "3.12", "3.13")
PIP = [
    sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet",
]  # fmt: skip
PATIENCE = 400
"""Seconds after which a command is given up."""


def run(command: list[object], **how: object) -> str:
    """Run a command that has to end well; gives all that it printed, without colours."""
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True, text=True, check=False, timeout=PATIENCE, **how,
    )  # fmt: skip
    printed = re.sub(r"\x1b\[[\d;]*m", "", done.stdout + done.stderr)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{printed}"
    return printed


@dataclass(frozen=True)
class Archives:
    """What ``python -m build`` makes: the source distribution, and of that the wheel."""

    sdist: Path
    wheel: Path


def build(checkout: Path, folder: Path) -> Archives:
    """Build both archives into an empty folder."""
    # Not run in the checkout, whose folder build/ has the module's name.
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, checkout]
    run(command, cwd=folder)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return Archives(sdist, wheel)


class LeftOut(Exception):
    """This machine lacks what an environment needs; says what."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment that knows nothing of the user's, nor of this checkout.

    Attributes
    ----------
    folder : Path
        The environment.
    home : Path
        An empty folder, in which its programs run.
    """

    folder: Path
    home: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def run(self, program: str, *arguments: object) -> str:
        """Run one of its programs as a stranger would; gives what it printed."""
        kept = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR")
        environment = {name: os.environ[name] for name in kept if name in os.environ} | {
            "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin",
            "HOME": str(self.home),
            "OPENBLAS_NUM_THREADS": "1",
        }
        command = [self.folder / "bin" / program, *arguments]
        return run(command, cwd=self.home, env=environment)


def make(version: str, wheel: Path, folder: Path) -> Environment:
    """Make an environment, and install ``wheel[lab]`` into it.

    Raises
    ------
    LeftOut
        If there is no such Python here, or no package index.
    """
    python = find_python(version)
    if python is None:
        raise LeftOut(f"there is no Python {version} here, neither on PATH nor from pyenv")
    made = Environment(folder / "environment", folder / "home")
    made.home.mkdir(parents=True)
    run([python, "-m", "venv", "--without-pip", made.folder])
    # Bytecode is left to the first import: most of what comes along is never imported here.
    install = [*PIP, "--python", made.python, "install", "--no-compile", f"{wheel}[lab]"]
    try:
        run(install)
    except AssertionError:
        if not _packages_can_be_had():
            raise LeftOut("pip reaches no package index") from None
        raise
    return made


def find_python(version: str) -> Path | None:
    """A Python of this version (``"3.12"``) that runs; a shim of pyenv's may lie there and not."""
    asks = "import sys, venv; print('{}.{}'.format(*sys.version_info))"
    for python in _candidates(version):
        done = subprocess.run([python, "-c", asks], capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip() == version:
            return python
    return None


def _candidates(version: str) -> Iterator[Path]:
    if version == "{}.{}".format(*sys.version_info):
        yield Path(sys.executable)
    for folder in os.get_exec_path():
        if found := shutil.which(f"python{version}", path=folder):
            yield Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python3"), reverse=True)


def _packages_can_be_had() -> bool:
    one = ["install", "--dry-run", "--ignore-installed", "--no-deps", "ipykernel"]
    return subprocess.run([*PIP, *one], capture_output=True, check=False).returncode == 0
