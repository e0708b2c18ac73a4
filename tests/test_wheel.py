"""The wheel: what it holds, and that it works in an environment that knows no checkout."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import autograd_core

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("autograd_core", "jupyter_ext")
RELEASE = f"autograd_core-{autograd_core.__version__}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel that was built from a copy of the tree."""
    if importlib.util.find_spec("setuptools") is None:
        pytest.skip("building a wheel offline needs setuptools")
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for package in PACKAGES:
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, source / package, ignore=ignore)
    built = tmp_path_factory.mktemp("built")
    command = [sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation"]
    _run([*command, "--no-input", "--disable-pip-version-check", "--wheel-dir", built], cwd=source)
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def _run(command: list[object], **how: object) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **how)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


# --- what it holds ------------------------------------------------------------------------------


def test_it_is_for_every_machine(wheel: Path) -> None:
    assert wheel.name == f"{RELEASE}-py3-none-any.whl"


def test_it_holds_every_file_of_the_packages(names: set[str]) -> None:
    files = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and "labextension" not in path.parts
        and (path.suffix == ".py" or "static" in path.parts)
    }
    assert files | {"autograd_core/py.typed", "jupyter_ext/static/inline.js"} <= names


def test_it_puts_the_panel_where_jupyterlab_looks(names: set[str]) -> None:
    built = ROOT / "jupyter_ext" / "labextension"
    files = {path.relative_to(built).as_posix() for path in built.rglob("*") if path.is_file()}
    share = f"{RELEASE}.data/data/share/jupyter/labextensions/autograd-core/"
    found = {name.removeprefix(share) for name in names if name.startswith(share)}
    assert found == files - {"source_hash.txt"}
    assert {"package.json", "install.json"} <= found


def test_it_holds_nothing_else(names: set[str]) -> None:
    tops = {name.partition("/")[0] for name in names}
    assert tops == {*PACKAGES, f"{RELEASE}.dist-info", f"{RELEASE}.data"}


# --- that it works ------------------------------------------------------------------------------

CELLS = [
    "%load_ext autograd_core\nimport autograd_core as ag",
    "%%autograd_trace\nw = ag.tensor([1.0, 2.0], requires_grad=True)\n(w * w).sum().backward()",
    "from jupyter_ext import inline\nprint(ag.__file__, inline.BUNDLE.exists(), w.grad.tolist())",
]


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment into which pip put the wheel.

    What the wheel depends on is borrowed from the environment of the tests: installing
    JupyterLab anew takes minutes.
    """
    pytest.importorskip("jupyterlab")
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install"]
    _run([*pip, "--no-deps", "--no-index", "--no-input", "--disable-pip-version-check", wheel])
    site = _run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).strip()
    Path(site, "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Variables with which nothing of the user's or of this checkout is read."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    return kept | {name: str(tmp_path / name) for name in folders}


def test_importing_it_needs_no_jupyter(python: Path, tmp_path: Path) -> None:
    probe = "import autograd_core, sys; print(autograd_core.__file__, 'IPython' in sys.modules)"
    file, jupyter = _run([python, "-c", probe], cwd=tmp_path).split()
    assert Path(file).is_relative_to(python.parents[1])
    assert jupyter == "False"


def test_jupyterlab_lists_the_panel(
    python: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    command = [python, "-m", "jupyterlab.labextensions", "list"]
    listed = _run(command, cwd=tmp_path, env=environment)
    (line,) = [line for line in listed.splitlines() if "autograd-core" in line]
    assert "enabled" in line
    assert "OK" in line
    assert "(python, autograd_core)" in line  # it says by which package it came


def test_a_traced_cell_works_in_its_kernel(
    python: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in CELLS])
    nbformat.write(notebook, tmp_path / "n.ipynb")
    execute = "import sys; from nbclient.cli import main; sys.exit(main())"
    _run([python, "-c", execute, "--inplace", "n.ipynb"], cwd=tmp_path, env=environment)
    cells = json.loads((tmp_path / "n.ipynb").read_text())["cells"]
    file, bundle, gradient = "".join(cells[2]["outputs"][0]["text"]).split(maxsplit=2)
    assert Path(file).is_relative_to(python.parents[1])
    assert (bundle, gradient) == ("True", "[2.0, 4.0]\n")
    summary, graph, flow = cells[1]["outputs"]
    assert "3 nodes, 3 backward steps" in "".join(summary["text"])
    for picture in (graph, flow):
        assert {"text/plain", "image/svg+xml"} <= set(picture["data"])
