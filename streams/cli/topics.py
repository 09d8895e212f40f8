"""`shoseki topics`: the topics on Kafka, made and checked by their one declaration."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from streams import settings as configuration
from streams import topics
from streams.topics import Difference

HELP = "the topics on Kafka: make them, or say where they differ from what is declared"


def options(parser: argparse.ArgumentParser) -> None:
    """apply or check, and of which installation."""
    parser.add_argument("action", choices=("apply", "check"))
    parser.add_argument("--config", type=Path, metavar="TOML", help="the service's configuration")
    parser.add_argument("--json", action="store_true", help="one JSON object a difference")


def run(args: argparse.Namespace) -> int:
    """0 where the topics are as declared, 1 where they differ; apply tells what it changed."""
    settings = configuration.load(args.config)
    if args.action == "apply":
        tell(topics.apply(settings), args.json, "changed")
    left = topics.check(settings)
    if args.action == "check":
        tell(left, args.json, "differs")
    else:
        for difference in left:
            print(f"{difference}; {difference.remedy}", file=sys.stderr)
    if not left and not args.json:
        print(f"{len(topics.declared(settings))} topics are as declared")
    return 1 if left else 0


def tell(found: Sequence[Difference], as_json: bool, word: str) -> None:
    """One line a difference: topic, setting, what is or was there, what is wanted, the remedy."""
    for difference in found:
        if as_json:
            print(json.dumps(asdict(difference) | {"remedy": difference.remedy}))
        elif word == "changed":
            print(f"{difference.topic}: {difference.setting}: {difference.found or 'missing'} -> "
                  f"{difference.expected}")  # fmt: skip
        else:
            print(f"{difference}; {difference.remedy}")
