"""The messages of RFC 4475 and RFC 5118, rebuilt from what those documents say each of them is about.

Each case names the section, the fault or the oddity, and what must come of it. Headers that have nothing to
do with a case are the same everywhere.
"""

from dataclasses import dataclass

ACCEPTED = "accepted"
DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Torture:
    """One message. `outcome` is ACCEPTED, DROPPED or the status of the refusal."""

    name: str
    data: bytes
    outcome: str | int
    standard: str = "RFC 4475"


def message(
    start: str,
    *lines: str,
    body: bytes = b"",
    without: str = "",
    length: str | None = None,
    cseq: str | None = None,
) -> bytes:
    """A message with the usual headers, except those named in `without`, and those in `lines`."""
    method = start.split(" ", maxsplit=1)[0]
    usual = {
        "Via": "SIP/2.0/UDP host.example.com;branch=z9hG4bKkdjuw",
        "Max-Forwards": "70",
        "From": "<sip:caller@example.net>;tag=93942939o2",
        "To": "<sip:user@example.com>",
        "Call-ID": "case.0ha0isndaksdj",
        "CSeq": cseq or f"8 {'INVITE' if method == 'SIP/2.0' else method}",
        "Contact": "<sip:caller@host.example.net>",
    }
    kept = [f"{name}: {value}" for name, value in usual.items() if name not in without.split()]
    head = [start, *kept, *lines, f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join(head).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


SDP = (
    b"v=0\r\no=mhandley 29739 7272939 IN IP4 192.0.2.3\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\n"
    b"m=audio 49217 RTP/AVP 0\r\n"
)
SDP_TYPE = "Content-Type: application/sdp"
SHORT_TORTUOUS = (
    b"INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n"
    b"TO :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n"
    b'from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\n'
    b"MaX-fOrWaRdS: 0068\r\n"
    b"Call-ID: wsinv.ndaksdj@192.0.2.1\r\n"
    b"Content-Length   : 150\r\n"
    b"cseq: 0009\r\n  INVITE\r\n"
    b"Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw\r\n"
    b"s :\r\n"
    b"NewFangledHeader:   newfangled value\r\n continued newfangled value\r\n"
    b"UnknownHeaderWithUnusualValue: ;;,,;;,;\r\n"
    b"Content-Type: application/sdp\r\n"
    b"Route:\r\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\r\n"
    b"v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n"
    b" SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n"
    b'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n'
    b"  secondparam ; q = 0.33\r\n"
    b"\r\n" + SDP[: SDP.index(b"m=")] + b"m=audio 49217 RTP/AVP 0 12\r\n" + b"a=x" * 9 + b"\r\n"
)
_BODY = SHORT_TORTUOUS.partition(b"\r\n\r\n")[2]
SHORT_TORTUOUS = SHORT_TORTUOUS.replace(b": 150\r\n", b": %d\r\n" % len(_BODY)).replace(
    b";   tag    = 1918181833n", b""
)

VALID = [
    Torture("3.1.1.1 short tortuous INVITE", SHORT_TORTUOUS, ACCEPTED),
    Torture(
        "3.1.1.2 wide range of valid characters",
        message(
            "!interesting-Method0123456789_*+`.%indeed'~ "
            "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
            ":&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com "
            "SIP/2.0",
            "extensionHeader-!.%*+_`'~: \ufeff大停電",
        ),
        405,
    ),
    Torture(
        "3.1.1.3 valid escapes",
        message("INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0", SDP_TYPE, body=SDP),
        ACCEPTED,
    ),
    Torture(
        "3.1.1.4 escaped nulls in URIs",
        message(
            "REGISTER sip:example.com SIP/2.0",
            "Contact: <sip:%00@host5.example.com>, <sip:%00%00@host5.example.com>",
            without="Contact",
        ),
        ACCEPTED,
    ),
    Torture(
        "3.1.1.5 percent that is no escape", message("RE%47IST%45R sip:registrar.example.com SIP/2.0"), 405
    ),
    Torture(
        "3.1.1.6 no space before <",
        message(
            "OPTIONS sip:user@example.com SIP/2.0",
            "From: caller<sip:caller@example.com>;tag=323",
            without="From",
        ),
        ACCEPTED,
    ),
    Torture(
        "3.1.1.7 long values",
        message(
            "INVITE sip:user@example.com SIP/2.0",
            f'To: "I have a user name of {"extreme" * 10} proportion"'
            f"<sip:user@example.com:6000;unknownparam1={'very' * 20}long>",
            f"From: sip:{'amazinglylongcallername' * 5}@example.net;tag=12"
            f"{'982' * 50}424;unknownheaderparamname{'long' * 25}=x",
            f"Unknown-{'Long' * 20}-Name: unknown-{'long' * 20}-value",
            *(f"Via: SIP/2.0/TCP sip{number}.example.com" for number in range(34)),
            f"Contact: <sip:{'amazinglylongcallername' * 5}@host5.example.net>",
            SDP_TYPE,
            without="To From Contact",
            body=SDP,
        ),
        ACCEPTED,
    ),
    Torture(
        "3.1.1.8 octets after the message",
        message("REGISTER sip:example.com SIP/2.0") + message("INVITE sip:joe@example.com SIP/2.0", body=SDP),
        ACCEPTED,
    ),
    Torture(
        "3.1.1.9 semicolons in the user part",
        message("OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0"),
        ACCEPTED,
    ),
    Torture(
        "3.1.1.10 unknown transports",
        message(
            "OPTIONS sip:user@example.com SIP/2.0",
            *(
                f"Via: SIP/2.0/{name} t.example.com;branch=z9hG4bK{name}"
                for name in ("SCTP", "TLS", "UNKNOWN", "TCP")
            ),
        ),
        ACCEPTED,
    ),
    Torture(
        "3.1.1.11 multipart body",
        message(
            "MESSAGE sip:kumiko@example.org SIP/2.0",
            "Content-Type: multipart/mixed;boundary=7a9cbec02ceef655",
            body=b"--7a9cbec02ceef655\r\nContent-Type: text/plain\r\n"
            b"Content-Transfer-Encoding: binary\r\n\r\nHello\r\n"
            b"--7a9cbec02ceef655\r\nContent-Type: application/octet-stream\r\n\r\n"
            b"\x00\xff\x30\x82\r\n--7a9cbec02ceef655--\r\n",
        ),
        ACCEPTED,
    ),
    Torture(
        "3.3.11 Max-Forwards of zero",
        message("OPTIONS sip:user@example.com SIP/2.0", "Max-Forwards: 0", without="Max-Forwards"),
        ACCEPTED,
    ),
    Torture(
        "3.3.12 Contact with a parameter",
        message(
            "REGISTER sip:example.com SIP/2.0",
            "Contact: sip:+19725552222@gw1.example.net;unknownparam",
            without="Contact",
        ),
        ACCEPTED,
    ),
    Torture(
        "3.3.13 Contact with a URL parameter",
        message(
            "REGISTER sip:example.com SIP/2.0",
            "Contact: <sip:+19725552222@gw1.example.net;unknownparam>",
            without="Contact",
        ),
        ACCEPTED,
    ),
    Torture(
        "3.3.14 Contact with an escaped header",
        message(
            "REGISTER sip:example.com SIP/2.0",
            "Contact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>",
            without="Contact",
        ),
        ACCEPTED,
    ),
    Torture(
        "3.4.1 INVITE of RFC 2543",
        message(
            "INVITE sip:UserB@example.com SIP/2.0",
            "Via: SIP/2.0/UDP iftgw.example.com",
            "Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>",
            SDP_TYPE,
            without="Via Max-Forwards",
            body=SDP,
        ),
        ACCEPTED,
    ),
    Torture(
        "3.3.7 unknown authorization scheme",
        message("REGISTER sip:example.com SIP/2.0", "Authorization: NoOneKnowsThisScheme opaque-data=here"),
        ACCEPTED,
    ),
    Torture(
        "3.1.2.12 unknown time zone in Date",
        message(
            "INVITE sip:user@example.com SIP/2.0", "Date: Fri, 01 Jan 2010 16:00:00 EST", SDP_TYPE, body=SDP
        ),
        ACCEPTED,
    ),
]
INVALID = [
    Torture(
        "3.1.2.1 extraneous separators",
        message(
            "INVITE sip:user@example.com SIP/2.0",
            "Via: SIP/2.0/UDP 192.0.2.15;;,;,,",
            'Contact: "Joe" <sip:joe@example.org>;;;;',
            without="Via Contact",
        ),
        400,
    ),
    Torture(
        "3.1.2.2 Content-Length larger than the message",
        message("INVITE sip:user@example.com SIP/2.0", SDP_TYPE, body=SDP, length="9999"),
        400,
    ),
    Torture(
        "3.1.2.3 negative Content-Length",
        message("INVITE sip:user@example.com SIP/2.0", SDP_TYPE, body=SDP, length="-999"),
        400,
    ),
    Torture(
        "3.1.2.4 overlarge numbers in a request",
        message(
            "REGISTER sip:example.com SIP/2.0",
            "Max-Forwards: 300",
            "Expires: 1" + "0" * 100,
            without="Max-Forwards",
            cseq="36893488147419103232 REGISTER",
        ),
        400,
    ),
    Torture(
        "3.1.2.5 overlarge numbers in a response",
        message(
            "SIP/2.0 503 Service Unavailable",
            "Retry-After: 949302838503028349304023988",
            cseq="9292394834772304023312 OPTIONS",
        ),
        DROPPED,
    ),
    Torture(
        "3.1.2.6 unterminated quoted string",
        message(
            "INVITE sip:user@example.com SIP/2.0", 'To: "Mr. J. User <sip:j.user@example.com>', without="To"
        ),
        400,
    ),
    Torture("3.1.2.7 request URI in <>", message("INVITE <sip:user@example.com> SIP/2.0"), 400),
    Torture(
        "3.1.2.8 white space in the request URI", message("INVITE sip:user@example.com; lr SIP/2.0"), 400
    ),
    Torture(
        "3.1.2.9 several spaces in the request line",
        message("INVITE  sip:user@example.com  SIP/2.0", cseq="8 INVITE"),
        400,
    ),
    Torture(
        "3.1.2.10 spaces at the end of the request line",
        message("OPTIONS sip:remote-target@example.com SIP/2.0  "),
        400,
    ),
    Torture(
        "3.1.2.11 headers in the request URI",
        message("INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0"),
        400,
    ),
    Torture("3.1.2.16 unknown version", message("OPTIONS sip:t.watson@example.org SIP/7.0"), 505),
    Torture(
        "3.1.2.17 methods that do not match",
        message("OPTIONS sip:user@example.com SIP/2.0", cseq="8 INVITE"),
        400,
    ),
    Torture(
        "3.1.2.18 unknown method that does not match",
        message("NEWMETHOD sip:user@example.com SIP/2.0", cseq="8 INVITE"),
        400,
    ),
    Torture(
        "3.1.2.19 overlarge status", message("SIP/2.0 4294967301 better not break the receiver"), DROPPED
    ),
    Torture(
        "3.3.1 missing headers",
        message("INVITE sip:user@example.com SIP/2.0", without="Call-ID From To"),
        400,
    ),
    Torture(
        "3.3.2 unknown scheme in the request URI",
        message("OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0"),
        416,
    ),
    Torture(
        "3.3.3 known scheme that is not SIP", message("OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0"), 416
    ),
    Torture(
        "3.3.5 unknown extensions",
        message(
            "OPTIONS sip:user@example.com SIP/2.0", "Require: nothingSupportsThis, nothingSupportsThisEither"
        ),
        420,
    ),
    Torture(
        "3.3.6 unknown Content-Type",
        message(
            "INVITE sip:user@example.com SIP/2.0", "Content-Type: application/unknownformat", body=b"<x/>"
        ),
        415,
    ),
    Torture(
        "3.3.8 several values of single headers",
        message(
            "INVITE sip:user@company.com SIP/2.0",
            "CSeq: 59 INVITE",
            "Call-ID: multi01.98asdh@192.0.2.2",
            "From: <sip:bob@example.com>;tag=5",
            "To: <sip:other@example.com>",
            "Max-Forwards: 5",
            SDP_TYPE,
            body=SDP,
        ),
        400,
    ),
    Torture(
        "3.3.9 several Content-Lengths",
        message("OPTIONS sip:user@example.com SIP/2.0", "Content-Length: 5", body=b"There's no way to know"),
        400,
    ),
    Torture(
        "3.3.10 response with a Via of a broadcast address",
        message("SIP/2.0 200 OK", "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23", without="Via"),
        DROPPED,
    ),
    Torture(
        "3.3.15 Accept without SDP",
        message("INVITE sip:user@example.com SIP/2.0", "Accept: text/nobodyKnowsThis"),
        406,
    ),
]
LIBERAL = [
    Torture(
        "3.1.2.14 spaces within an addr-spec",
        message(
            "OPTIONS sip:user@example.org SIP/2.0",
            'To: "Watson, Thomas" < sip:t.watson@example.org >',
            without="To",
        ),
        ACCEPTED,
    ),
    Torture(
        "3.1.2.15 display name of words that are no tokens",
        message(
            "OPTIONS sip:t.watson@example.org SIP/2.0",
            "From: Bell, Alexander <sip:a.g.bell@example.com>;tag=43",
            without="From",
        ),
        ACCEPTED,
    ),
    Torture(
        "3.2.1 branch that is the magic cookie only",
        message(
            "OPTIONS sip:user@example.com SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK", without="Via"
        ),
        ACCEPTED,
    ),
    Torture(
        "3.3.4 unknown schemes in headers",
        message(
            "REGISTER sip:example.com SIP/2.0",
            "To: isbn:2983792873",
            "From: <http://www.example.com>;tag=3234233",
            "Contact: <name:John_Smith>",
            without="To From Contact",
        ),
        ACCEPTED,
    ),
]


def v6(name: str, data: bytes, outcome: str | int = ACCEPTED) -> Torture:
    return Torture(name, data, outcome, "RFC 5118")


SDP_V6 = (
    b"v=0\r\no=assistant 971731711378798081 0 IN IP6 2001:db8::20\r\ns=-\r\nc=IN IP6 2001:db8::20\r\n"
    b"t=0 0\r\n"
    b"m=audio 6000 RTP/AVP 0\r\n"
)
IPV6 = [
    v6(
        "4.1 an IPv6 reference",
        message(
            "REGISTER sip:[2001:db8::10] SIP/2.0",
            "Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111",
            without="Via",
        ),
    ),
    v6("4.2 no brackets", message("REGISTER sip:2001:db8::10 SIP/2.0"), 400),
    v6("4.3 a port that is part of the address", message("REGISTER sip:[2001:db8::10:5070] SIP/2.0")),
    v6("4.4 a port behind the brackets", message("REGISTER sip:[2001:db8::10]:5070 SIP/2.0")),
    v6(
        "4.5 received with brackets",
        message(
            "BYE sip:[2001:db8::10] SIP/2.0",
            "Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3",
            without="Via",
        ),
        481,
    ),
    v6(
        "4.5 received without brackets",
        message(
            "OPTIONS sip:[2001:db8::10] SIP/2.0",
            "Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3",
            without="Via",
        ),
    ),
    v6("4.6 IPv6 in SDP", message("INVITE sip:user@[2001:db8::10] SIP/2.0", SDP_TYPE, body=SDP_V6)),
    v6(
        "4.7 addresses of both families",
        message(
            "BYE sip:user@host.example.net SIP/2.0",
            "Via: SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111",
            "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144",
            "Via: SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200",
            without="Via",
        ),
        481,
    ),
    v6(
        "4.8 SDP of both families",
        message(
            "INVITE sip:user@[2001:db8::10] SIP/2.0",
            SDP_TYPE,
            body=SDP_V6 + b"m=video 6024 RTP/AVP 107\r\nc=IN IP4 192.0.2.1\r\n",
        ),
    ),
    v6(
        "4.9 IPv4-mapped addresses",
        message(
            "INVITE sip:user@example.com SIP/2.0",
            "Via: SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19",
            "Contact: <sip:caller@[::ffff:192.0.2.10]:19823>",
            SDP_TYPE,
            without="Via Contact",
            body=SDP_V6.replace(b"2001:db8::20", b"::ffff:192.0.2.2"),
        ),
    ),
    v6(
        "4.10 the fault in the grammar of RFC 3261",
        message("OPTIONS sip:user@[2001:db8:::192.0.2.1] SIP/2.0"),
    ),
    v6("a reference that is none", message("OPTIONS sip:user@[host.example] SIP/2.0"), 400),
]
CASES = [*VALID, *INVALID, *LIBERAL, *IPV6]
