"""`shoseki controls`: the catalogue as a privacy office reads it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from controls import catalogue, policies
from controls.catalogue import Catalogue
from controls.kernel import Control
from streams import settings as configuration
from streams import words

HELP = "the catalogue: list, show ID, site (pages to read)"


def options(parser: argparse.ArgumentParser) -> None:
    """list and show, each with --json; site."""
    parts = parser.add_subparsers(dest="part", required=True, metavar="list|show|site")
    listed = parts.add_parser("list", help="every control in force")
    shown = parts.add_parser("show", help="one control: law, reading, limits, proof")
    shown.add_argument("control", metavar="ID")
    site = parts.add_parser("site", help="one page a control and one a policy, ja and en")
    site.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to write")
    site.add_argument(
        "--policies", type=Path, metavar="DIR", help="a company's own policies, one TOML each"
    )
    for part in (listed, shown, site):
        part.add_argument("--config", type=Path, metavar="TOML", help="a company's parameters")
    for part in (listed, shown):
        part.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """0; an unknown control is a Refusal."""
    found = catalogue.load(
        configuration.load(args.config).controls, str(args.config or "configuration")
    )
    if args.part == "site":
        from streams.site import build  # jinja2 is for pages alone

        pages = build(found, policies.load(args.policies or policies.OURS), args.out)
        print(f"{pages} pages; open {args.out / 'index.html'}")
    elif args.part == "show":
        stated = described(found, found[args.control])
        print(words.line(stated) if args.json else page(found[args.control], stated))
    elif args.json:
        for control in found.controls:
            print(words.line(described(found, control)))
    else:
        rows = [
            (c.id, found.measures[c.id], c.title.ja, c.title.en, ", ".join(c.codes))
            for c in found.controls
        ]
        print(words.table(("control", "measure", "名称", "title", "codes"), rows))
    return 0


def described(found: Catalogue, control: Control[Any]) -> dict[str, Any]:
    """A control as plain JSON."""
    fields = type(control.params).model_fields
    defaults = type(control.params)().model_dump(mode="json")
    return {
        "control": control.id,
        "measure": found.measures[control.id],
        "title": both(control.title),
        "requirement": both(control.requirement),
        "sources": [
            {"kind": s.kind, "place": s.place, "verified": s.verified} for s in control.sources
        ],
        "codes": [
            {"code": name, "severity": code.severity, "condition": both(code.condition)}
            for name, code in control.codes.items()
        ],
        "parameters": [
            {
                "name": name,
                "value": value,
                "default": defaults[name],
                **(fields[name].json_schema_extra or {}),
                "en": fields[name].description,
            }
            for name, value in control.params.model_dump(mode="json").items()
        ],
        "evidence": both(control.evidence),
        "response": both(control.response),
        "false_positives": both(control.false_positives),
        "examples": len(control.examples),
        "effective_from": f"{control.effective_from}",
        "effective_to": control.effective_to and f"{control.effective_to}",
    }


def both(text: Any) -> dict[str, str]:
    return {"ja": text.ja, "en": text.en}


def page(control: Control[Any], stated: dict[str, Any]) -> str:
    """A control for a terminal, Japanese first."""
    lines = [
        f"{control.id}  {control.title.ja}  ({control.title.en})",
        "",
        f"要求事項  {control.requirement.ja}",
        f"          {control.requirement.en}",
        "",
        "根拠（* は本文未確認の番号）",
    ]
    for kind in ("appi", "ppc_guideline", "pms_guideline", "seed"):
        places = [s.place for s in control.sources if s.kind == kind]
        if places:
            lines.append(f"  {kind:14} {', '.join(places)}")
    lines += ["", "違反コード"]
    for name, code in control.codes.items():
        lines += [
            f"  {name}  [{code.severity}]",
            f"    {code.condition.ja}",
            f"    {code.condition.en}",
        ]
    lines += ["", "パラメータ"]
    for limit in stated["parameters"]:
        lines.append(f"  {limit['name']} = {limit['value']} {limit.get('unit', '')}".rstrip())
        lines.append(f"    {limit.get('ja', '')} / {limit['en']}")
    lines += ["", "例"]
    for example in control.examples:
        marks = ", ".join(x.code or "判定不能" for x in example.expected) or "適合"
        lines.append(f"  {example.about}: {example.title.ja} → {marks}")
    for head, text in (
        ("証跡", control.evidence),
        ("対応", control.response),
        ("既知の誤検知", control.false_positives),
    ):
        lines += ["", head, f"  {text.ja}", f"  {text.en}"]
    return "\n".join(lines)
