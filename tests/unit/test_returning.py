"""What a reconcile asks of AWS and of policies while an annotation brings a revision back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from smendpoints.controller.returning import with_revision
from smendpoints.domain.errors import ReconcileError
from smsandbox.testing.one_account import OneAccount

B = {"variant": {"modelArtifact": "s3://models/b/model.tar.gz"}}


@dataclass
class Aws(OneAccount):
    """Shows a revision's config and models, but for what was deleted."""

    live: Any
    config_of_it: Any
    gone: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)

    def config(self, name: str) -> Any:
        self.asked.append(name)
        return self.config_of_it if name not in self.gone else None

    def model(self, name: str) -> Any:
        self.asked.append(name)
        requests = {model.name: model.request for model in self.live.models}
        return requests[name] if name not in self.gone else None


@dataclass
class Policies:
    """Policies that restrict the namespace, or none that do."""

    restricting: bool = False
    refused: tuple[str, ...] = ()
    told: list[Any] = field(default_factory=list)

    def restricts(self, uid: str) -> bool:
        assert uid == "u"
        return self.restricting

    def refuses(self, resource: Any, told: Any) -> tuple[str, ...]:
        self.told.append(told)
        return self.refused


def going_back(sight: Callable[..., Any]) -> Any:
    """An object whose annotation asks for its first revision, which served another artifact."""
    seen = sight({}, B, history=[("LIVE", "Deployed"), ("WANTED", "Deployed")])
    metadata = seen.resource.metadata.model_copy(update={"annotations": {"smendpoints.dev/rollbackTo": "1"}})
    return seen, seen.resource.model_copy(update={"metadata": metadata})


def found(sight: Callable[..., Any], config: Callable[..., Any], aws: Aws | None = None, **policies: Any) -> Any:
    seen, resource = going_back(sight)
    aws = aws or Aws(seen.live, config(seen.live))
    return with_revision(aws, resource, seen.desired, Policies(**policies))  # type: ignore[arg-type]


def test_without_the_annotation_the_spec_is_wanted_and_nobody_is_asked(
    sight: Callable[..., Any], config: Callable[..., Any]
) -> None:
    seen = sight({}, B)
    aws = Aws(seen.live, config(seen.live))
    wanted, refused = with_revision(aws, seen.resource, seen.desired, Policies(True, ("no",)))  # type: ignore[arg-type]
    assert (wanted, refused, aws.asked) == (seen.desired, (), [])


def test_the_revision_is_wanted_as_aws_shows_it(sight: Callable[..., Any], config: Callable[..., Any]) -> None:
    seen, _ = going_back(sight)
    aws = Aws(seen.live, config(seen.live))
    wanted, refused = found(sight, config, aws)
    assert (wanted.config_name, refused) == (seen.live.config_name, ())
    assert aws.asked == [seen.live.config_name, seen.live.models[0].name]
    assert [model.containers()[0]["ModelDataUrl"] for model in wanted.models] == ["s3://models/b/model.tar.gz"]


@pytest.mark.parametrize("what", ["config", "model"])
def test_what_was_deleted_of_it_is_told(sight: Callable[..., Any], config: Callable[..., Any], what: str) -> None:
    seen, _ = going_back(sight)
    name = seen.live.config_name if what == "config" else seen.live.models[0].name
    with pytest.raises(ReconcileError, match=f"revision 1 cannot be brought back, as {name} was deleted in AWS"):
        found(sight, config, Aws(seen.live, config(seen.live), frozenset({name})))


def test_policies_are_asked_where_there_are_some(sight: Callable[..., Any], config: Callable[..., Any]) -> None:
    assert found(sight, config, refused=("no such images",))[1] == ()
    wanted, refused = found(sight, config, restricting=True, refused=("no such images", "no such role"))
    assert refused == ("no such images", "no such role")
    assert wanted.config_name == going_back(sight)[0].live.config_name
    assert found(sight, config, restricting=True)[1] == ()


def test_what_cannot_be_compared_with_policies_is_not_allowed(
    sight: Callable[..., Any], config: Callable[..., Any]
) -> None:
    seen, resource = going_back(sight)
    shown = config(seen.live)
    odd = {**shown.raw, "DataCaptureConfig": {"EnableCapture": True}}
    aws = Aws(seen.live, type(shown)(shown.name, shown.arn, shown.variants, raw=odd))
    policies = Policies(True)
    _, refused = with_revision(aws, resource, seen.desired, policies)  # type: ignore[arg-type]
    assert refused == ("revision 1 cannot be compared with the policies of this namespace",)
    assert policies.told == []
