"""What all tests share: property tests give the same examples in every run, so that none fails now and then."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("search", deadline=None, print_blob=True)
settings.load_profile("search" if os.environ.get("PRESSLAKE_FUZZ_EXAMPLES") else "repeatable")
