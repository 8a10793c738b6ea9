"""The generated ValidatingAdmissionPolicies: fresh, and as their types and the operator are."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from smendpoints.api import admission as generator
from smendpoints.api.policy import GLOBS_LENGTH, SageMakerEndpointPolicySpec, glob_pattern, matches_any
from smendpoints.api.rules import admission as rules
from smendpoints.api.rules import asking
from smendpoints.api.rules.policy import GLOB_LISTS
from smendpoints.api.sensitive import looks_secret
from smendpoints.api.spec import SageMakerEndpointSpec
from smendpoints.domain.desired import names
from smsandbox.testing.policy_cases import CASES, PLAIN, Case

FOLDER = Path(__file__).parents[2] / "manifests" / "policy"
OPERATORS_OWN = {"maxInstances", "maxHourlyUSD", "requiredTags", "logTails", "defaults", "namespaceSelector"}


def bounds(model: type, name: str) -> int:
    (found,) = (each.max_length for each in model.model_fields[name].metadata if hasattr(each, "max_length"))  # type: ignore[attr-defined]
    return int(found)


@pytest.mark.parametrize("folder", [FOLDER, FOLDER.parents[1] / "charts/smendpoints/files/policy"], ids=str)
def test_the_file_is_what_the_rules_say(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generator.main(["--check", str(folder)]) == 0, capsys.readouterr().err


def test_the_file_is_yaml_of_the_same_objects() -> None:
    assert list(yaml.safe_load_all((FOLDER / generator.FILE_NAME).read_text())) == list(generator.objects())


def test_each_field_of_a_policy_is_asked_for_or_the_operators_alone() -> None:
    fields = {field.alias for field in SageMakerEndpointPolicySpec.model_fields.values()}
    asked = {check.asked for group in rules.GROUPS for check in group.checks}
    assert (asked | OPERATORS_OWN, asked & OPERATORS_OWN) == (fields, set())


def test_each_field_that_is_asked_for_is_refused_by_a_case() -> None:
    asked = {check.asked for group in rules.GROUPS for check in group.checks if not group.warns}
    assert asked == {field for case in CASES.values() for field in case.violates}


def test_the_checks_reach_the_last_variant_and_the_last_container() -> None:
    variant = SageMakerEndpointSpec.model_fields["variants"].annotation.__args__[0]  # type: ignore[union-attr]
    assert bounds(SageMakerEndpointSpec, "variants") == asking.MOST_VARIANTS
    assert bounds(variant, "containers") == rules.MOST_CONTAINERS


def test_a_default_name_is_cut_as_the_operator_cuts_it() -> None:
    assert (rules.NAME_LENGTH, rules.HASH_LENGTH) == (names.LONGEST, names.HASH_LENGTH)


def test_lists_that_are_compared_with_many_values_are_short() -> None:
    assert set(GLOBS_LENGTH) <= set(GLOB_LISTS)


SIGNS = st.text(alphabet="ab.+*?-/", max_size=12)


@given(SIGNS, st.text(alphabet="ab.+-/", max_size=12))
def test_a_glob_matches_what_its_wildcards_stand_for(glob: str, value: str) -> None:
    """Against the definition: a star is any number of characters, a question mark is one, all else itself."""

    def found(rest: str, left: str) -> bool:
        if not rest:
            return not left
        if rest[0] == "*":
            return any(found(rest[1:], left[cut:]) for cut in range(len(left) + 1))
        return bool(left) and rest[0] in {"?", left[0]} and found(rest[1:], left[1:])

    assert matches_any(value, [glob]) == found(glob, value), glob_pattern(glob)


def environments(case: Case) -> list[dict[str, str]]:
    variants: list[dict[str, Any]] = [*case.spec["variants"], *([case.spec["shadow"]] if "shadow" in case.spec else [])]
    holders = [*variants, *(container for variant in variants for container in variant.get("containers", ()))]
    return [each["environment"] for each in holders if "environment" in each]


PLAINLY = {name: case for name, case in CASES.items() if case.policies == (PLAIN,) and case.before is None}


@pytest.mark.parametrize("case", PLAINLY.values(), ids=PLAINLY.keys())
def test_what_looks_like_a_secret_is_the_same_here_and_in_the_table(case: Case) -> None:
    found = any(looks_secret(name, value) for each in environments(case) for name, value in each.items())
    assert found == bool(case.violates)
