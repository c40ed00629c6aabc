"""The configuration against `spec.json`: the first fault as one sentence that names the property.

A sentence never shows a value, which may be a secret, and never a pattern, which nobody can read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from cdr.schema.errors import ConfigError, quoted

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_TYPES: Final = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
}


NO_MOMENT: Final = "is no date-time. Write it like 2026-01-31T00:00:00Z or 2026-01-31."


def validate(given: Mapping[str, Any], specification: Mapping[str, Any], unknown: Mapping[str, str | None]) -> None:
    """Raise ConfigError where a configuration breaks its specification.

    unknown: the keys that the specification does not have, and what each may have been meant to be
    """
    _object(given, specification, "", {near: key for key, near in unknown.items() if near})


def _object(values: Mapping[str, Any], schema: Mapping[str, Any], path: str, meant: Mapping[str, str]) -> None:
    for name in schema.get("required", ()):
        if name not in values:
            hint = f" `{meant[path + name]}` is not a setting." if path + name in meant else ""
            raise ConfigError(f"`{path}{name}` is missing or empty.{hint}")
    for name, part in schema["properties"].items():
        if name in values:
            _property(values[name], part, path + name, meant)


def _property(value: Any, part: Mapping[str, Any], path: str, meant: Mapping[str, str]) -> None:
    if "oneOf" in part:
        if not isinstance(value, Mapping):
            raise ConfigError(f"`{path}` must be an object.")
        _object(value, _variant(value, part["oneOf"], path), f"{path}.", meant)
        return
    # Imported here: a worker process has no configuration to check.
    from jsonschema import Draft7Validator  # noqa: PLC0415

    error = next(Draft7Validator(part).iter_errors(value), None)
    if error is not None:
        place = "".join(f" at place {index + 1}" for index in error.absolute_path if isinstance(index, int))
        raise ConfigError(f"`{path}`{place} {_reason(error)}")


def _variant(value: Mapping[str, Any], variants: list[Mapping[str, Any]], path: str) -> Mapping[str, Any]:
    """The variant of a choice whose constant the configuration names."""
    constants = [
        next((name, part["const"]) for name, part in variant["properties"].items() if "const" in part)
        for variant in variants
    ]
    for (name, constant), variant in zip(constants, variants, strict=True):
        if value.get(name) == constant:
            return variant
    name, words = constants[0][0], ", ".join(str(constant) for _, constant in constants)
    fault = "must be" if name in value else "is missing; it is"
    raise ConfigError(f"`{path}.{name}` {fault} {'one of ' if len(constants) > 1 else ''}{words}.")


def _reason(error: ValidationError) -> str:
    """What is wrong with a value, in the words of its part of the specification."""
    part: Mapping[str, Any] = error.schema if isinstance(error.schema, Mapping) else {}
    example = f", like {quoted(str(part['examples'][0]), 60)}" if part.get("examples") else ""
    if error.validator in ("minimum", "maximum"):
        return f"must be {_bounds(part)}."
    if error.validator == "pattern" and part.get("format") == "date-time":
        return NO_MOMENT
    reasons = {
        "type": f"must be {_TYPES.get(str(part.get('type')), 'of another kind')}{example}.",
        "pattern": f"must be written as {part.get('pattern_descriptor', 'the form shows')}{example}.",
        "enum": f"must be one of {', '.join(map(str, part.get('enum', ())))}.",
        "minLength": "is empty.",
        "minItems": "is empty.",
    }
    return reasons.get(str(error.validator), f"is not what the form asks for{example}.")


def _bounds(part: Mapping[str, Any]) -> str:
    if {"minimum", "maximum"} <= set(part):
        return f"from {part['minimum']} to {part['maximum']}"
    return f"at least {part['minimum']}" if "minimum" in part else f"at most {part['maximum']}"
