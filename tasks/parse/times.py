"""Times as people write them: one text to one moment in UTC, by a strict cascade of forms over the whole text.

Belongs here: the forms, the names of months and weekdays, and zones. Does not belong here: columns and their
findings (`casts`).

Nothing is guessed: a missing part is never filled in, a weekday must agree with its date, and a text with two
readings is refused unless the contract names the order of day and month.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Final, NamedTuple

from config.contract_types import time_zone

#: Longest text that can be a time, in characters.
_MAX_LENGTH: Final = 100
#: Other years are zero values of programs or slips, unless the text names a zone in full.
_YEARS: Final = range(1000, 9999)
_EXPECTED: Final = "expected a time that exists, such as 2026-03-02T09:30:00Z"

#: Abbreviations of zones with one common meaning, in hours from UTC. IST, BST and the like have several.
_HOURS: Final = {
    "Z": 0, "UTC": 0, "GMT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8,
    "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2,
    "EET": 2, "EEST": 3, "MSK": 3, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
}  # fmt: skip
_LARGEST_OFFSET: Final = timedelta(hours=14)

#: January to December in the languages of many sites, without accents. Names that are another month in another
#: language (`listopada`, `lip`, `srp`) are left out.
_MONTHS: Final = (
    "january jan janvier janv januar janner enero ene gennaio gen janeiro januari января январь янв януари stycznia "
    "styczen sty ledna leden ocak tammikuuta tammikuu ianuarie ian ιανουαριου ιανουαριος ιαν січня січень січ",
    "february feb febr fevrier fevr fev februar febrero febbraio fevereiro februari февраля февраль февр фев февруари "
    "lutego luty lut unora unor subat helmikuuta helmikuu februarie φεβρουαριου φεβρουαριος φεβ лютого лютий лют",
    "march mar mars marz maerz marzo marco maart mrt марта март мар marca marzec brezna brezen mart maaliskuuta "
    "maaliskuu maret martie marcius marc μαρτιου μαρτιος μαρ березня березень бер",
    "april apr avril avr abril abr aprile апреля апрель апр април kwietnia kwiecien kwi dubna duben nisan huhtikuuta "
    "huhtikuu aprilie aprilis απριλιου απριλιος απρ квітня квітень квіт",
    "may mai mayo maggio mag maio mei maj мая май maja kvetna kveten mayis toukokuuta toukokuu majus μαιου μαιος μαι "
    "травня травень трав",
    "june jun juin juni junio giugno giu junho июня июнь июн юни czerwca czerwiec cze cervna cerven haziran kesakuuta "
    "kesakuu iunie iun junius ιουνιου ιουνιος ιουν червня червень черв",
    "july jul juillet juil juli julio luglio lug julho июля июль июл юли lipca lipiec cervence cervenec temmuz "
    "heinakuuta heinakuu iulie iul julius ιουλιου ιουλιος ιουλ липня липень лип",
    "august aug aout agosto ago августа август авг sierpnia sierpien sie srpna srpen agustos agu elokuuta elokuu "
    "augustus agustus augusztus avgust avg αυγουστου αυγουστος αυγ серпня серпень серп",
    "september sep sept septembre septiembre setiembre settembre setembro set сентября сентябрь сент сен септември "
    "wrzesnia wrzesien wrz zari eylul syyskuuta syyskuu septembrie szeptember szept σεπτεμβριου σεπτεμβριος σεπ "
    "вересня вересень вер",
    "october oct octobre oktober okt octubre ottobre ott outubro out октября октябрь окт октомври pazdziernika "
    "pazdziernik paz rijna rijen ekim lokakuuta lokakuu octombrie οκτωβριου οκτωβριος οκτ жовтня жовтень жовт",
    "november nov novembre noviembre novembro ноября ноябрь нояб ноя ноември listopadu kasim marraskuuta marraskuu "
    "noiembrie noi νοεμβριου νοεμβριος νοε листопада листопад лист",
    "december dec decembre diciembre dic dicembre dezember dez dezembro desember des декабря декабрь дек декември "
    "grudnia grudzien gru prosince prosinec aralik joulukuuta joulukuu decembrie δεκεμβριου δεκεμβριος δεκ грудня "
    "грудень груд",
)
#: Monday to Sunday, in the same way.
_WEEKDAYS: Final = (
    "monday mon montag mo lundi lun lunes lunedi segunda seg maandag ma понедельник пн poniedzialek pon pondeli "
    "mandag man pazartesi понеділок maanantai",
    "tuesday tue tues dienstag di mardi mar martes martedi terca ter dinsdag вторник вт wtorek utery tirsdag tisdag "
    "tis sali вівторок tiistai",
    "wednesday wed weds mittwoch mi mercredi mer miercoles mie mercoledi quarta qua woensdag wo среда ср sroda streda "
    "onsdag ons carsamba середа keskiviikko",
    "thursday thu thur thurs donnerstag do jeudi jeu jueves jue giovedi gio quinta qui donderdag четверг чт czwartek "
    "ctvrtek torsdag tor persembe четвер torstai",
    "friday fri freitag fr vendredi ven viernes vie venerdi sexta sex vrijdag vr пятница пт piatek patek fredag fre "
    "cuma perjantai",
    "saturday sat samstag sonnabend sa samedi sam sabado sab sabato zaterdag za суббота сб sobota lordag lørdag lor "
    "cumartesi субота lauantai",
    "sunday sun sonntag so dimanche dim domingo dom domenica zondag zo воскресенье вс niedziela nedele sondag søndag "
    "son pazar неділя sunnuntai",
)
#: Words between the parts of a date, and endings of day numbers. `am` is English for the morning as well.
_FILLERS: Final = frozenset(
    "at of the um uhr den de del le om kl à às as la las alle ore hrs г года р року roku в о".split()
)
_ENDINGS: Final = frozenset("st nd rd th er ere e º ª".split())

_YEAR: Final = r"(?P<year>[0-9]{4})"
_MONTH: Final = r"(?P<month>[0-9]{1,2})"
_DAY: Final = r"(?P<day>[0-9]{1,2})"
_NAMED: Final = r"<(?P<month>[0-9]{1,2})>"  # `_without_words` writes names of months so
_CLOCK: Final = (
    r"(?:(?P<half_before>上午|下午|午前|午後|오전|오후)\s?)?(?P<hour>[0-9]{1,2})"
    r"(?:[:hH](?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r"|\s?[時时点시]\s?(?P<minute_cjk>[0-9]{1,2})\s?[分분](?:\s?(?P<second_cjk>[0-9]{1,2})\s?[秒초])?"
    r"|(?=\s?[aApP]\.?\s?[mM]\b))"
    r"(?:\s?(?P<half>[aApP])\.?\s?[mM]\b\.?)?"
)
_AREA: Final = r"[A-Za-z]+(?:/[A-Za-z][A-Za-z0-9_+-]*)+"
_ZONE: Final = (
    rf"\s*(?P<zone>{_AREA}|(?:(?:UTC|GMT)\s?)?[+\-−](?:[0-9]{{1,2}}(?::[0-9]{{2}})?|[0-9]{{4}})|[A-Za-z]{{1,5}})"
    rf"(?:\s*\[(?P<area>{_AREA}|UTC)\]|\s*\((?P<label>[^()]*)\)|(?<=[0-9])\s(?P<name>[A-Z]{{3,5}}))?"
)
_TAIL: Final = rf"(?:(?:[Tt]|[\s,]+|\s[-–—|@]\s){_CLOCK}(?:{_ZONE})?)?"
_MORNINGS: Final = ("a", "A", "上午", "午前", "오전")
_BETWEEN: Final = r"(?:\.?[\s,/-]\s?|\.)"
_FORMS: Final = tuple(
    re.compile(form)
    for form in (
        rf"{_YEAR}(?P<mark>[-/]|\.\s?){_MONTH}(?P=mark){_DAY}\.?{_TAIL}",
        rf"{_YEAR}(?P<month>[0-9]{{2}})(?P<day>[0-9]{{2}}){_TAIL}",
        rf"{_YEAR}(?P<month>[0-9]{{2}})(?P<day>[0-9]{{2}})[Tt ]?(?P<hour>[0-9]{{2}})(?P<minute>[0-9]{{2}})"
        rf"(?:(?P<second>[0-9]{{2}})(?:[.,](?P<fraction>[0-9]{{1,9}}))?)?(?:{_ZONE})?",
        rf"{_DAY}\.\s?{_MONTH}\.\s?{_YEAR}\.?{_TAIL}",
        rf"(?P<first>[0-9]{{1,2}})(?P<mark>[/-])(?P<other>[0-9]{{1,2}})(?P=mark){_YEAR}{_TAIL}",
        rf"{_DAY}{_BETWEEN}{_NAMED}{_BETWEEN}{_YEAR}\.?{_TAIL}",
        rf"{_NAMED}{_BETWEEN}?{_DAY}{_BETWEEN}{_YEAR}{_TAIL}",
        rf"{_YEAR}{_BETWEEN}{_NAMED}{_BETWEEN}?{_DAY}\.?{_TAIL}",
        rf"{_NAMED} {_DAY} {_CLOCK}(?:{_ZONE})? {_YEAR}",
        rf"{_YEAR}\s?[年년]\s?{_MONTH}\s?[月월]\s?{_DAY}\s?[日号號일]{_TAIL.replace('[Tt]|', '[Tt]?|', 1)}",
        rf"{_YEAR}-?W(?P<week>[0-9]{{2}})-?(?P<weekday>[1-7]){_TAIL}",
        rf"{_YEAR}-(?P<ordinal>[0-9]{{3}}){_TAIL}",
        r"(?P<seconds>[0-9]{10})(?:\.(?P<fraction>[0-9]{1,9}))?",
        r"(?P<seconds>[0-9]{10})(?P<fraction>[0-9]{3})",
    )
)
#: Ten digits that may as well be a date and an hour: `2021020908`.
_DATE_AND_HOUR: Final = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[01][0-9]|2[0-3])")

_WORD: Final = re.compile(rf"{_AREA}|(?P<word>[^\W\d_]+)(?:-feira)?\.?")
#: Weekdays in Chinese, Japanese and Korean: in brackets, or with a word before or after.
_CJK_WEEKDAY: Final = re.compile(
    r"[(（](?P<a>[月火水木金土日월화수목금토일])(?:曜日?|요일)?[)）]|(?P<b>[月火水木金土日])曜日?"
    r"|(?P<c>[월화수목금토일])요일|(?:星期|周|週|礼拜)(?P<d>[一二三四五六日天])"
)
#: An offset with a label, which may be any words.
_LABELLED: Final = re.compile(r":[0-9]{2} ?(?:GMT|UTC)?[+\-−][0-9]{4} \(")
_CJK_DAYS: Final = {
    mark: number
    for number, marks in enumerate(("月월一", "火화二", "水수三", "木목四", "金금五", "土토六", "日일天"))
    for mark in marks
}


class Reading(NamedTuple):
    """What a text says as a time.

    Attributes:
        moment: the time in UTC; None if the text is no time.
        code: `time/invalid` or `time/ambiguous`, `time/no-zone` for a time that was taken in the given zone, else "".
        message: the fault and its remedy; empty without a code.
    """

    moment: datetime | None
    code: str = ""
    message: str = ""


class _RefusedError(Exception):
    """The text is no time; the message says why."""


class _AmbiguousError(_RefusedError):
    """The text is two times."""


def read_time(text: str, zone: tzinfo = UTC, order: str | None = None) -> Reading:
    """The moment that a whole text names.

    Args:
        text: the text as the file has it.
        zone: holds for texts without one; a date without a time is its first moment.
        order: `dmy` or `mdy`: how texts such as `03/04/2021` are read, which are refused without it.
    """
    try:
        found, weekdays = _match(" ".join(text.split()))
        moment, is_zoned = _moment(found, weekdays, zone, order)
    except _AmbiguousError as error:
        return Reading(None, "time/ambiguous", str(error))
    except _RefusedError as error:
        return Reading(None, "time/invalid", str(error))
    except (ValueError, OverflowError):
        return Reading(None, "time/invalid", _EXPECTED)
    if is_zoned:
        return Reading(moment)
    return Reading(moment, "time/no-zone", f"the time has no zone and was taken as {_name(zone)}; add `Z` or an offset")


def _name(zone: tzinfo) -> str:
    return "UTC" if zone is UTC else str(zone)


def _match(text: str) -> tuple[dict[str, str], list[int]]:
    """The parts of a text by the first form that it has, and its weekdays (0 is Monday)."""
    if len(text) > _MAX_LENGTH:
        raise _RefusedError(_EXPECTED)
    text = text.removeprefix("<").removesuffix(">")  # as Org mode writes times
    if "<" not in text:  # a `<2>` of the file's own is no month
        if (found := _first_match(text)) is not None:
            return found, []
        for reads_month_first in (True, False):
            plain, weekdays = _without_words(text, reads_month_first)
            if (found := _first_match(plain)) is not None:
                return found, weekdays
    raise _RefusedError(_EXPECTED)


def _first_match(text: str) -> dict[str, str] | None:
    for form in _FORMS:
        if match := form.fullmatch(text):
            return {name: part for name, part in match.groupdict().items() if part is not None}
    return None


def _without_words(text: str, reads_month_first: bool) -> tuple[str, list[int]]:
    """A text with `<2>` for February in any language, without weekdays and fillers, and its weekdays.

    Args:
        text: the text.
        reads_month_first: whether a name of both (`mar` is March and Tuesday) is a month where it first stands.
    """
    weekdays: list[int] = []

    def replaced(match: re.Match[str]) -> str:
        nonlocal reads_month_first
        word = (match["word"] or "").casefold()
        folded = _folded(word)
        follows_digit = match.start() > 0 and text[match.start() - 1].isdigit()
        if word in _FILLERS or (follows_digit and folded in _ENDINGS):
            return " "
        if folded in _MONTH_NUMBERS and (reads_month_first or folded not in _WEEKDAY_NUMBERS):
            return f"<{_MONTH_NUMBERS[folded]}>"
        reads_month_first = True
        if folded in _WEEKDAY_NUMBERS:
            weekdays.append(_WEEKDAY_NUMBERS[folded])
            return " "
        return match[0]

    def noted(match: re.Match[str]) -> str:
        weekdays.append(_CJK_DAYS[next(filter(None, match.groups()))])
        return " "

    plain = _CJK_WEEKDAY.sub(noted, re.sub(r"^(?:am|on|il|el) (?=\S)|\ba (?=las? )", "", text, flags=re.IGNORECASE))
    # Of two zones of one time the words of the second one are only a label: `GMT+0100 (Central European Time)`.
    start, bracket, label = plain.partition("(") if _LABELLED.search(plain) else (plain, "", "")
    start = re.sub(r"\b[dD]['’]", "", start)
    start = re.sub(r",(?![0-9])|(?<![0-9]),|\(\s*\)", " ", _WORD.sub(replaced, start))
    return " ".join(f"{start}{bracket}{label}".split()), weekdays


def _folded(word: str) -> str:
    """A word in lower case without accents."""
    letters = unicodedata.normalize("NFD", word.casefold().replace("ı", "i"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _numbers(names: Iterable[str], first: int) -> dict[str, int]:
    return {_folded(name): number for number, line in enumerate(names, first) for name in line.split()}


_MONTH_NUMBERS: Final = _numbers(_MONTHS, 1)
_WEEKDAY_NUMBERS: Final = _numbers(_WEEKDAYS, 0)


def _moment(found: Mapping[str, str], weekdays: list[int], zone: tzinfo, order: str | None) -> tuple[datetime, bool]:
    """The time in UTC, and whether the text leaves nothing of it to the zone but the day's start."""
    microseconds = timedelta(microseconds=int(found.get("fraction", "0").ljust(6, "0")[:6]))
    if "seconds" in found:
        if "fraction" not in found and _DATE_AND_HOUR.fullmatch(found["seconds"]):
            raise _AmbiguousError("the digits are a date and an hour, or seconds since 1970; write the date out")
        return datetime.fromtimestamp(int(found["seconds"]), UTC) + microseconds, True
    day = _date(found, order)
    if any(number != day.weekday() for number in weekdays):
        raise _RefusedError(f"the weekday is not that of {day}; correct one of the two")
    if "zone" not in found and day.year not in _YEARS:
        raise _RefusedError(f"the year {day.year:04} is none of an article; write the year in full")
    local = datetime(day.year, day.month, day.day) + microseconds
    local += _since_midnight(found) if "hour" in found else timedelta()
    if "zone" in found:
        return _in_stated_zone(local, found), True
    return local.replace(tzinfo=zone).astimezone(UTC), "hour" not in found


