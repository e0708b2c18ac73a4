"""Sharing memory with other libraries, without copies (`torch.utils.dlpack`)."""

from ..ops.create import from_dlpack, to_dlpack

__all__ = ["from_dlpack", "to_dlpack"]
