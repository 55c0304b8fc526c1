"""Related entries: the list of a record, the rows of the table `related`, and the digest that tells lists apart.

Belongs here: turning one form into another. Does not belong here: typing the entries (`tasks.parse`), and which
rows are written (`tasks.write`).

An article's entries are rows of `related`; a duplicate keeps its own as a list. A record may change from the one to
the other, so both forms hold the same fields.
"""

from __future__ import annotations

import hashlib
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc

from tasks.arrow.columns import whole
from tasks.arrow.nested import plain_items


def related_rows(article_ids: pa.Array | pa.ChunkedArray, lists: pa.Array, schema: pa.Schema) -> pa.Table:
    """The entries of articles as rows, in the order of the articles, then as they stand in the lists.

    Args:
        article_ids: (n,) ids.
        lists: (n,) lists of entries, none null.
        schema: of the table `related`.
    """
    items, rows = plain_items(lists.flatten()), pc.list_parent_indices(lists)
    starts = pc.subtract(lists.offsets, lists.offsets[0])
    columns = {field.name: items.field(i) for i, field in enumerate(items.type)}
    columns["article_id"] = whole(article_ids).take(rows)
    columns["position"] = pc.subtract(pa.arange(0, len(items)), starts.take(rows))
    if "images" in columns:
        columns["image_url"] = _first_image(columns["images"])
    missing = {f.name: pa.nulls(len(items), f.type) for f in schema if f.name not in columns}
    return pa.table([(columns | missing)[name] for name in schema.names], names=schema.names).cast(schema)


def _first_image(images: pa.ListArray) -> pa.StringArray:
    has = pc.greater(pc.list_value_length(images), 0)
    first = images.offsets.slice(0, len(images))
    return images.values.field("url").take(pc.if_else(has, first, None))


def related_lists(rows: pa.Table, article_ids: pa.Array | pa.ChunkedArray, kind: pa.ListType) -> pa.ListArray:
    """The list of entries of each article: what `related_rows` made rows of.

    Args:
        rows: rows of the table `related`, those of other articles among them.
        article_ids: (n,) ids, each once.
        kind: type of the lists.

    Returns:
        (n,) lists, none null.
    """
    of_article = pc.index_in(whole(rows["article_id"]), whole(article_ids)).cast(pa.int64())
    wanted = pa.table({"article": of_article, "position": rows["position"], "row": pa.arange(0, len(rows))})
    wanted = wanted.filter(pc.is_valid(of_article)).sort_by([("article", "ascending"), ("position", "ascending")])
    entries = rows.take(wanted["row"])
    fields = list(kind.value_type)
    items = pa.StructArray.from_arrays([whole(entries[field.name]).cast(field.type) for field in fields], fields=fields)
    bounds = pc.search_sorted(whole(wanted["article"]), pa.arange(0, len(article_ids) + 1), side="left")
    return pa.ListArray.from_arrays(bounds.cast(pa.int32()), items, type=kind)


def without_entries(lists: pa.ListArray, article_ids: pa.Array) -> pa.ListArray:
    """The lists without the entries of some articles.

    Args:
        lists: (n,) lists of entries, none null; of items that recur the distinct ones may be held once.
        article_ids: ids of the articles whose entries go.
    """
    items = lists.flatten()
    recur = pa.types.is_dictionary(items.type)
    distinct = items.dictionary if recur else items
    goes = pc.fill_null(pc.is_in(distinct.field("related_article_id"), article_ids), False)
    kept = pc.invert(goes.take(items.indices) if recur else goes)
    counts = pa.concat_arrays([pa.array([0], pa.int64()), pc.cumulative_sum(kept.cast(pa.int64()))])
    offsets = counts.take(pc.subtract(lists.offsets, lists.offsets[0])).cast(pa.int32())
    return pa.ListArray.from_arrays(offsets, items.filter(kept))


def related_digests(lists: pa.ListArray) -> pa.StringArray:
    """A digest of each list of entries; equal lists, and only they, have equal ones.

    Args:
        lists: (n,) lists without nulls; of items that recur the distinct ones may be held once.

    Returns:
        (n,) 16 hex digits of BLAKE2b over the digests of the entries; null for an empty list.
    """
    items = lists.flatten()
    distinct = items.dictionary if pa.types.is_dictionary(items.type) else items
    of_entry = [_digest(text) for text in _texts(distinct).cast(pa.binary()).to_pylist()]
    order = items.indices.to_pylist() if pa.types.is_dictionary(items.type) else range(len(items))
    entries = [of_entry[number] for number in order]
    bounds = pc.subtract(lists.offsets, lists.offsets[0]).to_pylist()
    texts = [_digest(b"".join(entries[start:stop])).hex() if stop > start else None for start, stop in pairwise(bounds)]
    return pa.array(texts, pa.string())


def _texts(values: pa.Array) -> pa.StringArray:
    """(n,) texts: equal values, and only they, have equal ones. Lengths stand before the parts, `-` for a null."""
    if pa.types.is_struct(values.type):
        joined = pc.binary_join_element_wise(*map(_texts, values.flatten()), "")
    elif pa.types.is_list(values.type):
        joined = pc.binary_join(_lists_of(_texts(values.flatten()), values), "")
    elif pa.types.is_timestamp(values.type):
        joined = values.cast(pa.int64()).cast(pa.string())
    else:
        joined = values.cast(pa.string())
    length = pc.binary_length(joined).cast(pa.string())
    return pc.fill_null(pc.binary_join_element_wise(length, joined, ":"), "-")


def _lists_of(items: pa.Array, lists: pa.ListArray) -> pa.ListArray:
    """The lists with other items."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0)
    bounds = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths).cast(pa.int32())])
    return pa.ListArray.from_arrays(bounds, items, mask=pc.is_null(lists))


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=8).digest()
