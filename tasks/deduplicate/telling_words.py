"""Telling words: how many words of a title say which story it tells.

Belongs here: the frequency of words in all languages of a script, stock words, and words of scripts without spaces.
Does not belong here: what a title must have of them (`config/match_rules.yaml`), and comparing titles (`titles`).

Frequencies come from the pinned package wordfreq, whose data has a licence of its own (CC BY-SA 4.0). Decisions depend
on it, so the rules name its version. It is loaded with the first title that asks, script by script. A fixed table looks
at no other record, so a rebuild equals increments.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import groupby
from typing import Final

from tasks.arrow.headlines import THAI
from tasks.arrow.texts import is_unspaced

#: The languages that count for a script, of those that wordfreq has a list of.
_LANGUAGES: Final = {
    "LATIN": "en de fr es it pt nl pl cs tr sv nb da fi hu ro id vi".split(),
    "CYRILLIC": ["ru", "uk", "bg", "mk"],
    "GREEK": ["el"],
    "ARABIC": ["ar", "fa", "ur"],
    "HEBREW": ["he"],
    "DEVANAGARI": ["hi"],
    "BENGALI": ["bn"],
    "TAMIL": ["ta"],
    "HANGUL": ["ko"],
    "CJK": ["zh", "ja"],
    "HIRAGANA": ["ja"],
    "KATAKANA": ["ja"],
}
#: Scripts of signs, which are words or parts of them.
_SIGNED: Final = frozenset({"CJK", "KATAKANA", "HIRAGANA"})
#: Frequencies are asked from this one on; rarer words are all alike here.
_RAREST: Final = 4.6
#: Longest word of a script without spaces that is looked up.
_LONGEST: Final = 10
#: Least letters of a stock word's stem, and letters of its ending.
_STEM: Final = 5
_ENDING: Final = 2
#: Signs of a leftover run that count as one word, and letters of Thai.
_SIGNS: Final = 2
_LETTERS: Final = 5


class TellingWords:
    """Counts the words of titles that tell, given the stock words."""

    def __init__(self, stock: frozenset[str]) -> None:
        self.stock = stock
        # A stock word counts in all its inflections: with another ending, or with one behind it.
        long = [word for word in stock if len(word) >= _STEM]
        self._stems = frozenset([*long, *(word[:-_ENDING] for word in long if len(word) >= _STEM + _ENDING)])

    def count(self, words: tuple[str, ...], zipf: float) -> int:
        """How many words of a title in normal form are rarer than a frequency and no stock words; each counts once.

        Words of digits never tell. What is left of a run of signs, when common words and stock words are taken away,
        counts as a word for each two signs (five letters of Thai). Hiragana, in which words of grammar are written,
        do not count.
        """
        return sum(self._of_run(word, zipf) if is_run else self._tells(word, zipf) for is_run, word in _parts(words))

    def is_common(self, word: str, zipf: float) -> bool:
        """Whether a word is a stock word, or as frequent as that in a language of its script."""
        return word in self.stock or frequency(word) >= zipf or self._is_inflected(word)

    def _is_inflected(self, word: str) -> bool:
        shortest = max(_STEM, len(word) - max(_ENDING + 1, len(word) // 4))
        return any(word[:size] in self._stems for size in range(shortest, len(word) + 1))

    def _tells(self, word: str, zipf: float) -> bool:
        return len(word) > 1 and not word[0].isdigit() and not self.is_common(word, zipf)

    def _of_run(self, run: str, zipf: float) -> int:
        left = self._without_common(run, zipf)
        return sum(map(_words_in, re.findall(r"[^\s\d\u3040-\u309f]+", left)))

    def _without_common(self, run: str, zipf: float) -> str:
        """The run with blanks for the common words, the longest first at each sign."""
        left, start = list[str](), 0
        while start < len(run):
            lengths = range(min(_LONGEST, len(run) - start), 0, -1)
            size = next((n for n in lengths if self.is_common(run[start : start + n], zipf)), 0)
            left.append(" " if size else run[start])
            start += size or 1
        return "".join(left)


def _words_in(run: str) -> int:
    """How many words a run of uncommon signs counts as: part of a sign's word is one, part of a Thai word none.

    Of Khmer, Lao and Burmese nothing is known, so nothing counts.
    """
    if _script(run[0]) in _SIGNED:
        return -(-len(run) // _SIGNS)
    return len(run) // _LETTERS if run[0] in THAI else 0


@lru_cache(maxsize=4)
def telling_words(stock: frozenset[str]) -> TellingWords:
    """The counts for given stock words; preparing thousands of them takes some milliseconds."""
    return TellingWords(stock)


def _parts(words: tuple[str, ...]) -> Iterator[tuple[bool, str]]:
    """The distinct words, and the runs of signs of scripts without spaces, which normal words hold apart."""
    for is_run, group in groupby(words, is_unspaced):
        if is_run:
            yield True, "".join(group)
        else:
            yield from ((False, word) for word in dict.fromkeys(group))


def frequency(word: str) -> float:
    """The largest frequency of a word in the languages of its script, on the Zipf scale; 0 where it is rare."""
    return _table(_script(word[0])).get(word, 0.0) if word else 0.0


@lru_cache(maxsize=1 << 12)
def _script(character: str) -> str:
    """The first word of a character's name in Unicode."""
    return unicodedata.name(character, "NONE").split()[0].split("-")[0]


@cache
def _table(script: str) -> dict[str, float]:
    """Word to its frequency, of all languages of a script; empty for scripts that wordfreq has no list of."""
    if script not in _LANGUAGES:
        return {}
    import wordfreq  # noqa: PLC0415  (most runs ask for no word)

    table: dict[str, float] = {}
    for language in _LANGUAGES[script]:
        # A list of words for each hundredth of a unit, the most frequent (Zipf 9) first.
        for step, words in enumerate(wordfreq.get_frequency_list(language, "small")[: round((9 - _RAREST) * 100) + 1]):
            for word in words:
                table[word] = max(table.get(word, 0.0), 9 - step / 100)
    return table
