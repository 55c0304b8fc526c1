"""Where Arrow takes its memory from while a step works."""

from __future__ import annotations

import pyarrow as pa

from tasks.tables.memory import kept_memory, system_memory


def test_a_step_takes_memory_from_malloc_and_leaves_the_usual_allocator_behind() -> None:
    usual = pa.default_memory_pool().backend_name
    with system_memory():
        assert pa.default_memory_pool().backend_name == "system"
    assert pa.default_memory_pool().backend_name == usual


def test_what_keeps_its_memory_keeps_the_usual_allocator() -> None:
    usual = pa.default_memory_pool().backend_name
    with kept_memory(), system_memory():
        assert pa.default_memory_pool().backend_name == usual
    assert pa.default_memory_pool().backend_name == usual
