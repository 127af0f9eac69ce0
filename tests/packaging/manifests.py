"""Kubernetes objects as data: read from YAML, held against the schemas, looked into.

`schemas/kubernetes.json` is what servers check, made strict: a field that they would drop silently,
such as a misspelt one, is an error here.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy/helm/wattkeeper"
PLAIN = ROOT / "deploy/kubernetes"
WRITTEN = ("node.yaml", "site.yaml", "monitoring.yaml")
"""The plain manifests that scripts/render-manifests writes."""

Manifest = Mapping[str, Any]


def objects(text: str) -> list[Manifest]:
    """The objects of a YAML stream."""
    return [found for found in yaml.safe_load_all(text) if found is not None]


def plain() -> list[Manifest]:
    """All objects of the plain manifests."""
    names = ("namespace.yaml", *WRITTEN)
    return [one for name in names for one in objects((PLAIN / name).read_text(encoding="utf-8"))]


def of_kind(manifests: list[Manifest], kind: str) -> list[Manifest]:
    """Those of a kind."""
    return [one for one in manifests if one["kind"] == kind]


@cache
def _schema() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(
        (Path(__file__).parent / "schemas/kubernetes.json").read_text(encoding="utf-8")
    )
    return found


def mistakes(manifest: Manifest) -> list[str]:
    """What a strict server would refuse, a sentence each.

    Raises:
        KeyError: there is no schema for objects of this kind.
    """
    schema = _schema()
    root = {
        "$ref": f"#/definitions/{schema['roots'][manifest['kind']]}",
        "definitions": schema["definitions"],
    }
    found = jsonschema.Draft7Validator(root).iter_errors(manifest)
    return [f"{manifest['kind']} {error.json_path}: {error.message}" for error in found]


def pods(manifests: list[Manifest]) -> Iterator[Manifest]:
    """The pod specs of all workloads."""
    for one in manifests:
        if one["kind"] in {"DaemonSet", "StatefulSet"}:
            yield one["spec"]["template"]["spec"]


def variables(container: Manifest) -> dict[str, str]:
    """A container's environment; what is filled in from a field is "from FIELD"."""
    return {
        one["name"]: one.get("value", "from " + _field(one)) for one in container.get("env", [])
    }


def _field(variable: Manifest) -> str:
    source = variable.get("valueFrom", {})
    return str(source.get("fieldRef", {}).get("fieldPath", ""))
