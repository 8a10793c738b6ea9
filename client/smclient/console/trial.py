"""A form of the Playground that was sent: the requests that it means, the answers side by side, what they tell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from smclient.aws.invoking import Answer, Asking
from smclient.console.backend import Backend
from smclient.console.inquiry import Target, asked, described
from smclient.console.playground.compare import Comparison, compared
from smclient.console.playground.description import Description
from smclient.console.playground.outcome import Outcome, outcome
from smclient.console.playground.snippets import Request, Snippet, snippets
from smclient.console.playground.uploads import Row, Rows, typed, uploaded
from smclient.errors import ClientError
from smclient.kube.cluster import Object
from smclient.payload import JSON, Payload, content_type

FEATURE = "f."


def field_of(feature: str) -> str:
    """The form's field for a feature: by its name, so that an address that was kept still means the same."""
    return f"{FEATURE}{feature}"


@dataclass(frozen=True)
class Side:
    """One of the models that were asked: whom, and what came, or why nothing did."""

    target: Target
    outcome: Outcome | None = None
    error: ClientError | None = None


@dataclass(frozen=True)
class Shown:
    """All that the answer's part of the page shows."""

    sides: tuple[Side, ...]
    rows: tuple[Row, ...]
    description: Description | None
    comparison: Comparison | None
    snippets: tuple[Snippet, ...]
    notes: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """The answer in a sentence, for those who listen."""
        if self.comparison is not None:
            return self.comparison.verdict
        first = self.sides[0].outcome
        if first is None or first.found is None:
            return "Answered." if first is not None else "Refused."
        if first.first is None:
            return f"{len(first.found.rows)} rows answered."
        sure = first.first.probability
        return f"{first.first.said}{'' if sure is None else f', {sure:.0%}'}."


