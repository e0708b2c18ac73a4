"""The built browser side is made from the sources beside it; no Node is needed to see that."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WIDGETS = ROOT / "widgets"
STATIC = ROOT / "jupyter_ext" / "static"


def source_hash() -> str:
    """As `widgets/build.mjs` computes it."""
    files = ["package.json", "package-lock.json", "build.mjs", "tsconfig.json"]
    files += [
        path.relative_to(WIDGETS).as_posix()
        for path in (WIDGETS / "src").rglob("*")
        if path.is_file()
    ]
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0".encode())
        digest.update((WIDGETS / name).read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def test_the_built_widget_is_fresh():
    known = (STATIC / "source_hash.txt").read_text(encoding="utf-8").strip()
    assert known == source_hash(), "run `npm ci && npm run build` in widgets/"


def test_the_built_widget_is_small():
    assert len(gzip.compress((STATIC / "inline.js").read_bytes())) < 120 * 1024
