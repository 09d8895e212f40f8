"""deploy/Dockerfile through hadolint, which parses it; there is no daemon here to build it."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.deploy.files import CONFIG, DEPLOY, ROOT, production, understood

FILE = DEPLOY / "Dockerfile"
TEXT = FILE.read_text()
FINAL = TEXT.rpartition("\nFROM ")[2]


def linted(program: Path, text: str) -> Any:
    done = subprocess.run(
        [program, "--no-color", "--format", "json", "-"], input=text.encode(), capture_output=True
    )
    return json.loads(done.stdout)


def test_hadolint_has_nothing_to_say(needs: Callable[[str], Path]) -> None:
    assert linted(needs("hadolint"), TEXT) == []


def test_hadolint_sees_what_is_wrong(needs: Callable[[str], Path]) -> None:
    hadolint = needs("hadolint")
    assert linted(hadolint, TEXT.replace("ENTRYPOINT [", "ENTRYPOINT {[", 1))
    assert linted(hadolint, TEXT.replace("python:3.11.15-slim-bookworm", "python"))
    assert linted(hadolint, TEXT.replace("USER 10001:10001", "USER root"))


def test_both_stages_are_the_same_python() -> None:
    """The environment of the first points to the interpreter of the second."""
    bases = re.findall(r"^FROM (\S+)", TEXT, re.M)
    assert len(bases) == 2
    assert len(set(bases)) == 1


def test_only_locked_wheels_go_in() -> None:
    installs = re.findall(r"pip .*? install (.*?)(?: \\\n &&|\n[A-Z]|\Z)", TEXT, re.S)
    assert len(installs) == 2
    assert "--require-hashes" in installs[0]
    assert "--only-binary :all:" in installs[0]
    assert {"--no-index", "--no-deps", "--no-build-isolation"} <= set(installs[1].split())


def test_the_lock_of_the_image_is_what_production_needs_and_no_more() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lock = (DEPLOY / "requirements.lock").read_text()
    locked = {line.split()[0] for line in lock.splitlines() if "==" in line}
    extras = project["optional-dependencies"]
    wanted = set(project["dependencies"] + extras["production"])
    assert wanted <= {re.sub(r"\[.*\]", "", pin) for pin in locked} | locked, "run: make lock"
    tools = {"hypothesis", "mypy", "pytest", "ruff"}
    assert tools < {pin.partition("==")[0] for pin in extras["dev"]}
    assert not tools & {pin.partition("==")[0] for pin in locked}, "run: make lock"
    assert "://" not in lock


def test_what_is_copied_reaches_the_build() -> None:
    ignore = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert "*" in ignore
    allowed = {line[1:] for line in ignore if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", TEXT, re.M)
    assert {path for line in copied for path in line.split()} == allowed
    assert all((ROOT / path).exists() for path in allowed)


def test_it_starts_a_command_that_there_is_as_nobody_special() -> None:
    words = json.loads(re.search(r"^CMD (\[.*\])$", FINAL, re.M)[1])  # type: ignore[index]
    assert understood(words).config == Path(CONFIG)
    assert 'ENTRYPOINT ["shoseki"]' in FINAL
    assert re.search(r"^USER 10001:10001$", FINAL, re.M)


def test_its_health_check_asks_the_address_of_the_configuration() -> None:
    check = re.search(r"^HEALTHCHECK.*?CMD (\[.*?\])$", FINAL, re.S | re.M)
    assert check
    python, option, code = json.loads(check[1])
    assert (python, option) == ("python", "-c")
    compile(code, "health check", "exec")
    assert production().metrics == "0.0.0.0:9464"
    assert "'http://127.0.0.1:9464/-/healthy'" in code
