"""The cause and the way out where most files fail: what they do have, and only then what to leave out or accept.

Belongs here: those sentences. Does not belong here: when they are needed (`flows.guards`, `flows.check`), and which
field can fill which column (`renames`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from config.contract_types import Column
from tasks.report.field_shapes import Shape
from tasks.report.renames import Rename, renames
from tasks.report.words import counted, finding_location, format_message, printable

#: Fields that are named where none of them can fill what is missing.
_MOST_FIELDS: Final = 5
_MISSING: Final = "field/missing"


class Fault(NamedTuple):
    """The first error of a file."""

    path: str
    line: int | None
    column: int | None
    code: str
    field: str
    message: str
    value: str

    @classmethod
    def of(cls, path: str, finding: Mapping[str, Any]) -> Fault:
        """The fault that a row of findings, or a violation in the quarantine, says."""
        place = (finding["line"], finding["column"], finding["code"], finding["field"] or "")
        return cls(path, *place, finding["message"], finding["value"] or "")


def way_out(
    faults: Sequence[Fault], seen: Shape, columns: Sequence[Column], total: int, source: str, *, accept: str = ""
) -> list[str]:
    """Why most files fail, what they have instead, and what to do, a sentence each.

    Args:
        faults: of all files that fail, one a file.
        seen: the unknown fields of these files.
        columns: those that the contract reads from files.
        total: files, those that do not fail too.
        source: as the command line names it.
        accept: how to run again so that they pass; empty where there is no such way.
    """
    if not faults:
        return []
    source = printable(source)
    fitting = renames(seen, columns)
    # Files that have the column under another name are articles.
    folder, number = ("", 0) if fitting else _folder(faults)
    ways = [f"`presslake check {source}` lists what is to be mended."]
    if seen.fields and any(fault.code.startswith(("field/", "time/")) for fault in faults):
        ways = [f"`presslake init {source}` writes a contract that fits these files."]
    if folder and number < total:
        ways.append(f"`--exclude {folder}/` leaves out {number:,} of them, if they are no articles.")
    else:
        ways.append("`--exclude PATTERN` leaves out files that are no articles.")
    if accept:
        ways.append(f"If such files are to be expected, {accept}.")
    return [*_cause(faults, seen, columns, fitting), *ways]


def _cause(faults: Sequence[Fault], seen: Shape, columns: Sequence[Column], renamed: Sequence[Rename]) -> list[str]:
    """The most frequent error, and the fields that the files have instead."""
    (code, field), number = Counter((fault.code, fault.field) for fault in faults).most_common(1)[0]
    first = next(fault for fault in faults if (fault.code, fault.field) == (code, field))
    if code != _MISSING:
        place = printable(finding_location("", first.path, first.line, first.column).lstrip("/"))
        message = format_message(first.field, first.message, first.value)
        return [f"{counted(number, 'file has', 'files have')} {code}, such as {place}: {message.rstrip('.')}."]
    wanted = next((column for column in columns if _names(column, field)), None)
    name = wanted.name if wanted else field
    sentences = [
        f"{counted(number, 'file has', 'files have')} no `{printable(name)}`, such as {printable(first.path)}."
    ]
    fitting = next((one for one in renamed if one.column.name == name), None)
    if fitting:
        key = printable(".".join(map(str, fitting.path)))
        example = next((f', such as "{printable(text)}"' for text in fitting.shape.examples), "")
        some = "All" if fitting.lacking == number else f"{fitting.lacking:,}"
        sentences.append(f"{some} of them have `{key}`{example}: it can fill `{name}`.")
    elif seen.fields:
        ranked = sorted(seen.fields.items(), key=lambda item: (-item[1].count, item[0]))[:_MOST_FIELDS]
        listed = ", ".join(f"`{printable(key, 40)}` ({shape.count:,})" for key, shape in ranked)
        sentences.append(f"The fields that they have and the contract does not know: {listed}.")
    return sentences


def _names(column: Column, field: str) -> bool:
    """Whether a finding's field is a column's first one."""
    return bool(column.sources) and ".".join(map(str, column.sources[0])) == field


def _folder(faults: Sequence[Fault]) -> tuple[str, int]:
    """The folder at the top that has most of the files that fail, and how many; empty where none has."""
    tops = Counter(fault.path.partition("/")[0] for fault in faults if "/" in fault.path)
    folder, number = tops.most_common(1)[0] if tops else ("", 0)
    return (printable(folder), number) if number * 2 > len(faults) else ("", 0)
