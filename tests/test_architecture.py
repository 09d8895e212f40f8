"""Who may import what: the import rule, read from the source."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TREE = Path(__file__).parents[1]
PACKAGES = ("controls", "streams", "dashboards")
# What controls/ may use besides the standard library and itself.
PURE = {"pydantic", "pydantic_core", "holidays"}
# Foreign libraries and the modules that may import them; wiring and cli are free.
ONLY = {
    "faust": ("app", "agents", "connection", "fetch", "local", "state"),
    "mode": ("app", "agents", "local", "state"),
    "aiokafka": ("intake", "registers"),
    "kafka": ("connection", "publish", "topics"),
    "clickhouse_connect": ("store",),
    "chdb": ("store",),
    "prometheus_client": ("metrics",),
    "nacl": ("quarantine", "evidence"),
    "jinja2": ("console", "site"),
    "markupsafe": ("console",),
    "aiohttp": ("console",),
    "reportlab": ("export",),
    "xlsxwriter": ("export",),
    "grafana_foundation_sdk": ("grafana", "grafana_panels"),
}
FREE = ("wiring", "cli")
# What a control's own folder may use of controls/.
MEASURES = {
    "kernel", "shapes", "events", "registers", "books", "block", "asked", "calendar", "deadlines",
    "examples", "gaps", "policies",
}  # fmt: skip


def imports(file: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            here = file.relative_to(TREE).with_suffix("").parts[: -node.level or None]
            module = ".".join([*(here if node.level else ()), *filter(None, [node.module])])
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def breaches(file: Path) -> Iterator[str]:
    package, *inner = file.relative_to(TREE).with_suffix("").parts
    for line, name in imports(file):
        root, *rest = name.split(".")
        place = f"{file.relative_to(TREE)}:{line}: imports {name}; "
        if package == "controls":
            if root not in PURE and root != "controls" and root not in sys.stdlib_module_names:
                yield place + "controls/ is the standard library, pydantic and holidays"
            measure = len(inner) == 2 and inner[0] not in ("events", "books", "policies")
            own = rest[:1] == inner[:1]
            if measure and root == "controls" and rest and rest[0] not in MEASURES and not own:
                yield place + f"a control may import {', '.join(sorted(MEASURES))}"
        elif root in ONLY and inner[0] not in ONLY[root] + FREE:
            yield place + f"only {', '.join(ONLY[root] + FREE)} of streams/ may"
        simulate = package == "streams" and inner[0] == "simulate"
        if simulate and root == "controls" and rest[:1] not in (["events"], ["policies"]):
            yield place + "simulate knows the vocabulary and the policies of controls/"


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_keep_to_the_rule(package: str) -> None:
    found = [line for file in (TREE / package).rglob("*.py") for line in breaches(file)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("controls/engine.py", "import msgspec"),
        ("controls/engine.py", "from streams import codec"),
        ("controls/technical/bulk_read.py", "from controls.engine import Engine"),
        ("streams/pipeline.py", "import faust"),
        ("streams/agents.py", "from aiokafka import AIOKafkaConsumer"),
        ("streams/intake.py", "import kafka.admin"),
        ("streams/evidence/verify.py", "def read():\n    import chdb"),
        ("streams/simulate/company.py", "from controls.kernel import Control"),
        ("dashboards/panels.py", "from prometheus_client import Counter"),
    ],
)
def test_the_rule_sees_a_breach(
    file: str, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "TREE", tmp_path)
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(source)
    assert list(breaches(tmp_path / file))
