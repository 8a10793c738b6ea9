"""Tags: those of the endpoint, and those of the configs and models that it is made of, which cost reports go by, too.

Not here: the tags that say whose a thing is, which are given when it is made.
"""

from collections.abc import Iterator, Mapping

from smendpoints.domain.desired.desired import tag_list
from smendpoints.domain.observed.observed import ObservedEndpoint
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.input import Input


def tag_changes(given: Input, endpoint: ObservedEndpoint) -> tuple[Action, ...]:
    """What differs of the endpoint's tags, and of those of all that was looked at besides."""
    found = [*_of(given, endpoint.name, endpoint.arn, endpoint.tags)]
    owned = given.observed.owned_resources
    if owned is not None:
        things = {config.name: config.arn for config in owned.configs} | dict(owned.models)
        for name, arn in sorted(things.items()):
            if arn in owned.tags:
                found += _of(given, name, arn, owned.tags[arn])
    return tuple(found)


def _of(given: Input, name: str, arn: str, shown: Mapping[str, str]) -> Iterator[Action]:
    """The calls for one thing. Tags of others stay: only those go that the object may have set."""
    wanted = given.desired.tags
    missing = {key: value for key, value in wanted.items() if shown.get(key) != value}
    gone = sorted(key for key in given.tag_keys if key not in wanted and key in shown)
    if missing:
        yield Action(Verb.ADD_TAGS, name, {"ResourceArn": arn, "Tags": tag_list(missing)})
    if gone:
        yield Action(Verb.DELETE_TAGS, name, {"ResourceArn": arn, "TagKeys": gone})
