"""The built browser side is made from the sources beside it; no Node is needed to see that."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import autograd_core

ROOT = Path(__file__).resolve().parents[1]
WIDGETS = ROOT / "widgets"
LAB = WIDGETS / "lab"
STATIC = ROOT / "jupyter_ext" / "static"
PANEL = ROOT / "jupyter_ext" / "labextension"


def files_in(folder: Path, *names: str) -> list[str]:
    """All files in these folders below a folder, as names below it."""
    found = [path for name in names for path in (folder / name).rglob("*") if path.is_file()]
    return [path.relative_to(folder).as_posix() for path in found]


def hash_of(folder: Path, names: Iterable[str], end: bytes = b"") -> str:
    """The hash of files' names and contents; `end` follows each content."""
    digest = hashlib.sha256()
    for name in names:
        content = (folder / name).read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{name}\0".encode() + content + end)
    return digest.hexdigest()


def test_the_built_widget_is_fresh():
    """The hash is computed as in `widgets/build.mjs`."""
    files = ["package.json", "package-lock.json", "build.mjs", "tsconfig.json"]
    known = (STATIC / "source_hash.txt").read_text(encoding="utf-8").strip()
    found = hash_of(WIDGETS, sorted(files + files_in(WIDGETS, "src")))
    assert known == found, "run `npm ci && npm run build` in widgets/"


def test_the_built_panel_is_fresh():
    """The hash is computed as in `widgets/lab/build.mjs`: the renderer is built into it."""
    files = ["install.json", "package.json", "package-lock.json", "build.mjs", "tsconfig.json"]
    files += ["../build.mjs", "../package-lock.json", "../tsconfig.json"]
    files += files_in(LAB, "schema", "src", "style")
    files += [f"../{name}" for name in files_in(WIDGETS, "src")]
    known = (PANEL / "source_hash.txt").read_text(encoding="utf-8").strip()
    assert known == hash_of(LAB, sorted(files), b"\0"), (
        "run `npm ci && npm run build` in widgets/lab/"
    )


def test_the_built_panel_has_the_version_of_the_package():
    """JupyterLab shows it among the extensions; what is built does not depend on it otherwise."""
    for name in ("package.json", "schemas/autograd-core/package.json.orig"):
        built = json.loads((PANEL / name).read_text(encoding="utf-8"))["version"]
        assert built == autograd_core.__version__, "run `npm run build` in widgets/lab/"


def test_the_built_widget_is_small():
    assert len(gzip.compress((STATIC / "inline.js").read_bytes())) < 120 * 1024
