"""A leg's T.38 stream in the words of the engine, and of the journal."""

from stimme.media import T38
from stimme.sip.fax import Fax, RateManagement, read_fax, write_fax_offer

SLOWEST, FASTEST = 2_400, 14_400
"""Bits a second that the engine's modems do (V.27ter to V.17)."""


def t38_of(fax: Fax) -> T38:
    """A stream as the engine is told of it."""
    return T38(
        version=fax.version,
        max_bit_rate=min(max(fax.bit_rate or FASTEST, SLOWEST), FASTEST),
        local_training=fax.rate_management is RateManagement.LOCAL,
        fill_bit_removal=fax.fill_bit_removal,
        max_datagram=fax.max_datagram,
        error_correction=fax.error_correction.value,
    )


def fax_to_json(fax: Fax | None) -> str | None:
    """As the journal keeps it: the description that means it."""
    return None if fax is None else write_fax_offer(fax, session_id="1", version=1).decode()


def fax_from_json(value: str | None) -> Fax | None:
    """From the journal. Raises SipParseError for a damaged one."""
    return None if value is None else read_fax(value.encode())
