"""The errors of the engine, in PyTorch's searchable wording plus what it leaves out.

::

    RuntimeError
     └── AutogradError             anything wrong with a graph or a backward pass
          ├── GraphFreedError      a second backward over a graph already freed
          ├── InPlaceError         a tensor was, or would be, modified in place wrongly
          ├── NoGradError          backward from a tensor that has no graph
          ├── GradientError        a gradient of the wrong shape, dtype or device
          ├── AnomalyError         NaN or Inf found by detect_anomaly
          └── ListenerError        a listener of the event stream raised
     ├── ShapeError                shapes that do not fit an operation
     ├── DtypeError                element types that do not fit an operation
     ├── DeviceError               an unknown or missing device, or a mix of devices
     └── LinAlgError               a matrix that an algorithm of linear algebra can't take

    Exception
     └── BackwardStopped           the person at the debugger's prompt stopped a run

Each message says what happened, with the values, and what to do about it.  Built-in
classes (TypeError, ValueError, IndexError) are raised where PyTorch raises them.
"""

from __future__ import annotations


class AutogradError(RuntimeError):
    """Something is wrong with a graph or a backward pass."""


class GraphFreedError(AutogradError):
    """Backward ran a second time over a graph whose saved tensors were freed."""


class InPlaceError(AutogradError):
    """A tensor was modified in place where autograd can't follow."""


class NoGradError(AutogradError):
    """Backward was asked of a tensor that has no graph."""


class GradientError(AutogradError):
    """A gradient does not fit the tensor that it belongs to."""


class AnomalyError(AutogradError):
    """A backward node produced NaN or Inf while detect_anomaly was on."""


class ListenerError(AutogradError):
    """A listener of the event stream raised; the original exception is its cause."""


class ShapeError(RuntimeError):
    """The shapes of the operands do not fit the operation."""


class DtypeError(RuntimeError):
    """The element types of the operands do not fit the operation."""


class DeviceError(RuntimeError):
    """A device is unknown or missing, or operands live on different devices."""


class LinAlgError(RuntimeError):
    """A matrix is singular, not positive definite, or made an algorithm fail."""


class BackwardStopped(Exception):
    """Somebody stopped a run at the debugger's prompt; gradients are as before the run."""
