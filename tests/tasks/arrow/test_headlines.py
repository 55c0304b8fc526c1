"""What outlets add to headlines, words that link a headline to its text, media, and sketches of bodies."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tasks.arrow.headlines import SKETCH, body_sketches, headlines, linked_words, media, units
from tasks.arrow.texts import normal_words


@pytest.mark.parametrize(
    ("title", "headline"),
    [
        ("Marlow Robotics: Marlow Robotics opens plant", "marlow robotics opens plant"),
        ("Marlow Robotics opens plant | The Orrin Post", "marlow robotics opens plant"),
        ("Marlow Robotics opens plant (Quayside Wire)", "marlow robotics opens plant"),
        ("Marlow Robotics opens plant - Orrin Post", "marlow robotics opens plant"),
        ("UPDATE 2-Furnace halts in Narvasund", "furnace halts in narvasund"),
        ("【速報】鯨が湾に迷い込む", "鯨 が 湾 に 迷 い 込 む"),
        ("Orrin: Plant opens | Post", "plant opens"),
        ("Opinion: the plant must go", None),
        ("Why the whole long sentence before it is no label: a test", None),
        ("The plant opens on time", None),
        (None, None),
    ],
)
def test_labels_and_credits_are_cut(title: str | None, headline: str | None) -> None:
    assert headlines(pa.array([title], pa.string())).to_pylist() == [headline]


def test_words_of_a_title_are_linked_to_a_text_in_spite_of_their_endings() -> None:
    titles = normal_words(pa.array(["Ferries return to the bay", "今日は港へ", None, "Ferries"]))
    texts = normal_words(pa.array(["The ferriman waits.", "港へ行く", "text", None]))
    assert linked_words(titles, texts).to_pylist() == ["ferries the", "港へ", None, None]


def test_units_of_scripts_without_spaces_are_runs() -> None:
    assert units("new 港 の 灯 台 a") == ["new", "港の", "の灯", "灯台", "a"]
    assert units(" ".join("ข่าว")) == ["ข่าว"]


def test_media_by_type() -> None:
    types = pa.array(["Video", "YouTube movie", "podcast", "article", "", None])
    assert media(types).to_pylist() == ["video", "video", "audio", None, None, None]


def test_a_sketch_is_the_same_for_the_same_words_and_has_few_hashes() -> None:
    text = " ".join(f"word{n}" for n in range(80))
    same, other, short, none = body_sketches(
        pa.array([text, f"<p>{text.upper()}</p>", "one two three", None])
    ).to_pylist()
    assert same == other == sorted(same)
    assert (len(same), len(short), none) == (SKETCH, 1, [])


def test_only_the_beginning_of_a_body_is_sketched() -> None:
    long = " ".join(f"word{n}" for n in range(300))
    first, second = body_sketches(pa.array([long, f"{long} and more"])).to_pylist()
    assert first == second
