"""Estimators of scikit-learn as data: `model.skops`, read without running code of whoever wrote it.

skops stores an estimator as a tree of types and arrays. Its own list of types is wide, and a type says nothing of its
content, so three things are done around it, each before the next:

- `schema`: every type, loader and array in the file is looked up in `types`, our own list, which holds no function and
  no class that calls, opens or imports anything by what it is given. The file is then written again from what was
  understood.
- `native`: what compiled code would believe (nodes of trees, structures of neighbours) is no object in the file but
  plain arrays, and is built here through constructors out of numbers that were checked.
- `state`: attributes that compiled code indexes by, or that name a method to call, are checked to fit together.

What is left is what scikit-learn's own Python does with numbers. Nothing here tells who packed a model: a signature
does.
"""

from sminference.audited.load import dumps, loads

__all__ = ["dumps", "loads"]
