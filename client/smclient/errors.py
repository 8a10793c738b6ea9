"""What can go wrong for a user of the client: one sentence, and what to do about it."""


class ClientError(Exception):
    """Something that the user can understand and act on.

    `message` is one sentence without a full stop; `hint` says what to do, or is empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message}; {hint}" if hint else message)
        self.message = message
        self.hint = hint


class KubernetesError(ClientError):
    """The API server refused or could not be asked; `code` is its HTTP status, 0 where there was no answer."""

    def __init__(self, message: str, hint: str = "", code: int = 0) -> None:
        super().__init__(message, hint)
        self.code = code


class NotFoundError(KubernetesError):
    """The object, or the kind, is not there."""


class AWSError(ClientError):
    """AWS refused or could not be asked; `code` is AWS's own, empty where there was no answer."""

    def __init__(self, message: str, hint: str = "", code: str = "") -> None:
        super().__init__(message, hint)
        self.code = code
