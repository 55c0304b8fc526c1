"""Secrets out of text that is shown: in logs, in the report, in names.

Belongs here: what a secret looks like inside an address. Secrets that a setting holds must not get
into such text at all.
"""

from __future__ import annotations

import re
from typing import Final

_HIDDEN: Final = "***"
#: `user:password@` (or a token alone) in an address; the host after it stays.
_CREDENTIALS: Final = re.compile(r"(?<=://)[^/\s@?#]+@")
#: Query parameters and settings whose names say that the value opens something.
_PARAMETER: Final = re.compile(
    r"(?i)([\w.-]*(?:token|secret|password|passwd|api[_-]?key|access[_-]?key|signature|credential)[\w.-]*=|[?&](?:sig|key)=)"
    r"[^&\s'\"]+"
)


def redacted(text: str) -> str:
    """A text whose addresses show no credentials; idempotent.

    Args:
        text: anything; `s3://key:secret@bucket/a?token=x` becomes `s3://***@bucket/a?token=***`.
    """
    if "://" in text:
        text = _CREDENTIALS.sub(f"{_HIDDEN}@", text)
    return _PARAMETER.sub(rf"\1{_HIDDEN}", text) if "=" in text else text
