"""What people give as a configuration, made plain: spaces and empty texts gone, tokens bare, unknown keys found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any, Final

from cdr.schema.errors import ConfigError, quoted

# Spaces at their ends may be meant.
_AS_TYPED: Final = frozenset({"password", "salt"})
_TOKENS: Final = ("token", "jwt", "key")
"""How the names of properties end whose values have no space and no letter beyond ASCII."""
_BEARER: Final = re.compile(r"(bearer(\s+|$))+", re.IGNORECASE)
_NO_HEADER: Final = re.compile(r"[^\x20-\x7e]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_PLATFORM: Final = "__"
_NEAR: Final = 0.6
_MOST_NAMED: Final = 5


def tidy(given: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """The values of an object of the configuration, without those that are null or empty text.

    Raises ConfigError where a text cannot be sent at all.
    """
    tidied = {str(name): _value(value, str(name), f"{path}{name}") for name, value in given.items()}
    return {name: value for name, value in tidied.items() if value is not None}


def _value(value: Any, name: str, path: str) -> Any:
    if isinstance(value, str):
        return _text(value, name, path)
    if isinstance(value, Mapping):
        return tidy(value, f"{path}.")
    if isinstance(value, list):
        items = [_value(item, name, path) for item in value]
        return [item for item in items if item is not None]
    if isinstance(value, float) and value.is_integer():
        return int(value)  # 4.0 and 1e3 are whole numbers in JSON
    return value


def _text(text: str, name: str, path: str) -> str | None:
    if _SURROGATE.search(text):
        raise ConfigError(f"`{_shown(path)}` holds half a character, which cannot be sent: write it anew.")
    if name in _AS_TYPED:
        return text or None
    text = text.strip()
    if name.endswith(_TOKENS):
        text = _BEARER.sub("", text, count=1) if _BEARER.match(text) else text
        odd = _NO_HEADER.search(text)
        if odd:
            raise ConfigError(
                f"`{path}` holds a character that no token has, at place {odd.start() + 1} of {len(text)}: "
                "copy the token again, in one line."
            )
    return text or None


def secrets_in(given: Mapping[str, Any], specification: Mapping[str, Any]) -> list[str]:
    """The secret texts of a configuration, the longest first.

    Without those that are part of a property's own name, or shorter than that tells: a password "e" would black out
    every e of every message, and "password" is known to everybody.
    """
    names = " ".join(_names(specification["properties"]))
    found = {text for text in _secrets(given, specification["properties"]) if len(text) > 2 and text not in names}  # noqa: PLR2004
    return sorted(found, key=len, reverse=True)


def _secrets(given: Mapping[str, Any], properties: Mapping[str, Any]) -> Iterator[str]:
    for name, part in properties.items():
        value = given.get(name)
        if part.get("airbyte_secret") and value is not None:
            yield str(value)
        if isinstance(value, Mapping):
            for variant in part.get("oneOf", ()):
                yield from _secrets(value, variant["properties"])


def _names(properties: Mapping[str, Any]) -> Iterator[str]:
    for name, part in properties.items():
        yield name
        for variant in part.get("oneOf", ()):
            yield from _names(variant["properties"])


def unknown_keys(given: Mapping[str, Any], specification: Mapping[str, Any]) -> dict[str, str | None]:
    """The keys that the specification does not have, each with the nearest that it has. A group's are `group.key`.

    Keys that begin with `__` are the platform's own.
    """
    properties = specification["properties"]
    groups = {name: set(_names({name: part})) - {name} for name, part in properties.items() if "oneOf" in part}
    paths = [*properties, *(f"{group}.{key}" for group, keys in groups.items() for key in sorted(keys))]
    unknown = [key for key, value in given.items() if key not in properties and value is not None]
    for group, keys in groups.items():
        inner = given.get(group)
        if isinstance(inner, Mapping):
            unknown += [f"{group}.{key}" for key in inner if key not in keys]
    return {key: _nearest(key, paths) for key in unknown if not key.rpartition(".")[2].startswith(_PLATFORM)}


def _nearest(key: str, paths: Iterable[str]) -> str | None:
    """The most alike of the keys; of two, the one of the same group."""
    group, _, name = key.rpartition(".")
    scored = [
        (SequenceMatcher(None, _plain(name), _plain(path.rpartition(".")[2])).ratio(), path.rpartition(".")[0] == group)
        for path in paths
    ]
    best = max(zip(scored, paths, strict=True), default=None, key=lambda one: one[0])
    return best[1] if best and best[0][0] >= _NEAR else None


def _plain(name: str) -> str:
    return name[:60].lower().replace("_", "").replace("-", "").replace(" ", "")


def unknown_sentence(unknown: Mapping[str, str | None]) -> str | None:
    """One sentence on all keys that are no settings; None where there is none."""
    if not unknown:
        return None
    named = [
        f"`{_shown(key)}`" + (f" (did you mean `{near}`?)" if near else "")
        for key, near in list(unknown.items())[:_MOST_NAMED]
    ]
    more = f" and {len(unknown) - _MOST_NAMED} more" if len(unknown) > _MOST_NAMED else ""
    if len(unknown) == 1:
        return f"{named[0]} is not a setting and is ignored."
    return f"{', '.join(named)}{more} are not settings and are ignored."


def _shown(key: str) -> str:
    return quoted(_SURROGATE.sub("?", key).replace("`", "'"), 60)
