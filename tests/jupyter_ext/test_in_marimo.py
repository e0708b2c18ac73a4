"""The graph of a recorded trace in marimo, which has no magics and no kernel of Jupyter."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("marimo", reason="needs marimo: pip install marimo")
pytest.importorskip("anywidget", reason="the widget needs anywidget (the extra 'lab')")

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = """
import marimo
app = marimo.App()

@app.cell
def _():
    import autograd_core as ag
    import jupyter_ext
    from autograd_core import progress
    progress.AFTER = progress.EVERY = 0.0  # a bar would come at once
    w = ag.ones(2, requires_grad=True)
    with ag.debug.trace() as trace:
        for _ in range(3):
            (w * 3.0).tanh().sum().backward()
    jupyter_ext.graph(trace)
    return

if __name__ == "__main__":
    app.run()
"""


def test_a_graph_is_the_value_of_a_cell(tmp_path: Path) -> None:
    (tmp_path / "n.py").write_text(NOTEBOOK)
    done = subprocess.run(
        [sys.executable, "-m", "marimo", "export", "html", "n.py", "-o", "n.html"], cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=240,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "n.html").read_text()
    assert "marimo-anywidget" in page
    assert re.search(r"12 nodes, 12 backward steps", page)
    assert "backward: " not in page