@dataclass(frozen=True)
class Trial:
    """The fields of the form as they were sent, and the file, if there was one; `find` is how objects are found."""

    backend: Backend
    target: Target
    fields: Mapping[str, str]
    file: bytes | None
    find: Callable[[str, str], Object]

    def answered(self) -> Shown:
        """The answer.

        Raises:
            ClientError: there are no rows for this model in the form, or it does not describe itself.
        """
        return self._raw() if self.fields.get("input") == "raw" else self._rows()

    def _rows(self) -> Shown:
        target = self._first
        told = described(self.backend, target)
        if told.value is None:
            raise told.error or ClientError("this model does not describe itself", "send a raw request instead")
        description = told.value
        rows, notes = self._given(description)
        second = self.second
        targets = [
            (target, description),
            *([] if second is None else [(second, self._alike(description, second))]),
        ]
        explained = len(rows.rows) <= description.most_explained
        if not explained:
            most = description.most_explained
            notes += (f"Not explained: these are {len(rows.rows)} rows, and the model explains {most} at once.",)
        attributes = self._attributes(description) if explained else None
        ordered = [_in_order(rows, description, its) for _, its in targets]
        payloads = [Payload(each.body(), JSON) for each in ordered]
        requests = [
            (each, payload, Asking(JSON, each.variant, each.model, custom_attributes=attributes))
            for (each, _), payload in zip(targets, payloads, strict=True)
        ]
        answers = asked(self.backend, requests)
        sides = tuple(
            self._side(each, answer, sent.rows, its)
            for (each, its), sent, answer in zip(targets, ordered, answers, strict=True)
        )
        return Shown(sides, rows.rows, description, _comparison(sides), self._snippets(payloads[0], attributes), notes)

    def _raw(self) -> Shown:
        body = self.fields.get("text", "").encode()
        payload = Payload(body, self.fields.get("type", "").strip() or content_type(body))
        attributes = self.fields.get("attributes", "").strip() or None
        targets = [each for each in (self._first, self.second) if each is not None]
        answers = asked(
            self.backend,
            [(each, payload, Asking(None, each.variant, each.model, None, None, attributes)) for each in targets],
        )
        sides = tuple(self._side(each, answer, (), None) for each, answer in zip(targets, answers, strict=True))
        return Shown(sides, (), None, _comparison(sides), self._snippets(payload, attributes))

    @property
    def _first(self) -> Target:
        """Whom to ask: by weight it might be the variant that it is compared with, so then another one."""
        second = self.second
        if self.target.variant is not None or second is None or second.variant is None:
            return self.target
        others = [each for each in self.target.variants if each != second.variant]
        return replace(self.target, variant=others[0]) if others else self.target

    @property
    def second(self) -> Target | None:
        """Whom to compare with."""
        kind, _, value = self.fields.get("versus", "").partition(":")
        if kind == "variant" and value in self.target.variants:
            return Target(self.target.found, value, self.target.model)
        if kind != "endpoint":
            return None
        namespace, _, name = value.partition("/")
        return Target(self.find(namespace, name))

    def _given(self, description: Description) -> tuple[Rows, tuple[str, ...]]:
        if self.fields.get("input", "form") == "form":
            rows = typed([self.fields.get(field_of(each), "") for each in description.names], description)
            pairs = zip(description.features, rows.rows[0], strict=True)
            outside = ", ".join(feature.name for feature, value in pairs if feature.outside(value))
            return rows, (
                f"Outside of the training data: {outside}. The prediction there is an extrapolation.",
            ) if outside else ()
        content = self.file or self.fields.get("text", "").encode()
        if not content.strip():
            raise ClientError("there is no file, and no text", "choose a CSV or JSON file, or paste rows")
        rows = uploaded(content, description)
        unsent = ", ".join(rows.unsent)
        return rows, (f"Not sent, as they are no features of the model: {unsent}.",) if unsent else ()

    def _alike(self, description: Description, second: Target) -> Description:
        """The description of the other model, which takes the same features."""
        told = described(self.backend, second)
        if told.value is None:
            raise told.error or ClientError(f"{second.shown} does not describe itself", "compare by a raw request")
        if set(told.value.names) != set(description.names):
            takes = ", ".join(told.value.names[:12])
            raise ClientError(f"{second.shown} takes other features than {self.target.shown}", f"it takes {takes}")
        return told.value

    def _attributes(self, description: Description) -> str | None:
        if not description.explained:
            return None
        wanted = self.fields.get("level")
        level = next((f";level={each.level:g}" for each in description.levels if f"{each.level:g}" == wanted), "")
        return f"explain={','.join(description.explained)}{level}"

    def _side(
        self, target: Target, answer: Answer | ClientError, rows: tuple[Row, ...], description: Description | None
    ) -> Side:
        if isinstance(answer, ClientError):
            return Side(target, error=answer)
        made = outcome(
            answer.body,
            content_type=answer.content_type,
            variant=answer.variant,
            seconds=answer.seconds,
            rows=rows,
            description=description,
            label=self.fields.get("label", ""),
        )
        return Side(target, made)

    def _snippets(self, payload: Payload, attributes: str | None) -> tuple[Snippet, ...]:
        """The request to copy; an asynchronous endpoint is asked through S3, and bytes are no text."""
        if self.target.is_async or self.target.endpoint is None:
            return ()
        try:
            body = payload.body.decode()
        except UnicodeDecodeError:
            return ()
        return snippets(
            Request(
                self.target.endpoint,
                self.backend.aws(self.target.found).region,
                self.target.namespace,
                self.target.name,
                body,
                payload.content_type,
                attributes,
                self.target.variant,
                self.target.model,
            )
        )


def _in_order(rows: Rows, description: Description, its: Description) -> Rows:
    places = [description.names.index(name) for name in its.names]
    return Rows(tuple(tuple(row[place] for place in places) for row in rows.rows))


def _comparison(sides: tuple[Side, ...]) -> Comparison | None:
    found = [each.outcome.found for each in sides if each.outcome is not None and each.outcome.found is not None]
    if len(sides) != 2 or len(found) != 2:
        return None
    return compared(found[0], found[1], (sides[0].target.shown, sides[1].target.shown))
