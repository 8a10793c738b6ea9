"""How sure a prediction is, and why: computed only for requests that ask."""

from sminference.explain.explainer import PARTS, Explainer, ExplainOptions

__all__ = ["PARTS", "ExplainOptions", "Explainer"]
