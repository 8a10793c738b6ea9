"""The CustomResourceDefinitions, generated from types and rules: `python -m smendpoints.api.crd [--check] crds/`.

Not here: what kinds there are (`kinds`), and how a type becomes a schema (`structural`).
"""

import sys
from collections.abc import Sequence

from smendpoints.api import generated
from smendpoints.api.group import GROUP, VERSION
from smendpoints.api.kinds import KINDS, Kind
from smendpoints.api.structural import Schema, structural, validation


def _object_schema(kind: Kind) -> Schema:
    properties: Schema = {
        "apiVersion": {"type": "string", "description": "The version of this object's schema."},
        "kind": {"type": "string", "description": "The kind of this object."},
        "metadata": {"type": "object"},
        "spec": structural(kind.spec.model_json_schema(), tells_defaults=True),
    }
    if kind.status is not None:
        status = structural(kind.status.model_json_schema(), tells_defaults=False)
        properties["status"] = status | {"default": dict(kind.new)}
    schema: Schema = {"type": "object", "description": kind.description, "required": ["spec"]}
    if kind.rules:
        schema["x-kubernetes-validations"] = [validation(rule) for rule in kind.rules]
    return schema | {"properties": properties}


def crd(kind: Kind) -> Schema:
    """The CustomResourceDefinition of a kind as an object."""
    version: Schema = {"name": VERSION, "served": True, "storage": True}
    if kind.status is not None:
        version["subresources"] = {"status": {}}
    version["additionalPrinterColumns"] = [
        {"name": name, "type": type_, "jsonPath": path, "description": text} | wide
        for name, type_, path, wide, text in kind.columns
    ]
    version["schema"] = {"openAPIV3Schema": _object_schema(kind)}
    names: Schema = {
        "kind": kind.name,
        "listKind": f"{kind.name}List",
        "plural": kind.plural,
        "singular": kind.name.lower(),
        "shortNames": list(kind.short_names),
    }
    if kind.categories:
        names["categories"] = list(kind.categories)
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": kind.crd_name},
        "spec": {"group": GROUP, "scope": kind.scope, "names": names, "versions": [version]},
    }


def render(kind: Kind) -> str:
    """The CRD as the text of its file."""
    return generated.text([crd(kind)])


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the CRDs, or with `--check` compare them; the exit status."""
    files = {kind.file_name: render(kind) for kind in KINDS}
    return generated.main("python -m smendpoints.api.crd", "Generate the CRDs.", files, arguments)


if __name__ == "__main__":
    sys.exit(main())
