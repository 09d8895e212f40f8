"""What a company says about one log: whose system it is and which paths touch which dataset.

    source_id = "web-crm"
    org_id = "example-kk"
    system_id = "crm"
    host = "crm.example.jp"
    scheme = "https"                  # leave out what is not known: it is then judged as unknown
    tls_version = "TLS1.3"
    dataset = "customers"             # of the paths below that name none

    [[user]]                          # the first whose `match` fits the whole user name
    match = '([a-z0-9]+)@example\\.jp'
    ref = '\\1'                       # actor_ref; account = its account_ref; both default to all
    kind = "staff"

    [[path]]                          # the first whose `match` fits the whole decoded path
    match = '/customers/[0-9]+'
    methods = ["GET"]                 # leave out for any method
    class = "/customers/{id}"         # what evidence says instead of the path
    kind = "datastore"                # or file; web (the default) stays access.web_request
    operation = "read"
    rows = 1                          # a number, or the name of a group of `match` or `query`

A `[[user]]` rule says that the server has checked the name: nginx writes any name that a client
claims, also where it asks for no password, so list users only for logs of sites that do.

A path may hold anybody's data: only `class` goes on, for a path nobody listed the word `other`.
"""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from controls.events import ActorKind
from controls.kernel import Refusal

__all__ = ["OTHER", "PathRule", "Source", "UserRule", "read_source"]

OTHER = "other"
"""The path class and the method of what no rule and no standard knows."""

_OPERATIONS = {
    "datastore": ("read", "write", "update", "delete", "export", "grant", "ddl"),
    "file": ("read", "create", "update", "delete", "copy", "rename", "share_external", "print"),
}


def _compiled(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return re.compile(value)
    except re.error as error:
        raise ValueError(f"a regular expression is expected: {error}") from None


def _count(value: int | str) -> int | str:
    if isinstance(value, int) and value < 0:
        raise ValueError("a number from 0 up, or the name of a group, is expected")
    return value


Pattern = Annotated[re.Pattern[str], BeforeValidator(_compiled)]
Count = Annotated[int | str, AfterValidator(_count)]
Name = Annotated[str, Field(min_length=1)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class UserRule(_Table):
    """How a user of the log becomes a person or a service; `ref` and `account` are templates."""

    match: Pattern
    ref: str = r"\g<0>"
    account: str = r"\g<0>"
    kind: ActorKind

    @model_validator(mode="after")
    def _templates_fit(self) -> Self:
        for template in (self.ref, self.account):
            try:  # refuses a group that `match` lacks
                re.compile(self.match.pattern + "|").sub(template, "")
            except (re.error, IndexError) as error:
                raise ValueError(f"template {template!r}: {error}") from None
        return self


class PathRule(_Table):
    """What a path means: a page of the site, or work on a dataset."""

    match: Pattern
    query: Pattern | None = None
    """Searched in the query string, for its groups only."""
    methods: tuple[str, ...] | None = Field(None, strict=False)
    path_class: Name = Field(alias="class")
    kind: Literal["web", "datastore", "file"] = "web"
    operation: str | None = None
    dataset: str | None = None
    rows: Count = 1
    persons: Count | None = None
    """How many people the rows are about (principals_count, dlp_principals); None: not known."""
    fields: tuple[str, ...] = Field((), strict=False)
    purpose: str | None = None
    target: str | None = None
    """For an export: the system it goes to."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        known = _OPERATIONS.get(self.kind)
        if known and self.operation not in known:
            raise ValueError(f"operation of a {self.kind}: one of {', '.join(known)} is expected")
        if not known and self.operation is not None:
            raise ValueError('operation: kind = "datastore" or "file" is expected with it')
        groups = {**self.match.groupindex, **(self.query.groupindex if self.query else {})}
        for count in (self.rows, self.persons):
            if isinstance(count, str) and count not in groups:
                raise ValueError(f"no group {count!r} in match or query")
        return self


class Source(_Table):
    """One access log and everything its lines do not say themselves."""

    source_id: Name
    org_id: Name
    system_id: Name
    host: Name
    scheme: Literal["http", "https"] | None = None
    tls_version: Literal["SSLv3", "TLS1.0", "TLS1.1", "TLS1.2", "TLS1.3"] | None = None
    dataset: str | None = None
    user: tuple[UserRule, ...] = Field((), strict=False)
    path: tuple[PathRule, ...] = Field((), strict=False)

    @model_validator(mode="after")
    def _datasets_named(self) -> Self:
        for rule in self.path:
            if rule.kind == "datastore" and not (rule.dataset or self.dataset):
                raise ValueError(f"path class {rule.path_class!r}: a dataset is expected")
        return self

    def person(self, user: str) -> tuple[str, str, ActorKind]:
        """(actor_ref, account_ref, kind) of a user; one whom no rule fits keeps the name."""
        for rule in self.user:
            fits = rule.match.fullmatch(user)
            if fits:
                return fits.expand(rule.ref), fits.expand(rule.account), rule.kind
        return user, user, "unknown"

    def rule(self, method: str, path: str) -> PathRule | None:
        """The first rule that fits; None where nobody listed the path."""
        for rule in self.path:
            if (rule.methods is None or method in rule.methods) and rule.match.fullmatch(path):
                return rule
        return None


def read_source(path: Path) -> Source:
    """The source a TOML file describes; Refusal names the file, the place and what is expected."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise Refusal(f"{path}: cannot be read ({error.strerror}); give --source a file") from None
    except ValueError as error:  # broken TOML and broken UTF-8 alike
        raise Refusal(f"{path}: no TOML: {error}") from None
    try:
        return Source.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Refusal(f"{path}: {place + ': ' if place else ''}{first['msg']}") from None
