"""Stories as files: front matter in the shape of real producers', with what is odd about them.

Belongs here: the text of a file, good, duplicate or broken. Does not belong here: which files there
are (`plan`).

The shares follow real producers: 42% of the files without related entries, 14% with one to three,
44% with 20 to 40 (14 on average); 6% with a body (tail to 140 kB).
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from benchmarks.stories import Story, words

#: Longest body in bytes.
MAX_BODY: Final = 136_000

#: Every way of being broken; a file is quarantined for each of them.
BROKEN: Final = (
    "unclosed_fence",
    "unclosed_quote",
    "tab_indent",
    "unquoted_colon",
    "invalid_utf8",
    "long_title",
    "alias",
    "too_deep",
    "title_as_list",
    "title_as_mapping",
)
#: Every way of being a duplicate of another file.
DUPLICATES: Final = ("same_address", "other_spelling", "same_content")

#: Other spellings of a story's address; all lead to one page.
_SPELLINGS: Final[tuple[Callable[[str], str], ...]] = (
    lambda url: f"{url}?utm_source=feed&utm_medium=rss",
    lambda url: f"{url}/",
    lambda url: url.replace("https://www.", "http://"),
    lambda url: f"{url}#comments",
    lambda url: f"{url}/?fbclid=IwAR0{len(url)}",
)


def document(story: Story, related: Sequence[str], rng: random.Random) -> str:
    """The file of a story.

    Args:
        story: what it says.
        related: related entries as `related_entry` writes them.
        rng: decides on everything that is not in the story.
    """
    text = f"---\n{_about(story, rng)}{_provider(story)}{_topics(rng)}{_images(story, rng)}"
    if related:
        text += f"related:\n{''.join(related)}\n"
    secured = base64.b64encode(rng.randbytes(rng.randint(200, 560))).decode()
    text += f'secured: "{secured};{base64.b64encode(rng.randbytes(16)).decode()}"\n---\n{_body(rng)}'
    return text.replace("\n", "\r\n") if rng.random() < 0.005 else text


def related_entry(story: Story, rng: random.Random) -> str:
    """A story as an entry in other stories' lists; one in 600 has an empty address."""
    address = "" if rng.random() < 1 / 600 else story.url
    amp = f'    ampWebUrl: "{story.amp_url}"\n' if story.amp_url else ""
    image = (
        f'    images:\n      - url: "{story.image}"\n        width: 1200\n        height: 630\n        isCached: true\n'
    )
    return (
        f'  - title: "{story.title}"\n'
        f'    excerpt: "{story.excerpt}"\n'
        f"    publishedDateTime: {story.published:%Y-%m-%dT%H:%M:%SZ}\n"
        f'    webUrl: "{address}"\n{amp}'
        f"    type: {story.type}\n"
        f"    provider:\n      name: {story.outlet.name}\n      domain: {story.outlet.domain}\n"
        f"    quality: {story.quality}\n{image if rng.random() < 0.7 else ''}"
    )


def related_count(rng: random.Random) -> int:
    """How many related entries a file has."""
    share = rng.random()
    return 0 if share < 0.42 else rng.randint(1, 3) if share < 0.56 else rng.randint(20, 40)


def duplicate(kind: str, original: Story, rng: random.Random) -> Story:
    """A story that presslake recognises as a duplicate of another one.

    Args:
        kind: one of `DUPLICATES`.
        original: the other one.
        rng: decides on the text or the spelling.
    """
    if kind == "same_address":
        return replace(original, title=f"{original.title} {words(rng, 2)}", excerpt=words(rng, 30))
    if kind == "other_spelling":
        return replace(original, url=rng.choice(_SPELLINGS)(original.url))
    return replace(original, url=f"{original.url}-{rng.randrange(10**9)}", amp_url=None)


