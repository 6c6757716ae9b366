"""`srtp-relay`: CPU per two-way G.711 call between SRTP (keys from the SDP) and plain RTP, against rtpengine.

As `rtp-relay`, but the first party of each call encrypts (AES_CM_128_HMAC_SHA1_80); the generator's own
encryption runs on its core.
"""

import base64
import re
import secrets

from tests.bench import report, rtp_relay
from tests.bench.peers.rtpengine import audio_port
from tests.bench.processes import BenchError

from stimme.media import Bridge, Codec, Crypto, Endpoint, RemoteMedia
from stimme.sip.srtp_keys import SUITES

NAME = "srtp-relay"
TARGET = 0.9
_SUITE = "AES_CM_128_HMAC_SHA1_80"
_PCMU = Codec("PCMU", 0, 8000)
_SDP = """\
v=0\r
o=- 1 1 IN IP4 127.0.0.1\r
s=-\r
c=IN IP4 127.0.0.1\r
t=0 0\r
m=audio {port} {profile} 0\r
a=rtpmap:0 PCMU/8000\r
a=ptime:20\r
{crypto}"""


def _key() -> bytes:
    return secrets.token_bytes(SUITES[_SUITE])


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode("ascii")


class Rtpengine(rtp_relay.Rtpengine):
    """rtpengine, told of the keys by SDP."""

    def connect_call(self, name: str, caller: int, callee: int) -> tuple[int, int]:
        """One call whose caller speaks SRTP."""
        key = _key()
        crypto = f"a=crypto:1 {_SUITE} inline:{_text(key)}\r\n"
        offer = _SDP.format(port=caller, profile="RTP/SAVP", crypto=crypto)
        answer = _SDP.format(port=callee, profile="RTP/AVP", crypto="")
        asked = {"transport-protocol": "RTP/AVP"}
        for_callee, for_caller = self.control.exchange(name, offer, answer, asked)
        found = re.search(rf"^a=crypto:1 {_SUITE} inline:([A-Za-z0-9+/=]+)", for_caller, re.MULTILINE)
        if found is None or "a=crypto" in for_callee:
            raise BenchError(f"rtpengine does not bridge SRTP and RTP:\n{for_caller}\n{for_callee}")
        self.keys.append((key, base64.b64decode(found[1])))
        return audio_port(for_caller), audio_port(for_callee)


class Stimme(rtp_relay.Stimme):
    """Our engine alone, told of the keys as call control does."""

    async def connect_call(self, caller: int, callee: int) -> tuple[Endpoint, Endpoint, Bridge]:
        """Two endpoints, one with keys, and their bridge."""
        theirs, ours = _key(), _key()
        crypto = Crypto(_SUITE, send_key=_text(ours), receive_key=_text(theirs))
        self.keys.append((theirs, ours))
        a = await self.engine.create_endpoint("rtp", tag=f"bench-{caller}")
        b = await self.engine.create_endpoint("rtp", tag=f"bench-{callee}")
        await a.configure(RemoteMedia("127.0.0.1", caller, crypto=crypto), [_PCMU])
        await b.configure(RemoteMedia("127.0.0.1", callee), [_PCMU])
        return a, b, await self.engine.bridge(a, b, tag=f"bench-{caller}")


def run(options: rtp_relay.Options, *, command: str, machine: dict[str, str | int]) -> report.Outcome:
    """Measure both relays, alternating. Raises BenchError as `rtp_relay.run`."""
    return rtp_relay.compare(NAME, TARGET, (Stimme, Rtpengine), options, command=command, machine=machine)
