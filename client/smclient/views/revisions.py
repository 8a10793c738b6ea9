"""Which revision to go back to. Pure."""

from collections.abc import Sequence

from smclient.errors import ClientError
from smclient.views.history import RevisionView

DEPLOYED = "Deployed"


def named(history: Sequence[RevisionView], number: int) -> RevisionView:
    """The revision of that number.

    Raises:
        ClientError: it is not remembered.
    """
    found = next((each for each in history if each.revision == number), None)
    if found is None:
        known = ", ".join(str(each.revision) for each in history) or "none"
        raise ClientError(f"there is no revision {number}", f"there are: {known} (`kubectl smendpoint history`)")
    return found


def before(history: Sequence[RevisionView]) -> RevisionView:
    """The newest revision that was in service before the newest of all: what `undo` goes back to.

    After a failed rollout that is what serves still.

    Raises:
        ClientError: there is none.
    """
    if history:
        newest = history[0]
        for each in history[1:]:
            if each.outcome == DEPLOYED and each.config != newest.config:
                return each
    raise ClientError("there is no earlier revision that was in service", "see `kubectl smendpoint history`")
