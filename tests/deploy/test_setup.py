import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

TREE = Path(__file__).parents[2]
GOOD = {
    "version": (3, 12),
    "system": "linux",
    "cpu": "x86_64",
    "musl": False,
    "has_venv": True,
    "uv": None,
}


@pytest.fixture(scope="module")
def setup() -> ModuleType:
    spec = importlib.util.spec_from_file_location("setup_venv", TREE / "deploy" / "setup.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_machine_with_everything_is_not_refused(setup: ModuleType) -> None:
    assert setup.refusal(GOOD) is None
    assert setup.refusal({**GOOD, "has_venv": False, "uv": "/bin/uv"}) is None


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ({"version": (3, 9)}, "make PYTHON="),
        ({"version": (3, 15)}, "make PYTHON="),
        ({"musl": True}, "glibc"),
        ({"has_venv": False}, "python3.12-venv"),
        ({"system": "win32"}, "WSL"),
        ({"cpu": "aarch64"}, "x86_64"),
    ],
)
def test_what_stands_in_the_way_is_one_sentence_that_says_what_to_do(
    setup: ModuleType, what: dict[str, Any], says: str
) -> None:
    sentence = setup.refusal({**GOOD, **what})
    assert says in sentence
    assert "\n" not in sentence
    assert ". " not in sentence


def test_too_little_disk_names_the_place_and_both_sizes(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert setup.short_of_disk(None) is None
    monkeypatch.setattr(setup, "DISK_MB", 10**12)
    sentence = setup.short_of_disk(None)
    assert "MB free and the set-up needs 1000000" in sentence
    assert "\n" not in sentence


def test_the_set_up_needs_no_root_and_the_lock_no_address() -> None:
    for name in ("Makefile", "deploy/setup.py"):
        words = (TREE / name).read_text().split()
        assert not {"sudo", "apt", "apt-get"} & set(words), name
    lock = (TREE / "requirements.lock").read_text()
    assert "://" not in lock
    assert "index-url" not in lock


def test_every_direct_dependency_stands_in_the_lock_as_pinned() -> None:
    import tomllib

    project = tomllib.loads((TREE / "pyproject.toml").read_text())
    lock = (TREE / "requirements.lock").read_text().splitlines()
    locked = {line.split()[0] for line in lock if "==" in line}
    pins = project["project"]["dependencies"] + project["project"]["optional-dependencies"]["dev"]
    assert not set(pins) - locked, "run: make lock"
    assert set(project["build-system"]["requires"]) <= locked
