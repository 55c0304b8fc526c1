"""How many words of a title tell its story."""

from __future__ import annotations

import pyarrow as pa
import pytest

from config.match_rules import load_match_rules
from tasks.arrow.texts import normal_words
from tasks.deduplicate.telling_words import TellingWords, frequency

TELLING = TellingWords(load_match_rules().stock_words)


def count(title: str, zipf: float = 5.2) -> int:
    return TELLING.count(tuple(normal_words(pa.array([title]))[0].as_py().split()), zipf)


@pytest.mark.parametrize(
    "title",
    [
        "What to watch on TV this weekend",
        "Das müssen Sie heute wissen",
        "Ce qu'il faut savoir ce matin",
        "Las noticias más importantes del día",
        "Главные новости дня",
        "أهم الأخبار اليوم",
        "오늘의 주요 뉴스",
        "今日天气预报",
        "今週のおすすめ番組",
        "พยากรณ์อากาศวันนี้",
        "2026 12 31",
    ],
)
def test_stock_headlines_do_not_tell(title: str) -> None:
    assert count(title) < 3


@pytest.mark.parametrize(
    "title",
    [
        "Oyster beds reopen below Tern Head",
        "Brauerei schließt das Sudhaus in Lenggries",
        "В Подолье археологи подняли купеческую баржу",
        "河西考古队在古渡口发现宋代沉船",
        "座礁した鯨を漁師八十人が沖へ戻す",
        "ชาวประมงพบฉลามวาฬติดอวนใกล้เกาะลิบง",
    ],
)
def test_headlines_of_a_story_tell(title: str) -> None:
    assert count(title) >= 3


def test_stock_words_count_in_all_their_inflections() -> None:
    assert count("nejdůležitějších rozhovorech horoskopech") == 0


def test_rarer_words_are_fewer_and_each_counts_once() -> None:
    assert count("Harbour harbour ferry tulip", 4.6) <= count("Harbour harbour ferry tulip", 6.0) == 3


def test_scripts_without_a_list_do_not_tell() -> None:
    assert count("ព័ត៌មានសំខាន់ៗប្រចាំថ្ងៃ") == 0


def test_frequencies_are_of_all_languages_of_a_script() -> None:
    assert frequency("the") > 7
    assert frequency("und") > 7
    assert frequency("quokkaville") == frequency("") == 0.0
