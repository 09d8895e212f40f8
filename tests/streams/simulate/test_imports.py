"""The simulator knows nothing of what judges it; a pure generator, chance from its seed alone."""

import ast
from pathlib import Path

import streams.simulate

KNOWN = ("controls.events", "controls.policies")
"""What a company must know of: how events are told, and which policies it published."""


def _modules(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "absolute imports are expected"
            if node.module == "controls":
                found.update(f"controls.{alias.name}" for alias in node.names)
            else:
                found.add(node.module or "")
    return found


def test_the_simulator_imports_nothing_of_controls_but_words_and_policies() -> None:
    home = Path(streams.simulate.__file__).parent
    files = sorted(home.rglob("*.py"))
    assert len(files) > 10
    for file in files:
        for name in _modules(ast.parse(file.read_bytes())):
            if name.split(".")[0] == "controls":
                assert name.startswith(KNOWN), f"{file.name} imports {name}"
            if name.split(".")[0] == "streams":
                assert name.startswith("streams.simulate"), f"{file.name} imports {name}"


def test_the_simulator_reads_no_clock_and_no_chance_but_its_seed() -> None:
    home = Path(streams.simulate.__file__).parent
    for file in home.rglob("*.py"):
        text = file.read_text("utf-8")
        names = _modules(ast.parse(text))
        assert not names & {"time", "secrets", "uuid", "os"}, file.name
        assert "now(" not in text and "today()" not in text, file.name
        assert "import random" not in text, file.name