def _date(found: Mapping[str, str], order: str | None) -> date:
    year = int(found["year"])
    if "week" in found:
        return date.fromisocalendar(year, int(found["week"]), int(found["weekday"]))
    if "ordinal" in found:
        day = date(year, 1, 1) + timedelta(days=int(found["ordinal"]) - 1)
        if day.year != year:
            raise _RefusedError(_EXPECTED)
        return day
    if "first" not in found:
        return date(year, int(found["month"]), int(found["day"]))
    first, other = int(found["first"]), int(found["other"])
    if first > 12 or (order == "dmy" and other <= 12):
        return date(year, other, first)
    if other > 12 or first == other or order == "mdy":
        return date(year, first, other)
    readings = f"{date(year, other, first)} (day first) or {date(year, first, other)} (month first)"
    remedy = "write it so, or name the order in the contract (`order: dmy` or `mdy`)"
    raise _AmbiguousError(f"the date is {readings}; {remedy}")


def _since_midnight(found: Mapping[str, str]) -> timedelta:
    """The clock's time; `24:00:00` is the next midnight, and a leap second the second after it."""
    hour = int(found["hour"])
    minute = int(found.get("minute") or found.get("minute_cjk") or 0)
    second = int(found.get("second") or found.get("second_cjk") or 0)
    half = found.get("half_before") or found.get("half")
    if half is not None:
        if not 1 <= hour <= 12:
            raise _RefusedError("the hour does not fit a.m. or p.m.; write it as 00 to 23")
        hour = hour % 12 + (0 if half in _MORNINGS else 12)
    is_midnight = hour == 24 and minute == second == int(found.get("fraction", "0")) == 0
    is_leap_second = minute == 59 and second == 60
    if (hour > 23 and not is_midnight) or minute > 59 or (second > 59 and not is_leap_second):
        raise _RefusedError("the time of day does not exist; correct it")
    return timedelta(hours=hour, minutes=minute, seconds=second)


