"""The generated CRDs: fresh, structural, bounded, and with a sentence for whatever it refuses by a rule."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from smendpoints.api import crd as generator
from smendpoints.api.enum_words import meanings
from smendpoints.api.kinds import ENDPOINT, KINDS
from smendpoints.api.rules import PATTERNS, RULES
from smendpoints.api.rules.patterns import keeps
from smendpoints.api.structural import structural

CRDS = Path(__file__).parents[2] / "crds"
VERSIONS = {kind.name: generator.crd(kind)["spec"]["versions"][0] for kind in KINDS}
VERSION = VERSIONS[ENDPOINT.name]
SCHEMA = VERSION["schema"]["openAPIV3Schema"]

Node = dict[str, Any]


def walk(node: Node, path: str = "", *, in_list: bool = False) -> Iterator[tuple[str, Node, bool]]:
    """Every schema with its path and whether it stands inside of a list."""
    yield path, node, in_list
    for name, child in node.get("properties", {}).items():
        yield from walk(child, f"{path}.{name}", in_list=in_list)
    if "items" in node:
        yield from walk(node["items"], f"{path}[]", in_list=True)
    if "additionalProperties" in node:
        yield from walk(node["additionalProperties"], f"{path}{{}}", in_list=in_list)


def schemas(*path: str) -> Iterator[tuple[str, Node, bool]]:
    """What `walk` finds in each kind, under that path."""
    for version in VERSIONS.values():
        schema = version["schema"]["openAPIV3Schema"]
        for name in path:
            schema = schema["properties"][name]
        yield from walk(schema, ".".join(path))


ALL = list(schemas())
SPEC = list(schemas("spec"))


@pytest.mark.parametrize("folder", [CRDS, CRDS.parent / "charts/smendpoints/files/crds"], ids=str)
def test_the_file_is_what_the_types_say(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generator.main(["--check", str(folder)]) == 0, capsys.readouterr().err


def test_check_names_the_difference_and_the_remedy_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generator.main([str(tmp_path)]) == 0
    path = tmp_path / ENDPOINT.file_name
    path.write_text(path.read_text().replace("- smep\n", "- sme\n"))
    assert generator.main(["--check", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "+    - smep" in said
    assert "run `make crds`" in said
    assert generator.main([str(tmp_path)]) == 0
    assert generator.main(["--check", str(tmp_path)]) == 0


def test_check_fails_where_there_is_no_file(tmp_path: Path) -> None:
    assert generator.main(["--check", str(tmp_path)]) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_files_are_yaml_of_the_same_objects_and_there_are_no_others() -> None:
    files = {path.name: yaml.safe_load(path.read_text()) for path in CRDS.iterdir()}
    assert files.pop("Kustomization")["resources"] == [kind.file_name for kind in KINDS]
    assert files == {kind.file_name: generator.crd(kind) for kind in KINDS}


def test_the_schema_is_structural() -> None:
    unwanted = {"$ref", "$defs", "anyOf", "oneOf", "allOf", "not", "title", "nullable", "x-kubernetes-int-or-string"}
    assert [(path, key) for path, node, _ in ALL for key in unwanted & node.keys()] == []
    assert [path for path, node, _ in ALL if "type" not in node] == []
    free = [path for path, node, _ in ALL if "x-kubernetes-preserve-unknown-fields" in node]
    assert [path.rpartition(".")[2] for path in free] == ["configuration", "settings"], "AWS has the schema"
    assert [path for path in free if ".autoscalingSnapshot[]" not in path] == []
    both = [path for path, node, _ in ALL if "properties" in node and "additionalProperties" in node]
    assert both == []


def test_every_field_is_described() -> None:
    fields = [(path, node) for path, node, _ in ALL if path and not path.endswith(("[]", "{}", ".metadata"))]
    assert [path for path, node in fields if not node.get("description", "").endswith(".")] == []


def test_whatever_a_user_writes_is_bounded() -> None:
    """Bounds keep objects small, and the estimated cost of the rules within what the API server allows."""
    text = [path for path, node, _ in SPEC if node["type"] == "string" and not {"maxLength", "enum"} & node.keys()]
    lists = [path for path, node, _ in SPEC if node["type"] == "array" and "maxItems" not in node]
    maps = [path for path, node, _ in SPEC if "additionalProperties" in node and "maxProperties" not in node]
    assert text + lists + maps == []


def test_every_list_says_how_it_is_merged() -> None:
    lists = {path: node for path, node, _ in SPEC if node["type"] == "array"}
    assert [path for path, node in lists.items() if "x-kubernetes-list-type" not in node] == []
    by_name = {path for path, node in lists.items() if node.get("x-kubernetes-list-map-keys") == ["name"]}
    assert {"spec.variants", "spec.variants[].scaling.targetTracking", "spec.variants[].scaling.schedules"} <= by_name
    conditions = SCHEMA["properties"]["status"]["properties"]["conditions"]
    assert (conditions["x-kubernetes-list-type"], conditions["x-kubernetes-list-map-keys"]) == ("map", ["type"])


def test_defaults_stand_outside_of_lists_alone_and_inside_in_words() -> None:
    assert [path for path, node, in_list in ALL if in_list and "default" in node] == []
    top = SCHEMA["properties"]["spec"]["properties"]
    assert top["desiredState"]["default"] == "Running"
    assert top["rollout"]["properties"]["strategy"]["default"] == "AllAtOnce"
    variant = top["variants"]["items"]["properties"]
    assert variant["weight"]["description"].endswith("Default: `1`.")
    assert variant["multiModel"]["description"].endswith("Default: `false`.")
    assert variant["scaling"]["properties"]["scaleInCooldownSeconds"]["description"].endswith("Default: `300`.")


def test_a_new_object_is_not_taken_for_a_finished_one() -> None:
    assert SCHEMA["properties"]["status"]["default"] == {"observedGeneration": -1, "createdInAWS": False}
    assert VERSION["subresources"] == {"status": {}}


@pytest.mark.parametrize("kind", VERSIONS)
def test_every_column_points_at_a_field(kind: str) -> None:
    version = VERSIONS[kind]
    known = {path for path, _, _ in walk(version["schema"]["openAPIV3Schema"])} | {".metadata.creationTimestamp"}
    columns = [
        re.sub(r"conditions\[\?\(@.type==\"\w+\"\)\]", "conditions[]", column["jsonPath"])
        for column in version["additionalPrinterColumns"]
    ]
    assert set(columns) <= known
    assert [name for name in (column["name"] for column in version["additionalPrinterColumns"]) if name == "Age"]


def test_every_rule_stands_in_the_crd_with_its_sentence() -> None:
    found = {
        (entry["rule"], entry["message"]) for _, node, _ in SPEC for entry in node.get("x-kubernetes-validations", ())
    }
    assert {(rule.cel, rule.message) for rule in RULES} <= found


def test_every_pattern_has_a_sentence_beside_it() -> None:
    for path, node, _ in SPEC:
        if "pattern" in node:
            first = node["x-kubernetes-validations"][0]
            assert first == {"rule": keeps(node["pattern"]), "message": PATTERNS[node["pattern"]]}, path
    used = {node["pattern"] for _, node, _ in SPEC if "pattern" in node}
    assert used == PATTERNS.keys()


def test_a_sentence_is_one_line_and_points_at_a_field_that_is_there() -> None:
    for rule in RULES:
        assert "\n" not in rule.message
        assert not rule.message.endswith("."), rule.message
        if rule.field is not None:
            holders = [node for _, node, _ in SPEC if _has_rule(node, rule.cel)]
            assert holders, rule
            for holder in holders:
                node = holder
                for name in rule.field.removeprefix(".").split("."):
                    node = node["properties"][name]


def _has_rule(node: Node, cel: str) -> bool:
    return any(entry["rule"] == cel for entry in node.get("x-kubernetes-validations", ()))


def test_what_has_no_structural_schema_is_not_generated() -> None:
    class Either(BaseModel):
        field: int | str

    with pytest.raises(ValueError, match="a union has no structural schema"):
        structural(Either.model_json_schema(), tells_defaults=False)


def test_what_the_generator_does_not_know_is_not_dropped_in_silence() -> None:
    schema = {"title": "T", "type": "object", "properties": {"field": {"type": "number", "multipleOf": 5}}}
    with pytest.raises(ValueError, match=r"T\.field: no structural schema for \['multipleOf'\]"):
        structural(schema, tells_defaults=False)


def test_each_word_of_an_enum_is_explained() -> None:
    """Also in the status: `kubectl explain` shows the words, but not what they mean."""
    enums = [(path, node) for path, node, _ in ALL if node.get("enum")]
    words = [(path, word, node.get("description", "")) for path, node in enums for word in node["enum"]]
    assert [path for path, word, told in words if isinstance(word, str) and f"`{word}`: " not in told] == []
    assert {"spec", "status"} <= {path.partition(".")[0] or path.split(".")[1] for path, _ in enums}


def test_each_default_is_told() -> None:
    for path, node, _ in SPEC:
        told = node.get("description", "")
        if "default" in node and not isinstance(node["default"], dict):
            default = node["default"]
            shown = f"{default:g}" if isinstance(default, float) else yaml.safe_dump(default).splitlines()[0]
            assert f"Default: `{shown}`" in told, path


ONE_OF = re.compile(r"(Exactly|At least) one of (`\w+`(, | and )?)+ must be set|Set it for all")


def test_what_an_optional_field_is_when_it_is_unset_is_told() -> None:
    for path, node, _ in SPEC:
        required = set(node.get("required", ()))
        for name, field in node.get("properties", {}).items():
            told = field.get("description", "")
            scalar = field.get("type") not in {"array", "object"}
            answered = "Default: `" in told or re.search(r"\b[Ii]f unset\b", told) or ONE_OF.search(told)
            if scalar and name not in required:
                assert answered, f"{path}.{name}: {told}"


UNITS = {
    "Seconds": r"\bseconds\b",
    "Minutes": r"\bminutes\b",
    "Milliseconds": r"\bmilliseconds\b",
    "Days": r"\bdays\b",
    "MB": r"\bMB\b",
    "GB": r"\bGB\b",
    "USD": r"\bUS dollars\b",
    "Percent": r"\bpercent(age)?\b",
    "Percentage": r"\b[Pp]ercentage\b",
    "Points": r"\bpercentage points\b",
}


def test_a_field_with_a_unit_in_its_name_tells_the_unit() -> None:
    for path, node, _ in ALL:
        name = path.rpartition(".")[2]
        for unit, told in UNITS.items():
            if node.get("type") in {"integer", "number"} and name.endswith(unit):
                assert re.search(told, node["description"]), f"{path}: {node['description']}"


DIALECT = re.compile(
    r"\bis told\b|\btold of\b|\balone\b|\basked for\b|\bmade anew\b|\bput back\b|\bnobody\b|\bsomebody\b|\bundo(es|ne)?\b",
    re.IGNORECASE,
)


def test_descriptions_are_in_the_terms_of_the_field() -> None:
    """No words of our own for what AWS and Kubernetes have a word for: rolled back, not undone; notified, not told."""
    found = [(path, node["description"]) for path, node, _ in ALL if DIALECT.search(node.get("description", ""))]
    columns = [each["description"] for version in VERSIONS.values() for each in version["additionalPrinterColumns"]]
    assert found + [text for text in columns if DIALECT.search(text)] == []


def test_an_enum_that_nobody_explains_is_refused() -> None:
    with pytest.raises(ValueError, match="does not say what these mean"):
        meanings(["Sooner", "Later"])
