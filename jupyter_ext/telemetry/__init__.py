"""A trace on its way to the browser: encoded as columns, and sent as often as it bears."""

from __future__ import annotations

from .encode import Encoder as Encoder
from .encode import Frame as Frame
from .encode import pack as pack
