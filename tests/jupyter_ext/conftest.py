"""A shell in this process, and a real kernel in another."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("IPython", reason="the magics need IPython (the extra 'lab')")

from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

ROOT = Path(__file__).resolve().parents[2]
SETUP = "%load_ext autograd_core\nimport autograd_core as torch"


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """Yield a fresh terminal-like shell with the extension loaded; In [1] has run."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "NoColor"
    shell = InteractiveShell(config=config)
    shell.run_cell(SETUP, store_history=True).raise_error()
    yield shell
    shell.run_line_magic("unload_ext", "autograd_core")


@pytest.fixture
def run(shell: InteractiveShell) -> Callable[[str], Any]:
    """Run a cell as a user does; gives IPython's result, which holds value and error."""
    return lambda cell: shell.run_cell(cell, store_history=True)


@pytest.fixture
def pictures(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Make the shell look like a kernel's; gives the list of what it publishes."""
    monkeypatch.setattr(shell, "kernel", object(), raising=False)
    shell.display_pub = CapturingDisplayPublisher()
    return shell.display_pub.outputs


class Kernel:
    """A kernel of its own: runs cells, and gives their outputs as a notebook keeps them."""

    def __init__(self, folder: Path):
        from jupyter_client.manager import KernelManager

        spec = folder / "kernels" / "python3"
        spec.mkdir(parents=True)
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec.joinpath("kernel.json").write_text(json.dumps({"argv": argv, "display_name": "t"}))
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            "IPYTHONDIR": str(folder),
            "JUPYTER_RUNTIME_DIR": str(folder),
        }
        self.manager = KernelManager(kernel_name="python3", connection_file=str(folder / "k.json"))
        self.manager.kernel_spec_manager.kernel_dirs = [str(spec.parent)]
        self.manager.start_kernel(cwd=str(folder), env=environment)
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)

    def run(
        self, cell: str, cell_id: str | None = None, seen: Callable[[dict], None] | None = None
    ) -> list[dict[str, Any]]:
        """Run a cell; gives its outputs, the texts of one stream joined.

        Parameters
        ----------
        cell : str
            The source.
        cell_id : str, optional
            What a front end sends as the cell's id.
        seen : callable, optional
            Gets each message when it arrives.
        """
        content = {"code": cell, "silent": False, "store_history": True, "allow_stdin": False,
                   "user_expressions": {}, "stop_on_error": True}  # fmt: skip
        message = self.client.session.msg("execute_request", content)
        message["metadata"] = {"cellId": cell_id} if cell_id else {}
        self.client.shell_channel.send(message)
        outputs: list[dict[str, Any]] = []
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            found = self.client.get_iopub_msg(timeout=120)
            if found["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            kind, content = found["msg_type"], found["content"]
            if kind == "status" and content["execution_state"] == "idle":
                self.client.get_shell_msg(timeout=120)
                return outputs
            if kind in ("stream", "display_data", "execute_result", "error"):
                if outputs and kind == "stream" and outputs[-1].get("name") == content["name"]:
                    outputs[-1]["text"] += content["text"]
                else:
                    outputs.append({"type": kind, **content})
            if seen is not None:
                seen(found)
        raise TimeoutError(f"the cell did not end within two minutes:\n{cell}")

    def close(self) -> None:
        """End the kernel."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="session")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """Yield a running kernel with the extension loaded."""
    pytest.importorskip("ipykernel", reason="kernel tests need ipykernel (the extra 'lab')")
    kernel = Kernel(tmp_path_factory.mktemp("kernel"))
    try:
        assert kernel.run(SETUP) == []
        yield kernel
    finally:
        kernel.close()
