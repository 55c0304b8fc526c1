"""Figures of the HTML report: charts as SVG that needs no script, each with the table of its numbers.

Belongs here: Vega-Lite specifications and their drawing, in two widths. Does not belong here: the numbers
(`html_data`), looks (`chart_theme.json`, and colours as variables of `page.css`), and the text around a chart
(`html_sections`).

The package vl-convert-python has Vega-Lite and a JavaScript engine, so charts are drawn when the report is made.
Drawn in the browser, they would need 900 kB of JavaScript in the page, and leave to evaluate code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from config.errors import UsageError
from tasks.report.words import printable

#: Widths that charts are drawn in, in CSS pixels, the axis included; `page.css` shows one of the two.
WIDTHS: Final = {"wide": 760, "narrow": 340}
#: Most series that have a colour of their own; the last colour is that of all others.
COLOURS: Final = 8
#: Least number of bands on the axis of a stacked chart: a single bar would be as wide as the page.
_MIN_BANDS: Final = 12
#: Room for a label of the axis, in CSS pixels.
_LABEL: Final = 84
_THEME: Final = Path(__file__).with_name("chart_theme.json")
_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.json"
#: Longest names of providers and topics, in characters.
_MAX_NAME: Final = {"wide": 34, "narrow": 18}
#: Longest name in a tooltip.
_MAX_TIP: Final = 120
_MARK: Final = re.compile(r'<path aria-label="([^"]*)"([^>]*)/>')
_TAG: Final = re.compile(r"<[a-zA-Z][^<>]*>")
_ARIA: Final = re.compile(r' (?:role|aria-[a-z]+|pointer-events|class)="[^"]*"')


class Table(msgspec.Struct, frozen=True):
    """Rows of texts, the first of which names the row.

    Attributes:
        numbers: columns that stand right; `unbroken` are those of one line, such as times.
        title: its heading; empty where the heading of the section says it.
        label: its name for assistive technology.
    """

    columns: list[str]
    rows: list[list[str]]
    numbers: set[int] = set()
    unbroken: set[int] = set()
    title: str = ""
    label: str = ""


class Figure(msgspec.Struct, frozen=True):
    """A chart in its widths (`WIDTHS`).

    Attributes:
        name: its id in the page.
        description: the text for assistive technology; `table` has the numbers.
        legend: the series of a stacked chart, the lowest first.
    """

    name: str
    caption: str
    description: str
    drawings: dict[str, str]
    table: Table
    legend: list[Series] = []


class Series(NamedTuple):
    """One colour (its number, below `COLOURS`) of a stacked chart: a number for each position of the axis."""

    name: str
    values: Sequence[float]
    colour: int


class Axis(NamedTuple):
    """The axes of a stacked chart: a label for each position, the unit of the numbers, and their format in tooltips."""

    labels: Sequence[str]
    unit: str
    format: Callable[[float], str]
    #: Of the numbers at the side: d3's format, and the least step between them.
    form: str = ",d"
    step: float = 1


def stacked(axis: Axis, series: Sequence[Series]) -> dict[str, str]:
    """Columns of stacked bars, a series a colour.

    Args:
        axis: the labels, in their order.
        series: the lowest first; each has a value for each label.

    Returns:
        Name of the width (`WIDTHS`) to SVG.
    """
    values = [
        {
            "at": position,
            "label": label,
            "series": number,
            "value": value,
            "colour": f"var(--c{one.colour})",
            "tip": printable(f"{label}, {one.name}: {axis.format(value)}"),
        }
        for number, one in enumerate(series)
        for position, (label, value) in enumerate(zip(axis.labels, one.values, strict=True))
        if value
    ]
    return {name: _draw(_stack_spec(axis, values, width)) for name, width in WIDTHS.items()}


def _stack_spec(axis: Axis, values: list[dict[str, Any]], width: int) -> dict[str, Any]:
    # An axis of positions, not of labels: two runs may start in one minute.
    last, bands = len(axis.labels) - 1, max(len(axis.labels), _MIN_BANDS)
    every = -(-bands * _LABEL // width)
    ticks = list(range(last % every, last + 1, every))
    labels = f"{msgspec.json.encode(axis.labels).decode()}[datum.value]"
    return {
        "width": width,
        "height": 240,
        "data": {"values": values},
        "mark": {"type": "bar", "stroke": "var(--card)", "strokeWidth": 0.5},
        "encoding": {
            "x": {
                "field": "at",
                "type": "ordinal",
                "scale": {"domain": list(range(bands)), "paddingInner": 0.12},
                "axis": {"title": None, "values": ticks, "labelExpr": labels, "labelAngle": 0, "labelOverlap": False},
            },
            "y": {
                "field": "value",
                "type": "quantitative",
                "scale": {"nice": 4},
                "axis": {"title": axis.unit, "format": axis.form, "tickMinStep": axis.step},
            },
            "order": {"field": "series", "type": "ordinal"},
            "color": {"field": "colour", "type": "nominal", "scale": None},
            "description": {"field": "tip"},
        },
    }


def ranked(counts: Mapping[str, float], format_value: Callable[[float], str] = "{:,.0f}".format) -> dict[str, str]:
    """Horizontal bars, one a name, in the order given, each with its number at its end.

    Args:
        counts: name to length of the bar.
        format_value: writes the number.

    Returns:
        Name of the width (`WIDTHS`) to SVG.
    """
    values = [
        {
            "at": position,
            "value": value,
            "shown": format_value(value),
            "tip": f"{printable(name, _MAX_TIP)}: {format_value(value)}",
            **{width: printable(name, longest) for width, longest in _MAX_NAME.items()},
        }
        for position, (name, value) in enumerate(counts.items())
    ]
    return {name: _draw(_bar_spec(values, name, width)) for name, width in WIDTHS.items()}


def _bar_spec(values: list[dict[str, Any]], size: str, width: int) -> dict[str, Any]:
    """Names are marks of text, not labels of the axis: those would be evaluated or merged if equal."""
    room = 260 if size == "wide" else 132
    longest = max((value["value"] for value in values), default=0) or 1
    tip = {"field": "tip"}
    y = {"field": "at", "type": "ordinal", "axis": None, "scale": {"paddingInner": 0.3}}
    scale = {"domain": [0, longest], "range": [room, width - 80]}
    bars = {"field": "value", "type": "quantitative", "axis": None, "scale": scale}
    return {
        "width": width,
        "height": {"step": 26},
        "data": {"values": values},
        "layer": [
            {
                "mark": {"type": "text", "align": "right", "color": "var(--ink)"},
                "encoding": {"y": y, "x": {"value": room - 8}, "text": {"field": size}, "description": tip},
            },
            {"mark": {"type": "bar", "color": "var(--c0)"}, "encoding": {"y": y, "x": bars, "description": tip}},
            {
                "mark": {"type": "text", "align": "left", "dx": 6, "color": "var(--soft)"},
                "encoding": {"y": y, "x": bars, "text": {"field": "shown"}},
            },
        ],
    }


def _draw(spec: dict[str, Any]) -> str:
    """SVG of a specification: a picture to assistive technology, with tooltips for a pointer.

    Raises:
        UsageError: the charting library is not installed.
    """
    try:
        import vl_convert  # noqa: PLC0415  (an extra; everything else works without it)
    except ImportError:
        raise UsageError(
            "The charts need vl-convert-python, which is not installed.", "Install it: pip install 'presslake[report]'."
        ) from None
    theme = msgspec.json.decode(_THEME.read_bytes())
    svg: str = vl_convert.vegalite_to_svg({"$schema": _SCHEMA, **spec, "config": theme})
    svg = _MARK.sub(r"<path\2><title>\1</title></path>", svg)
    return _TAG.sub(lambda tag: _ARIA.sub("", tag[0]), svg)
