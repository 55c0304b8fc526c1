"""Texts as words and as sets of stable hashes, to measure the similarity of two texts.

Belongs here: normal forms, words, shingles and the outlet of an address; the parse stage
computes them and the deduplicate stage compares them. Does not belong here: the thresholds of similarity
(`tasks.deduplicate.pair_rule`).

The hashes stand in published manifests: they depend on nothing but the text, on no library's hash
and on no platform. A change here is a change of the reading code, so all files are read again.
"""

from __future__ import annotations

import hashlib
import html
import re
from functools import lru_cache
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

#: Odd multipliers that make a shingle's hash depend on the order of its words, and mix its bits
#: (the first three are the golden ratio's and those of SplitMix64; Steele et al., OOPSLA 2014).
_FACTORS: Final = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
_U64: Final = pa.uint64()

#: A sign of a script that writes no spaces between words.
_UNSPACED: Final = r"[\p{Han}\p{Hiragana}\p{Katakana}ー\p{Thai}\p{Khmer}\p{Lao}\p{Myanmar}]"

#: A word, or a sign of such a script; apostrophes and hyphens within a word are part of it.
_WORD: Final = rf"{_UNSPACED}|(?:[\pL\pN]\pM*)+(?:['’\-](?:[\pL\pN]\pM*)+)*"
#: What a text may have that is neither word nor sign between words: looked for on columns, then taken away. `(R)` and
#: `(C)` are marks only behind a word: on their own they are instalments, as `(A)` and `(B)` are.
_UNSEEN_OR_MARK: Final = "[\u00ad\u200b\u200e\u200f\u2060\ufeff™®©℠]|\\((?:tm|sm|TM|SM)\\)"
_MARKED: Final = f"{_UNSEEN_OR_MARK}|\\([rcRC]\\)|<[A-Za-z/]|&(?:[A-Za-z]+|#\\d+|#x[0-9A-Fa-f]+);"
_UNSEEN: Final = re.compile(rf"{_UNSEEN_OR_MARK}|(?<=\w)\([rcRC]\)")
#: Tags that mark up a text. Others, and one of these that nothing closes, are what it is about: "The <dialog> element".
_TAG: Final = re.compile(
    r"<(?P<end>/?)(?P<name>a|abbr|b|big|br|cite|code|del|div|em|font|h[1-6]|hr|i|img|ins|kbd|li|mark|p|q|s|small|span"
    r"|strike|strong|sub|sup|tt|u|wbr)(?:(?P<attributes>\s[^<>=]*=[^<>]*)|\s*/?)>",
    re.IGNORECASE,
)
#: Tags that part words, and those that nothing closes.
_BREAKS: Final = frozenset("br div h1 h2 h3 h4 h5 h6 hr img li p".split())
_UNCLOSED: Final = frozenset("br hr img p wbr".split())

#: A character that is no part of a word; RE2 needs 10 ms to compile this.
_SIGN: Final = r"[^\pL\pN\pM]"
_ASCII_SIGNS: Final = r"\x00-/:-@\[-`{-\x7f"
#: Most foreign signs that are searched for by name: more than texts of some hundred records have, and soon compiled.
_MAX_SIGNS: Final = 256
#: Bounds of the caches: foreign characters, words.
_MAX_CHARACTERS: Final = 1 << 16
_MAX_WORDS: Final = 1 << 18

#: Second-level labels under which country registries hand out names: `bbc.co.uk`, `abc.net.au`.
_REGISTRY_LABELS: Final = frozenset("ac co com edu go gob gov govt ltd me mil ne net nom or org plc sch".split())


def normal_text(texts: pa.StringArray) -> pa.StringArray:
    """Letters and digits only, compatibility forms unified, lower-case, single spaces; no mark-up, no trade marks."""
    marked = pc.fill_null(pc.match_substring_regex(texts, _MARKED), False)
    if pc.any(marked, min_count=0).as_py():
        bare = pa.array(map(_without_marks, texts.filter(marked).to_pylist()), pa.string())
        texts = pc.replace_with_mask(texts, marked, bare)
    # In ASCII nothing has another form, which normalisation takes long to find.
    foreign = pc.invert(pc.fill_null(pc.string_is_ascii(texts), True))
    if pc.any(foreign, min_count=0).as_py():
        texts = pc.replace_with_mask(texts, foreign, pc.utf8_normalize(texts.filter(foreign), "NFKC"))
    words = pc.utf8_lower(texts)
    signs = f"{_signs_of(words.filter(foreign))}+"
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(words, signs, " "))


