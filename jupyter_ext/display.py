"""A trace as outputs of a cell: one line of numbers, the graph, the gradient flow.

Each picture is one output in several forms, and the front end takes the one it shows best:
SVG in JupyterLab, PNG on GitHub, text where there are no pictures.  There is no HTML in it,
which would win over the SVG, and would be taken out where a notebook is not trusted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from autograd_core.debug import Picture, Trace

TREE_LINES = 60
"""Lines of the text tree that go into a saved notebook with each picture."""


MARK = "data-autograd-picture"
"""Attribute of pictures that a live graph above them hides, because it shows the same."""


def show(
    shell: InteractiveShell, trace: Trace, only: str | None = None, *, live: bool = False
) -> None:
    """Publish summary, graph and flow.

    Parameters
    ----------
    shell : InteractiveShell
        Whose cell is being run.
    trace : Trace
        What to show.
    only : {"svg", "png"}, optional
        Keep the pictures in this form alone.
    live : bool
        A live graph of this trace stands above the pictures.
    """
    if not len(trace.nodes):
        print("Nothing was recorded: no operation on a tensor that requires grad ran here.")
        return
    if not has_pictures(shell):
        print(trace.tree())  # the summary is its first line
        return
    print(trace.summary())
    publish(shell, trace.draw(), trace.tree(max_lines=TREE_LINES), only, live=live)
    if len(trace.steps) and trace.stats != "off":
        flow = trace.flow()
        publish(shell, flow, str(flow), only, live=live)


def show_flow(shell: InteractiveShell, trace: Trace, only: str | None = None, **how: Any) -> None:
    """Publish the gradient flow; `how` goes to `Trace.flow`."""
    if trace.stats == "off":
        raise UsageError("with --stats off no gradient was measured, so there is no flow to show")
    flow = trace.flow(**how)
    publish(shell, flow, str(flow), only)


def has_pictures(shell: InteractiveShell) -> bool:
    """Whether the shell belongs to a kernel, so that a front end may show pictures."""
    return getattr(shell, "kernel", None) is not None


def publish(
    shell: InteractiveShell,
    picture: Picture,
    text: str,
    only: str | None = None,
    *,
    live: bool = False,
) -> None:
    """Publish one picture in all its forms, `text` among them; on a terminal the text alone."""
    if not has_pictures(shell):
        print(text)
        return
    bundle, metadata = picture._repr_mimebundle_()
    bundle["text/plain"] = text
    if only == "png":
        if "image/png" not in bundle:
            raise UsageError("--format png needs Pillow; install it with: pip install pillow")
        del bundle["image/svg+xml"]
    elif only == "svg":
        bundle.pop("image/png", None)
    if live and "image/svg+xml" in bundle:
        bundle["image/svg+xml"] = bundle["image/svg+xml"].replace("<svg ", f'<svg {MARK}="" ', 1)
    shell.display_pub.publish(data=bundle, metadata=metadata)
