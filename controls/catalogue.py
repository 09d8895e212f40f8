"""Finds the controls, refuses bad ones by file and line, and takes their fingerprint."""

from __future__ import annotations

import ast
import difflib
import importlib
import json
import pkgutil
import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import ValidationError

import controls
from controls.kernel import Control, Refusal

MEASURES = (
    "governance",
    "organizational",
    "human",
    "physical",
    "technical",
    "external_environment",
    "outsourcing",
    "provision",
    "cross_border",
    "rights",
    "retention",
    "purpose",
    "web",
    "anonymized",
    "incident",
)
"""The packages in which a control may live, one for each kind of measure."""

Overrides = Mapping[str, Mapping[str, Any]]
"""Parameters that a company sets, by control: `{"TEC-05": {"export_n": 500}}`."""


Version = Mapping[str, Any]
"""`{code, params}` of a control: a digest of the code that judges, and the parameters as JSON."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The controls in force, in order of their ids, with the measure each belongs to."""

    controls: tuple[Control[Any], ...]
    measures: Mapping[str, str]
    fingerprint: str
    """sha256 hex over the text of controls/ and the parameters of every control."""
    versions: Mapping[str, Version] = field(default_factory=dict)
    """What each control's memory was made by: where it differs, the memory is made again."""

    def __getitem__(self, control_id: str) -> Control[Any]:
        for control in self.controls:
            if control.id == control_id:
                return control
        close = difflib.get_close_matches(control_id, [c.id for c in self.controls], 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise Refusal(f"{control_id}: no such control{hint} `shoseki controls list` shows all")


def load(overrides: Overrides | None = None, origin: str = "configuration") -> Catalogue:
    """Every control under the measures, with a company's parameters applied.

    `origin` names the file the parameters came from.  Raises Refusal where a control breaks the
    rules of the catalogue or a parameter does not exist or has the wrong type.
    """
    found: dict[str, Control[Any]] = {}
    measures: dict[str, str] = {}
    codes: dict[str, str] = {}
    for measure, module in modules():
        control = module.CONTROL
        place = where(module)
        if control.id in found:
            raise Refusal(f"{place}: {control.id}: the id is taken already; ids are never reused")
        examine(control, place)
        found[control.id] = control
        measures[control.id] = measure
        codes[control.id] = code(Path(str(module.__file__)))
    for control_id, values in (overrides or {}).items():
        if control_id not in found:
            raise Refusal(f"{origin}: [{control_id}]: no such control")
        found[control_id] = overridden(found[control_id], values, origin)
    controls_found = tuple(found[control_id] for control_id in sorted(found))
    stated = [[c.id, c.params.model_dump(mode="json")] for c in controls_found]
    text = json.dumps([digests(), stated], sort_keys=True, separators=(",", ":"))
    versions = {
        c.id: {"code": codes[c.id], "params": c.params.model_dump(mode="json")}
        for c in controls_found
    }
    return Catalogue(controls_found, measures, sha256(text.encode()).hexdigest(), versions)


def digests() -> dict[str, str]:
    """The digest of every file that has a say in a verdict: controls, shapes, engine, words."""
    root = Path(__file__).parent
    return {
        file.relative_to(root).as_posix(): sha256(file.read_bytes()).hexdigest()
        for file in sorted(root.rglob("*.py"))
    }


@cache
def code(file: Path) -> str:
    """A digest of the code by which one control judges: its file, what that imports of its own
    folder and of the books, and everything that all controls share.  Comments and layout do not
    count."""
    root = Path(__file__).parent
    files = {*root.glob("*.py"), *root.glob("events/*.py")}
    wanted = [file, root / "books" / "core.py"]
    while wanted:
        one = wanted.pop()
        files.add(one)
        own = rf"^from controls\.({file.parent.name}|books)\.(\w+) import"
        names = re.findall(own, one.read_text(encoding="utf-8"), re.MULTILINE)
        wanted += {root / folder / f"{name}.py" for folder, name in names} - files
    text = json.dumps([[each.name, _bare(each)] for each in sorted(files)])
    return sha256(text.encode()).hexdigest()


@cache
def _bare(file: Path) -> str:
    tree = ast.dump(ast.parse(file.read_bytes()), annotate_fields=False)
    return sha256(tree.encode("utf-8", "surrogatepass")).hexdigest()


def modules() -> Iterator[tuple[str, ModuleType]]:
    """The modules that state a control, with their measure."""
    for measure in MEASURES:
        try:
            package = importlib.import_module(f"{controls.__name__}.{measure}")
        except ModuleNotFoundError as missing:
            if missing.name == f"{controls.__name__}.{measure}":
                continue
            raise
        for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
            module = importlib.import_module(f"{package.__name__}.{info.name}")
            if hasattr(module, "CONTROL"):
                yield measure, module


def where(module: ModuleType) -> str:
    """`controls/technical/bulk_read.py:24`, the line on which the control is stated."""
    path = Path(str(module.__file__))
    lines = path.read_text(encoding="utf-8").splitlines()
    line = next((n for n, text in enumerate(lines, 1) if text.startswith("CONTROL")), 1)
    return f"{'/'.join(path.parts[-3:])}:{line}"


def examine(control: Control[Any], place: str) -> None:
    """Refuse a control that does not prove itself."""
    named = [code for check in control.checks(control.params) for code in check.codes]
    for code in named:
        if code not in control.codes:
            raise Refusal(f"{place}: {control.id}: a check names {code}, which codes do not state")
    for code, stated in control.codes.items():
        if code not in named:
            raise Refusal(f"{place}: {control.id}: no check can find {code}")
        about = [example for example in control.examples if example.about == code]
        broken = [e for e in about if any(x.code == code for x in e.expected)]
        kept = [e for e in about if not any(x.code == code for x in e.expected)]
        if not broken or not kept:
            kind = "violating" if not broken else "compliant"
            raise Refusal(f"{place}: {control.id}: {code} has no {kind} example")
        for text in (stated.finding.ja, stated.finding.en):
            try:
                list(string.Formatter().parse(text))
            except ValueError as error:
                raise Refusal(f"{place}: {control.id}: {code}: finding text: {error}") from None
    names = [check.name for check in control.checks(control.params)]
    if len(names) != len(set(names)) or "missing" in names:
        raise Refusal(f"{place}: {control.id}: every check needs a name of its own, not `missing`")


def overridden(control: Control[Any], values: Mapping[str, Any], origin: str) -> Control[Any]:
    known = type(control.params).model_fields
    for name in values:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f'; did you mean "{close[0]}"?' if close else f"; known: {', '.join(known)}"
            raise Refusal(f"{origin}: [{control.id}] {name}: no such parameter{hint}")
    given = {  # TOML has lists only
        name: tuple(value) if isinstance(getattr(control.params, name), tuple) else value
        for name, value in values.items()
    }
    try:
        params = type(control.params)(**{**control.params.model_dump(), **given})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise Refusal(f"{origin}: [{control.id}] {name}: {first['msg']}") from None
    return replace(control, params=params)
