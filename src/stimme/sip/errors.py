"""The errors of the SIP stack."""


class SipError(Exception):
    """Base of every error that the SIP stack raises."""


class SipParseError(SipError):
    """Bytes or text that are not what the grammar of RFC 3261 §25 allows.

    Attributes:
        offset: where in the input the fault was seen (bytes or characters), 0 when it concerns the whole.
        status: how a request with this fault is answered.
    """

    def __init__(self, message: str, offset: int = 0, *, status: int = 400) -> None:
        super().__init__(message)
        self.offset = offset
        self.status = status


class SessionStateError(SipError):
    """A verb was used on a session or transaction whose state does not allow it."""
