"""The keys of a whole contract: those of ODCS v3, those that presslake adds, and the place of a misplaced one.

Belongs here: refusing keys that would silently do nothing. Does not belong here: what a key means (`contract_types`),
and the keys of overlays (`overlay`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any, Final

from config.errors import ContractError, nearest

#: Keys of a contract in ODCS v3, and the one that presslake adds.
OF_CONTRACT: Final = frozenset(
    "version kind apiVersion id name tenant tags status servers dataProduct description domain context schema support "
    "price team roles slaDefaultElement slaProperties authoritativeDefinitions customProperties contractCreatedTs "
    "rules".split()
)
#: Keys that ODCS v3 has at a table and at a property, those for others included; presslake would ignore any else.
_OF_ELEMENT: Final = (
    "id name physicalName physicalType logicalType description businessName deprecated synonyms "
    "authoritativeDefinitions tags customProperties relationships quality"
)
OF_TABLE: Final = frozenset(f"{_OF_ELEMENT} dataGranularityDescription properties context".split())
OF_PROPERTY: Final = frozenset(
    f"{_OF_ELEMENT} logicalTypeOptions required unique primaryKey primaryKeyPosition partitioned partitionKeyPosition "
    "semanticType classification encryptedName criticalDataElement enum examples items properties "
    "transformSourceObjects transformLogic transformDescription".split()
)
OPTIONS: Final = frozenset(
    "format pattern minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength minItems maxItems "
    "uniqueItems minProperties maxProperties required timezone defaultTimezone elementType dimensions distanceMetric "
    "embeddingModel embeddingModelVersion normalized".split()
)
#: What presslake adds to a property.
_CUSTOM: Final = frozenset(
    "severity typeSeverity sentinels repair split combine fallback states derive order default patterns".split()
)
_OF_CUSTOM: Final = frozenset({"id", "property", "value", "description", "vendor"})
#: Where a key belongs that stands elsewhere.
_PLACES: Final = (
    (OPTIONS - {"required"}, "in `logicalTypeOptions` of a property"),
    (_CUSTOM, "under `customProperties` of a property, as {{property: {0}, value: …}}"),
    (OF_PROPERTY - OF_TABLE, "at a property, beside its `name`"),
)


def custom_of(prop: dict[str, Any], where: str) -> dict[str, Any]:
    """The custom properties of a property by name.

    Raises:
        ContractError: one is a near miss of ours; other tools keep theirs here, so others are read past.
    """
    entries = prop.get("customProperties") or ()
    custom = custom_properties(entries, where)
    for name in custom.keys() - _CUSTOM:
        if near := _near(name):
            raise ContractError(f"{where}: unknown custom property {name!r}.", f"Did you mean {near!r}?")
    return custom


def custom_properties(entries: Sequence[Any], where: str) -> dict[str, Any]:
    """A list of custom properties, of a contract or a property, by name.

    Raises:
        ContractError: an entry is none, such as a property that was pasted into the wrong list.
    """
    for entry in entries:
        if not isinstance(entry, dict) or "property" not in entry:
            raise ContractError(
                f"{where}: an entry of `customProperties` has no `property`.",
                "A property of a table belongs under `properties` of the table, a rule under `rules`.",
            )
        refuse_unknown(entry, _OF_CUSTOM, f"{where}: unknown key")
    return {str(entry["property"]): entry.get("value") for entry in entries}


def refuse_unknown(entries: Collection[str], known: frozenset[str], what: str) -> None:
    """Refuse keys that neither ODCS nor presslake knows here: they would silently do nothing.

    Raises:
        ContractError: with the place where the key belongs, or the nearest known one.
    """
    if known.issuperset(entries):
        return
    name = min(str(entry) for entry in entries if entry not in known)
    for keys, place in _PLACES:
        if name in keys:
            raise ContractError(f"{what} {name!r}.", f"It belongs {place.format(name)}.")
    near = nearest(name, known)
    guess = f"Did you mean {near!r}? " if near else ""
    raise ContractError(f"{what} {name!r}.", f"{guess}What other tools need goes under `customProperties`.")


@lru_cache(maxsize=256)
def _near(name: str) -> str | None:
    """The custom property of ours that another one is a near miss of; a contract has the same foreign ones often."""
    import difflib  # noqa: PLC0415  (only foreign keys and errors need it)

    return next(iter(difflib.get_close_matches(name, sorted(_CUSTOM), n=1, cutoff=0.85)), None)
