"""``autograd.anomaly_mode``: `detect_anomaly` and its switch, where PyTorch keeps them."""

from __future__ import annotations

from ..modes import detect_anomaly, set_detect_anomaly

__all__ = ["detect_anomaly", "set_detect_anomaly"]
