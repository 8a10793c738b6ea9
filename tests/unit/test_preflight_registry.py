"""Whose images a serverless variant may run."""

from typing import Any

import pytest

from smendpoints.domain.preflight.registry import foreign_image

OWN, OTHER = "123456789012", "222222222222"
SERVERLESS = {"instance": None, "serverless": {"memorySizeMB": 2048, "maxConcurrency": 5}}


def image(account: str, repository: str = "team/iris", rest: str = ":1.0", region: str = "us-east-1") -> str:
    return f"{account}.dkr.ecr.{region}.amazonaws.com/{repository}{rest}"


TAKEN = {
    "its own": {**SERVERLESS, "image": image(OWN)},
    "its own by digest": {**SERVERLESS, "image": image(OWN, rest=f"@sha256:{'a' * 64}")},
    "one of AWS's": {**SERVERLESS, "image": image("763104351884", "pytorch-inference", ":2.6-cpu")},
    "one of AWS's in China": {**SERVERLESS, "image": "450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn/xgboost:1"},
    "another's on instances": {"image": image(OTHER)},
}


@pytest.mark.parametrize("variant", TAKEN.values(), ids=TAKEN)
def test_what_aws_takes_is_not_refused(desired: Any, variant: dict[str, Any]) -> None:
    assert foreign_image(desired({"variant": variant})) is None


@pytest.mark.parametrize("rest", [":1.0", "", f"@sha256:{'a' * 64}", f":1@sha256:{'a' * 64}"])
def test_another_accounts_image_is_refused_with_what_to_do(desired: Any, rest: str) -> None:
    named = image(OTHER, rest=rest)
    told = foreign_image(desired({"variant": {**SERVERLESS, "image": named}}))
    assert told is not None
    for part in (named, f"in account {OTHER}", f"a repository in {OWN}", "use instance instead of serverless"):
        assert part in told
