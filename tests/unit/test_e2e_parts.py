"""What a run on an account asks for first, and how it tells differences. The life itself: `tests/integration/test_e2e.py`."""

from decimal import Decimal

import pytest

from smsandbox.testing.e2e import claims
from smsandbox.testing.e2e.settings import NotAskedError, asked, most

SAID = {
    "SMENDPOINTS_E2E_ACCOUNT": "123456789012",
    "SMENDPOINTS_E2E_REGION": "eu-west-1",
    "SMENDPOINTS_E2E_ROLE_ARN": "arn:aws:iam::123456789012:role/models",
    "SMENDPOINTS_E2E_IMAGE": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/iris:1",
    "SMENDPOINTS_E2E_ARTIFACT": "s3://models/iris/model.tar.gz",
    "SMENDPOINTS_E2E_DOLLARS": "1.15",
}


def test_without_settings_the_cost_is_told_and_each_that_lacks() -> None:
    with pytest.raises(NotAskedError) as told:
        asked({})
    assert "costs at most $1.15" in str(told.value)
    assert all(name in str(told.value) for name in SAID)


@pytest.mark.parametrize("name", SAID)
def test_each_setting_is_needed(name: str) -> None:
    with pytest.raises(NotAskedError, match=name):
        asked({key: value for key, value in SAID.items() if key != name})


@pytest.mark.parametrize("allowed", ["1.14", "0", "much", "-5", "nan"])
def test_no_more_is_spent_than_allowed(allowed: str) -> None:
    with pytest.raises(NotAskedError, match=r"set it to 1\.15 or more"):
        asked(SAID | {"SMENDPOINTS_E2E_DOLLARS": allowed})


def test_the_cost_is_that_of_all_instances_for_all_of_the_time() -> None:
    assert asked(SAID).cost == Decimal("1.15") == Decimal("0.115") * 4 * Decimal("2.5")
    assert asked(
        SAID | {"SMENDPOINTS_E2E_INSTANCE_TYPE": "ml.m5.xlarge", "SMENDPOINTS_E2E_DOLLARS": "9"}
    ).cost == Decimal("2.30")
    with pytest.raises(NotAskedError, match=r"no price of ml\.unheard-of"):
        most("ml.unheard-of")


def test_what_differs_is_a_row_and_what_does_not_is_none() -> None:
    same = dict(claims.CLAIMS)
    assert claims.differences(same) == {}
    assert claims.table(same, {"created": 181.4}).startswith("No claim differs.")
    other = same | {"status of an endpoint that was created": "In|Service", "new": ["a", "b"]}
    del other["fields of its image"]
    found = claims.table(other, {"created": 181.4})
    assert "| status of an endpoint that was created | InService | In\\|Service |" in found
    assert "| new | None | a, b |" in found
    assert "| fields of its image | ResolutionTime, ResolvedImage, SpecifiedImage | None |" in found
    assert "| created | 181 |" in found
