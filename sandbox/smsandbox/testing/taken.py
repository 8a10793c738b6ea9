"""Whether AWS takes a planned call, by the model of its API that botocore has."""

from collections.abc import Iterable
from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.model import Shape
from botocore.validate import ParamValidator

from smendpoints.domain.plan.actions import Action, PolicyARN

_ARN = "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:1:resource/sagemaker/x:policyName/y"


@cache
def _shapes(service: str) -> dict[str, Shape]:
    """What each operation takes, by boto3's name of it."""
    model = botocore.session.get_session().get_service_model(service)
    shapes = {xform_name(name): model.operation_model(name).input_shape for name in model.operation_names}
    return {name: shape for name, shape in shapes.items() if shape is not None}


def assert_taken(calls: Iterable[Action]) -> None:
    """All members that AWS requires are there, and none that it does not know.

    Raises:
        AssertionError: AWS would not take a call.
    """
    for call in calls:
        report = ParamValidator().validate(_known(call.params), _shapes(call.verb.service)[call.verb.operation])
        assert not report.has_errors(), f"{call}: {report.generate_report()}"


def _known(value: Any) -> Any:
    """With an ARN in the place of each that is not known yet."""
    if isinstance(value, PolicyARN):
        return _ARN
    if isinstance(value, dict):
        return {key: _known(each) for key, each in value.items()}
    return [_known(each) for each in value] if isinstance(value, list) else value
