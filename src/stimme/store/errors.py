"""Refusals of the store. Nothing was changed when one is raised."""


class StoreError(Exception):
    """Common root of the refusals."""


class NotFoundError(StoreError):
    """There is no such thing, or not inside the scope of whoever asked."""


class ConflictError(StoreError):
    """What was asked for contradicts what is there."""


class FieldRefusedError(StoreError):
    """One field holds something that cannot be.

    Attributes:
        field: The field's name.
    """

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


class StaleError(StoreError):
    """Somebody else changed it since it was read."""


class VersionMissingError(StoreError):
    """A change of something that exists must say which version it changes."""
