"""The Playground: ask a model, see why it says so, and what would change its mind."""

from collections.abc import Mapping
from datetime import UTC, datetime

from flask import Blueprint, abort, render_template, request

from smclient.console.app import backend, is_partial
from smclient.console.inquiry import Target, described
from smclient.console.pages.endpoint import existing
from smclient.console.playground.description import Description
from smclient.console.playground.outcome import MOST_SHOWN
from smclient.console.playground.uploads import Rows
from smclient.console.playground.waterfall import figure
from smclient.console.reading import Reading
from smclient.console.trial import FEATURE, Shown, Trial, field_of
from smclient.errors import NotFoundError
from smclient.kube.cluster import Object
from smclient.views.status import status_view

blueprint = Blueprint("playground", __name__, url_prefix="/playground")
blueprint.add_app_template_filter(figure, "contribution")
NAVIGATION = ("Playground", "playground.chosen")
INPUTS = {"form": "Form", "file": "File", "raw": "Raw request"}
_MOST_OTHERS = 200
# What of the form stands in the address, with the features: never what was pasted, which may be long or private, nor
# custom attributes, which may hold a secret.
KEPT = ("describe", "input", "variant", "model", "versus", "label", "level")


@blueprint.get("/")
def chosen() -> str:
    """The endpoints, to choose one."""
    reading = backend().endpoints()
    return render_template("playground_choice.html", reading=reading, endpoints=sorted(reading.value or {}))


@blueprint.get("/<namespace>/<name>/")
def shown(namespace: str, name: str) -> str:
    """The page, with a form of the model's own description."""
    return _page(namespace, name, None)


@blueprint.post("/<namespace>/<name>/ask")
def ask(namespace: str, name: str) -> str:
    """The answer: a part of the page, or all of it where no script asks."""
    file = request.files.get("file")
    content = file.read() if file is not None and file.filename else None
    trial = Trial(backend(), _target(namespace, name), request.form, content, existing)
    if not is_partial():
        return _page(namespace, name, trial.answered())
    return render_template("playground_answer.html", answer=trial.answered(), most=MOST_SHOWN)


def _page(namespace: str, name: str, answer: Shown | None) -> str:
    reading = _reading(namespace, name)
    if reading.value is None:
        return render_template("playground_waiting.html", reading=reading, namespace=namespace, name=name)
    target = _target(namespace, name)
    told = _description(target, on_purpose="describe" in request.args)
    description = told.value if told is not None else None
    inputs = [each for each in INPUTS if each == "raw" or (description and (each != "form" or description.has_form))]
    wanted = request.values.get("input", "")
    return render_template(
        "playground.html",
        target=target,
        view=status_view(reading.value, (), datetime.now(UTC)),
        told=told,
        description=description,
        inputs={each: INPUTS[each] for each in inputs},
        chosen=wanted if wanted in inputs else inputs[0],
        others=_others(target),
        sample=_sample(description),
        values=request.values,
        kept=KEPT,
        state={key: value for key, value in request.values.items() if key in KEPT or key.startswith(FEATURE)},
        field_of=field_of,
        answer=answer,
        most=MOST_SHOWN,
    )


def _reading(namespace: str, name: str) -> Reading[Object]:
    """The object; the page says that there is none, if that is certain."""
    reading = backend().endpoint(namespace, name)
    if reading.value is None and reading.error is None and reading.at is not None:
        abort(404)
    return reading


def _target(namespace: str, name: str) -> Target:
    """Whom the form asks."""
    found = existing(namespace, name)
    variant = request.values.get("variant") or None
    target = Target(found, variant, request.values.get("model", "").strip() or None)
    if variant is not None and variant not in target.variants:
        raise NotFoundError(
            f"{namespace}/{name} has no variant {variant}", f"choose one of {', '.join(target.variants)}"
        )
    return target


def _description(target: Target, *, on_purpose: bool) -> Reading[Description] | None:
    """What the model says of itself. None: it is not asked, as its container may take that for a broken request."""
    at_no_risk = target.is_ours and not target.is_async and (not target.multi_model or target.model is not None)
    if target.endpoint is None or not (on_purpose or at_no_risk):
        return None
    return described(backend(), target)


def _sample(description: Description | None) -> str:
    """A body to begin with."""
    if description is None:
        return ""
    return Rows((tuple(feature.start for feature in description.features),)).body().decode()


def _others(target: Target) -> Mapping[str, str]:
    """Whom one can compare with, by the value of the choice."""
    variants = {f"variant:{each}": f"variant {each}" for each in target.variants if each != target.variant}
    endpoints = sorted(backend().endpoints().value or {})[:_MOST_OTHERS]
    here = (target.namespace, target.name)
    return (variants if len(target.variants) > 1 else {}) | {
        f"endpoint:{'/'.join(each)}": f"endpoint {'/'.join(each)}" for each in endpoints if each != here
    }