def _without_marks(text: str) -> str:
    """A text without mark-up, entities (also those that were written twice), trade marks and unseen characters."""
    text = html.unescape(html.unescape(text))
    closed = {tag["name"].lower() for tag in _TAG.finditer(text) if tag["end"]} | _UNCLOSED

    def bare(tag: re.Match[str]) -> str:
        name = tag["name"].lower()
        is_mark_up = name in closed or tag["attributes"]
        return (" " if name in _BREAKS else "") if is_mark_up else tag[0]

    return _UNSEEN.sub("", _TAG.sub(bare, text))


def _signs_of(texts: pa.StringArray) -> str:
    """A pattern with the matches of `_SIGN` in ASCII and in these texts: it names their signs."""
    characters = {character for character in set("".join(texts.to_pylist())) if not character.isascii()}
    fresh = sorted(characters - _is_sign.keys())
    matches = dict(zip(fresh, pc.match_substring_regex(pa.array(fresh, pa.string()), _SIGN).to_pylist(), strict=True))
    if len(_is_sign) + len(matches) <= _MAX_CHARACTERS:
        _is_sign.update(matches)
    signs = sorted(c for c in characters if (matches[c] if c in matches else _is_sign[c]))
    return f"[{_ASCII_SIGNS}{''.join(signs)}]" if len(signs) <= _MAX_SIGNS else _SIGN


#: Foreign character to whether it is a sign. Entries are only added, as threads may share it.
_is_sign: Final[dict[str, bool]] = {}


def normal_words(texts: pa.StringArray) -> pa.StringArray:
    """`normal_text` with every sign of a script without spaces between words as a word of its own."""
    return spaced_words(normal_text(texts))


def word_counts(texts: pa.StringArray) -> pa.Int32Array:
    """(n,) runs of letters and digits of each text; of scripts without spaces each sign counts. A null has none."""
    return pc.fill_null(pc.count_substring_regex(texts, _WORD), 0)


def spaced_words(normal: pa.StringArray) -> pa.StringArray:
    """`normal_words` of texts that are in normal form."""
    if not pc.any(pc.match_substring_regex(normal, _UNSPACED), min_count=0).as_py():
        return normal
    spaced = pc.replace_substring_regex(normal, f"({_UNSPACED})", r" \1 ")
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(spaced, " +", " "))


def is_unspaced(word: str) -> bool:
    """Whether a normal word is a sign of a script without spaces between words."""
    return not word.isascii() and _is_unspaced(word[0])


@lru_cache(maxsize=_MAX_CHARACTERS)
def _is_unspaced(character: str) -> bool:
    return bool(pc.match_substring_regex(pa.scalar(character), _UNSPACED).as_py())


def shingles(titles: pa.StringArray, excerpts: pa.StringArray) -> pa.ListArray:
    """The hashed runs of three words of each record's title and excerpt.

    A text of one or two words is one run; no run crosses from title to excerpt.

    Args:
        titles, excerpts: (n,) strings; null is no text.

    Returns:
        (n,) lists of distinct int64, ascending.
    """
    return shingles_of_words(normal_words(titles), normal_words(excerpts))


def shingles_of_words(titles: pa.StringArray, excerpts: pa.StringArray) -> pa.ListArray:
    """`shingles` of texts that are `normal_words`."""
    count = len(titles)
    texts, hashes = _runs(pc.fill_null(pa.concat_arrays([titles, excerpts]), ""))
    rows = pc.if_else(pc.less(texts, count), texts, pc.subtract(texts, count))
    pairs = pa.table({"row": rows, "hash": hashes})
    pairs = _without_repeats(pairs.sort_by([("row", "ascending"), ("hash", "ascending")]).combine_chunks())
    starts = pa.array(range(count + 1), pa.int64())
    offsets = pc.search_sorted(pairs["row"].combine_chunks(), starts, side="left").cast(pa.int32())
    return pa.ListArray.from_arrays(offsets, pairs["hash"].combine_chunks())


def _without_repeats(pairs: pa.Table) -> pa.Table:
    """Sorted rows, each once. (Grouping them would do it too, and import Arrow's query engine.)"""
    if not len(pairs):
        return pairs
    later, earlier = pairs.slice(1), pairs.slice(0, len(pairs) - 1)
    differs = [pc.not_equal(later[name], earlier[name]) for name in pairs.column_names]
    return pairs.filter(pa.chunked_array([pa.array([True]), *pc.or_(*differs).chunks]))


