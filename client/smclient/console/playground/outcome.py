"""An answer as the page shows it: who gave it, one row with its explanation, or many with a summary. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from smclient.console.playground.answers import Answered, Predicted, answered
from smclient.console.playground.description import Description
from smclient.console.playground.swarm import Swarm, swarm
from smclient.console.playground.uploads import Row
from smclient.console.playground.waterfall import Waterfall, waterfall

MOST_SHOWN = 50
_MOST_RAW = 20_000


@dataclass(frozen=True)
class Explained:
    """Why one class of one row: the picture, what its values add up to, how they were computed."""

    label: str
    picture: Waterfall
    scale: str
    method: str


@dataclass(frozen=True)
class Outcome:
    """What one model answered. `found` is None where the answer has a form of its own: then there is `raw` alone."""

    variant: str | None
    milliseconds: float
    content_type: str
    raw: str
    found: Answered | None
    model: str | None = None
    version: str | None = None
    explained: Explained | None = None
    summary: Swarm | None = None
    summarized: str | None = None  # the class whose contributions are summarized

    @property
    def first(self) -> Predicted | None:
        """The only row of one; None where there are many, or none that is understood."""
        return self.found.rows[0] if self.found is not None and len(self.found.rows) == 1 else None


def outcome(
    body: bytes,
    *,
    content_type: str,
    variant: str | None,
    seconds: float,
    rows: tuple[Row, ...],
    description: Description | None,
    label: str = "",
) -> Outcome:
    """The answer to `rows`; `label` is the class to explain, the predicted one if it is none of the model's."""
    raw, found = _read(body)
    if found is None or description is None or (rows and len(found.rows) != len(rows)):
        return Outcome(variant, seconds * 1000, content_type, raw, found)
    known = found.model is not None
    name = found.model if known else description.model
    version = found.version if known else description.version
    explained, summary, summarized = None, None, None
    if len(found.rows) == 1:
        explained = _explained(found.rows[0], _texts(rows[0], description) if rows else {}, label)
    elif rows:
        summarized = label if label in description.classes else (found.rows[0].label or "")
        summary = _summary(found, rows, description, summarized)
    return Outcome(variant, seconds * 1000, content_type, raw, found, name, version, explained, summary, summarized)


def _read(body: bytes) -> tuple[str, Answered | None]:
    try:
        document = json.loads(body)
    except ValueError:
        return body[:_MOST_RAW].decode(errors="backslashreplace"), None
    return json.dumps(document, indent=2, ensure_ascii=False)[:_MOST_RAW], answered(document)


def _texts(row: Row, description: Description) -> dict[str, str]:
    named = zip(description.names, row, strict=True)
    return {name: "missing" if value is None else f"{value:.6g}" for name, value in named}


def _explained(found: Predicted, values: Mapping[str, str], label: str) -> Explained | None:
    if found.contributions is None:
        return None
    for wanted in (label, found.label or ""):
        shares = found.contributions.of(wanted)
        if shares is not None:
            picture = waterfall(*shares, values)
            return Explained(wanted, picture, found.contributions.scale, found.contributions.method)
    return None


def _summary(found: Answered, rows: tuple[Row, ...], description: Description, label: str) -> Swarm | None:
    shares = [None if each.contributions is None else each.contributions.of(label) for each in found.rows]
    if any(each is None for each in shares):
        return None
    named = [dict(zip(description.names, row, strict=True)) for row in rows]
    return swarm([each[1] for each in shares if each is not None], named)
