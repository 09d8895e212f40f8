"""What the tests need of a machine, and one table at the end of what was not there.

`needs("nginx")` gives the program's path, `needs("corpus")` the folder. Where it is missing the
test is skipped and stands in the table; where SHOSEKI_REQUIRE (names, comma-separated) promised
it, the test fails instead.  `kafka` is a broker that all tests of a run share; SHOSEKI_TEST_KAFKA
(HOST:PORT) names one that is there already.  SHOSEKI_RAN names a file to which goes how each test
came out.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.company import Company
    from tests.streams.kafka.broker import Cluster, Kafka

# name: (executable, what brings it on Debian)
PROGRAMS = {
    "alertmanager": ("prometheus-alertmanager", "prometheus-alertmanager"),
    "amtool": ("amtool", "prometheus-alertmanager"),
    "chromium": ("chromium", "chromium"),
    "docker-compose": ("docker-compose", "none; make setup brings it"),
    "hadolint": ("hadolint", "none; make setup brings it"),
    "java": ("java", "default-jre-headless"),
    "kafka": ("mvn", "maven, default-jre-headless"),
    "mount": ("mount", "mount; and the right to mount a tmpfs"),
    "nginx": ("nginx", "nginx"),
    "openssl": ("openssl", "openssl"),
    "prometheus": ("prometheus", "prometheus"),
    "promtool": ("promtool", "prometheus"),
}
# name: the variable that says where the folder lies
FOLDERS = {"corpus": "SHOSEKI_CORPUS", "shared": "SHOSEKI_SHARED"}

REQUIRED = {name for name in os.environ.get("SHOSEKI_REQUIRE", "").split(",") if name}
RAN: dict[str, str] = {}
"""How each test came out: passed, skipped or failed, the worst of its phases."""
MISSING = pytest.StashKey[Counter[tuple[str, str]]]()

settings.register_profile("here", deadline=None, print_blob=True)
settings.load_profile("here")


def find(name: str) -> tuple[Path | None, str]:
    """Where the thing is, and what brings it."""
    if name in FOLDERS:
        variable = FOLDERS[name]
        folder = os.environ.get(variable)
        found = Path(folder).resolve() if folder and Path(folder).is_dir() else None
        return found, f"{variable}=FOLDER"
    executable, package = PROGRAMS[name]
    places = (str(Path(sys.executable).parent), None, "/usr/sbin:/sbin")
    path = next(filter(None, (shutil.which(executable, path=place) for place in places)), None)
    if name == "mount" and path and not may_mount(path):
        path = None
    return Path(path) if path else None, package


def may_mount(mount: str) -> bool:
    """Whether this user may mount a tmpfs here."""
    with tempfile.TemporaryDirectory() as folder:
        tried = subprocess.run(
            [mount, "-t", "tmpfs", "-o", "size=64k", "none", folder], capture_output=True
        )
        return not tried.returncode and not subprocess.run(["umount", folder]).returncode


@pytest.fixture(scope="session")
def needs(pytestconfig: pytest.Config) -> Callable[[str], Path]:
    """needs(name) -> path of a program or folder; skips the test where there is none."""

    def need(name: str) -> Path:
        found, package = find(name)
        if found is not None:
            return found
        if name in REQUIRED:
            pytest.fail(f"{name} is promised by SHOSEKI_REQUIRE and not here: {package}")
        pytestconfig.stash[MISSING][name, package] += 1
        pytest.skip(f"needs {name} ({package})")

    return need


@pytest.fixture(scope="session")
def kafka(
    needs: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """A real broker, shared by the run: name topics and groups afresh in every test.

    It cannot be stopped; who wants to do that takes `own_kafka`.
    """
    from tests.streams.kafka.broker import Cluster, Kafka

    if given := os.environ.get("SHOSEKI_TEST_KAFKA"):
        yield Cluster(given)
        return
    needs("java")
    needs("kafka")
    with Kafka(tmp_path_factory.mktemp("kafka")).started() as broker:
        yield broker


@pytest.fixture
def own_kafka(needs: Callable[[str], Path], tmp_path: Path) -> Iterator[Kafka]:
    """A broker of the test's own, to be stopped, killed and started again; costs some 6 s."""
    from tests.streams.kafka.broker import Kafka

    needs("java")
    needs("kafka")
    with Kafka(tmp_path / "kafka").started() as broker:
        yield broker


@pytest.fixture(scope="session")
def recorded_company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """Six weeks of a small company with every fault, judged and recorded; costs some 12 s."""
    from tests.company import recorded

    return recorded(tmp_path_factory.mktemp("company"))


def pytest_configure(config: pytest.Config) -> None:
    unknown = REQUIRED - PROGRAMS.keys() - FOLDERS.keys()
    if unknown:
        known = ", ".join(sorted(PROGRAMS | FOLDERS))
        raise pytest.UsageError(f"SHOSEKI_REQUIRE: {', '.join(sorted(unknown))}; known: {known}")
    config.stash[MISSING] = Counter()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.outcome != "passed" or report.nodeid not in RAN:
        RAN[report.nodeid] = report.outcome


def pytest_sessionfinish() -> None:
    if file := os.environ.get("SHOSEKI_RAN"):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text(json.dumps(RAN, indent=1))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    missing = config.stash[MISSING]
    if not missing:
        return
    terminalreporter.section("not run here")
    terminalreporter.write_line(f"{'needs':14} {'skips':>5}  Debian package or setting")
    for (name, package), skips in sorted(missing.items()):
        terminalreporter.write_line(f"{name:14} {skips:5}  {package}")
