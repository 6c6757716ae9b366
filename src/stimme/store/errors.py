"""Refusals of the store. Nothing was changed when one is raised."""

from stimme.sentences import Sentence


class StoreError(Exception):
    """Common root of the refusals."""


class NotFoundError(StoreError):
    """There is no such thing, or not inside the scope of whoever asked."""


class ConflictError(StoreError):
    """What was asked for contradicts what is there."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)


class FieldRefusedError(StoreError):
    """One field holds something that cannot be.

    Attributes:
        field: The field's name.
    """

    def __init__(self, field: str, sentence: Sentence) -> None:
        self.field = field
        super().__init__(sentence)


class StaleError(StoreError):
    """Somebody else changed it since it was read."""


class VersionMissingError(StoreError):
    """A change of something that exists must say which version it changes."""
