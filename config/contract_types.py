"""The columns of the contract: a `Column` with its type and rules, read from one ODCS property.

Belongs here: what follows from one property alone, and errors that name the property and the way out.
Does not belong here: tables and the whole contract (`config.contract`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from functools import cached_property, lru_cache
from typing import Any, Final, Literal, TypeVar
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from config.contract_keys import OF_PROPERTY, OPTIONS, custom_of, refuse_unknown
from config.errors import ContractError, nearest

Severity = Literal["error", "warning"]
SourcePath = tuple[str | int, ...]
Choice = TypeVar("Choice", bound=str)

#: The one time type in all tables: portable to every reader that was tested.
TIMESTAMP: Final = pa.timestamp("us", "UTC")
_MICROSECONDS_A_DAY: Final = 86_400_000_000
_INTEGERS: Final = {"i16": pa.int16(), "i32": pa.int32(), "i64": pa.int64()}
_SCALARS: Final = {
    "string": pa.string(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": TIMESTAMP,
}
_LOGICAL: Final = (*_SCALARS, "integer", "array", "object")
#: Between the words of a key.
_NO_MARKS: Final = str.maketrans("", "", "-_ ")
#: Column names that every engine takes without quotes.
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning")
_REPAIRS: Final = ("text", "line", "name", "url")
#: What can be derived, and from where.
DERIVATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "title": ("heading", "file_name"),
    "published_at": ("file_name", "path"),
    "language": ("file_name", "path"),
    "is_published": ("path",),
    "permalink": ("path",),
}
#: Kinds of a site's own rules.
CHECKS: Final = ("pattern", "not_pattern", "min_length", "max_length", "one_of")
_COMBINATIONS: Final = ("first", "union", "all")
ORDERS: Final = ("dmy", "mdy")
_SPLITS: Final = ("commas", "blanks", "names")
#: What an address is made of, each with `:` before it: the day, the front matter's slug or else the name, the name
#: without its day, the headline as a slug, the front matter's slug or else that, the first folder and all folders, the
#: categories, and the path below the folder that the pattern holds for.
TOKENS: Final = (
    *("year", "short_year", "month", "i_month", "day", "i_day"),
    *("slug", "name", "title", "slug_or_title", "section", "sections", "categories", "path"),
)
_STEP: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def microseconds(days: float) -> int:
    """A distance in time as columns of `TIMESTAMP` measure it."""
    return int(days * _MICROSECONDS_A_DAY)


@lru_cache(maxsize=1024)
def time_zone(name: str) -> tzinfo:
    """The zone of the IANA database with a name.

    Raises:
        ValueError: there is none.
    """
    if name.upper() in ("UTC", "ETC/UTC"):
        return UTC
    try:
        if name.startswith(("posix", "right")):  # the same zones, the latter with leap seconds
            raise KeyError(name)
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise ValueError(f"{name!r} is no time zone") from None


class Rules(msgspec.Struct, frozen=True):
    """What values must satisfy; None where there is no such rule.

    `minimum` and `maximum` are numbers or UTC times, lengths are characters, items are counts.
    """

    minimum: int | float | datetime | None = None
    maximum: int | float | datetime | None = None
    pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    min_items: int | None = None
    max_items: int | None = None
    enum: tuple[str, ...] = ()
    is_url: bool = False


class Check(msgspec.Struct, frozen=True):
    """A rule of the site's own.

    Attributes:
        kind: one of `CHECKS`.
        value: a pattern, a length, or texts.
        severity: what a value that breaks it does.
        message: what an editor reads; empty for a general one.
    """

    kind: str
    value: Any
    severity: Severity
    message: str = ""


class Column(msgspec.Struct, frozen=True, dict=True):
    """One column, or one field of a struct in a column.

    Attributes:
        logical: ODCS type: string, integer, number, boolean, timestamp, array or object.
        type: Arrow type in the tables.
        sources: front-matter paths in order of trust, the first whose value reads as the type counts; empty where
            computed.
        combine: how several sources make one value: the `first` that reads, the `union` of lists, or `all`, which is
            false if one says so.
        fallback: the folded sources that count only where no other has a value, whatever `combine` says.
        states: of a boolean, folded source path to the words that say true or false there.
        severity: what a broken rule does; `type_severity` the same for a wrong type. Where the contract does not say:
            an error in required columns, else a warning.
        sentinels: source texts that mean "no value".
        checks: the site's own rules.
        derive: where a value may come from that the front matter does not give: `file_name`, `path`, `heading`; None
            for the usual places.
        default: of a text, the value of files that say nothing of it.
        patterns: of an address, the forms that a site gives it (`TOKENS`), by the folder that they hold for; the empty
            one stands for all.
        repair: kind of text repair, or None.
        zone: of times, IANA name of the zone of those without one.
        order: of times, `dmy` or `mdy` as the meaning of `03/04/2021`; None refuses it.
        splits_at_blanks: of lists, the folded sources in which blanks divide a text without commas.
        holds_names: of lists, whether texts name people: what stands behind one (`Ann Ames, editor`) is no item.
        item: of an array, what its items are.
        fields: of an object, its fields.
    """

    name: str
    description: str
    logical: str
    type: pa.DataType
    sources: tuple[SourcePath, ...] = ()
    required: bool = False
    rules: Rules = Rules()
    severity: Severity = "error"
    type_severity: Severity = "error"
    sentinels: frozenset[str] = frozenset()
    repair: str | None = None
    checks: tuple[Check, ...] = ()
    derive: tuple[str, ...] | None = None
    default: str | None = None
    patterns: Mapping[str, str] = msgspec.field(default_factory=dict)
    combine: str = "first"
    fallback: tuple[SourcePath, ...] = ()
    states: Mapping[SourcePath, Mapping[str, bool]] = msgspec.field(default_factory=dict)
    zone: str = "Etc/UTC"
    order: str | None = None
    splits_at_blanks: tuple[SourcePath, ...] = ()
    holds_names: bool = False
    item: Column | None = None
    fields: tuple[Column, ...] = ()
    partitioned: bool = False

    @property
    def arrow_field(self) -> pa.Field:
        """Arrow field with the description as metadata, where Parquet readers find it."""
        return pa.field(self.name, self.type, metadata={"description": self.description})

    @cached_property
    def meaning(self) -> tuple[object, ...]:
        """All that changes what the column holds, in a form whose `repr` is stable."""
        inner = (self.item.meaning if self.item else None, tuple(f.meaning for f in self.fields))
        flags = (self.required, self.severity, self.type_severity, sorted(self.sentinels), self.repair)
        states = sorted((path, sorted(words.items())) for path, words in self.states.items())
        texts = (self.splits_at_blanks, self.holds_names)
        reading = (self.zone, self.order, texts, self.combine, self.fallback, states, self.checks, self.derive)
        filling = (self.default, sorted(self.patterns.items()))
        return (self.name, str(self.type), self.sources, self.rules, flags, reading, filling, inner)


def parse_column(prop: dict[str, Any], where: str) -> Column:
    """One ODCS property as a column.

    Args:
        prop: the property as YAML gives it.
        where: prefix for messages, such as `articles.`.

    Raises:
        ContractError: the property asks for something presslake does not know.
    """
    name = str(prop.get("name", "item"))
    where += name
    if not _NAME.fullmatch(name):
        raise ContractError(f"{where}: this is no name for a column.", "Use letters, digits and `_`.")
    refuse_unknown(prop, OF_PROPERTY, f"{where}: unknown key")
    refuse_unknown(prop.get("logicalTypeOptions") or {}, OPTIONS, f"{where}: unknown option")
    logical = _one_of(prop.get("logicalType", "string"), _LOGICAL, f"{where}: logicalType")
    item, fields = _children(prop, logical, where)
    custom = custom_of(prop, where)
    sources = tuple(map(_source_path, prop.get("transformSourceObjects") or ()))
    required = bool(prop.get("required", False))
    # A wrong value in a field that is not needed never costs the article.
    default = "error" if required else "warning"
    return Column(
        name=name,
        description=str(prop.get("description", "")),
        logical=logical,
        type=_arrow_type(prop, logical, item, fields, where),
        sources=sources,
        required=required,
        rules=_rules(prop, logical, where),
        severity=_severity(custom, "severity", default, where),
        type_severity=_severity(custom, "typeSeverity", default, where),
        sentinels=frozenset(map(str, custom.get("sentinels") or ())),
        repair=_one_of(custom["repair"], _REPAIRS, f"{where}: repair") if "repair" in custom else None,
        derive=_derivations(name, custom.get("derive"), where),
        default=str(custom["default"]) if custom.get("default") else None,
        patterns=_patterns(custom.get("patterns") or {}, where),
        combine=_one_of(custom.get("combine", "first"), _COMBINATIONS, f"{where}: combine"),
        fallback=tuple(folded(_source_path(str(path))) for path in custom.get("fallback") or ()),
        states=_states(custom.get("states") or {}),
        zone=_zone(prop, where),
        order=_one_of(custom["order"], ORDERS, f"{where}: order") if "order" in custom else None,
        holds_names=custom.get("split") == "names",
        splits_at_blanks=_splits_at_blanks(custom.get("split", "commas"), sources, where),
        item=item,
        fields=fields,
        partitioned=bool(prop.get("partitioned", False)),
    )


def _children(prop: dict[str, Any], logical: str, where: str) -> tuple[Column | None, tuple[Column, ...]]:
    if logical == "array":
        if not isinstance(prop.get("items"), dict):
            raise ContractError(f"{where}: an array without `items`.", "Say what its items are.")
        return parse_column({"name": "item", **prop["items"]}, f"{where}[]."), ()
    if logical == "object":
        return None, tuple(parse_column(child, f"{where}.") for child in prop.get("properties") or ())
    return None, ()


def _arrow_type(
    prop: dict[str, Any], logical: str, item: Column | None, fields: tuple[Column, ...], where: str
) -> pa.DataType:
    if prop.get("physicalType") == "binary":
        return pa.binary()
    if logical == "integer":
        width = (prop.get("logicalTypeOptions") or {}).get("format", "i64")
        return _INTEGERS[_one_of(width, tuple(_INTEGERS), f"{where}: format")]
    if item is not None:
        return pa.list_(item.type)
    if logical == "object":
        return pa.struct([(child.name, child.type) for child in fields])
    return _SCALARS[logical]


def _rules(prop: dict[str, Any], logical: str, where: str) -> Rules:
    options = prop.get("logicalTypeOptions") or {}
    pattern = options.get("pattern")
    if pattern is not None:
        _require_pattern(pattern, where)
    return Rules(
        minimum=_bound(options.get("minimum"), logical, where),
        maximum=_bound(options.get("maximum"), logical, where),
        pattern=pattern,
        min_length=options.get("minLength"),
        max_length=options.get("maxLength"),
        min_items=options.get("minItems"),
        max_items=options.get("maxItems"),
        enum=tuple(str(entry["value"]) for entry in prop.get("enum") or ()),
        is_url=logical == "string" and options.get("format") == "uri",
    )


def _bound(value: Any, logical: str, where: str) -> int | float | datetime | None:
    if value is None or (isinstance(value, int | float) and logical in ("integer", "number")):
        return value
    if logical == "timestamp":
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        except ValueError:
            raise ContractError(f"{where}: the bound {value!r} is not an ISO 8601 time.") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    raise ContractError(f"{where}: the bound {value!r} does not fit a {logical}.", "Use a number or a time.")


def _zone(prop: dict[str, Any], where: str) -> str:
    zone = str((prop.get("logicalTypeOptions") or {}).get("defaultTimezone", "Etc/UTC"))
    try:
        time_zone(zone)
    except ValueError:
        raise ContractError(
            f"{where}: defaultTimezone is {zone!r}, which is no time zone.", "Use an IANA name such as Europe/Berlin."
        ) from None
    return zone


def _splits_at_blanks(split: Any, sources: tuple[SourcePath, ...], where: str) -> tuple[SourcePath, ...]:
    """The sources of a list whose texts are divided at blanks: none, all, or those that `split` lists."""
    if isinstance(split, list):
        return tuple(folded(_source_path(str(path))) for path in split)
    return tuple(map(folded, sources)) if _one_of(split, _SPLITS, f"{where}: split") == "blanks" else ()


def parse_check(rule: dict[str, Any], where: str) -> Check:
    """One entry of a contract's `rules`: a column, one of `CHECKS`, a severity and a message.

    Raises:
        ContractError: it is none.
    """
    refuse_unknown(rule, frozenset({"column", *CHECKS, "severity", "message"}), f"{where}: unknown key")
    kinds = [kind for kind in CHECKS if kind in rule]
    if len(kinds) != 1:
        raise ContractError(f"{where}: a rule has one check.", f"Give one of {', '.join(CHECKS)}.")
    kind, value = kinds[0], rule[kinds[0]]
    if "pattern" in kind:
        _require_pattern(value, where)
    elif kind == "one_of":
        value = tuple(map(str, value)) if isinstance(value, list) else ()
    elif not isinstance(value, int):
        raise ContractError(f"{where}: {kind} is {value!r}.", "Give a number of characters or items.")
    return Check(kind, value, _severity(rule, "severity", "error", where), str(rule.get("message", "")))


def _derivations(name: str, given: Any, where: str) -> tuple[str, ...] | None:
    if given is None:
        return None
    return tuple(_one_of(place, DERIVATIONS.get(name, ()), f"{where}: derive") for place in given)


def _patterns(given: Any, where: str) -> dict[str, str]:
    if not isinstance(given, dict):
        raise ContractError(f"{where}: patterns is {given!r}.", "Write `_posts: /:year/:month/:day/:slug/`.")
    for pattern in given.values():
        for token in re.findall(r":(\w+)", str(pattern)):
            _one_of(token, TOKENS, f"{where}: patterns")
    return {str(folder): str(pattern) for folder, pattern in given.items()}


def _require_pattern(pattern: str, where: str) -> None:
    try:
        # RE2, which applies it to whole columns, knows less than Python: no look-around, no back-reference.
        pc.match_substring_regex(pa.array([""]), pattern)
    except pa.ArrowInvalid as error:
        raise ContractError(f"{where}: the pattern {pattern!r} is not a regular expression: {error}.") from None


def _states(states: dict[str, dict[Any, bool]]) -> dict[SourcePath, dict[str, bool]]:
    """The words of each source path of a boolean; YAML has read `true: false` as two booleans."""
    return {
        folded(_source_path(path)): {str(word).lower(): bool(state) for word, state in words.items()}
        for path, words in states.items()
    }


def _severity(custom: dict[str, Any], name: str, default: str, where: str) -> Severity:
    return _one_of(custom.get(name, default), SEVERITIES, f"{where}: {name}")


def _one_of(value: Any, valid: tuple[Choice, ...], where: str) -> Choice:
    if value not in valid:
        near = nearest(str(value), valid)
        guess = f"did you mean {near!r}? " if near else ""
        raise ContractError(f"{where} is {value!r};", f"{guess}Valid: {', '.join(valid)}.")
    return valid[valid.index(value)]


def folded(path: SourcePath) -> SourcePath:
    """A path as keys are compared: without regard to case, `-`, `_` and blanks (`Publish Date` is `publish_date`)."""
    return tuple(key.lower().translate(_NO_MARKS) if isinstance(key, str) else key for key in path)


def _source_path(text: str) -> SourcePath:
    """`provider.images[0].url` as `("provider", "images", 0, "url")`."""
    return tuple(name or int(index) for name, index in _STEP.findall(text))
