"""Sources on an object store, end to end: against moto, through a proxy that fails as real endpoints do.

The listing of 100,000 keys and the number of requests at a time come from a thin responder: moto takes
minutes for the one, and tells nothing of the other.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from config.errors import SourceRefused
from config.settings import Access
from flows.start import run_ingest
from tasks.discover import objects
from tasks.discover.listing import DEFAULT_INCLUDE
from tasks.discover.source import open_source
from tasks.report.outcome import Outcome
from tasks.runs.source import Content
from tests.builders import article, assert_like_folder, page, write_files
from tests.e2e.s3_endpoint import Endpoint, bucket_of, passed_on, running
from tests.newsroom import settings_for

BUCKET: Final = "press"
PATIENT: Final = {"request_timeout_seconds": 1.0, "request_retries": 6}
STORIES: Final = {f"_news/{n:02}.md": article(f"Story {n}", body=f"Text {n}.", originalUrl=page(n)) for n in range(30)}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    objects._store.cache_clear()


@pytest.fixture(scope="module")
def moto() -> Iterator[int]:
    from moto.server import ThreadedMotoServer  # noqa: PLC0415

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server.get_host_and_port()[1]
    server.stop()


@pytest.fixture
def store(moto: int) -> Any:
    """A client of moto with the stories in a bucket; nothing else is in it."""
    import boto3  # noqa: PLC0415

    client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{moto}")
    client.create_bucket(Bucket=BUCKET)
    for found in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=found["Key"])
    for path, content in STORIES.items():
        client.put_object(Bucket=BUCKET, Key=f"site/{path}", Body=content)
    return client


@pytest.fixture
def proxy(moto: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Endpoint]]:
    """Starts a proxy in front of moto, and makes it the endpoint."""
    with ExitStack() as proxies:

        def start(**faults: Any) -> Endpoint:
            endpoint = proxies.enter_context(running(Endpoint(passed_on(moto), **faults)))
            monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint.url)
            objects._store.cache_clear()
            return endpoint

        yield start


def load(folder: Path, **run: Any) -> Outcome:
    """Run the bucket's stories into a warehouse."""
    return run_ingest([f"news=s3://{BUCKET}/site"], settings_for(folder / "warehouse", run, access=PATIENT))


def assert_loaded(folder: Path, stories: dict[str, bytes]) -> None:
    """The warehouse says what one run over a folder with these stories says."""
    write_files(folder / "files", stories)
    assert_like_folder(folder / "warehouse", folder / "files", folder / "rebuilt")


def test_objects_give_the_tables_of_their_files_and_cost_nothing_twice(
    store: Any, proxy: Callable[..., Endpoint], tmp_path: Path
) -> None:
    endpoint = proxy()
    assert load(tmp_path).files.new == len(STORIES)
    assert load(tmp_path).status == "unchanged"
    assert endpoint.keys_given() == dict.fromkeys((f"site/{path}" for path in STORIES), 1)

    changed = {**STORIES, "_news/01.md": article("Corrected", originalUrl=page(1)), "_news/new.md": article("New")}
    del changed["_news/02.md"]
    store.delete_object(Bucket=BUCKET, Key="site/_news/02.md")
    for path in ("_news/01.md", "_news/new.md"):
        store.put_object(Bucket=BUCKET, Key=f"site/{path}", Body=changed[path])
    files = load(tmp_path).files
    assert (files.new, files.changed, files.removed) == (1, 1, 1)
    assert_loaded(tmp_path, changed)


def test_throttling_errors_cuts_and_time_outs_lose_nothing_and_double_nothing(
    store: Any, proxy: Callable[..., Endpoint], tmp_path: Path
) -> None:
    endpoint = proxy(failing=3)
    load(tmp_path)
    assert endpoint.keys_given() == dict.fromkeys((f"site/{path}" for path in STORIES), 1)
    assert set(endpoint.asked.values()) == {4}
    assert_loaded(tmp_path, STORIES)


def test_objects_that_change_or_go_between_listing_and_reading_are_whole_versions(
    store: Any, proxy: Callable[..., Endpoint], tmp_path: Path
) -> None:
    later = {**STORIES, "_news/03.md": article("Changed meanwhile", originalUrl=page(3))}
    del later["_news/04.md"]

    def meanwhile(target: str) -> None:
        if target.endswith("03.md"):
            store.put_object(Bucket=BUCKET, Key="site/_news/03.md", Body=later["_news/03.md"])
        if target.endswith("04.md"):
            store.delete_object(Bucket=BUCKET, Key="site/_news/04.md")

    proxy(before=meanwhile)
    load(tmp_path)
    load(tmp_path)
    assert_loaded(tmp_path, later)


def test_an_object_that_changes_back_after_it_was_read_is_read_again(
    store: Any, proxy: Callable[..., Endpoint], tmp_path: Path
) -> None:
    def meanwhile(target: str) -> None:
        if target.endswith("03.md"):
            store.put_object(Bucket=BUCKET, Key="site/_news/03.md", Body=article("For a moment"))

    proxy(before=meanwhile)
    load(tmp_path)
    store.put_object(Bucket=BUCKET, Key="site/_news/03.md", Body=STORIES["_news/03.md"])
    proxy()
    load(tmp_path)
    assert_loaded(tmp_path, STORIES)


def test_two_runs_at_once_write_one_after_the_other(store: Any, proxy: Callable[..., Endpoint], tmp_path: Path) -> None:
    proxy()
    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(lambda _: load(tmp_path, lock_timeout_seconds=60), range(2)))
    assert sorted(outcome.status for outcome in outcomes) == ["completed", "unchanged"]
    assert_loaded(tmp_path, STORIES)


def test_what_is_wrong_with_a_bucket_is_told(
    store: Any, proxy: Callable[..., Endpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy()
    patience = Access(request_retries=0, request_timeout_seconds=5.0)

    def listed(url: str) -> None:
        objects._store.cache_clear()
        open_source(url, None, DEFAULT_INCLUDE, (), patience).list()

    with pytest.raises(SourceRefused, match="s3://nosuch cannot be read: there is no such bucket"):
        listed("s3://nosuch")
    store.put_object(Bucket=BUCKET, Key="odd//key.md", Body=b"")
    with pytest.raises(SourceRefused, match=r"whose key is no path.*odd//key.md"):
        listed(f"s3://{BUCKET}")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(SourceRefused, match="no credentials for it in the environment"):
        listed(f"s3://{BUCKET}")


def test_a_hundred_thousand_keys_are_listed_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [f"site/{n // 1000:03}/{n:06}.md" for n in range(100_000)]
    with running(Endpoint(bucket_of(keys, lambda _key: b"x" * 9))) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint.url)
        listing = open_source(f"s3://{BUCKET}/site").list()
    assert listing["source_path"].to_pylist() == [key.removeprefix("site/") for key in keys]
    assert len(endpoint.asked) == 100


def test_as_many_requests_as_the_setting_says_are_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    with running(Endpoint(bucket_of([], str.encode), latency=0.05)) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint.url)
        source = objects.ObjectSource("news", f"s3://{BUCKET}", open_source(".").globs, Access(requests=32))  # type: ignore[attr-defined]
        read = list(source.read_many([(f"{n}.md", "") for n in range(400)], 100))
    assert read == [Content(f"{n}.md".encode(), '"1"') for n in range(400)]
    assert endpoint.most_at_once == 32
