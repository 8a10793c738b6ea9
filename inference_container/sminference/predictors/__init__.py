"""Ways to compute a model's outputs, every one of them bit for bit scikit-learn's.

The `choose_` functions take the fastest one that stands the artifact's golden rows, and refuse a model that none
stands.
"""

from sminference.predictors.choice import Chosen, choose_estimator, choose_trees, choose_unchecked

__all__ = ["Chosen", "choose_estimator", "choose_trees", "choose_unchecked"]
