"""Specs that the API server refuses, each for one reason, and specs that come near and are right."""

from smsandbox.testing.spec_cases import fields, hosting, rollouts, scaling, together
from smsandbox.testing.spec_cases.taken import TAKEN
from smsandbox.testing.spec_cases.words import Spec

__all__ = ["REFUSED", "TAKEN", "Spec"]

# What is wrong -> the spec, the field that the refusal points at, the sentence.
REFUSED: dict[str, tuple[Spec, str, str]] = {
    **fields.REFUSED,
    **together.REFUSED,
    **rollouts.REFUSED,
    **hosting.REFUSED,
    **scaling.REFUSED,
}
