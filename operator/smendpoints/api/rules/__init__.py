"""The rules that the API server checks beyond types and bounds, in CEL, each with the sentence that a user reads.

A rule that crosses fields stands here and nowhere else: the operator trusts what the API server has let through.
What only AWS knows (quotas, whether a thing exists) is pre-flight's.
"""

from smendpoints.api.rules.cel import Rule
from smendpoints.api.rules.experiment import EXPERIMENT
from smendpoints.api.rules.hosting import HOSTING
from smendpoints.api.rules.patterns import PATTERNS
from smendpoints.api.rules.policy import POLICY
from smendpoints.api.rules.rollout import ROLLOUT
from smendpoints.api.rules.scaling import SCALING
from smendpoints.api.rules.spec import SPEC
from smendpoints.api.rules.variants import VARIANT

__all__ = ["PATTERNS", "RULES", "Rule"]

RULES: tuple[Rule, ...] = (*SPEC, *HOSTING, *ROLLOUT, *VARIANT, *SCALING, *POLICY, *EXPERIMENT)
