"""Applies one action: one call to AWS. What is already so is success."""

from dataclasses import replace
from typing import Any

from smendpoints.aws.calls.clients import Clients
from smendpoints.aws.observe import Observer
from smendpoints.domain.desired.ownership import PREFIX, is_owned, told_owner
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.diff import covers, without
from smendpoints.domain.plan.actions import Action, PolicyARN, Verb
from smendpoints.domain.reasons import Reason

_DESCRIBE = {
    Verb.CREATE_MODEL: ("describe_model", "ModelName", "ModelArn"),
    Verb.CREATE_CONFIG: ("describe_endpoint_config", "EndpointConfigName", "EndpointConfigArn"),
}


class Applier:
    """Applies actions in one place."""

    def __init__(self, clients: Clients, observer: Observer) -> None:
        self._clients = clients
        self._observer = observer

    def apply(
        self,
        action: Action,
        policies: dict[PolicyARN, str],
        *,
        adopts: bool = False,
        namespace: str | None = None,
    ) -> None:
        """Make the call; `policies` collects the ARNs of the scaling policies that were put.

        `adopts`: a model or config of this name that is as wanted, and nobody's, is taken over. `namespace`: for whose
        object it is.

        Raises:
            ReconcileError: AWS did not do it.
        """
        verb = action.verb
        params = {key: _resolve(value, policies) for key, value in action.params.items()}
        self._observer.owners.confirm(action)
        try:
            response = self._clients.on_behalf_of(namespace).call(verb.service, verb.operation, **params)
        except ReconcileError as failure:
            if failure.kind is Kind.EXISTS and verb in _DESCRIBE:
                try:
                    found = self._compare(action, failure, adopts=adopts, namespace=namespace)
                except ReconcileError as unseen:
                    raise _in_context(unseen, verb) from failure
                self._observer.applied(action, found)
                return
            if failure.kind is Kind.GONE and verb.removes:
                self._observer.applied(action, {})
                return
            if failure.kind is Kind.GONE and verb is Verb.UPDATE_ENDPOINT:
                self._observer.forget_config(params["EndpointConfigName"])  # an out-of-band change may have deleted it
            raise _in_context(failure, verb) from failure
        if verb is Verb.PUT_POLICY:
            policies[PolicyARN(params["ResourceId"], params["PolicyName"])] = response["PolicyARN"]
        self._observer.applied(action, response)

    def _compare(self, action: Action, failure: ReconcileError, *, adopts: bool, namespace: str | None) -> Any:
        """A model or config of that name is there: what it is, if it has the same content and the same owner."""
        operation, key, arn = _DESCRIBE[action.verb]
        found = self._clients.call("sagemaker", operation, **{key: action.target})
        wanted = {name: value for name, value in action.params.items() if name != "Tags"}
        tags = self._observer.tags(found[arn])
        ours = [tag for tag in action.params["Tags"] if tag["Key"].startswith(PREFIX)]
        if not covers(without(wanted), without(found)):
            problem = "is not what this object would make; delete it"
        elif all(tags.get(tag["Key"]) == tag["Value"] for tag in ours):
            return found
        elif is_owned(tags):
            whose = told_owner(tags, {tag["Key"]: tag["Value"] for tag in ours})
            problem = f"belongs to {whose}; recreate this object with another spec.endpointName"
        elif not adopts:
            problem = "is what this object would make, but was not made by it; delete it, or set spec.adoptExisting"
        else:
            writes = self._clients.on_behalf_of(namespace)
            writes.call("sagemaker", "add_tags", ResourceArn=found[arn], Tags=ours)
            return found
        message = f"{action.target} exists in AWS and {problem}"
        raise ReconcileError(Kind.BLOCKED, Reason.NAME_CONFLICT, message, failure.operation) from failure


def _in_context(failure: ReconcileError, verb: Verb) -> ReconcileError:
    """Not finding what was just made is eventual consistency, not absence."""
    if failure.kind is not Kind.GONE:
        return failure
    kind = Kind.BUSY if verb.service == "application-autoscaling" else Kind.SETTLING
    return replace(failure, kind=kind)


def _resolve(value: Any, policies: dict[PolicyARN, str]) -> Any:
    if isinstance(value, list):
        return [_resolve(each, policies) for each in value]
    return policies[value] if isinstance(value, PolicyARN) else value
