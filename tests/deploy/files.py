"""The files of deploy/ as their own parsers read them, and what several tests ask of them."""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from streams.cli import commands
from streams.settings import Settings, load

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
CONFIG = "/etc/shoseki/production.toml"


@cache
def production() -> Settings:
    return load(DEPLOY / "production.toml")


def composed(program: Path, file: Path = DEPLOY / "compose.yaml") -> Any:
    """What docker compose makes of a file; CalledProcessError where it refuses it."""
    done = subprocess.run(
        [program, "--file", file, "config", "--format", "json"],
        capture_output=True, check=True, env={}, cwd=file.parent,
    )  # fmt: skip
    return json.loads(done.stdout)


@cache
def manifests() -> tuple[dict[str, Any], ...]:
    """Every object of deploy/k8s."""
    return tuple(
        document
        for file in sorted((DEPLOY / "k8s").iterdir())
        for document in yaml.safe_load_all(file.read_text())
    )


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and pod template of everything that runs pods."""
    for found in manifests():
        template = found.get("spec", {}).get("template")
        if template is not None:
            yield found["metadata"]["name"], template


def understood(words: Sequence[str]) -> argparse.Namespace:
    """A `shoseki` command line as that command reads it; SystemExit where it does not."""
    name, *rest = words
    assert name in commands(), f"no command {name}"
    module = importlib.import_module(f"streams.cli.{commands()[name].stem}")
    parser = argparse.ArgumentParser(prog=f"shoseki {name}")
    module.options(parser)
    return parser.parse_args(rest)
