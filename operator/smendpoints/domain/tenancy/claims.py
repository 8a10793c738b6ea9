"""Claims on names in AWS: while an object exists its endpoint's name is taken, whether AWS holds an endpoint or not.

An endpoint that is stopped, by hand or every night, is gone from AWS, and its name is free there; whoever took it would
get the clients' requests. Not here: endpoints of other clusters and of nobody; those are told apart by their tags.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum


class Standing(IntEnum):
    """What an object has made under its name so far; the lower, the stronger its claim.

    `SERVES` and `MADE` are for objects of the release before this one, whose status tells it by other signs: an
    endpoint in AWS, or revisions alone. Both may be true of two objects at once, if one was made while the other was
    stopped; then the one that serves goes on. `BARRED` is what made nothing and may not: the policies do not allow it
    the name or the place, so that it keeps nobody else from them.
    """

    HOLDS = 0
    SERVES = 1
    MADE = 2
    NEW = 3
    BARRED = 4


@dataclass(frozen=True)
class Claim:
    """One object's claim on one name. `account` is None where the operator acts as itself."""

    uid: str
    namespace: str
    name: str
    created: str
    standing: Standing
    account: str | None
    region: str
    endpoint: str

    def order(self) -> tuple[Standing, str, str]:
        """First come, first kept; the uid decides within one second, so that every process decides alike."""
        return self.standing, self.created, self.uid

    def may_meet(self, other: "Claim", own_account: str | None) -> bool:
        """Whether both may be one endpoint, given their names and regions are equal.

        As long as the operator's own account is not known, its claims may meet those in any account.
        """
        if self.account == other.account:
            return True
        mine, others = (each.account or own_account for each in (self, other))
        return mine is None or others is None or mine == others


class Claims:
    """All claims. Endpoint names are unique in AWS whatever their case."""

    def __init__(self) -> None:
        self._claims: dict[str, Claim] = {}
        self._named: dict[tuple[str, str], set[str]] = {}
        self._held: set[str] = set()

    def put(self, claim: Claim) -> bool:
        """Enter the object's claim, or what became of it; whether that changed anything."""
        if claim.uid in self._held:
            claim = replace(claim, standing=Standing.HOLDS)
        old = self._claims.get(claim.uid)
        if old == claim:
            return False
        if old is not None:
            self._leave(old)
        self._claims[claim.uid] = claim
        self._named.setdefault(_key(claim), set()).add(claim.uid)
        return True

    def drop(self, uid: str) -> bool:
        """The object is gone; whether it was there."""
        self._held.discard(uid)
        old = self._claims.pop(uid, None)
        if old is not None:
            self._leave(old)
        return old is not None

    def hold(self, uid: str) -> bool:
        """The object is about to make something: from now on none that is not before it already comes before it.

        The status that says so is not written yet; a restart until then loses nothing, as nothing is made before.
        Whether that changed anything.
        """
        self._held.add(uid)
        claim = self._claims.get(uid)
        return claim is not None and self.put(claim)

    def before(self, uid: str, own_account: str | None) -> Claim | None:
        """The claim that keeps the object from its name; None when it is the first."""
        mine = self._claims.get(uid)
        if mine is None:
            return None
        rivals = (each for each in self._others(mine) if each.may_meet(mine, own_account))
        return min((each for each in rivals if each.order() < mine.order()), key=Claim.order, default=None)

    def of(self, uid: str) -> Claim | None:
        """The object's claim."""
        return self._claims.get(uid)

    def rivals(self, uid: str) -> set[str]:
        """The objects whose endpoints have the same name in the same region."""
        mine = self._claims.get(uid)
        return {each.uid for each in self._others(mine)} if mine is not None else set()

    def _others(self, mine: Claim) -> Iterator[Claim]:
        return (self._claims[uid] for uid in self._named[_key(mine)] if uid != mine.uid)

    def _leave(self, claim: Claim) -> None:
        named = self._named[_key(claim)]
        named.discard(claim.uid)
        if not named:
            del self._named[_key(claim)]


def _key(claim: Claim) -> tuple[str, str]:
    return claim.region, claim.endpoint.lower()
