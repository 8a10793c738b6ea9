"""Ways to compute a model's outputs, every one of them bit for bit scikit-learn's.

`choose` takes the fastest one that stands the artifact's golden rows, and refuses a model that stands them in no way.
"""

from sminference.predictors.choice import Chosen, choose, choose_unchecked

__all__ = ["Chosen", "choose", "choose_unchecked"]
