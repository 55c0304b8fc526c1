"""Headlines and bodies as deduplication compares them: what outlets add to a title, and sketches of long texts.

Belongs here: features of a record that follow from its raw title, its type and its body. Does not belong here: words
and shingles (`texts`), and what the features mean for two records (`tasks.deduplicate.pair_rule`).
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.arrow.texts import is_unspaced, normal_text, normal_words, shingles_of_words, spaced_words

#: A label of up to four words before a colon, a full-width colon or bracket, or a wire's number (`ROUNDUP 2-`).
_NUMBERED: Final = r"^\s*(?:\pL+\s+)?\d-(?P<rest>\pL.*)$"
_LABELLED: Final = (
    r"^\s*[\[【]?(?:[^\s:：|\[\]【】]+\s+){0,3}[^\s:：|\[\]【】]+\s*(?::\s|：|[\]】])\s*(?P<rest>.*\S)\s*$"
)
#: A credit of up to four words behind a bar, a dash between spaces, an opening bracket or `=`. Never behind a colon:
#: "...: fake" says something else.
_CREDIT: Final = (
    r"^(?P<rest>.*\S)(?:\s+[|｜–—-]+\s+|\s*[|｜=]\s*|\s*[(（])[^\s|｜()（）=]+(?:\s+[^\s|｜()（）=]+){0,3}[)）]?\s*$"
)
#: Words in front of a colon that make another article of a headline.
_KINDS_OF_ARTICLE: Final = (
    r"^\s*[\[【]?(?i:opinion|preview|review|analysis|correction|corrected|explainer|fact check|podcast|interview|"
    r"editorial|comment|kommentar|analyse|vorschau|korrektur|opini[oó]n|an[aá]lisis|avis|critique|entretien|opinione|opinie)\b"
)
_MEDIA: Final = {"video": r"\bvideo|\bmovie|\bfilm\b", "audio": r"\baudio|\bpodcast|\bsound"}

#: First letters by which a word of a headline is found in a text in spite of its ending.
STEM: Final = 5
#: Signs that are taken together, and letters of an alphabet without spaces.
_SIGNS: Final = 2
_LETTERS: Final = 4
#: The letters of Thai.
THAI: Final = frozenset(map(chr, range(0x0E00, 0x0E80)))

#: Characters of a body that are compared: some two hundred words.
_CHARACTERS: Final = 1_200
#: Hashes in a sketch: the smallest of a body's shingles (bottom-k sketch; Broder, SEQUENCES 1997).
SKETCH: Final = 24
_LIST32: Final = pa.list_(pa.int32())


def headlines(titles: pa.StringArray) -> pa.StringArray:
    """Normal words of each title without label and credit; null where it has neither.

    Args:
        titles: (n,) titles as they stand in the files; null where none.
    """
    candidates = pc.fill_null(pc.match_substring_regex(titles, r"[:：|｜=(（\]】]|\s[–—-]+\s|\d-\pL"), False)
    if not pc.any(candidates, min_count=0).as_py():
        return pa.nulls(len(titles), pa.string())
    chosen = titles.filter(candidates)
    bare = _rest(chosen, _CREDIT)
    bare = pc.if_else(pc.match_substring_regex(bare, _KINDS_OF_ARTICLE), bare, _rest(_rest(bare, _NUMBERED), _LABELLED))
    words = normal_words(bare)
    cut = pc.and_(pc.not_equal(words, normal_words(chosen)), pc.not_equal(words, ""))
    return pc.replace_with_mask(pa.nulls(len(titles), pa.string()), candidates, pc.if_else(cut, words, None))


def _rest(titles: pa.StringArray, pattern: str) -> pa.StringArray:
    """What a pattern leaves of each title; all of it where the pattern does not match."""
    return pc.coalesce(pc.struct_field(pc.extract_regex(titles, pattern), "rest"), titles)


def linked_words(titles: pa.StringArray, excerpts: pa.StringArray) -> pa.StringArray:
    """Those words of each title that its excerpt has, too, by their first letters, in order.

    Args:
        titles, excerpts: (n,) `normal_words`; null where none.
    """
    pairs = zip(titles.to_pylist(), excerpts.to_pylist(), strict=True)
    return pa.array([(title and excerpt and _linked(title, excerpt)) or None for title, excerpt in pairs], pa.string())


def _linked(title: str, excerpt: str) -> str:
    text = f" {excerpt}"
    return " ".join(dict.fromkeys(unit for unit in units(title) if f" {_spaced(unit)}" in text))


def _spaced(unit: str) -> str:
    """The beginning of a unit as it stands in a text in normal form."""
    return unit[:STEM] if unit.isascii() or not is_unspaced(unit) else " ".join(unit)


def units(text: str) -> list[str]:
    """The words of a text in normal form; of scripts without spaces the runs of two signs, or of four letters."""
    words = text.split()
    if text.isascii() or not any(map(is_unspaced, words)):
        return words
    found = list[str]()
    for at, word in enumerate(words):
        size = (_LETTERS if word[0] in THAI else _SIGNS) if is_unspaced(word) else 1
        run = words[at : at + size]
        if size == 1 or (len(run) == size and all(map(is_unspaced, run))):
            found.append("".join(run))
    return found


def media(types: pa.StringArray) -> pa.StringArray:
    """`video` or `audio` for records whose type says so; null for all others."""
    found = pa.nulls(len(types), pa.string())
    for medium, pattern in _MEDIA.items():
        is_medium = pc.fill_null(pc.match_substring_regex(types, pattern, ignore_case=True), False)
        found = pc.if_else(is_medium, medium, found)
    return found


def body_sketches(bodies: pa.StringArray) -> pa.ListArray:
    """The least hashes of each body's runs of three words, of its first `_CHARACTERS` characters.

    Args:
        bodies: (n,) bodies as they stand in the files; null where none.

    Returns:
        (n,) lists of at most `SKETCH` int32, ascending; empty where there is no body.
    """
    has_body = pc.is_valid(bodies)
    if not pc.any(has_body, min_count=0).as_py():
        return pa.array([[]] * len(bodies), _LIST32)
    words = spaced_words(normal_text(pc.utf8_slice_codeunits(bodies, 0, _CHARACTERS)))
    sketches = pc.list_slice(shingles_of_words(words, pa.nulls(len(words), pa.string())), 0, SKETCH)
    lengths = pc.list_value_length(sketches)
    ends = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(pc.fill_null(lengths, 0)).cast(pa.int32())])
    # The upper half orders as the whole does.
    upper = pc.shift_right(pc.list_flatten(sketches), pa.scalar(32, pa.int64())).cast(pa.int32())
    return pa.ListArray.from_arrays(ends, upper)
