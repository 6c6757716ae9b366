"""The errors of the engine's face."""


class EngineError(Exception):
    """The engine refused a request.

    Attributes:
        code: a short word: `bad_request`, `not_found`, `no_port`, `io`, `unsupported`.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class EngineLostError(EngineError):
    """The connection to the engine is gone; what was asked may or may not have happened."""

    def __init__(self) -> None:
        super().__init__("lost", "the media engine is not connected")
