"""The model of a single-model container: loaded once, before the workers are forked, or known to be impossible."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sminference.artifact import ArtifactError, load
from sminference.errors import RequestError
from sminference.served import Served

if TYPE_CHECKING:
    from sminference.config import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Hosting:
    """Either a model that is served, or the reason why there is none; neither of them in a multi-model container."""

    served: Served | None = None
    failure: str | None = None

    def get(self) -> Served:
        """The model. Raises RequestError, 503, without one; 400 in a multi-model container."""
        if self.served is not None:
            return self.served
        if self.failure is not None:
            raise RequestError(503, self.failure)
        raise RequestError(
            400, "POST /invocations: expected POST /models/{name}/invoke, for there are many models here"
        )


def load_model(settings: Settings) -> Hosting:
    """The model of SM_MODEL_DIR; what is wrong with it goes to the log and to `/ping`, and the server stays up."""
    try:
        model = load(settings.model_dir, settings.trust, settings.classes)
    except ArtifactError as error:
        log.error("no model is served: %s", error)  # noqa: TRY400 - the sentence is the whole story
        return Hosting(failure=f"no model is served: {error}")
    except Exception:
        log.exception("no model is served: %s can't be loaded", settings.model_dir)
        return Hosting(failure="no model is served: it can't be loaded, the log says why")
    served = Served(model, settings)
    log.info("serving %s (%s)", served.label, model.description.get("estimator", "model"))
    return Hosting(served=served)