def broken(kind: str, text: str) -> bytes:
    """A good file's text with one defect, one of `BROKEN`; line ends become LF."""
    lines = text.replace("\r\n", "\n").split("\n")
    where = {line.partition(":")[0]: i for i, line in reversed(list(enumerate(lines)))}
    if kind == "unclosed_fence":
        # The body goes as well: nothing after the first line may look like a fence.
        del lines[lines.index("---", 1) :]
    else:
        _damage(kind, lines, where)
    content = "\n".join(lines).encode()
    return content.replace(b'title: "', b'title: "\xe9', 1) if kind == "invalid_utf8" else content


def _damage(kind: str, lines: list[str], where: dict[str, int]) -> None:
    title, provider = where["title"], where["provider"]
    match kind:
        case "unclosed_quote":
            lines[title] = 'title: "quoted" twice'
        case "tab_indent":
            lines[provider + 1] = "\t" + lines[provider + 1].strip()
        case "unquoted_colon":
            lines[title] = "title: One thing: another"
        case "long_title":
            lines[title] = f"title: {'and so on ' * 250}"
        case "alias":
            lines[title : title + 1] = [lines[title].replace("title: ", "title: &headline ", 1), "subtitle: *headline"]
        case "too_deep":
            lines.insert(title, f"nested: {'[' * 40}{']' * 40}")
        case "title_as_list":
            lines[title] = "title: [one, another]"
        case "title_as_mapping":
            lines[title] = "title: {en: one}"


def _about(story: Story, rng: random.Random) -> str:
    amp = ""
    if story.amp_url:
        host = story.url.split("/")[2]
        cache_host = host.replace("-", "--").replace(".", "-")
        page = story.amp_url.removeprefix("https://")
        amp = f'ampWebUrl: "{story.amp_url}"\ncdnAmpWebUrl: "https://{cache_host}.cdn.ampproject.org/c/s/{page}"\n'
    return (
        f'category: news\ntitle: "{_title(story.title, rng)}"\nexcerpt: "{story.excerpt}"\n'
        f"publishedDateTime: {story.published:%Y-%m-%dT%H:%M:%SZ}\n"
        f'originalUrl: "{story.url}"\nwebUrl: "{story.url}"\n{amp}'
        f"type: {story.type}\nquality: {story.quality}\n"
        f"heat: {-1 if rng.random() < 0.3 else rng.randint(0, 300)}\n"
        f"published: {'true' if rng.random() < 0.9 else 'false'}\n\n"
    )


def _title(title: str, rng: random.Random) -> str:
    """Escapes, entities and broken encodings, as often as real titles have them; they add no word."""
    share = rng.random()
    if share < 0.03:
        return f'\\"{title}\\"'
    if share < 0.04:
        return title.replace(" ", " &amp; ", 1)
    if share < 0.0402:
        return title.replace(" ", " â€” ", 1)
    return title.replace(" ", "\\u00a0", 1) if share < 0.06 else title


def _provider(story: Story) -> str:
    logo = f"https://logos.example/organizations/{story.outlet.domain}-50x50.jpg"
    return (
        f"provider:\n  name: {story.outlet.name}\n  domain: {story.outlet.domain}\n"
        f'  images:\n    - url: "{logo}"\n      width: 50\n      height: 50\n\n'
    )


def _topics(rng: random.Random) -> str:
    topics = [f"  - {words(rng, 2).title()}\n" for _ in range(rng.randint(1, 4))]
    if rng.random() < 0.0006:
        topics.append("  -\n")
    return f"topics:\n{''.join(topics)}\n"


def _images(story: Story, rng: random.Random) -> str:
    count = rng.choice((0, 1, 1, 1, 1, 2))
    images = [
        f'  - url: "{story.image}?n={i}"\n    width: {rng.randint(300, 2400)}\n    height: {rng.randint(200, 1600)}\n'
        "    isCached: true\n"
        for i in range(count)
    ]
    return f"images:\n{''.join(images)}\n" if images else ""


def _body(rng: random.Random) -> str:
    if rng.random() >= 0.06:
        return "\n"
    size = min(int(rng.lognormvariate(8.3, 1.2)), MAX_BODY)
    text = words(rng, max(size // 7, 1))
    return f"<p>{text[:size]}</p>\n"
