"""One text to one moment: what people write is read, what has no or two meanings is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from tasks.parse.times import _MONTHS, _WEEKDAYS, _folded, read_time

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2019-06-14T17:05:09-04", "2019-06-14T21:05:09"),
        ("2019-06-14 17:05 -0430", "2019-06-14T21:35:00"),
        ("2019-06-14 7:05:09 +9", "2019-06-13T22:05:09"),
        ("2019-6-4T17:05:09.25Z", "2019-06-04T17:05:09.250000"),
        ("2019-06-14T17:05:09,123456789z", "2019-06-14T17:05:09.123456"),
        ("2019/6/14 17:05 UTC", "2019-06-14T17:05:00"),
        ("2019-06-14 17:05:09 UTC+2", "2019-06-14T15:05:09"),
        ("2019-06-14 17:05:09 −03:00", "2019-06-14T20:05:09"),
        ("2019-06-14 17:05 Asia/Kolkata", "2019-06-14T11:35:00"),
        ("2019-01-14 17:05 America/New_York", "2019-01-14T22:05:00"),
        ("2019-06-14T17:05+09:00[Asia/Tokyo]", "2019-06-14T08:05:00"),
        ("2019-06-14 17:05 PDT", "2019-06-15T00:05:00"),
        ("2019-06-14 17:05:09.123456789 +0200 CEST", "2019-06-14T15:05:09.123456"),
        ("20190614T1705Z", "2019-06-14T17:05:00"),
        ("20190614T170509+0200", "2019-06-14T15:05:09"),
        ("2019-06-30T24:00:00Z", "2019-07-01T00:00:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00"),
        ("Fri, 14 Jun 2019 17:05:09 +0000", "2019-06-14T17:05:09"),
        ("14 Jun 2019 17:05 EDT", "2019-06-14T21:05:00"),
        ("Fri Jun 14 2019 17:05:09 GMT-0700 (Pacific Daylight Time)", "2019-06-15T00:05:09"),
        ("Fri Jun 14 17:05:09 UTC 2019", "2019-06-14T17:05:09"),
        ("2019-06-14 5:05pm CEST", "2019-06-14T15:05:00"),
        ("1560531909", "2019-06-14T17:05:09"),
        ("1560531909.5", "2019-06-14T17:05:09.500000"),
        ("1560531909123", "2019-06-14T17:05:09.123000"),
    ],
)
def test_times_with_a_zone(text: str, expected: str) -> None:
    for zone in (UTC, BERLIN):
        assert read_time(text, zone) == (datetime.fromisoformat(expected).replace(tzinfo=UTC), "", "")


@pytest.mark.parametrize(
    "text",
    [
        "2019-06-14",
        "2019-6-14",
        "2019/06/14",
        "2019.06.14.",
        "2019. 6. 14.",
        "20190614",
        "14.06.2019",
        "14. 6. 2019",
        "14/06/2019",
        "06-14-2019",
        "2019-165",
        "2019-W24-5",
        "2019W245",
        "14 June 2019",
        "June 14, 2019",
        "Jun. 14th 2019",
        "14-Jun-2019",
        "2019 June 14",
        "Friday, June 14, 2019",
        "the 14th of June, 2019",
        "2019-06-14 (Fri)",
        "14 juin 2019",
        "vendredi 14 juin 2019",
        "14. Juni 2019",
        "Fr., 14. Juni 2019",
        "viernes, 14 de junio de 2019",
        "venerdì 14 giugno 2019",
        "sexta-feira, 14 de junho de 2019",
        "vrijdag 14 juni 2019",
        "14 июня 2019 г.",
        "14 czerwca 2019",
        "14. června 2019",
        "14 Haziran 2019",
        "14. kesäkuuta 2019",
        "2019. június 14.",
        "14 Ιουνίου 2019",
        "14 червня 2019",
        "14 Juni 2019",
        "14 iunie 2019",
        "2019年6月14日",
        "2019年6月14日(金)",
        "2019年06月14日 星期五",
        "2019년 6월 14일 금요일",
        "<2019-06-14 Fri>",
    ],
)
def test_a_date_is_the_start_of_its_day_in_the_zone_without_a_warning(text: str) -> None:
    assert read_time(text) == (datetime(2019, 6, 14, tzinfo=UTC), "", "")
    assert read_time(text, BERLIN) == (datetime(2019, 6, 13, 22, tzinfo=UTC), "", "")


@pytest.mark.parametrize(
    "text",
    [
        "2019-06-14 17:05",
        "2019-06-14T17:05:00",
        "2019-06-14 5:05 PM",
        "June 14, 2019 at 5:05 p.m.",
        "June 14, 2019, 5:05pm",
        "14. Juni 2019 um 17:05 Uhr",
        "14 juin 2019 à 17h05",
        "14 de junio de 2019 a las 17:05",
        "14 июня 2019 года в 17:05",
        "2019年6月14日 17時05分",
        "2019年6月14日 下午5:05",
        "2019년 6월 14일 오후 5:05",
        "Fri Jun 14 17:05:00 2019",
        "201906141705",
    ],
)
def test_a_clock_without_a_zone_is_taken_in_the_zone_with_a_warning(text: str) -> None:
    moment, code, message = read_time(text, BERLIN)
    assert (moment, code) == (datetime(2019, 6, 14, 15, 5, tzinfo=UTC), "time/no-zone")
    assert "Europe/Berlin" in message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "today",
        "June",
        "June 2019",
        "2019-06",
        "14 June",
        "14 June 19",
        "6/14/19",
        "17:05",
        "Friday",
        "20",
        "2019061",
        "3.14.159",
        "v1.6.2019",
        "2019-06-14-my-post",
        "2019-06-14:17:05",
        "2019-06/14",
        "2019-06-31",
        "2019-02-29",
        "2019-366",
        "2019-W53-1",
        "14.13.2019",
        "13/13/2019",
        "Thursday, June 14, 2019",
        "2019年6月14日(土)",
        "2019-06-14 25:05",
        "2019-06-14 24:05",
        "2019-06-14 17:60",
        "2019-06-14 17:05:60",
        "2019-06-14 17:05 PM",
        "2019-06-14 0:05 am",
        "2019-06-14T17:05+15:00",
        "2019-06-14T17:05+01:75",
        "2019-06-14T17:05Z Z",
        "2019-06-14T17:05 Z+1",
        "2019-06-14T17:05 IST",
        "2019-06-14T17:05 Mars/Olympus",
        "2019-06-14T17:05 right/Europe/Berlin",
        "2019-06-14T17:05 America/Argentina",
        "2019-06-14T17:05+01:00[Europe/Berlin]",
        "Fri Jun 14 2019 17:05:09 GMT+0200 (CET)",
        "0000-00-00",
        "0001-01-01",
        "0019-06-14 17:05",
        "9999-12-31",
        "٢٠١٩-٠٦-١٤",
        "<6> 14 2019",
        "14 listopada 2019",
        "2019-06-14 17:05 " + "x" * 200,
    ],
)
def test_what_is_no_time(text: str) -> None:
    moment, code, message = read_time(text)
    assert (moment, code) == (None, "time/invalid")
    assert message


def test_two_readings_are_refused_unless_the_order_is_named() -> None:
    moment, code, message = read_time("05/06/2019 17:05 Z")
    assert (moment, code) == (None, "time/ambiguous")
    assert all(part in message for part in ("2019-06-05", "2019-05-06", "order"))
    assert read_time("05/06/2019", order="dmy").moment == datetime(2019, 6, 5, tzinfo=UTC)
    assert read_time("05-06-2019", order="mdy").moment == datetime(2019, 5, 6, tzinfo=UTC)
    for order in (None, "dmy", "mdy"):
        assert read_time("06/06/2019", order=order).moment == datetime(2019, 6, 6, tzinfo=UTC)
        assert read_time("14/06/2019", order=order).moment == datetime(2019, 6, 14, tzinfo=UTC)


def test_ten_digits_that_are_a_date_and_an_hour_are_refused() -> None:
    assert read_time("2019061417").code == "time/ambiguous"


@pytest.mark.parametrize("text", ["mar. 12 mars 2019", "mar 12 mar 2019", "12 mar 2019", "mar 12, 2019"])
def test_a_name_of_a_month_and_a_weekday_is_the_one_that_gives_a_date(text: str) -> None:
    assert read_time(text).moment == datetime(2019, 3, 12, tzinfo=UTC)


def test_times_of_the_night_when_clocks_change_are_the_first_of_two() -> None:
    assert read_time("2019-10-27 02:30", BERLIN).moment == datetime(2019, 10, 27, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("minutes", [-720, -90, 0, 330, 840])
def test_what_python_writes_is_read_back(minutes: int) -> None:
    moment = datetime(2019, 6, 14, 17, 5, 9, 123456, timezone(timedelta(minutes=minutes)))
    assert read_time(moment.isoformat()).moment == moment
    assert read_time(moment.strftime("%a, %d %b %Y %H:%M:%S.%f %z")).moment == moment
    assert read_time(moment.ctime() + "").moment == moment.replace(microsecond=0, tzinfo=UTC)


@pytest.mark.parametrize("table", [_MONTHS, _WEEKDAYS])
def test_no_name_stands_for_two_months_or_two_weekdays(table: tuple[str, ...]) -> None:
    names = [{_folded(name) for name in line.split()} for line in table]
    assert sum(map(len, names)) == len(set().union(*names))
