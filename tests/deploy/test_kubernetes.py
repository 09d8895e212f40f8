"""deploy/k8s against the schemas that Kubernetes publishes, strictly, and against each other."""

from __future__ import annotations

import re
import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from tests.deploy.files import CONFIG, DEPLOY, ROOT, manifests, pods, production, understood

VERSIONS = ("1.32", "1.37")
"""The oldest and the newest that are checked."""
PODS = dict(pods())


def named(kind: str) -> set[str]:
    return {each["metadata"]["name"] for each in manifests() if each["kind"] == kind}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "manifest", manifests(), ids=lambda each: f"{each['kind']}-{each['metadata']['name']}"
)
def test_a_manifest_keeps_to_its_schema(manifest: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)
    namespace = manifest["metadata"].get("namespace")
    assert namespace == (None if manifest["kind"] == "Namespace" else "shoseki")


def test_the_schema_refuses_what_it_does_not_know() -> None:
    workers = deepcopy(next(each for each in manifests() if each["kind"] == "StatefulSet"))
    workers["spec"]["replica"] = 3
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(workers, VERSIONS[-1], strict=True)


def test_there_is_everything_that_runs() -> None:
    assert PODS.keys() == {"topics", "migrate", "intake", "workers"}
    assert named("PodDisruptionBudget") == {"intake", "workers"}
    assert not named("Secret") | named("ConfigMap")  # made from files, as namespace.yaml tells


@pytest.mark.parametrize("name", PODS)
def test_a_pod_is_restricted_and_bounded(name: str) -> None:
    """What the namespace's label `restricted` demands, and a read-only root besides."""
    spec = PODS[name]["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in spec["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert "env" not in container  # passwords come from files


@pytest.mark.parametrize("name", PODS)
def test_a_pod_is_the_image_with_a_command_that_there_is(name: str) -> None:
    (container,) = PODS[name]["spec"]["containers"]
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert container["image"] == f"shoseki:{version}"
    assert understood(container["args"]).config == Path(CONFIG)
    user = re.search(r"^USER (\d+):\1$", (DEPLOY / "Dockerfile").read_text(), re.M)
    assert user
    assert PODS[name]["spec"]["securityContext"]["runAsUser"] == int(user[1])


@pytest.mark.parametrize("name", PODS)
def test_what_a_pod_mounts_is_there(name: str) -> None:
    spec = PODS[name]["spec"]
    claims = {
        claim["metadata"]["name"]
        for each in manifests()
        if each["metadata"]["name"] == name
        for claim in each["spec"].get("volumeClaimTemplates", ())
    }
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    mounts = {mount["name"]: mount["mountPath"] for mount in spec["containers"][0]["volumeMounts"]}
    assert mounts.keys() == volumes.keys() | claims
    made = (DEPLOY / "k8s" / "namespace.yaml").read_text()
    assert volumes["config"]["configMap"]["name"] == "shoseki"
    assert "create configmap shoseki --from-file=deploy/production.toml" in made
    assert volumes["secrets"]["secret"]["secretName"] == "shoseki"
    assert all(
        f"--from-file={item['key']}=FILE" in made for item in volumes["secrets"]["secret"]["items"]
    )
    assert mounts["config"] == str(Path(CONFIG).parent)
    if name in ("intake", "workers"):
        assert volumes["keys"]["persistentVolumeClaim"]["claimName"] in named(
            "PersistentVolumeClaim"
        )
        assert production().keys.startswith(mounts["keys"] + "/")
        assert production().data == mounts["data"]
        assert spec["securityContext"]["fsGroupChangePolicy"] == "OnRootMismatch"


@pytest.mark.parametrize("name", ["intake", "workers"])
def test_probes_ask_where_the_metrics_are(name: str) -> None:
    (container,) = PODS[name]["spec"]["containers"]
    assert production().metrics == f"0.0.0.0:{container['ports'][0]['containerPort']}"
    paths = {
        probe: container[probe]["httpGet"]["path"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    assert paths == {
        "startupProbe": "/-/healthy",
        "livenessProbe": "/-/healthy",
        "readinessProbe": "/-/ready",
    }
    assert {container[probe]["httpGet"]["port"] for probe in paths} == {"metrics"}


def test_selectors_select() -> None:
    labels = [template["metadata"]["labels"].items() for template in PODS.values()]
    for each in manifests():
        selector = each.get("spec", {}).get("selector")
        if selector is not None:
            wanted = selector.get("matchLabels", selector)
            assert any(wanted.items() <= has for has in labels), each["metadata"]["name"]


def test_names_in_the_configuration_are_services() -> None:
    hosts = {production().broker, production().store}
    assert {re.search(r"(\w+):\d+", host)[1] for host in hosts} <= named("Service")  # type: ignore[index]


def test_workers_are_no_more_than_partitions() -> None:
    (workers,) = (each for each in manifests() if each["kind"] == "StatefulSet")
    assert workers["spec"]["replicas"] <= production().partitions
