"""What a request asks for beside its predictions, and the custom attributes it carries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from sminference.errors import RequestError
from sminference.explain import ExplainOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

CUSTOM_ATTRIBUTES = "HTTP_X_AMZN_SAGEMAKER_CUSTOM_ATTRIBUTES"
ENABLE_EXPLANATIONS = "HTTP_X_AMZN_SAGEMAKER_ENABLE_EXPLANATIONS"
MAX_CUSTOM_ATTRIBUTES = 1024

_LONGEST_SENTENCE = 300
_MAX_FIELDS = 100
_YES = frozenset({"true", "1"})
_VISIBLE = re.compile(r"[\x20-\x7e]*")


def custom_attributes(environ: Mapping[str, str]) -> str | None:
    """The custom attributes of a request, None without any.

    Raises:
        RequestError: 400, more than 1024 characters or other than visible US-ASCII, as SageMaker has it.
    """
    text = environ.get(CUSTOM_ATTRIBUTES)
    if text is None:
        return None
    if len(text) > MAX_CUSTOM_ATTRIBUTES or not _VISIBLE.fullmatch(text):
        raise RequestError(
            400,
            f"X-Amzn-SageMaker-Custom-Attributes: expected at most {MAX_CUSTOM_ATTRIBUTES} visible US-ASCII characters,"
            f" got {len(text)} characters",
        )
    return text


def describes(attributes: str | None) -> bool:
    """Whether the custom attributes ask for the model's description, `describe=true`, in place of predictions."""
    return (
        attributes is not None and "describe" in attributes and _named(attributes).get("describe", "").lower() in _YES
    )


def explanation(environ: Mapping[str, str], attributes: str | None) -> ExplainOptions | None:
    """The explanation that a request asks for, None for none.

    Three ways, the first found counts: `?explain` or `?explain=set,shap&level=0.9`; the custom attribute
    `explain=set,shap;level=0.9`; the header X-Amzn-SageMaker-Enable-Explanations, everything but `false` being a yes.

    Raises:
        RequestError: 400, an unknown part or level, or a query of too many fields.
    """
    query = environ.get("QUERY_STRING")
    if query:
        try:
            asked = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="replace"))
        except ValueError:
            raise RequestError(400, f"query: expected at most {_MAX_FIELDS} fields, got more") from None
        if "explain" in asked:
            return _options(asked["explain"], asked.get("level"))
    if attributes and "explain" in attributes:
        named = _named(attributes)
        if "explain" in named:
            return _options(named["explain"], named.get("level"))
    header = environ.get(ENABLE_EXPLANATIONS)
    if header and header.strip().strip("`'\"").lower() not in {"false", "0", "null", ""}:
        return ExplainOptions()
    return None


def _named(attributes: str) -> dict[str, str]:
    pairs = (item.partition("=") for item in re.split("[;&]", attributes))
    return {key.strip(): value.strip() for key, _, value in pairs}


def _options(parts: str, level: str | None) -> ExplainOptions | None:
    words = [word.strip() for word in parts.lower().split(",") if word.strip()]
    if words in (["false"], ["none"], ["0"]):
        return None
    try:
        return ExplainOptions.parse(() if words in (["true"], ["all"], ["1"]) else words, level)
    except ValueError as error:
        # The sentence repeats what the client wrote, of any length.
        raise RequestError(400, str(error)[:_LONGEST_SENTENCE]) from None
