"""Accounts: which configurations there are, and how a worker finds the one it needs without it travelling along."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdr.schema.errors import ConfigError
from cdr.vendor.config import Config
from cdr.vendor.request import Request
from cdr.vendor.stream import Stream

if TYPE_CHECKING:
    from cdr.airbyte.source import CallRecordSource

_OWN_KEY = "connector"
_PREFIX = "source-"


@dataclass(frozen=True)
class Place:
    """Where a configuration is: what a partition carries instead of it.

    path:      the file, reachable under this name on every machine that reads; None where `text` holds the
               configuration itself
    line:      its line in the file, counted from 1; None where the file is one configuration
    digest:    of its text: a file that was changed in the meantime is noticed, not read as another account
    overrides: options of the query that stand for settings
    settings:  the account, as JSON of the settings that name it alone, where the configuration names several
    """

    path: str | None
    line: int | None = None
    text: str | None = field(default=None, repr=False)
    digest: str = ""
    overrides: tuple[tuple[str, str], ...] = ()
    settings: str = ""

    @property
    def whole(self) -> Place:
        """The same for all accounts of a configuration: they share a login."""
        return replace(self, settings="")

    def __str__(self) -> str:
        if self.path is None:
            return "option `config`"
        return self.path if self.line is None else f"{self.path}, line {self.line}"

    def read(self) -> dict[str, Any]:
        """The configuration. Raises ConfigError where it is not there, not JSON, or not what was planned with."""
        text = self.text if self.text is not None else self._text()
        if self.digest and digest_of(text) != self.digest:
            raise ConfigError(f"{self} has changed since the query was planned; run the query again.")
        return {**parsed(text, str(self)), **dict(self.overrides)}

    def _text(self) -> str:
        content = content_of(self.path or "")
        if self.line is None:
            return content
        lines = content.splitlines()
        return lines[self.line - 1] if self.line <= len(lines) else ""


def digest_of(text: str) -> str:
    """What a configuration is known by, without what it says."""
    return blake2b(text.strip().encode(), digest_size=16).hexdigest()


def parsed(text: str, where: str) -> dict[str, Any]:
    """The object that a text holds. The error never quotes it: it holds secrets."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ConfigError(f"{where} is no configuration: it must be one JSON object.") from None
    return found


def content_of(name: str) -> str:
    """The text of a file: under its own name, or as Spark has brought it here (`sparkContext.addFile`)."""
    path = Path(name)
    if not path.exists() and path.name == name:
        path = _brought(name) or path
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The file of configurations {name} cannot be read here ({type(error).__name__}): put it under the same "
            "path on the driver and on every worker, or bring it there with sparkContext.addFile and give its name."
        ) from None


def _brought(name: str) -> Path | None:
    try:
        from pyspark import SparkFiles  # noqa: PLC0415  only where Spark runs

        return Path(SparkFiles.get(name))
    except (ImportError, AssertionError, AttributeError, TypeError):
        return None  # no Spark here, or one that has brought nothing


def places(options: Mapping[str, str]) -> Iterator[Place]:
    """Every configuration that the options of a query name."""
    config, configs = options.get("config"), options.get("configs")
    if (config is None) == (configs is None):
        raise ConfigError(
            "Give one of the options `config` (a file with one configuration) and `configs` (one a line)."
        )
    overrides = tuple((name, options[name]) for name in ("start_date", "end_date") if options.get(name))
    if config is not None:
        by_value = config.lstrip().startswith("{")
        place = Place(None, text=config) if by_value else Place(_from_anywhere(config))
        text = config if by_value else content_of(config)
        yield replace(place, digest=digest_of(text), overrides=overrides)
        return
    configs = configs or ""
    for number, text in enumerate(content_of(configs).splitlines(), 1):
        if text.strip():
            yield Place(_from_anywhere(configs), number, digest=digest_of(text), overrides=overrides)


def _from_anywhere(name: str) -> str:
    """The name under which a worker, which runs in another folder, finds a file that is here."""
    return str(Path(name).absolute()) if Path(name).exists() else name


@dataclass(frozen=True)
class Account:
    """One account of a configuration, checked, with the source that it is for.

    config:  as if it were the only one; login: as it was given, for the login
    sharing: how many accounts share the login and its budget
    """

    connector: str
    place: Place
    config: Config
    login: Config
    sharing: int = 1

    @property
    def source(self) -> type[CallRecordSource]:
        return source_of(self.connector)

    @property
    def identity(self) -> str:
        """What tells it from all others: two of them would give their rows the same ids."""
        return f"{self.connector} {self.stream('call_records').account_id()}"

    def stream(self, name: str) -> Stream:
        """The stream of that name. Raises ConfigError where the connector has none."""
        for cls in self.source.streams:
            if cls.name == name and cls.has_files:
                raise ConfigError(
                    f"The stream {name} is not read by Spark, which has no place for files: read it by Airbyte, or "
                    "take the links from `recording_url`."
                )
            if cls.name == name:
                return cls(self.config)
        known = ", ".join(cls.name for cls in self.source.streams if not cls.has_files)
        raise ConfigError(f"{self.connector} has no stream {name!r}; it has {known}.")

    def __str__(self) -> str:
        return f"{self.connector}, account {self.stream('call_records').account_id()} ({self.place})"