def _runs(texts: pa.StringArray) -> tuple[pa.Int64Array, pa.Int64Array]:
    """Row and hash of every run of three words (or fewer, if there are no more) of n texts of normal words."""
    lists = pc.split_pattern(texts, " ")
    rows, words = pc.list_parent_indices(lists).cast(pa.int64()), pc.list_flatten(lists)
    hashes = _word_hashes(words)
    second, third = (_following(rows, hashes, steps) for steps in (1, 2))
    first = pc.not_equal(pa.concat_arrays([pa.array([-1], pa.int64()), rows])[:-1], rows)
    whole = pc.or_(pc.is_valid(third), pc.and_(first, pc.not_equal(words, "")))
    zero = pa.scalar(0, _U64)
    runs = [hashes, pc.fill_null(second, zero), pc.fill_null(third, zero)]
    weighed = [pc.multiply(run, pa.scalar(factor, _U64)) for run, factor in zip(runs, _FACTORS, strict=True)]
    total = mixed(pc.add(pc.add(weighed[0], weighed[1]), weighed[2]))
    return rows.filter(whole), total.view(pa.int64()).filter(whole)


def _following(rows: pa.Int64Array, hashes: pa.UInt64Array, steps: int) -> pa.UInt64Array:
    """The hash of the word `steps` later in the same text; null past its end."""
    count = min(steps, len(rows))
    same = pc.equal(rows[count:], rows[: len(rows) - count])
    later = pc.if_else(same, hashes[count:], pa.scalar(None, _U64))
    return pa.concat_arrays([later, pa.nulls(count, _U64)])


def mixed(values: pa.UInt64Array) -> pa.UInt64Array:
    """(n,) numbers in which every bit of a given one is spread over all others (the finalizer of SplitMix64)."""
    for shift, factor in ((30, _FACTORS[1]), (27, _FACTORS[2])):
        values = pc.bit_wise_xor(values, pc.shift_right(values, pa.scalar(shift, _U64)))
        values = pc.multiply(values, pa.scalar(factor, _U64))
    return pc.bit_wise_xor(values, pc.shift_right(values, pa.scalar(31, _U64)))


def _word_hashes(words: pa.StringArray) -> pa.UInt64Array:
    """Hash of each word; distinct words are hashed once."""
    encoded = words.dictionary_encode()
    hashed = pa.array(list(map(_hash_of_word.__getitem__, encoded.dictionary.to_pylist())), _U64)
    return hashed.take(encoded.indices)


class _WordMemo(dict[str, int]):
    """Word to its hash: a dictionary is asked in half the time that `lru_cache` takes."""

    def __missing__(self, word: str) -> int:
        hashed = hash_of_word(word)
        if len(self) >= _MAX_WORDS:
            self.clear()
        self[word] = hashed
        return hashed


_hash_of_word: Final = _WordMemo()


def hash_of_word(word: str) -> int:
    """A stable number of 64 bits for a text."""
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")


def outlets(urls: pa.StringArray, domains: pa.StringArray) -> pa.StringArray:
    """The registrable domain of each record's address, or else of its provider; null where neither is.

    Args:
        urls: (n,) absolute URLs or null.
        domains: (n,) host names or null.
    """
    found = pc.extract_regex(urls, r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/@]*@)?(?P<host>[^/:?#]+)")
    hosts = pc.coalesce(pc.struct_field(found, "host"), domains).dictionary_encode()
    names = pa.array([host and registrable_domain(host) for host in hosts.dictionary.to_pylist()], pa.string())
    return names.take(hosts.indices)


def named_outlets(outlet: pa.StringArray, domains: pa.StringArray, names: pa.StringArray) -> pa.StringArray:
    """Another outlet than that of the address, which a record names as its provider: a portal shows whose story it is.

    Args:
        outlet: (n,) as `outlets` gives it.
        domains, names: (n,) the provider's host name and name, or null.

    Returns:
        (n,) registrable domains other than `outlet`, else names in lower-case; null where the record has neither.
    """
    found = outlets(pa.nulls(len(domains), pa.string()), domains)
    other = pc.if_else(pc.fill_null(pc.not_equal(found, outlet), False), found, None)
    name = pc.utf8_lower(pc.utf8_trim_whitespace(names))
    return pc.coalesce(other, pc.if_else(pc.equal(name, ""), None, name))


def registrable_domain(host: str) -> str:
    """The domain under which an outlet's hosts stand: `news.bbc.co.uk` gives `bbc.co.uk`.

    The last two labels, or three under a country's second-level registry. A snapshot of the public
    suffix list would also part the blogs of one hosting service; but it changes from release to
    release, and who survives must not. Taken for one outlet, they are compared more strictly.
    """
    labels = host.lower().strip(".").split(".")
    under_registry = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _REGISTRY_LABELS
    return ".".join(labels[-3 if under_registry else -2 :])
