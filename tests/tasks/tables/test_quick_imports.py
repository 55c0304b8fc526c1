"""What is left out of libraries while they are imported, and that nobody else misses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.processes import in_a_process

_QUICKLY = "import sys\nfrom tasks.tables.quick_imports import install\ninstall()\n"


def test_libraries_are_imported_without_what_they_have_no_use_for(tmp_path: Path) -> None:
    left_out = [
        "inspect",
        "typing_extensions",
        "platform",
        "socket",
        "cloudpickle",
        "pydoc",
        "traceback",
        "calendar",
        "bz2",
    ]
    code = (
        f"{_QUICKLY}import logging, shutil, msgspec, pyarrow.compute as pc, pyarrow as pa\n"
        f"pc.equal(pa.array([1]), 1)\nprint([name for name in {left_out} if name in sys.modules])"
    )
    assert in_a_process(code, tmp_path) == ["[]"]


def test_functions_of_arrow_work_without_their_docstrings_and_signatures(tmp_path: Path) -> None:
    code = (
        f"{_QUICKLY}import pyarrow.compute as pc\n"
        "print(pc.match_substring_regex('ferry', 'R+', ignore_case=True), pc.round(2.45, 1, 'half_up'))\n"
        "import inspect\nprint(inspect.Parameter.empty is inspect._empty, bool(inspect.signature(pc.round)))\n"
        "from pyarrow.vendored.docscrape import Reader\nprint(Reader.__module__)"
    )
    arrow, signatures, docscrape = in_a_process(code, tmp_path)
    assert arrow == "True 2.5"
    assert signatures == "True True"
    assert docscrape == "pyarrow.vendored.docscrape"


def test_pandas_is_not_imported_where_it_is_installed_and_others_can(tmp_path: Path) -> None:
    (tmp_path / "pandas.py").write_text("NaT = 'there'\n")
    code = (
        f"{_QUICKLY}import pyarrow as pa\npa.array(['a', None])\npa.scalar(1.5)\nprint('pandas' in sys.modules)\n"
        "import pandas\nprint(pandas.NaT)"
    )
    assert in_a_process(code, tmp_path) == ["False", "there"]


def test_without_object_stores_files_are_read_and_others_get_ssl(tmp_path: Path) -> None:
    code = (
        f"{_QUICKLY}from tasks.tables.quick_imports import leave_out_object_stores\nleave_out_object_stores()\n"
        "import pyarrow as pa, pyarrow.parquet as pq\npq.write_table(pa.table({'a': [1]}), 'a.parquet')\n"
        "print(pq.read_table('a.parquet').num_rows, 'ssl' in sys.modules, 'pyarrow._s3fs' in sys.modules)\n"
        "import ssl\nprint(ssl.get_default_verify_paths().__class__.__name__)"
    )
    assert in_a_process(code, tmp_path) == ["1 False False", "DefaultVerifyPaths"]


def test_pyarrow_needs_no_cloudpickle_and_others_get_it(tmp_path: Path) -> None:
    code = (
        f"{_QUICKLY}import pickle\nimport pyarrow as pa\ntable = pa.table({{'a': [1]}})\n"
        "print(pickle.loads(pickle.dumps(table)) == table)\n"
        "import cloudpickle\nprint(cloudpickle.loads(cloudpickle.dumps(lambda: table))() == table)"
    )
    assert in_a_process(code, tmp_path) == ["True", "True"]


@pytest.mark.parametrize("name", ["cloudpickle", "inspect", "platform", "textwrap"])
def test_who_has_the_real_module_keeps_it(name: str, tmp_path: Path) -> None:
    code = f"import {name} as real\n{_QUICKLY}import msgspec, pyarrow.compute\nprint(sys.modules[{name!r}] is real)"
    assert in_a_process(code, tmp_path) == ["True"]


def test_what_a_library_asks_for_later_the_real_module_answers(tmp_path: Path) -> None:
    code = (
        f"{_QUICKLY}import pyarrow.util, logging\nprint(pyarrow.util.find_free_port() > 0)\n"
        "print(pyarrow.util.socket.AF_INET is __import__('socket').AF_INET)\n"
        "try:\n    1 / 0\nexcept ZeroDivisionError:\n    logging.basicConfig(stream=sys.stdout)\n"
        "    logging.exception('told')"
    )
    printed = in_a_process(code, tmp_path)
    assert printed[:3] == ["True", "True", "ERROR:root:told"]
    assert printed[-1] == "ZeroDivisionError: division by zero"


def test_intervals_of_time_are_known_as_they_were(tmp_path: Path) -> None:
    pytest.importorskip("dateutil")
    code = (
        f"{_QUICKLY}import pyarrow as pa\npa.scalar(1)\nfrom dateutil.relativedelta import relativedelta\n"
        "import datetime\nprint(pa.scalar(relativedelta(months=1)).type)\n"
        "print(datetime.date(2026, 1, 31) + relativedelta(months=1), relativedelta(months=2, days=1))"
    )
    assert in_a_process(code, tmp_path) == [
        "month_day_nano_interval",
        "2026-02-28 relativedelta(months=+2, days=+1)",
    ]


def test_a_module_that_is_imported_quickly_keeps_its_own_loader(tmp_path: Path) -> None:
    code = (
        f"{_QUICKLY}import importlib.util\nprint(importlib.util.find_spec('pyarrow').loader.is_package('pyarrow'))\n"
        "import importlib.resources, msgspec, pyarrow\n"
        "print(type(msgspec.__spec__.loader).__name__, type(pyarrow.__loader__).__name__)\n"
        "print((importlib.resources.files('pyarrow') / '__init__.py').is_file())"
    )
    assert in_a_process(code, tmp_path) == ["True", "SourceFileLoader SourceFileLoader", "True"]


def test_archives_are_packed_and_unpacked(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "a.md").write_text("Ferry")
    code = (
        f"{_QUICKLY}import shutil\nshutil.make_archive('packed', 'xztar', 'there')\n"
        "shutil.unpack_archive('packed.tar.xz', 'again')\nprint(open('again/a.md').read())"
    )
    assert in_a_process(code, tmp_path) == ["Ferry"]
