"""Tags of the endpoint, and of the configs and models that it is made of: what is set, what goes, and what is told."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from smendpoints.domain.observed.observed import OwnedResources
from smendpoints.domain.plan.tags import tag_changes
from smendpoints.domain.plan.words import describe

MODEL, OTHER = "arn:aws:sagemaker:us-east-1:123456789012:model/m", "arn:aws:sagemaker:us-east-1:123456789012:model/o"


def seen(
    sight: Callable[..., Any], endpoint: Mapping[str, str], models: Mapping[str, Mapping[str, str]], **more: Any
) -> Any:
    """An object that wants `team: ml` and has set `old` before; the tags of its endpoint and of its models by ARN."""
    names = {"m": MODEL, "o": OTHER}
    owned = OwnedResources(models=names, tags={names[name]: tags for name, tags in models.items()})
    wants = {"tags": {"team": "ml"}}
    own = sight(wants).desired.owner.tags()
    shows = {"tags": {**own, **endpoint}}
    return sight(wants, shows=shows, owned_resources=owned, tag_keys=["team", "old"], **more)


WANTED = {"team": "ml"}


def calls(made: Any) -> list[tuple[str, Any]]:
    found = tag_changes(made.given, made.observed.endpoint)
    return [
        (str(each), {tag["Key"]: tag["Value"] for tag in each.params["Tags"]})
        if "Tags" in each.params
        else (str(each), each.params["TagKeys"])
        for each in found
    ]


@pytest.mark.parametrize(
    ("endpoint", "model", "made"),
    [
        (WANTED, WANTED, []),
        (WANTED, {"team": "web"}, [("ADD_TAGS m", WANTED)]),
        (WANTED, {**WANTED, "old": "1"}, [("DELETE_TAGS m", ["old"])]),
        (WANTED, {**WANTED, "hers": "1"}, []),
        ({"old": "1"}, WANTED, [("ADD_TAGS default-iris", WANTED), ("DELETE_TAGS default-iris", ["old"])]),
    ],
    ids=["as wanted", "a model that differs", "one with a tag of before", "one with a tag of others", "the endpoint"],
)
def test_tags_are_put_right(
    sight: Callable[..., Any], endpoint: Mapping[str, str], model: Mapping[str, str], made: list[tuple[str, Any]]
) -> None:
    own = sight().desired.owner.tags()
    assert calls(seen(sight, endpoint, {"m": {**own, **model}})) == made


def test_what_was_not_looked_at_is_let_be(sight: Callable[..., Any]) -> None:
    assert calls(seen(sight, WANTED, {})) == []


def test_of_what_an_endpoint_is_made_of_only_what_differs_from_its_own_change_is_told(
    sight: Callable[..., Any],
) -> None:
    own = sight().desired.owner.tags()
    made = seen(sight, {"team": "web"}, {"m": {**own, "team": "web"}, "o": {**own, "team": "shop", "old": "1"}})
    told = describe(tag_changes(made.given, made.observed.endpoint), made.observed)
    assert told == ("tag team web → ml", "tag team shop → ml of o", "tag old 1 → none of o")
