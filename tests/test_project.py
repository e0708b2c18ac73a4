"""The project as a whole: its layout, who imports whom, its versions."""

import ast
import configparser
import importlib.metadata
import importlib.util
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = ("autograd_core", "jupyter_ext")
MAX_LINES = 600

# Imported when first used, never at start.
OPTIONAL = {
    "IPython", "anywidget", "cupy", "debugpy", "ipykernel", "ipywidgets", "jupyter_ext",
    "matplotlib", "ml_dtypes", "numba", "onnx", "safetensors", "scipy", "sklearn", "tensorboardX",
    "torch", "tqdm",
}  # fmt: skip
JUPYTER = {"IPython", "anywidget", "ipykernel", "ipywidgets", "jupyter_client", "jupyter_ext"}


# --- the layout ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile",
        ".ci/run", "autograd_core/__init__.py", "autograd_core/py.typed", "jupyter_ext/__init__.py",
        "benchmarks", "docs", "notebooks", "tests", "tools", "widgets",
    ],
)  # fmt: skip
def test_top_level_holds(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize(
    "script", [".ci/run", *sorted(f"tools/{p.name}" for p in (ROOT / "tools").glob("*.sh"))]
)
def test_scripts_can_be_run(script: str) -> None:
    path = ROOT / script
    assert path.stat().st_mode & 0o111, f"{script} is not executable"
    subprocess.run(["bash", "-n", path], check=True)


def test_no_source_file_is_too_long() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for room in (*PACKAGES, "tests", "benchmarks", "tools", "widgets")
        for suffix in ("py", "ts", "tsx", "sh")
        for path in (ROOT / room).rglob(f"*.{suffix}")
        if not {"node_modules", "static", "labextension"}.intersection(path.parts)
    }
    assert lengths
    too_long = {name: lines for name, lines in lengths.items() if lines > MAX_LINES}
    assert not too_long, f"over {MAX_LINES} lines, so they hold more than one idea: {too_long}"


def test_subpackages_have_an_init() -> None:
    bare = {
        str(path.parent.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if not (path.parent / "__init__.py").exists()
    }
    assert not bare, f"without __init__.py the wheel leaves these out: {sorted(bare)}"


# --- who imports whom ---------------------------------------------------------------------------


def imports(source: str, module: str, *, is_package: bool) -> Iterator[tuple[str, int, bool]]:
    """Yield the absolute name, the line, and "inside a function" of every import in `source`.

    ``from a import b`` gives ``a.b``, as b may be a module.
    """
    package = module if is_package else module.rpartition(".")[0]

    def walk(node: ast.AST, in_function: bool) -> Iterator[tuple[str, int, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield alias.name, child.lineno, in_function
            elif isinstance(child, ast.ImportFrom):
                base = "." * child.level + (child.module or "")
                base = importlib.util.resolve_name(base, package) if child.level else base
                for alias in child.names:
                    yield f"{base}.{alias.name}", child.lineno, in_function
            inner = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from walk(child, in_function or inner)

    yield from walk(ast.parse(source), False)


def all_imports() -> Iterator[tuple[str, str, int, bool]]:
    """Yield the file, then what `imports` says, for every module under autograd_core."""
    for path in sorted((ROOT / "autograd_core").rglob("*.py")):
        relative = path.relative_to(ROOT)
        is_package = path.name == "__init__.py"
        module = ".".join(relative.parent.parts if is_package else relative.with_suffix("").parts)
        for found in imports(path.read_text(encoding="utf-8"), module, is_package=is_package):
            yield relative.as_posix(), *found


def test_imports_are_read_right() -> None:
    source = "import a.b\nfrom ..debug import why\nfrom . import c\ndef f():\n    from d import e\n"
    assert list(imports(source, "autograd_core.ops.x", is_package=False)) == [
        ("a.b", 1, False),
        ("autograd_core.debug.why", 2, False),
        ("autograd_core.ops.c", 3, False),
        ("d.e", 5, True),
    ]
    assert next(imports("from .x import y", "autograd_core", is_package=True))[0] == (
        "autograd_core.x.y"
    )


def test_the_engine_never_imports_the_debugger() -> None:
    upward = [
        f"{file}:{line} imports {name}"
        for file, name, line, in_function in all_imports()
        if (name + ".").startswith("autograd_core.debug.")
        and not file.startswith("autograd_core/debug/")
        # The front door may open the room when it is first asked for: ag.debug.trace().
        and not (file == "autograd_core/__init__.py" and in_function)
    ]
    assert not upward


def test_nothing_under_autograd_core_imports_jupyter() -> None:
    """Within functions is fine; the prompt is made of IPython's debugger where there is one."""
    upward = [
        f"{file}:{line} imports {name}"
        for file, name, line, in_function in all_imports()
        if name.partition(".")[0] in JUPYTER and not in_function
        if not (file.endswith("/prompt.py") and name.startswith("IPython.core.debugger"))
    ]
    assert not upward


@pytest.mark.parametrize("module", ["autograd_core", "autograd_core.debug"])
def test_import_needs_numpy_alone(module: str) -> None:
    probe = f"import sys, {module}; print('\\n'.join(m.partition('.')[0] for m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "numpy" in loaded
    assert not loaded & OPTIONAL


# --- versions and extras ------------------------------------------------------------------------


def stated_version() -> str:
    text = (ROOT / "autograd_core" / "_version.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    assert found is not None
    return found[1]


def test_versions_agree() -> None:
    import autograd_core

    assert autograd_core.__version__ == stated_version()
    assert "version" in PYPROJECT["project"]["dynamic"]
    try:
        installed = importlib.metadata.version("autograd-core")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("autograd-core is not installed, only importable")
    assert installed == stated_version()


def test_extras_the_readme_and_others_rely_on() -> None:
    extras = PYPROJECT["project"]["optional-dependencies"]
    assert {"lab", "fast", "gpu", "torch", "onnx", "bfloat16", "test", "docs"} <= set(extras)
    assert PYPROJECT["project"]["dependencies"] == ["numpy>=2.1"]
    pulls_torch = [name for name in extras["test"] if re.match(r"torch\b", name)]
    assert not pulls_torch, "a bare torch pulls gigabytes of CUDA into every test environment"


# --- what nbval forgives ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<Node at 0x7f3a12bc>", "<Node at ADDRESS>"),
        ("64 nodes, 0.12 s, overhead 3 ms", "64 nodes, DURATION, overhead DURATION"),
        ("In [11], line 3", "In [N], line 3"),
        ("loss 0.12 shape 0x12 2 samples", "loss 0.12 shape 0x12 2 samples"),
    ],
)
def test_nbval_forgives_addresses_seconds_and_cell_numbers_alone(text: str, expected: str) -> None:
    patterns = configparser.RawConfigParser()
    patterns.read(ROOT / "tests" / "nbval_sanitize.cfg", encoding="utf-8")
    for section in patterns.sections():
        text = re.sub(patterns[section]["regex"], patterns[section]["replace"], text)
    assert text == expected
