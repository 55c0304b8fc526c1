"""Secrets in addresses are not shown."""

from __future__ import annotations

import pytest

from config.redaction import redacted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("s3://key:s3cr3t@bucket/news", "s3://***@bucket/news"),
        ("git+https://ghp_s3cr3t@host.example/repo.git", "git+https://***@host.example/repo.git"),
        ("https://a.example/x?sig=s3cr3t&v=1", "https://a.example/x?sig=***&v=1"),
        ("https://a.example/x?X-Amz-Signature=s3cr3t", "https://a.example/x?X-Amz-Signature=***"),
        ("options api_key=s3cr3t, region=eu", "options api_key=*** region=eu"),
        ("name=/data/news and me@paper.example", "name=/data/news and me@paper.example"),
        ("https://a.example/story@noon?page=2", "https://a.example/story@noon?page=2"),
    ],
)
def test_credentials_go_and_the_rest_stays(text: str, shown: str) -> None:
    assert redacted(text) == shown
    assert redacted(shown) == shown
