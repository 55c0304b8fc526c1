"""Text from files in Markdown: shown as it is, never markup."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from tasks.report.escaping import block, cell, code, escaped, prose

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</td><script>alert(1)</script>",
    "[click](javascript:alert(1))",
    "![x](https://evil.example/x.png)",
    "`code` | **bold** | _more_ ~~gone~~",
    "line\n\n# heading\n- item",
    "&lt;script&gt;&#x3c;b&#62;",
    "www.evil.example and https://evil.example/ and me@evil.example",
    "a\\`b\\|c ``` d",
    "<!-- -->$$x$$ ==y==",
]


def rendered(markdown: str) -> str:
    return str(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(markdown))


def visible(text: str) -> str:
    """The text as HTML shows it where no part of it is markup."""
    flat = " ".join(text.split())
    return flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_escaped_text_is_shown_and_is_no_markup(hostile: str) -> None:
    assert rendered(f"x {escaped(hostile)} x").replace("&quot;", '"') == f"<p>x {visible(hostile)} x</p>\n"


@pytest.mark.parametrize("hostile", [*HOSTILE, "# heading", "- item", "1. item", "=="])
def test_a_cell_of_an_artifact_is_no_markup_either(hostile: str) -> None:
    assert rendered(cell(hostile)).replace("&quot;", '"') == f"<p>{visible(hostile)}</p>\n"


def test_a_cell_leaves_ordinary_paths_alone() -> None:
    assert cell("news/2026-03-02 night-ferry.md:13:11") == "news/2026-03-02 night-ferry.md:13:11"


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_cell_stays_one_cell(hostile: str) -> None:
    html = rendered(f"| a | b |\n|---|---|\n| {escaped(hostile)} | {code(hostile)} |\n| 1 | 2 |")
    assert html.count("<td>") == 4
    assert "<script" not in html
    assert "<img" not in html
    assert "<a " not in html


def test_characters_that_reverse_text_or_ring_bells_are_spelt() -> None:
    assert escaped("a\u202eb\x07") == "a\\\\u202eb\\\\x07"


def test_names_in_our_own_messages_become_code_and_nothing_else_does() -> None:
    assert prose("`guards.min_files` is 3.") == "`guards.min_files` is 3\\."
    assert prose("`<b>` and `a|b`") == "\\`&lt;b&gt;\\` and \\`a\\|b\\`"


def test_no_text_ends_its_block_of_code() -> None:
    assert rendered(block("a\n````\n# b")).count("<pre>") == 1
    assert "<h1>" not in rendered(block("a\n````\n# b"))


def test_addresses_show_no_credentials() -> None:
    assert "s3cr3t" not in escaped("s3://k:s3cr3t@bucket") + code("s3://k:s3cr3t@bucket")
