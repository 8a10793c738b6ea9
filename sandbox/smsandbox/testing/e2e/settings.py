"""What the user has to say before anything is made in an account, and what the run may cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from smendpoints.aws.price_table import TABLE, TABLE_DATE

HOURS = 2
"""What is not done after so long fails, and is taken away."""
_INSTANCES = 4  # one that may scale to two and, for a rollout, as many again
_CLEANING = Decimal("0.5")  # hours
_NEEDED = {
    "SMENDPOINTS_E2E_ACCOUNT": "the account's id: credentials of another one are refused",
    "SMENDPOINTS_E2E_REGION": "the operator's region",
    "SMENDPOINTS_E2E_ROLE_ARN": "the models' execution role",
    "SMENDPOINTS_E2E_IMAGE": "the inference image in ECR",
    "SMENDPOINTS_E2E_ARTIFACT": "the S3 URI of the trained iris model",
    "SMENDPOINTS_E2E_DOLLARS": "the most that the run may cost",
}


class NotAskedError(Exception):
    """Nothing was made; says what to write."""


@dataclass(frozen=True)
class Asked:
    """What the user said."""

    account: str
    region: str
    role: str
    image: str
    artifact: str
    instance_type: str
    cost: Decimal  # US dollars, at most


def most(instance_type: str) -> Decimal:
    """What a run costs at most, in US dollars, by the table of prices: all instances for all of its time.

    Raises:
        NotAskedError: no price is known.
    """
    if instance_type not in TABLE:
        raise NotAskedError(f"no price of {instance_type} is known: choose one of {', '.join(sorted(TABLE))}")
    return (Decimal(TABLE[instance_type]) * _INSTANCES * (HOURS + _CLEANING)).quantize(Decimal("0.01"))


def asked(environment: Mapping[str, str]) -> Asked:
    """Read it.

    Raises:
        NotAskedError: something is missing, or the run may cost more than the user allows.
    """
    instance_type = environment.get("SMENDPOINTS_E2E_INSTANCE_TYPE", "ml.m5.large")
    cost = most(instance_type)
    told = (
        f"the run makes one endpoint of {instance_type} in a real account and costs at most ${cost} "
        f"(prices of us-east-1, {TABLE_DATE}; usually a quarter of it)"
    )
    missing = [f"  {name}: {what}" for name, what in _NEEDED.items() if not environment.get(name)]
    if missing:
        raise NotAskedError("\n".join([f"{told}. Set:", *missing]))
    allowed = environment["SMENDPOINTS_E2E_DOLLARS"]
    if not allowed.replace(".", "", 1).isdigit() or Decimal(allowed) < cost:
        raise NotAskedError(f"{told}, and SMENDPOINTS_E2E_DOLLARS allows {allowed}: set it to {cost} or more")
    return Asked(
        account=environment["SMENDPOINTS_E2E_ACCOUNT"],
        region=environment["SMENDPOINTS_E2E_REGION"],
        role=environment["SMENDPOINTS_E2E_ROLE_ARN"],
        image=environment["SMENDPOINTS_E2E_IMAGE"],
        artifact=environment["SMENDPOINTS_E2E_ARTIFACT"],
        instance_type=instance_type,
        cost=cost,
    )
