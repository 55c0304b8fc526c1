"""Object stores as a source: S3 and what speaks like it, Google Cloud Storage, Azure Blob Storage.

Belongs here: listing a prefix, reading many objects at a time, and what a store's errors mean to the person who
named it as a source.

- Credentials, region and endpoint come from the environment (`AWS_…`, `GOOGLE_…`, `AZURE_…`), in every
  process again: none is kept in the source, so none is written to the staging folder.
- One request lists a thousand objects with their etags, one reads an object. An object that changed since
  it was listed is read as it is now, with the etag that came with it; so the next run finds it as it was
  read, or reads it again. A store gives a whole version of an object or an error, never a part.
- obstore repeats a request that met throttling, 5xx or a time-out, with back-off and jitter. What breaks
  off in the middle of an answer is asked for again here.
"""

from __future__ import annotations

import errno
import os
import random
import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import pyarrow as pa

from config.errors import SourceError, SourceRefused, UsageError
from config.settings import Access
from tasks.discover.listing import Gathered, Globs, inside
from tasks.discover.location import SourceKind, SourceLocation
from tasks.runs.source import Content

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

_PAGE: Final = 1_000
#: Waits between requests, in seconds: the first, and the longest.
_FIRST_WAIT: Final = 0.1
_LONGEST_WAIT: Final = 15.0
_ENDPOINTS: Final = (
    *("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT"),
    *("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
)

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


@dataclass(frozen=True)
class ObjectSource:
    """Objects below a prefix; small and picklable. See `tasks.runs.source.Source`.

    Attributes:
        name: the source's name in the tables.
        root: the URL, such as `s3://bucket/prefix`.
        globs: which objects count; paths are keys without the prefix.
        access: how many requests, and how patient.
    """

    name: str
    root: str
    globs: Globs
    access: Access

    def list(self) -> pa.Table:
        """All objects that count.

        Raises:
            SourceRefused: no such bucket, no permission, no credentials, or a key that is no path.
            SourceError: the store did not answer as it should.
        """
        from obstore.exceptions import BaseError  # noqa: PLC0415

        gathered, times = Gathered(self.name, self.globs), list[datetime]()
        try:
            for page in _store(self.root, self.access).list(chunk_size=_PAGE):
                for found in page:
                    path = found["path"]
                    if not gathered.wants(path):
                        continue
                    if inside(path) != path:
                        gathered.skip("objects whose key is no path", path)
                        continue
                    gathered.note(path, found["size"], found["e_tag"])
                    times.append(found["last_modified"])
        except (BaseError, OSError, ValueError) as error:
            raise failure(self.name, self.root, error) from error
        return gathered.table(modified_at=times)

    def read_many(self, files: Sequence[tuple[str, str]], limit: int) -> Iterator[Content | OSError]:
        """Objects as they are now, in the order of `files`; `access.requests` of them at a time.

        Raises:
            SourceError: the store did not answer as it should.
        """
        store = _store(self.root, self.access)
        with ThreadPoolExecutor(self.access.requests) as threads:
            yield from threads.map(lambda file: self._read_patiently(store, file[0], limit), files)

    def _read_patiently(self, store: ObjectStore, path: str, limit: int) -> Content | OSError:
        """One object; an answer that breaks off is asked for again, with full jitter between.

        Source of the waits: Marc Brooker, "Exponential backoff and jitter", AWS Architecture Blog, 2015.
        """
        from obstore.exceptions import BaseError, PermissionDeniedError  # noqa: PLC0415

        for attempt in range(self.access.request_retries + 1):
            try:
                return _read(store, path, limit)
            except FileNotFoundError:
                return FileNotFoundError(errno.ENOENT, "Not there any more", path)
            except PermissionDeniedError:
                return PermissionError(errno.EACCES, "Permission denied", path)
            except BaseError as error:
                if attempt == self.access.request_retries:
                    raise failure(self.name, f"{self.root}/{path}", error) from error
            time.sleep(random.uniform(0, min(_FIRST_WAIT * 2**attempt, _LONGEST_WAIT)))  # noqa: S311
        raise AssertionError("the last attempt returns or raises")


def _read(store: ObjectStore, path: str, limit: int) -> Content:
    answer = store.get(path)
    if answer.meta["size"] > limit:
        # Too long to be parsed, so nobody looks at its bytes, only at how many there are.
        return Content(bytes(limit + 1), answer.meta["e_tag"])
    return Content(bytes(answer.bytes()), answer.meta["e_tag"])


@lru_cache(maxsize=16)
def _store(url: str, access: Access) -> ObjectStore:
    """The client for a URL; one a process, so that connections are used again.

    An endpoint that the environment names with http:// is meant: obstore needs the option for it.
    """
    from obstore.store import from_url  # noqa: PLC0415

    patience = timedelta(seconds=access.request_timeout_seconds)
    client: ClientConfig = {"timeout": patience, "connect_timeout": patience}
    if any(os.environ.get(name, "").startswith("http://") for name in _ENDPOINTS):
        client["allow_http"] = True
    retry: RetryConfig = {
        "max_retries": access.request_retries,
        "retry_timeout": patience * (access.request_retries + 1),
        "backoff": {
            "init_backoff": timedelta(seconds=_FIRST_WAIT),
            "max_backoff": timedelta(seconds=_LONGEST_WAIT),
            "base": 2,
        },
    }
    return from_url(url, client_options=client, retry_config=retry)


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


def _parse(spec: str) -> SourceLocation:
    url = urlsplit(spec)
    scheme, rest = spec.split("://", 1)
    root = f"{scheme.lower()}://{rest.rstrip('/')}"
    if not url.netloc or url.query or url.fragment:
        raise UsageError(f"The source {spec!r} is no bucket.", f"Write {scheme.lower()}://bucket/prefix.")
    return SourceLocation(root.rsplit("/", 1)[-1], "objects", root)


def _open(location: SourceLocation, globs: Globs, access: Access) -> ObjectSource:
    try:
        import obstore  # noqa: F401, PLC0415
    except ModuleNotFoundError as error:
        raise UsageError(
            f"Sources on object stores ({location.root}) need a package that is not installed.",
            "Install it: pip install 'presslake[object-store]'",
        ) from error
    return ObjectSource(location.name, location.root, globs, access)


KIND: Final = SourceKind("objects", "s3://bucket/prefix, gs:// and az://", ("s3", "gs", "az"), _parse, _open)
