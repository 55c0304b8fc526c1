"""Texts become values of the contract's type, or a finding; nothing is guessed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from config.contract_types import TIMESTAMP, Column
from tasks.parse.casts import Typed, convert, divided

TYPES = {
    "integer": pa.int32(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": TIMESTAMP,
    "string": pa.string(),
}


def column(logical: str, **settings: Any) -> Column:
    return Column(**{"name": "x", "description": "", "logical": logical, "type": TYPES[logical]} | settings)


def cast(logical: str, *texts: str | None, **settings: Any) -> Typed:
    return convert(column(logical, **settings), pa.array(texts, pa.string()))


def value(logical: str, text: str, **settings: Any) -> Any:
    return cast(logical, text, **settings).values[0].as_py()


def codes(typed: Typed) -> list[tuple[int, str]]:
    return [(misfit.row, misfit.code) for misfit in typed.misfits]


def utc(*parts: int) -> datetime:
    moment: datetime = datetime(*parts)  # type: ignore[arg-type]
    return moment.replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["No", "2021", "12:30", "1.10", "", "  x "])
def test_a_string_column_keeps_the_text_exactly(text: str) -> None:
    assert value("string", text) == text


@pytest.mark.parametrize(
    ("logical", "expected"),
    [
        (
            "integer",
            {
                "65": 65,
                "+65": 65,
                "-1": -1,
                " 7 ": 7,
                "007": 7,
                "-0": 0,
                "65.0": 65,
                "-7.00": -7,
                "2147483647": 2**31 - 1,
            },
        ),
        ("number", {"4.5": 4.5, "+.5": 0.5, "5.": 5.0, "1e3": 1000.0, "-2E-2": -0.02}),
        ("boolean", {"true": True, "Yes": True, "ON": True, "False": False, "no": False}),
    ],
)
def test_texts_that_are_values(logical: str, expected: dict[str, Any]) -> None:
    assert {text: value(logical, text) for text in expected} == expected


@pytest.mark.parametrize(
    ("logical", "good", "texts"),
    [
        (
            "integer",
            "1",
            [
                "65.5",
                "65.",
                ".0",
                "2147483648.0",
                "1e3",
                "0x1F",
                "1_000",
                "abc",
                "-",
                "2147483648",
                "-2147483649",
                "9" * 40,
                "٣",
            ],
        ),
        ("number", "1", ["1e999", "-1e999", "nan", "inf", ".inf", "1,5", "."]),
        ("boolean", "no", ["1", "0", "y", "maybe"]),
    ],
)
def test_texts_that_are_no_values(logical: str, good: str, texts: list[str]) -> None:
    for text in texts:
        typed = cast(logical, good, text)
        assert typed.values.is_null().to_pylist() == [False, True]
        assert [(misfit.row, misfit.code, misfit.value) for misfit in typed.misfits] == [(1, "field/type", text)]


def test_whole_numbers_of_64_bits() -> None:
    for text in ("9223372036854775807", "0009223372036854775807", "-9223372036854775807"):
        assert value("integer", text, type=pa.int64()) == int(text)
    for text in ("9223372036854775808", "10000000000000000000"):
        assert codes(cast("integer", text, type=pa.int64())) == [(0, "field/type")]


def test_whole_numbers_are_the_same_whatever_stands_beside_them() -> None:
    texts = ["65", "-1", "007", "-0", None, "000000000000000065", "2147483647", "999999999999999999", "+5", "x"]
    alone = [cast("integer", text) for text in texts]
    together = cast("integer", *texts)
    assert together.values.to_pylist() == [typed.values[0].as_py() for typed in alone]
    assert codes(together) == [(row, code) for row, typed in enumerate(alone) for _, code in codes(typed)]


@pytest.mark.parametrize("logical", ["integer", "number", "boolean", "timestamp"])
def test_empty_texts_are_null(logical: str) -> None:
    typed = cast(logical, "", "  ", None)
    assert typed.values.to_pylist() == [None, None, None]
    assert typed.values.type == TYPES[logical]
    assert not typed.misfits


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-02T09:30:00Z", utc(2026, 3, 2, 9, 30)),
        ("2026-03-02T09:30:00.123456Z", utc(2026, 3, 2, 9, 30, 0, 123456)),
        ("2026-03-02T09:30:00.123456789Z", utc(2026, 3, 2, 9, 30, 0, 123456)),
        ("2026-03-02t09:30:00,5z", utc(2026, 3, 2, 9, 30, 0, 500000)),
        ("2026-03-02 09:30Z", utc(2026, 3, 2, 9, 30)),
        ("2026-03-02T09:30:00 UTC", utc(2026, 3, 2, 9, 30)),
        ("2026-03-02T09:30:00+05:30", utc(2026, 3, 2, 4, 0)),
        ("2026-03-02T09:30:00-0800", utc(2026, 3, 2, 17, 30)),
        ("2026-03-02T09:30:00+01", utc(2026, 3, 2, 8, 30)),
        ("0001-01-01T00:00:00Z", utc(1, 1, 1)),
        ("9999-12-31T23:59:59Z", utc(9999, 12, 31, 23, 59, 59)),
    ],
)
def test_times_with_a_zone(text: str, expected: datetime) -> None:
    typed = cast("timestamp", text)
    assert typed.values.to_pylist() == [expected]
    assert not typed.misfits


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-03-02T09:30:00", (8, 30)),
        ("2026-03-02T09:30:00Z", (9, 30)),
        ("2026-07-02 09:30", (7, 30)),  # summer time
        ("2026-03-02", (23, 0)),
        ("2026-07-02", (22, 0)),
    ],
)
def test_times_without_a_zone_are_of_the_contract_s(text: str, hour: tuple[int, int]) -> None:
    typed = cast("timestamp", text, zone="Europe/Berlin")
    moment = typed.values[0].as_py()
    assert (moment.hour, moment.minute) == hour
    assert not typed.misfits


def test_a_zone_that_nobody_named_is_a_guess() -> None:
    assert codes(cast("timestamp", "2026-03-02T09:30:00")) == [(0, "time/no-zone")]


def test_the_contract_names_the_order_of_day_and_month() -> None:
    assert codes(cast("timestamp", "03/04/2021")) == [(0, "time/ambiguous")]
    assert value("timestamp", "03/04/2021", order="dmy") == utc(2021, 4, 3)
    assert value("timestamp", "03/04/2021", order="mdy") == utc(2021, 3, 4)


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("book, business", ["book", "business"]),
        ("one thing", ["one thing"]),
        ("a;b , c", ["a", "b", "c"]),
        ("R&amp;D, A&B", ["R&amp;D", "A&B"]),
        (" , ", []),
    ],
)
def test_commas_divide_a_text_where_a_list_is_meant(text: str, items: list[str]) -> None:
    assert divided(text) == items


def test_blanks_divide_it_only_where_the_contract_says_so_and_no_comma_does() -> None:
    assert divided("one  thing", at_blanks=True) == ["one", "thing"]
    assert divided("one thing, two", at_blanks=True) == ["one thing", "two"]


@pytest.mark.parametrize(
    "text",
    [
        "0000-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-01-01T24:00:01Z",
        "2026-01-01T23:58:60Z",
        "0001-01-01T00:00:00+05:00",
        "9999-12-31T23:59:59-05:00",
        "2026-03-02T09:30:00+25:00",
        "02.13.2026",
        "17093724",
        "٢٠٢٦-03-02",
        "yesterday",
    ],
)
def test_what_is_no_time_says_so_whatever_stands_beside_it(text: str) -> None:
    alone = cast("timestamp", text)
    beside = cast("timestamp", "2026-03-02T09:30:00Z", text, "2026-03-02 09:30")
    assert alone.values.to_pylist() == [None]
    assert codes(alone) == [(0, "time/invalid")]
    assert beside.values.is_null().to_pylist() == [False, True, False]
    assert codes(beside) == [(1, "time/invalid"), (2, "time/no-zone")]


def test_sentinels_are_null_without_a_word() -> None:
    typed = cast("integer", "-1", "5", "-10", sentinels=frozenset({"-1"}))
    assert typed.values.to_pylist() == [None, 5, -10]
    assert not typed.misfits


@pytest.mark.parametrize("logical", list(TYPES))
def test_no_texts_at_all(logical: str) -> None:
    assert cast(logical).values.type == TYPES[logical]
