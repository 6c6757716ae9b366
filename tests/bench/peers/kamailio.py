"""Kamailio as a record-routing stateful proxy: the least to be done for a call and see all of it."""

from pathlib import Path

from tests.bench.processes import Server

WORKERS = 1
"""Processes that read the UDP socket. On one core one is the cheapest, and two or more let a 200 overtake the
180, which sipp's built-in caller counts as a failed call."""

_CONFIGURATION = """\
#!KAMAILIO
debug=0
log_stderror=yes
children={workers}
disable_tcp=yes
auto_aliases=no
dns=no
rev_dns=no
listen=udp:127.0.0.1:{port}

loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"

request_route {{
    if (loose_route()) {{
        t_relay();
        exit;
    }}
    if (method == "INVITE") {{
        record_route();
    }}
    # sipp's built-in caller sends ACK and BYE without Route headers: they take the same way as the INVITE.
    rewritehostport("127.0.0.1:{callee_port}");
    if (!t_relay()) {{
        sl_reply_error();
    }}
}}
"""


def proxy(directory: Path, *, port: int, callee_port: int) -> Server:
    """A proxy on 127.0.0.1:`port` that sends everything on to 127.0.0.1:`callee_port`; not started yet."""
    configuration = directory / "kamailio.cfg"
    configuration.write_text(_CONFIGURATION.format(workers=WORKERS, port=port, callee_port=callee_port))
    command = [
        "kamailio",
        "-DD",
        "-E",
        "-m",
        "256",
        "-M",
        "16",
        "-Y",
        str(directory),
        "-f",
        str(configuration),
    ]
    return Server("Kamailio", command, log=directory / "kamailio.log")
