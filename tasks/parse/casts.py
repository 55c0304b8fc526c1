"""From a column of raw texts to a column of the contract's type, with a finding for every misfit.

Belongs here: integers, numbers, booleans and times as texts become values, a column at a time.
Does not belong here: finding the texts in the front matter (`trees`), single times (`times`), and rules
on values (`tasks.validate`). The contract's type decides: nothing here guesses what a text might be.
"""

from __future__ import annotations

import re
from datetime import UTC
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from config.contract_types import TIMESTAMP, Column, time_zone
from tasks.parse.times import read_time

#: Integers as people and programs write them (`65.0`): no underscores, no exponent.
_INTEGER: Final = r"^[+-]?[0-9]+([.]0+)?$"
#: The form of nearly all files; Arrow reads it as it stands, and no such number has more than 64 bits.
_PLAIN_INTEGER: Final = r"^-?[0-9]{1,18}$"
_LARGEST: Final = str(2**63 - 1)
_NUMBER: Final = r"^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,3})?$"
#: YAML 1.1's words for a boolean, less the one-letter ones, which are more often initials.
_TRUE: Final = ("true", "yes", "on")
_FALSE: Final = ("false", "no", "off")

#: One item of a text in the place of a list.
_ITEM: Final = re.compile(r"(?:&#?[A-Za-z0-9]{1,31};|[^,;、，；])+")

