"""What differs between AWS and a spec, or between revisions, and what the operator makes of it."""

from dataclasses import dataclass
from typing import Any

from smclient.aws.reading import live, revision
from smclient.aws.session import Aws
from smclient.kube.cluster import Object
from smclient.specs.compare import Change, as_shown, changes
from smclient.specs.rebuild import rebuild, secret_names
from smclient.views.fields import endpoint_name
from smclient.views.history import history_view
from smclient.views.revisions import named


@dataclass(frozen=True)
class Difference:
    """Two sides by their names, the fields in which they differ, and what AWS has that no spec can say."""

    left: str
    right: str
    changes: tuple[Change, ...]
    unsaid: tuple[str, ...]
    meaning: str


def difference(found: Object, aws: Aws, from_revision: int | None = None, to_revision: int | None = None) -> Difference:
    """From a revision, from AWS as it is unless given; to a revision, to the spec unless given.

    Raises:
        ClientError: there is no such revision, or no endpoint yet.
        AWSError: refused, or what was to be compared is gone.
    """
    history, secrets = history_view(found), secret_names(found["spec"])

    def of_revision(number: int) -> dict[str, Any]:
        return rebuild(revision(aws, named(history, number).config), secrets).spec

    spec = as_shown(found)
    unsaid: tuple[str, ...] = ()
    if from_revision is None:
        rebuilt = rebuild(live(aws, endpoint_name(found)), secrets)
        before, unsaid, left = rebuilt.spec, rebuilt.unsaid, "AWS"
        before["tags"] = {key: value for key, value in before.get("tags", {}).items() if key in _own_tags(found)}
    else:
        before, left = of_revision(from_revision), f"REVISION {from_revision}"
    after, right = (spec, "SPEC") if to_revision is None else (of_revision(to_revision), f"REVISION {to_revision}")
    content_alone = from_revision is not None or to_revision is not None
    differences = changes(before, after, shown_in_aws=True, content_alone=content_alone)
    return Difference(left, right, differences, unsaid, _meaning(found, differences, against_aws=not content_alone))


def _meaning(found: Object, differences: tuple[Change, ...], *, against_aws: bool) -> str:
    """What the operator makes of the differences."""
    if not differences:
        return "There is no difference."
    if not against_aws:
        return "Weights, counts, scaling and tags are not compared: they are not part of a revision."
    spec = found["spec"]
    if spec.get("suspend"):
        return "The operator changes nothing: spec.suspend is set."
    if not any(each.replaces for each in differences):
        return "The operator changes this in place."
    strategy = (spec.get("rollout") or {}).get("strategy", "AllAtOnce")
    return f"The operator rolls out a new fleet: {strategy}."


def _own_tags(found: Object) -> set[str]:
    status = found.get("status") or {}
    return {*(found["spec"].get("tags") or {}), *((status.get("endpoint") or {}).get("tagKeys") or [])}
