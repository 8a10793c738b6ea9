"""`bootstrap`: what an account needs before its first endpoint, and its removal. Idempotent.

A repository, a bucket, the models' role, the operator's policy. What is there already and was not made here is used as
it is, neither changed nor removed: what was made here bears a tag that says so.
"""

from smclient.preparing.access import Access
from smclient.preparing.storage import Storage


class Preparation(Storage, Access):
    """Makes and removes all of it."""

    def make(self) -> None:
        """Make what is not there, in the order in which one needs another.

        Raises:
            AWSError: refused; what was made before stays, and is found the next time.
        """
        self.make_repository()
        self.make_bucket()
        self.make_role()
        self.make_policies()

    def remove(self) -> None:
        """Remove what was made here, in the order that AWS lets it go; images and models with it.

        Raises:
            AWSError: refused, or something else uses it still.
        """
        self.remove_policies()
        self.remove_role()
        self.remove_bucket()
        self.remove_repository()
