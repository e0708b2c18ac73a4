"""Run cells in this environment's kernel as a notebook with somebody before it does.

    python -I run_cells.py FILE CELL...     writes the messages of each cell into FILE, as JSON

Runs in the clean environment, so it imports nothing of the tests.
"""

import json
import sys
from pathlib import Path
from typing import Any

PATIENCE = 120
"""Seconds after which something that should come is given up."""


def messages_of(cells: list[str]) -> list[list[dict[str, Any]]]:
    """What the kernel says on iopub, cell by cell."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(startup_timeout=PATIENCE, kernel_name="python3")
    try:
        return [_run(client, cell) for cell in cells]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _run(client: Any, cell: str) -> list[dict[str, Any]]:
    heard: list[dict[str, Any]] = []
    client.execute_interactive(
        cell,
        allow_stdin=True,  # without it nobody would look at a widget, so none is made
        timeout=PATIENCE,
        output_hook=lambda m: heard.append({"type": m["msg_type"], **m["content"]}),
    )
    return heard


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(messages_of(sys.argv[2:])))