def _in_stated_zone(local: datetime, found: Mapping[str, str]) -> datetime:
    moment = local.replace(tzinfo=_stated(found["zone"])).astimezone(UTC)
    if "area" in found and moment.astimezone(time_zone(found["area"])).replace(tzinfo=None) != local:
        raise _RefusedError(f"the offset is not that of {found['area']} then; keep the one that is right")
    label = (found.get("label") or found.get("name", "")).upper()
    if label in _HOURS and moment.astimezone(_stated(label)).replace(tzinfo=None) != local:
        raise _RefusedError(f"the offset is not that of {label}; keep the one that is right")
    return moment


def _stated(zone: str) -> tzinfo:
    """The zone that a text names.

    Raises:
        _RefusedError: it has no meaning, or several.
    """
    if zone.upper() in _HOURS:
        return timezone(timedelta(hours=_HOURS[zone.upper()]))
    if "/" in zone:
        try:
            return time_zone(zone)
        except ValueError:
            raise _RefusedError(f"{zone} is no time zone; write an offset, such as +01:00") from None
    signed = re.sub(r"^(?:UTC|GMT) ?", "", zone).replace("−", "-")
    if signed[0] not in "+-":
        raise _RefusedError(f"the zone {zone} has no single meaning; write an offset, such as +01:00")
    digits = signed[1:].replace(":", "")
    hours, minutes = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))
    offset = timedelta(hours=hours, minutes=minutes)
    if minutes > 59 or offset > _LARGEST_OFFSET:
        raise _RefusedError(f"the offset {signed} does not exist; correct it")
    return timezone(-offset if signed[0] == "-" else offset)
