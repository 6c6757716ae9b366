"""Fax over IP in session descriptions: `m=image … udptl t38` and its attributes (T.38 annex D, RFC 7345).

Policy of an answer (T.38 §D.2.3): the version is the lower of both; the data rate management is the offer's,
and without one it is transferredTCF; fill bit removal and transcoding are on only where both sides can;
error correction is the offer's as far as we can it, else the weaker one that every side can; buffer and
datagram sizes are what the answerer itself can take. Names compare without case and a switch may be written
`T38FaxFillBitRemoval`, `…:1` or `…:0`: gateways do all of that.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from stimme.sip.errors import SipParseError
from stimme.sip.sdp import Attribute, MediaDescription, SessionDescription, number_of

KIND = "image"
FORMAT = "t38"
UDPTL = "udptl"
PROTOCOLS = (UDPTL, "UDP/TLS/UDPTL", "tcp", "TCP/RTP/AVP")
BIT_RATES = (2400, 4800, 7200, 9600, 12000, 14400, 33600)
HIGHEST_VERSION = 4


class RateManagement(Enum):
    """Who checks the training: each side by itself (TCP), or the check is carried through (UDP)."""

    LOCAL = "localTCF"
    TRANSFERRED = "transferredTCF"


class ErrorCorrection(Enum):
    """How lost packets are made up for."""

    NONE = "t38UDPNoEC"
    REDUNDANCY = "t38UDPRedundancy"
    FEC = "t38UDPFEC"


_WEAKER: dict[ErrorCorrection, tuple[ErrorCorrection, ...]] = {
    ErrorCorrection.FEC: (ErrorCorrection.FEC, ErrorCorrection.REDUNDANCY, ErrorCorrection.NONE),
    ErrorCorrection.REDUNDANCY: (ErrorCorrection.REDUNDANCY, ErrorCorrection.NONE),
    ErrorCorrection.NONE: (ErrorCorrection.NONE,),
}


@dataclass(frozen=True, slots=True)
class Fax:
    """One side's fax stream.

    Attributes:
        address, port: where it wants UDPTL packets; port 0 refuses the stream.
        version: of T.38, 0 to 4; 0 when it is not written.
        bit_rate: bits a second that the modem can do; None when it says nothing.
        rate_management: see there.
        fill_bit_removal, transcoding_mmr, transcoding_jbig: what the gateway can do to the pages.
        max_buffer, max_datagram, max_ifp: bytes it can take; None when it says nothing.
        error_correction: what it sends, and what it can read.
        ec_depth: how many earlier packets a packet repeats: fewest and most (T.38 2005); None unsaid.
        fec_span: packets that one FEC packet covers; None unsaid.
        vendor: maker's data as it stands.
        protocol: `udptl`, or `UDP/TLS/UDPTL` (RFC 7345).
    """

    address: str
    port: int
    version: int = 0
    bit_rate: int | None = 14400
    rate_management: RateManagement = RateManagement.TRANSFERRED
    fill_bit_removal: bool = False
    transcoding_mmr: bool = False
    transcoding_jbig: bool = False
    max_buffer: int | None = None
    max_datagram: int | None = None
    max_ifp: int | None = None
    error_correction: ErrorCorrection = ErrorCorrection.NONE
    ec_depth: tuple[int, int | None] | None = None
    fec_span: int | None = None
    vendor: str | None = None
    protocol: str = UDPTL


def read_fax(data: bytes) -> Fax | None:
    """The first active fax stream of a description, None when there is none. Raises SipParseError."""
    return fax_of(SessionDescription.parse(data))


def fax_of(description: SessionDescription) -> Fax | None:
    """As `read_fax`, for a description that is parsed already."""
    media = _active(description)
    if media is None:
        return None
    address = media.connection or description.connection
    if address is None:
        raise SipParseError("no address in the SDP")
    values = {name.lower(): (value or "").strip() for name, value in reversed(media.attributes)}
    return Fax(
        address=address,
        port=media.port,
        version=min(number_of(values.get("t38faxversion", "0")) or 0, HIGHEST_VERSION),
        bit_rate=_number(values, "t38maxbitrate"),
        rate_management=_management(values),
        fill_bit_removal=_switch(values, "t38faxfillbitremoval"),
        transcoding_mmr=_switch(values, "t38faxtranscodingmmr"),
        transcoding_jbig=_switch(values, "t38faxtranscodingjbig"),
        max_buffer=_number(values, "t38faxmaxbuffer"),
        max_datagram=_number(values, "t38faxmaxdatagram"),
        max_ifp=_number(values, "t38faxmaxifp"),
        error_correction=_correction(values),
        ec_depth=_depth(values.get("t38faxudpecdepth")),
        fec_span=_number(values, "t38faxudpfecmaxspan"),
        vendor=values.get("t38vendorinfo"),
        protocol=media.protocol,
    )


def _active(description: SessionDescription) -> MediaDescription | None:
    for media in description.media:
        known = media.protocol.lower() == UDPTL or media.protocol in PROTOCOLS
        if media.kind == KIND and media.port and known and FORMAT in (f.lower() for f in media.formats):
            return media
    return None


def _number(values: dict[str, str], name: str) -> int | None:
    return number_of(values.get(name, ""))


def _switch(values: dict[str, str], name: str) -> bool:
    return values.get(name, "0") in ("", "1", "true")


def _management(values: dict[str, str]) -> RateManagement:
    wanted = values.get("t38faxratemanagement", "").lower()
    return next((each for each in RateManagement if each.value.lower() == wanted), RateManagement.TRANSFERRED)


def _correction(values: dict[str, str]) -> ErrorCorrection:
    wanted = values.get("t38faxudpec", "").lower()
    return next((each for each in ErrorCorrection if each.value.lower() == wanted), ErrorCorrection.NONE)


def _depth(value: str | None) -> tuple[int, int | None] | None:
    numbers = [number_of(part) for part in (value or "").split()]
    if not numbers or numbers[0] is None:
        return None
    return numbers[0], numbers[1] if len(numbers) > 1 else None


def fax_media(fax: Fax) -> MediaDescription:
    """The media section of a stream."""
    attributes: list[Attribute] = [("T38FaxVersion", str(fax.version))]
    _add(attributes, "T38MaxBitRate", fax.bit_rate)
    if fax.fill_bit_removal:
        attributes.append(("T38FaxFillBitRemoval", None))
    if fax.transcoding_mmr:
        attributes.append(("T38FaxTranscodingMMR", None))
    if fax.transcoding_jbig:
        attributes.append(("T38FaxTranscodingJBIG", None))
    attributes.append(("T38FaxRateManagement", fax.rate_management.value))
    _add(attributes, "T38FaxMaxBuffer", fax.max_buffer)
    _add(attributes, "T38FaxMaxDatagram", fax.max_datagram)
    _add(attributes, "T38FaxMaxIFP", fax.max_ifp)
    attributes.append(("T38FaxUdpEC", fax.error_correction.value))
    if fax.ec_depth is not None:
        fewest, most = fax.ec_depth
        attributes.append(("T38FaxUdpECDepth", str(fewest) if most is None else f"{fewest} {most}"))
    _add(attributes, "T38FaxUdpFECMaxSpan", fax.fec_span)
    _add(attributes, "T38VendorInfo", fax.vendor)
    return MediaDescription(KIND, fax.port, fax.protocol, [FORMAT], None, attributes)


def _add(attributes: list[Attribute], name: str, value: int | str | None) -> None:
    if value is not None:
        attributes.append((name, str(value)))


def answer_fax(offered: Fax, ours: Fax, *, corrections: Iterable[ErrorCorrection] = ErrorCorrection) -> Fax:
    """What we answer to an offered stream.

    Args:
        offered: the peer's stream.
        ours: what we can: address, port, sizes, highest version and rate, switches.
        corrections: the error corrections that we can send and read.
    """
    can = frozenset(corrections) | {ErrorCorrection.NONE}
    correction = next(each for each in _WEAKER[offered.error_correction] if each in can)
    rates = [rate for rate in (offered.bit_rate, ours.bit_rate) if rate is not None]
    redundant = correction is not ErrorCorrection.NONE
    return Fax(
        address=ours.address,
        port=ours.port,
        version=min(offered.version, ours.version),
        bit_rate=min(rates) if rates else None,
        rate_management=offered.rate_management,
        fill_bit_removal=offered.fill_bit_removal and ours.fill_bit_removal,
        transcoding_mmr=offered.transcoding_mmr and ours.transcoding_mmr,
        transcoding_jbig=offered.transcoding_jbig and ours.transcoding_jbig,
        max_buffer=ours.max_buffer,
        max_datagram=ours.max_datagram,
        max_ifp=ours.max_ifp,
        error_correction=correction,
        ec_depth=ours.ec_depth if redundant else None,
        fec_span=ours.fec_span if correction is ErrorCorrection.FEC else None,
        protocol=offered.protocol,
    )


def write_fax_offer(fax: Fax, *, session_id: str, version: int) -> bytes:
    """An offer that changes a call to fax: the image stream alone."""
    description = _description(fax, session_id, version)
    description.media.append(fax_media(fax))
    return bytes(description)


def write_fax_answer(offer: bytes, fax: Fax | None, *, session_id: str, version: int, address: str) -> bytes:
    """The answer to an offer: `fax` for its image stream, every other one refused (port 0).

    With None the image stream is refused too, as a peer that knows no fax does (RFC 3264 §6). Raises
    SipParseError.
    """
    offered = SessionDescription.parse(offer)
    accepted = _active(offered) if fax is not None else None
    description = SessionDescription(
        session_id=session_id, version=version, address=address, name="stimme", connection=address
    )
    for media in offered.media:
        if media is accepted and fax is not None:
            description.media.append(fax_media(fax))
        else:
            description.media.append(MediaDescription(media.kind, 0, media.protocol, media.formats))
    return bytes(description)


def _description(fax: Fax, session_id: str, version: int) -> SessionDescription:
    return SessionDescription(
        session_id=session_id, version=version, address=fax.address, name="stimme", connection=fax.address
    )
