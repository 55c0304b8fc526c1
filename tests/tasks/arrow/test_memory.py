"""Where Arrow takes its memory from while a step works."""

from __future__ import annotations

import pyarrow as pa

from tasks.arrow.memory import system_memory


def test_a_step_takes_memory_from_malloc_and_leaves_the_usual_allocator_behind() -> None:
    usual = pa.default_memory_pool().backend_name
    with system_memory():
        assert pa.default_memory_pool().backend_name == "system"
    assert pa.default_memory_pool().backend_name == usual
