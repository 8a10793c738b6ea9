"""Requests to AWS that somebody wrote in another case: `kmsKeyID` for `KmsKeyId`. As botocore describes them."""

from collections.abc import Mapping
from functools import cache
from typing import Any


def as_called(service: str, operation: str, written: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The request with its members named as AWS names them, and the paths of those that AWS does not have.

    The keys of maps, such as the variables of an environment, stay as they are written.
    """
    unknown: list[str] = []
    found: dict[str, Any] = _named(_model(service).operation_model(operation).input_shape, written, "", unknown)
    return found, tuple(unknown)


def _named(shape: Any, written: Any, path: str, unknown: list[str]) -> Any:
    if shape.type_name == "structure" and isinstance(written, Mapping):
        members = {name.lower(): name for name in shape.members}
        found = {}
        for name, value in written.items():
            where, member = f"{path}.{name}".lstrip("."), members.get(str(name).lower())
            if member is None:
                unknown.append(where)
            elif value is not None:
                found[member] = _named(shape.members[member], value, where, unknown)
        return found
    if shape.type_name == "list" and isinstance(written, list):
        return [_named(shape.member, each, f"{path}[{number}]", unknown) for number, each in enumerate(written)]
    if shape.type_name == "map" and isinstance(written, Mapping):
        return {str(key): _named(shape.value, value, f"{path}.{key}", unknown) for key, value in written.items()}
    return written


@cache
def _model(service: str) -> Any:
    import botocore.session  # which no other way of importing needs by itself

    return botocore.session.get_session().get_service_model(service)
