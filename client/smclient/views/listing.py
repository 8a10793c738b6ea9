"""Many endpoints as rows of a list: chosen, ordered, a page at a time. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from smclient.views.paging import PAGE, Paged, paged
from smclient.views.status import StatusView

ORDERS = ("name", "state", "cost")
# What wants a person's eye first.
_URGENT = {"Stalled": 0, "RolledBack": 1, "Unknown": 2, "Reconciling": 3, "Deleting": 4, "Ready": 5}


@dataclass(frozen=True)
class Filters:
    """What is asked for; empty takes all. `text` is looked for in names, endpoints, images and artifacts.

    `namespace` is one, or the beginning of some.
    """

    text: str = ""
    namespace: str = ""
    state: str = ""
    order: str = "name"
    page: int = 1


def listing(views: Iterable[StatusView], filters: Filters, size: int = PAGE) -> Paged[StatusView]:
    """The page that the filters ask for."""
    everything = list(views)
    exact = any(view.namespace == filters.namespace for view in everything)
    chosen = [view for view in everything if _takes(filters, view, exact=exact)]
    ordered = sorted(chosen, key=lambda view: (*_rank(filters.order, view), view.namespace, view.name))
    return paged(ordered, filters.page, size)


def _takes(filters: Filters, view: StatusView, *, exact: bool) -> bool:
    if filters.state not in ("", view.phase) or not view.namespace.startswith(filters.namespace):
        return False
    if exact and view.namespace != filters.namespace:
        return False
    if not filters.text:
        return True
    texts = [view.name, f"{view.namespace}/{view.name}", view.endpoint or ""]
    texts += [text for each in view.variants for text in (each.name, each.image or "", each.artifact or "")]
    wanted = filters.text.lower()
    return any(wanted in text.lower() for text in texts)


def _rank(order: str, view: StatusView) -> tuple[float, ...]:
    if order == "state":
        return (_URGENT.get(view.phase, 2),)
    if order == "cost":
        try:
            return (-float(view.hourly_usd or 0),)
        except ValueError:
            return (0.0,)
    return ()
