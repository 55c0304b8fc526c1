"""Object stores without a store: what their errors mean, and what is missing where the extra is."""

from __future__ import annotations

import pickle
import sys
from typing import Final

import pytest

from config.errors import SourceRefused, UsageError
from tasks.discover.objects import failure
from tasks.discover.source import open_source

#: What stores really said, shortened; the meaning that an error must tell, and whether asking again may help.
SAID: Final = [
    ("Generic S3 error: 404 Not Found: <Error><Code>NoSuchBucket</Code></Error>", "there is no such bucket", False),
    ("Generic S3 error: Missing AccessKeyId", "no credentials", False),
    ("Generic MicrosoftAzure error: Account must be specified", "no credentials", False),
    ("Generic GCS error: Error performing token request: GET http://169.254.169.254/x", "no credentials", False),
    ("403 Forbidden: <Error><Code>InvalidAccessKeyId</Code></Error>", "does not know the credentials", False),
    ("403 Forbidden: <Error><Code>AccessDenied</Code></Error>", "do not allow it", False),
    ("301 Moved Permanently: PermanentRedirect", "in another region", False),
    (
        'Encountered object with invalid path: Path "a//b.md" contained empty path segment',
        "whose key is no path",
        False,
    ),
    ("Error performing GET http://host/x - HTTP error: error sending request", "cannot be reached", True),
    ("after 10 retries - Server returned non-2xx status code: 503 Slow Down", "did not answer as it should", True),
]


@pytest.mark.parametrize(("said", "meaning", "may_pass"), SAID)
def test_errors_of_a_store_say_what_to_do(said: str, meaning: str, may_pass: bool) -> None:
    error = failure("news", "s3://bucket/x", OSError(f"{said}\n\nDebug source:\nGeneric {{}}"))
    assert meaning in error.message and "s3://bucket/x" in error.message
    assert isinstance(error, SourceRefused) is not may_pass
    assert error.hint and "Debug source" not in str(error) and "<" not in str(error)


def test_an_error_shows_no_signature() -> None:
    said = "Error performing GET https://a.blob.example/c?sv=1&sig=s3cret in 3ms - 500 Internal Server Error"
    assert "s3cret" not in str(failure("news", "az://c", OSError(said)))


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(UsageError, match=r"pip install 'presslake\[object-store\]'"):
        open_source("s3://bucket/news")


def test_a_source_holds_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    assert b"s3cret" not in pickle.dumps(open_source("s3://bucket/news"))
