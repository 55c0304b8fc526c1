"""Charts as SVG that needs no script: drawn by Vega-Lite when the report is made, not by the reader's browser.

Belongs here: Vega-Lite specifications and their drawing, in two widths. Does not belong here: the
numbers (`html_data`), colours (classes and variables of `page.css`), and what stands around a chart.

Vega-Lite comes in the package vl-convert-python, with its own JavaScript engine. Drawn in the
browser, the same charts would need its 900 kB of JavaScript in the page, and leave to evaluate code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from config.errors import UsageError
from tasks.report.words import printable

#: Widths that charts are drawn in, in CSS pixels, the axis included; `page.css` shows one of the two.
WIDTHS: Final = {"wide": 760, "narrow": 340}
#: Most series that have a colour of their own; the last colour is that of all others.
COLOURS: Final = 8
#: Places that a stacked chart has room for at least: a single bar as wide as the page would shout.
_FEWEST: Final = 12
#: Room for a label of a place, in CSS pixels.
_LABEL: Final = 84
_COUNT_AXIS: Final = {
    "tickCount": 4,
    "titleAngle": 0,
    "titleAlign": "left",
    "titleAnchor": "end",
    "titleX": 0,
    "titleY": -10,
    "domain": False,
    "ticks": False,
}
_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.json"
_FONT: Final = "Liberation Sans, Arial, Helvetica, sans-serif"
_AXIS: Final = {
    "labelColor": "var(--soft)",
    "titleColor": "var(--soft)",
    "labelFont": _FONT,
    "titleFont": _FONT,
    "titleFontWeight": "normal",
    "labelFontSize": 12,
    "titleFontSize": 12,
    "domainColor": "var(--line)",
    "tickColor": "var(--line)",
    "gridColor": "var(--line)",
}
#: Longest names of providers and topics, in characters.
_LONGEST: Final = {"wide": 34, "narrow": 18}
#: Longest name in a tooltip.
_TIP: Final = 120
_MARK: Final = re.compile(r'<path aria-label="([^"]*)"([^>]*)/>')
_TAG: Final = re.compile(r"<[a-zA-Z][^<>]*>")
_ARIA: Final = re.compile(r' (?:role|aria-[a-z]+|pointer-events|class)="[^"]*"')


class Series(NamedTuple):
    """One colour of a stacked chart: a number for each place of the axis."""

    name: str
    values: Sequence[float]


class Axis(NamedTuple):
    """The axes of a stacked chart: a label for each place, what is counted upwards, and how tooltips spell it."""

    places: Sequence[str]
    unit: str
    spell: Callable[[float], str]
    #: Of the numbers at the side: d3's format, and the least step between them.
    form: str = ",d"
    step: float = 1


def stacked(axis: Axis, series: Sequence[Series], colours: Sequence[int]) -> dict[str, str]:
    """Columns of stacked bars, a series a colour.

    Args:
        axis: the places, in their order.
        series: the lowest first; each has a value a place.
        colours: number of the colour of each, below `COLOURS`.

    Returns:
        Name of the width (`WIDTHS`) to SVG.

    Raises:
        UsageError: the charting library is not installed.
    """
    values = [
        {
            "at": place,
            "label": label,
            "series": number,
            "value": value,
            "colour": f"var(--c{colours[number]})",
            "tip": printable(f"{label}, {one.name}: {axis.spell(value)}"),
        }
        for number, one in enumerate(series)
        for place, (label, value) in enumerate(zip(axis.places, one.values, strict=True))
        if value
    ]
    return {name: _draw(_stack_spec(axis, values, width)) for name, width in WIDTHS.items()}


def _stack_spec(axis: Axis, values: list[dict[str, Any]], width: int) -> dict[str, Any]:
    # An axis of places, not of labels: two runs may start in one minute.
    last, bands = len(axis.places) - 1, max(len(axis.places), _FEWEST)
    every = -(-bands * _LABEL // width)
    ticks = list(range(last % every, last + 1, every))
    names = {place: axis.places[place] for place in ticks}
    labels = " : ".join([*(f"datum.value == {at} ? '{_plain(name)}'" for at, name in names.items()), "''"])
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
                "axis": _COUNT_AXIS | {"title": axis.unit, "format": axis.form, "tickMinStep": axis.step},
            },
            "order": {"field": "series", "type": "ordinal"},
            "color": {"field": "colour", "type": "nominal", "scale": None},
            "description": {"field": "tip"},
        },
    }


def _plain(text: str) -> str:
    """Labels stand in an expression: nothing but what dates are made of gets there."""
    return re.sub(r"[^0-9A-Za-z :.\-]", "", text)


def ranked(counts: Mapping[str, float], spell: Callable[[float], str] = "{:,.0f}".format) -> dict[str, str]:
    """Horizontal bars, one a name, in the order given, each with its number at its end.

    Args:
        counts: name to length of the bar.
        spell: how the number is spelt.

    Returns:
        Name of the width (`WIDTHS`) to SVG.

    Raises:
        UsageError: the charting library is not installed.
    """
    values = [
        {
            "at": place,
            "value": value,
            "shown": spell(value),
            "tip": f"{printable(name, _TIP)}: {spell(value)}",
            **{width: printable(name, longest) for width, longest in _LONGEST.items()},
        }
        for place, (name, value) in enumerate(counts.items())
    ]
    return {name: _draw(_bar_spec(values, name, width)) for name, width in WIDTHS.items()}


def _bar_spec(values: list[dict[str, Any]], size: str, width: int) -> dict[str, Any]:
    """Names are marks of text, not labels of the axis: those would be evaluated or merged if equal."""
    room = 260 if size == "wide" else 132
    longest = max((value["value"] for value in values), default=0) or 1
    y = {"field": "at", "type": "ordinal", "axis": None, "scale": {"paddingInner": 0.3}}
    text = {"type": "text", "fontSize": 12, "font": _FONT, "baseline": "middle"}
    scale = {"domain": [0, longest], "range": [room, width - 80]}
    bars = {"field": "value", "type": "quantitative", "axis": None, "scale": scale}
    return {
        "width": width,
        "height": {"step": 26},
        "data": {"values": values},
        "layer": [
            {
                "mark": {**text, "align": "right", "color": "var(--ink)"},
                "encoding": {
                    "y": y,
                    "x": {"value": room - 8},
                    "text": {"field": size},
                    "description": {"field": "tip"},
                },
            },
            {
                "mark": {"type": "bar", "color": "var(--c0)"},
                "encoding": {"y": y, "x": bars, "description": {"field": "tip"}},
            },
            {
                "mark": {**text, "align": "left", "dx": 6, "color": "var(--soft)"},
                "encoding": {"y": y, "x": bars, "text": {"field": "shown"}},
            },
        ],
    }


def _draw(spec: dict[str, Any]) -> str:
    """SVG of a specification: a picture to assistive technology, with tooltips for a pointer."""
    convert = _library()
    config = {"axis": _AXIS, "view": {"stroke": None}}
    sized = {"autosize": {"type": "fit-x", "contains": "padding"}, "padding": 2, "background": None}
    svg: str = convert.vegalite_to_svg({"$schema": _SCHEMA, **spec, **sized, "config": config})
    svg = _MARK.sub(r"<path\2><title>\1</title></path>", svg)
    return _TAG.sub(lambda tag: _ARIA.sub("", tag[0]), svg)


def _library() -> Any:
    try:
        import vl_convert  # noqa: PLC0415  (an extra; everything else works without it)
    except ImportError:
        raise UsageError(
            "The charts need vl-convert-python, which is not installed.", "Install it: pip install 'presslake[report]'."
        ) from None
    return vl_convert
