"""The plot `docs/benchmarks.svg`: time and CPU seconds of every program, part by part."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import vl_convert

from benchmarks.goals import TITLES
from benchmarks.results import Part, Results
from benchmarks.subjects import PRESSLAKE

_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.json"
_OURS: Final = "#1b6ca8"
_THEIRS: Final = "#9aa5b1"
_TITLE: Final = {"anchor": "start", "frame": "group", "fontSize": 13}
_LABEL: Final = {"type": "text", "align": "left", "dx": 4, "fontSize": 10}
#: Pixels: width of the bars' area, and height of one program's two bars.
_WIDTH: Final = 420
_STEP: Final = 34
#: Parts that compare presslake with itself: they have tables only.
_NOT_DRAWN: Final = ("scale", "start")


def draw(results: Results, path: Path) -> None:
    """Write an SVG with one panel for each part that compares programs; nothing where there is none."""
    panels = [_panel(TITLES[name], results[name]) for name in TITLES if name in results and name not in _NOT_DRAWN]
    if panels:
        spec = {"$schema": _SCHEMA, "background": "white", "vconcat": panels, "config": {"view": {"stroke": None}}}
        path.write_text(vl_convert.vegalite_to_svg(spec))


def _panel(title: str, part: Part) -> dict[str, Any]:
    """Two bars a program: seconds by the clock, and CPU seconds in a paler colour."""
    values = [
        {"program": row.subject, "measure": measure, "seconds": seconds, "shown": f"{seconds:,.2f} {unit}"}
        for row in part.rows
        for measure, seconds, unit in (("time", row.wall, "s"), ("CPU", row.cpu, "CPU s"))
    ]
    order = [row.subject for row in part.rows]
    encoding = {
        "y": {"field": "program", "type": "nominal", "sort": order, "title": None, "axis": {"labelLimit": 260}},
        "yOffset": {"field": "measure", "sort": ["time", "CPU"]},
        "x": {"field": "seconds", "type": "quantitative", "title": "seconds", "axis": {"grid": False, "tickCount": 5}},
    }
    colour = {"condition": {"test": f"datum.program === '{PRESSLAKE.name}'", "value": _OURS}, "value": _THEIRS}
    opacity = {"condition": {"test": "datum.measure === 'time'", "value": 1}, "value": 0.45}
    return {
        "title": {"text": f"{title} ({part.rows[0].files:,} files)", **_TITLE},
        "width": _WIDTH,
        "height": {"step": _STEP / 2},
        "data": {"values": values},
        "encoding": encoding,
        "layer": [
            {"mark": "bar", "encoding": {"color": colour, "opacity": opacity}},
            {"mark": _LABEL, "encoding": {"text": {"field": "shown"}}},
        ],
    }