#: The form of nearly all files, which Arrow reads without a look at single values: days that are in every year, but
#: for the year 0000, which Arrow knows and Python does not.
_YEAR: Final = "([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_DAY: Final = "((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
_CLOCK: Final = "([01][0-9]|2[0-3])(:[0-5][0-9]){2}([.][0-9]{1,6})?"
_PLAIN_UTC: Final = f"^{_YEAR}-{_DAY}T{_CLOCK}Z$"


class Misfit(NamedTuple):
    """Text `row` is not of its column's type (or, for `time/no-zone`, deserves a warning)."""

    row: int
    code: str
    message: str
    value: str


class Typed(NamedTuple):
    """A typed column and its misfits: `values` is null there, but for `time/no-zone`."""

    values: pa.Array
    misfits: list[Misfit]


def convert(column: Column, texts: pa.StringArray) -> Typed:
    """Cast raw texts to the column's type.

    Args:
        column: a scalar column of the contract.
        texts: (n,) source texts, repaired where the column asks for it; null where there is none.

    Returns:
        (n,) values of `column.type`, null for every text that does not fit, with one `Misfit` each.
    """
    texts = without_sentinels(column, texts)
    if column.logical == "string":
        return Typed(texts, [])
    trimmed = pc.utf8_trim_whitespace(texts)
    trimmed = pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)
    if column.logical == "timestamp":
        return _times(column, trimmed)
    if column.logical == "boolean":
        return _booleans(trimmed)
    return _integers(column, trimmed) if column.logical == "integer" else _numbers(trimmed)


def without_sentinels(column: Column, texts: pa.StringArray) -> pa.StringArray:
    """(n,) the texts, null where the contract says that a text stands for "no value"."""
    if not column.sentinels:
        return texts
    return pc.if_else(pc.is_in(texts, pa.array(sorted(column.sentinels))), pa.scalar(None, pa.string()), texts)


def divided(text: str, *, at_blanks: bool = False) -> list[str]:
    """The items of a text that stands in the place of a list.

    Args:
        text: items with commas or semicolons between them; a semicolon that ends an entity (`&amp;`) is none.
        at_blanks: whether blanks divide a text without commas and semicolons.
    """
    items = [item.strip() for item in _ITEM.findall(text)]
    if len(items) == 1 and at_blanks:
        items = text.split()
    return [item for item in items if item]


def _integers(column: Column, texts: pa.StringArray) -> Typed:
    width = column.type.bit_width
    if pc.all(pc.match_substring_regex(texts, _PLAIN_INTEGER)).as_py() is not False:
        try:
            return Typed(texts.cast(pa.int64()).cast(column.type), [])
        except pa.ArrowInvalid:
            pass  # One is too large for the column: the slow way finds it.
    digits = pc.replace_substring_regex(texts, r"^([+-]?)0*([0-9])", r"\1\2")
    digits = pc.replace_substring_regex(digits, r"^\+|[.]0+$", "")
    fits = pc.and_(pc.match_substring_regex(texts, _INTEGER), _fits_64_bits(digits))
    values = pc.if_else(fits, digits, None).cast(pa.int64())
    if width < 64:
        half = 2 ** (width - 1)
        fits = pc.and_(fits, pc.and_(pc.greater_equal(values, -half), pc.less(values, half)))
        values = pc.if_else(fits, values, None).cast(column.type)
    message = f"expected a whole number (of at most {width} bits), such as 65"
    return Typed(values, _misfits(texts, fits, "field/type", message))


def _fits_64_bits(digits: pa.StringArray) -> pa.BooleanArray:
    """Whether whole numbers without leading zeros are of at most 64 bits (the smallest one counts as too long)."""
    magnitudes = pc.utf8_ltrim(digits, "-")
    lengths = pc.utf8_length(magnitudes)
    as_long = pc.and_(pc.equal(lengths, len(_LARGEST)), pc.less_equal(magnitudes, _LARGEST))
    return pc.or_(pc.less(lengths, len(_LARGEST)), as_long)


def _numbers(texts: pa.StringArray) -> Typed:
    fits = pc.match_substring_regex(texts, _NUMBER)
    values = pc.replace_substring_regex(pc.if_else(fits, texts, None), r"^\+", "").cast(pa.float64())
    fits = pc.and_(fits, pc.is_finite(values))
    values = pc.if_else(fits, values, None)
    return Typed(values, _misfits(texts, fits, "field/type", "expected a number, such as 4.5"))


def _booleans(texts: pa.StringArray) -> Typed:
    lower = pc.utf8_lower(texts)
    true, false = (pc.is_in(lower, pa.array(words)) for words in (_TRUE, _FALSE))
    values = pc.if_else(pc.or_(true, false), true, None)
    return Typed(values, _misfits(texts, pc.is_valid(values), "field/type", "expected true or false"))


def _misfits(texts: pa.StringArray, fits: pa.BooleanArray, code: str, message: str) -> list[Misfit]:
    wrong = pc.and_(pc.is_valid(texts), pc.invert(pc.fill_null(fits, False)))
    if not pc.any(wrong).as_py():
        return []
    rows = pc.indices_nonzero(wrong)
    return [
        Misfit(i, code, message, text) for i, text in zip(rows.to_pylist(), texts.take(rows).to_pylist(), strict=True)
    ]


def _times(column: Column, texts: pa.StringArray) -> Typed:
    is_plain = pc.fill_null(pc.match_substring_regex(texts, _PLAIN_UTC), False)
    values = pc.if_else(is_plain, texts, None).cast(TIMESTAMP)
    is_other = pc.and_not(pc.is_valid(texts), is_plain)
    rows = pc.indices_nonzero(is_other).to_pylist()
    if not rows:
        return Typed(values, [])
    read, misfits = _times_one_by_one(column, texts.filter(is_other))
    misfits = [misfit._replace(row=rows[misfit.row]) for misfit in misfits]
    return Typed(pc.replace_with_mask(values, is_other, read), misfits)


def _times_one_by_one(column: Column, texts: pa.StringArray) -> Typed:
    encoded = texts.dictionary_encode()
    distinct = encoded.dictionary.to_pylist()
    zone = time_zone(column.zone)
    readings = [read_time(text, zone, column.order) for text in distinct]
    values = pa.array([reading.moment for reading in readings], TIMESTAMP).take(encoded.indices)
    # A zone that a contract names is no guess.
    fine = ("", "time/no-zone") if zone is not UTC else ("",)
    odd = {i: reading for i, reading in enumerate(readings) if reading.code not in fine}
    misfits = [
        Misfit(row, odd[index].code, odd[index].message, distinct[index])
        for row, index in enumerate(encoded.indices.to_pylist() if odd else ())
        if index in odd
    ]
    return Typed(values, misfits)
