"""What an object store's errors mean to the person who named it as a source.

Belongs here: telling what may pass from what will not, and the way out. Does not belong here: asking the
store (`tasks.discover.objects`).
"""

from __future__ import annotations

import re
from typing import Final

from config.errors import SourceError, SourceRefused

#: Words in a store's answer, what they mean, and what to do. The first that fits counts.
_REFUSALS: Final = (
    (
        r"empty path segment|invalid path|path segment",
        "it holds an object whose key is no path (an empty part, `.` or `..`)",
        "Rename that object, or name a longer prefix that leaves it out.",
    ),
    (
        r"NoSuchBucket|ContainerNotFound|bucket does not exist|specified bucket|404 Not Found",
        "there is no such bucket",
        "Check its name, and region and endpoint in the environment (docs/sources.md).",
    ),
    (
        r"Missing \w*Key|Account must be specified|169\.254\.|metadata|token request|could not find credentials",
        "there are no credentials for it in the environment",
        "Set them as docs/sources.md says, or AWS_SKIP_SIGNATURE=true for a public bucket.",
    ),
    (
        r"InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken|401 Unauthorized|AuthenticationFailed",
        "it does not know the credentials in the environment",
        "Check them (docs/sources.md).",
    ),
    (
        r"AccessDenied|403 Forbidden|AuthorizationFailure|AllAccessDisabled",
        "the credentials in the environment do not allow it",
        "They need the right to list the bucket and to read its objects.",
    ),
    (
        r"PermanentRedirect|301 Moved|AuthorizationHeaderMalformed|region",
        "the bucket is in another region",
        "Set AWS_REGION to the bucket's region.",
    ),
)  # fmt: skip
_UNREACHED: Final = re.compile(r"error sending request|dns error|connection refused|connect error", re.IGNORECASE)
#: Queries of URLs can hold signatures.
_QUERY: Final = re.compile(r"\?[^\s,)]*")
_MOST_SHOWN: Final = 300


def failure(name: str, url: str, error: Exception) -> SourceError:
    """The error of a store as one of ours; it shows no query of a URL and no header.

    Args:
        name: the source's name.
        url: what was asked for.
        error: what obstore raised.

    Returns:
        `SourceRefused` where asking again cannot help.
    """
    said = _QUERY.sub("", str(error).split("\n\nDebug source", maxsplit=1)[0]).strip()
    for words, meaning, remedy in _REFUSALS:
        if re.search(words, said, re.IGNORECASE):
            return SourceRefused(
                f"Source {name!r}: {url} cannot be read: {meaning}.", f"{remedy} It said: {_short(said)}"
            )
    if _UNREACHED.search(said):
        return SourceError(
            f"Source {name!r}: {url} cannot be reached: {_short(said)}.",
            "Check the network and the endpoint in the environment (AWS_ENDPOINT_URL for S3).",
        )
    return SourceError(f"Source {name!r}: {url} did not answer as it should: {_short(said)}.", "Run again later.")


def _short(text: str) -> str:
    """One line, without markup."""
    line = " ".join(re.sub(r"<[^>]*>", " ", text).split()).rstrip(".")
    return line if len(line) <= _MOST_SHOWN else f"{line[:_MOST_SHOWN]}…"