def account(place: Place, connector: str | None, requests_per_minute: int | None = None) -> Account:
    """The account at a place. Raises ConfigError with the place and the property, never with a value.

    connector:           the one that the query names; None where each configuration names its own
    requests_per_minute: the share of the account's budget to keep to
    """
    raw = place.read()
    own = raw.pop(_OWN_KEY, None)
    name = connector or own
    if not isinstance(name, str):
        raise ConfigError(f"{place}: no connector is named; give the option `connector`, such as source-voxo.")
    if connector and own and own != connector:
        raise ConfigError(f"{place}: this configuration is for {own}, and the query reads {connector}.")
    if requests_per_minute is not None:
        raw["requests_per_minute"] = requests_per_minute
    specification = specification_of(name)
    without_secrets = _keep_secret(specification, raw)
    try:
        config = Config(raw, specification)
    except ConfigError as error:
        raise ConfigError(f"{place}: {without_secrets(error.message)}") from None
    if config.group("credentials").get("auth_type") == "refresh_token":
        raise ConfigError(
            f"{place}: a refresh token is good for one use and cannot be shared by workers; "
            "choose another of the `credentials`."
        )
    one = config.with_settings(json.loads(place.settings)) if place.settings else config
    return Account(name, place, one, config)


def _each(whole: Account) -> list[Account]:
    """Every account that a configuration names, each once. Raises SyncError where a vendor does not list them."""
    stream = whole.source.streams[0]

    def ask(request: Request) -> Any:
        from cdr_spark.reading import ask  # noqa: PLC0415 - the CDK with it, which takes its time

        return ask(whole, request)

    found: dict[str | None, Mapping[str, Any]] = {}
    for settings in stream.accounts(whole.config, ask):
        found.setdefault(stream(whole.config.with_settings(settings)).account_id(), settings)
    if len(found) == 1:
        return [whole]
    return [
        replace(
            whole,
            place=replace(whole.place, settings=json.dumps(settings)),
            config=whole.config.with_settings(settings),
            sharing=len(found),
        )
        for settings in found.values()
    ]


def accounts(options: Mapping[str, str]) -> list[Account]:
    """Every account of a query. Raises ConfigError where two of them would give their rows the same ids."""
    found: dict[str, Account] = {}
    for one in (one for place in places(options) for one in _each(account(place, options.get("connector")))):
        if other := found.get(one.identity):
            raise ConfigError(
                f"{other.place} and {one.place} are the same account of {one.connector}: "
                f"{one.stream('call_records').account_id()}. Every row would come twice; leave one out, or tell them "
                "apart with `account_name`."
            )
        found[one.identity] = one
    if not found:
        raise ConfigError("There is no configuration in the file that the option `configs` names.")
    return list(found.values())


@cache
def source_of(connector: str) -> type[CallRecordSource]:
    """The class of a connector, `SourceVoxo` of source-voxo. Raises ConfigError where it is not installed."""
    name = "".join(word.capitalize() for word in connector.split("-"))
    source: type[CallRecordSource] = getattr(_package(connector), name)
    return source


@cache
def specification_of(connector: str) -> Mapping[str, Any]:
    """What a connector's `spec.json` says of its configuration."""
    text = (files(_package(connector)) / "spec.json").read_text(encoding="utf-8")
    specification: Mapping[str, Any] = json.loads(text)["connectionSpecification"]
    return specification


def _package(connector: str) -> Any:
    module = connector.replace("-", "_")
    if not connector.startswith(_PREFIX) or not module.isidentifier():
        raise ConfigError(f"{connector!r} is no connector: write it like source-voxo.")
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        raise ConfigError(f"{connector} is not installed here: install it on the driver and on every worker.") from None


def _keep_secret(specification: Mapping[str, Any], raw: Mapping[str, Any]) -> Callable[[str], str]:
    """Take the configuration's secrets out of every later error and log line of this process, as the result does."""
    from airbyte_cdk.utils.airbyte_secrets_utils import (  # noqa: PLC0415  takes its time
        add_to_secrets,
        filter_secrets,
        get_secrets,
    )

    for secret in get_secrets(specification, raw):
        if isinstance(secret, str) and secret:
            add_to_secrets(secret)
    return filter_secrets
