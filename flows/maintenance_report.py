"""Maintenance in words: sentences for terminal and UI, and the report as Markdown.

Belongs here: the text. Does not belong here: the numbers (`tasks.maintain.outcome`) and the
terminal (`flows.commands.upkeep`).
"""

from __future__ import annotations

from tasks.maintain.outcome import Maintenance, some
from tasks.report.escaping import escaped
from tasks.report.words import counted, format_size


def headline(done: Maintenance) -> str:
    """The maintenance in one sentence."""
    if done.status == "damaged":
        return f"The warehouse is damaged: {counted(len(done.findings), 'finding')}."
    return "The warehouse is sound."


def maintenance_report(done: Maintenance) -> str:
    """The report as Markdown; names of files and articles are escaped."""
    parts = [f"# Maintenance of {escaped(done.warehouse)}", headline(done)]
    if done.findings:
        parts += ["## What is wrong", _list(done.findings)]
    parts += ["## What was done", _list(deeds(done))]
    if done.notes:
        parts += ["## Notes", _list(done.notes)]
    return "\n\n".join(parts) + "\n"


def _list(sentences: list[str]) -> str:
    return "\n".join(f"- {escaped(sentence)}" for sentence in sentences)


def deeds(done: Maintenance) -> list[str]:
    """What was done, a sentence each; one that says so where nothing was."""
    rewritten, expired = done.rewritten, done.expired
    sentences = []
    if done.staging_removed:
        sentences.append(f"Cleared {counted(len(done.staging_removed), 'folder')} that interrupted runs left.")
    if done.staging_left:
        sentences.append(f"Could not remove {some(done.staging_left)} from staging; the next run tries again.")
    if rewritten.runs:
        sentences.append(f"Forgot {counted(rewritten.runs, 'row')} of runs.")
    if rewritten.tombstones:
        sentences.append(f"Forgot {counted(rewritten.tombstones, 'file')} that went long ago.")
    sentences += [
        f"Spread {p.partition or 'all articles'} over {counted(p.new, 'file')} instead of {p.old:,}."
        for p in rewritten.partitions
    ]
    if rewritten.snapshot is not None:
        sentences.append(f"Published this as snapshot {rewritten.snapshot}.")
    if expired.snapshots:
        which = f"{counted(len(expired.snapshots), 'snapshot')} ({some(expired.snapshots)})"
        sentences.append(f"Removed {which}, which gave back {format_size(expired.bytes)}.")
    idle = "There was nothing to do." if done.status == "sound" else "Nothing was forgotten."
    return sentences or [idle]
