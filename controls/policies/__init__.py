"""Published policies as data: every statement, in own words, with the controls that check it.

One TOML file a policy.  A company writes its own the same way:

    id = "ACME"
    operator = "ACME K.K."
    title = "Privacy policy"

    [[statements]]
    id = "ACME-1"
    place = "1 Purposes"
    text = "Uses data for the listed purposes only"
    mode = "event"             # or "attestation": nothing shows it, GOV-09 asks its owner
    controls = ["CON-02"]

    [[findings]]               # what is doubtful about the policy itself: shown, never enforced
    id = "F-01"
    statements = ["ACME-1"]
    text = "..."
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from controls.kernel import Refusal

OURS = Path(__file__).parent
"""The five policies from which the catalogue was drawn."""

ATTESTATION = "GOV-09"
"""The control that asks owners; it alone never makes a statement live that events check."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Statement(_Strict):
    """One promise of a policy and the controls that check it."""

    id: str = Field(min_length=1)
    place: str
    text: str = Field(min_length=1)
    mode: Literal["event", "attestation"]
    controls: tuple[str, ...] = Field(min_length=1)

    @property
    def checked_by(self) -> tuple[str, ...]:
        """The controls that count: for a statement checked by events all but the attestation."""
        if self.mode == "attestation":
            return self.controls
        return tuple(name for name in self.controls if name != ATTESTATION) or self.controls


class Finding(_Strict):
    """What is doubtful about a policy: shown with its statements, never enforced as law."""

    id: str
    statements: tuple[str, ...]
    text: str


class Policy(_Strict):
    """One published policy."""

    id: str
    operator: str
    title: str
    statements: tuple[Statement, ...] = Field(min_length=1)
    findings: tuple[Finding, ...] = ()

    @model_validator(mode="after")
    def _ids(self) -> Policy:
        ids = [statement.id for statement in self.statements]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"statement {twice[0]} stands there twice; give each its own id")
        for finding in self.findings:
            for name in finding.statements:
                if name not in ids:
                    raise ValueError(f"finding {finding.id} names {name}, which is no statement")
        return self

    def doubts(self, statement: str) -> tuple[Finding, ...]:
        """The findings about one statement."""
        return tuple(f for f in self.findings if statement in f.statements)


def read(file: Path) -> Policy:
    """The policy of a file.  Refusal: the file, the place in it and what was expected."""
    told: dict[str, Any] = {}
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8"))
        return Policy.model_validate(told)
    except OSError as error:
        raise Refusal(f"{file}: {error.strerror}; give a readable TOML file") from error
    except tomllib.TOMLDecodeError as error:
        raise Refusal(f"{file}: {error}; expected TOML (see controls/policies)") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = _place(told, first["loc"])
        raise Refusal(f"{file}: {place}: {first['msg']} (see controls/policies)") from error


def _place(told: dict[str, Any], loc: tuple[int | str, ...]) -> str:
    """Where in the file that is: the id of a statement or finding rather than its number."""
    if len(loc) > 1 and isinstance(loc[1], int) and isinstance(told.get(str(loc[0])), list):
        entry = told[str(loc[0])][loc[1]]
        name = entry.get("id") if isinstance(entry, dict) else None
        named = f"{loc[0]} {name}" if name else f"{loc[0]}, the {loc[1] + 1}. entry"
        return " ".join([named, *map(str, loc[2:])])
    return ".".join(map(str, loc)) or "the policy"


@lru_cache(maxsize=8)
def load(folder: Path = OURS) -> tuple[Policy, ...]:
    """Every policy of a folder, by file name.  Refusal where it holds none."""
    found = tuple(read(file) for file in sorted(folder.glob("*.toml")))
    if not found:
        raise Refusal(f"{folder}: no policy there; expected one TOML file a policy")
    return found


def attested() -> tuple[str, ...]:
    """The statements of the five policies that no event can check."""
    return tuple(
        statement.id
        for policy in load()
        for statement in policy.statements
        if statement.mode == "attestation"
    )
