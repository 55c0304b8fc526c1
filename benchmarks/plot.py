"""The plot `docs/benchmarks.svg`: time and CPU seconds of every program, part by part."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.goals import TITLES
from benchmarks.results import Part, Results
from benchmarks.subjects import PRESSLAKE

_OURS: Final = "#1b6ca8"
_THEIRS: Final = "#9aa5b1"
#: Opacity of the bars of CPU seconds.
_PALE: Final = 0.45
_BAR: Final = 0.38


def draw(results: Results, path: Path) -> None:
    """Write an SVG with one panel for each part but the scale; nothing where there is none."""
    parts = [name for name in TITLES if name in results and name != "scale"]
    if not parts:
        return
    mpl.rcParams["svg.hashsalt"] = "presslake"
    heights = [len(results[name].rows) for name in parts]
    figure = Figure(figsize=(9, 1.0 + 0.62 * sum(heights) + 0.5 * len(parts)), layout="constrained")
    panels = figure.subplots(len(parts), 1, height_ratios=heights, squeeze=False)
    for panel, name in zip(panels[:, 0], parts, strict=True):
        _panel(panel, TITLES[name], results[name])
    figure.savefig(path, metadata={"Date": None})


def _panel(panel: Any, title: str, part: Part) -> None:
    names = [row.subject for row in part.rows]
    colours = [_OURS if name == PRESSLAKE.name else _THEIRS for name in names]
    places = range(len(names))
    wall = panel.barh([y - _BAR / 2 for y in places], [row.wall for row in part.rows], _BAR, color=colours)
    cpu = panel.barh([y + _BAR / 2 for y in places], [row.cpu for row in part.rows], _BAR, color=colours, alpha=_PALE)
    panel.bar_label(wall, [f"{row.wall:.2f} s" for row in part.rows], padding=3, fontsize=8)
    panel.bar_label(cpu, [f"{row.cpu:.2f} CPU s" for row in part.rows], padding=3, fontsize=8)
    panel.set_yticks(list(places), names)
    panel.invert_yaxis()
    panel.margins(x=0.18)
    panel.set_title(f"{title} ({part.rows[0].files:,} files)", loc="left", fontsize=10)
    panel.spines[["top", "right"]].set_visible(False)
