"""Whether AWS takes a request, by the model of its API that botocore has and by what it checks beyond that."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.model import StructureShape
from botocore.validate import ParamValidator

from smendpoints.domain.plan.actions import Action, PolicyARN
from smsandbox.aws.core.validation import validate

_ARN = "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:1:resource/sagemaker/x:policyName/y"


@cache
def _shapes(service: str) -> dict[str, StructureShape]:
    """What each operation takes, by boto3's name of it."""
    model = botocore.session.get_session().get_service_model(service)
    shapes = {xform_name(name): model.operation_model(name).input_shape for name in model.operation_names}
    return {name: shape for name, shape in shapes.items() if shape is not None}


def assert_taken(calls: Iterable[Action]) -> None:
    """As `assert_valid`, of planned calls."""
    for call in calls:
        assert_valid(call.verb.service, call.verb.operation, call.params)


def assert_valid(service: str, operation: str, request: Mapping[str, Any]) -> None:
    """All members that AWS requires are there, none that it does not know, and each within its bounds.

    Raises:
        AssertionError, AwsError: AWS would not take the request.
    """
    shape, params = _shapes(service)[operation], _known(dict(request))
    report = ParamValidator().validate(params, shape)
    assert not report.has_errors(), f"{operation}: {report.generate_report()}"
    validate(params, shape)


def _known(value: Any) -> Any:
    """With an ARN in the place of each that is not known yet."""
    if isinstance(value, PolicyARN):
        return _ARN
    if isinstance(value, dict):
        return {key: _known(each) for key, each in value.items()}
    return [_known(each) for each in value] if isinstance(value, list) else value
