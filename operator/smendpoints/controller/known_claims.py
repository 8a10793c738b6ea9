"""Which object claims which name, by its facts and the policies of its namespace. Not here: what a claim means."""

from smendpoints.domain.tenancy.claims import Claim, Claims, Standing
from smendpoints.domain.tenancy.facts import Facts, Identity, account_of
from smendpoints.domain.tenancy.policy import Policies, bars
from smendpoints.domain.tenancy.resolve import offered_identities


class KnownClaims:
    """Not thread-safe. What changes claims returns the objects for which something else may hold than before.

    `own_account` is the account that the operator acts in as itself; None while it is not known.
    """

    def __init__(self, region: str) -> None:
        self._region = region
        self._claims = Claims()
        self.own_account: str | None = None

    def identity(self, facts: Facts, policies: Policies) -> Identity:
        """Name, region and role in force for the object."""
        return facts.identity(offered_identities(policies), self._region)

    def enter(self, facts: Facts, policies: Policies) -> set[str]:
        """Enter what the object claims now; those that have the same name, before or now, may be first now."""
        identity = self.identity(facts, policies)
        barred = facts.standing is Standing.NEW and bars(identity, policies)
        claim = Claim(
            uid=facts.uid,
            namespace=facts.namespace,
            name=facts.name,
            created=facts.created,
            standing=Standing.BARRED if barred else facts.standing,
            account=account_of(identity.role),
            region=identity.region,
            endpoint=identity.endpoint,
        )
        rivals = self._claims.rivals(facts.uid)
        return rivals | self._claims.rivals(facts.uid) if self._claims.put(claim) else set()

    def drop(self, uid: str) -> set[str]:
        """The object is gone."""
        rivals = self._claims.rivals(uid)
        self._claims.drop(uid)
        return rivals

    def hold(self, uid: str) -> set[str]:
        """The name is the object's own from now on."""
        return self._claims.rivals(uid) if self._claims.hold(uid) else set()

    def before(self, uid: str) -> Claim | None:
        """The claim that comes before the object's own, if any."""
        return self._claims.before(uid, self.own_account)

    def hangs_on_own_account(self, uid: str) -> bool:
        """Whether it decides about the object's name what the operator's own account is, which is not known yet."""
        mine, rival = self._claims.of(uid), self.before(uid)
        return self.own_account is None and mine is not None and rival is not None and mine.account != rival.account
