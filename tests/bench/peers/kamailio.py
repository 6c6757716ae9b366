"""Kamailio as a record-routing stateful proxy and as a registrar in memory: the least to be done for each."""

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

_REGISTRAR = """\
#!KAMAILIO
debug=0
log_stderror=yes
children={workers}
disable_tcp=yes
auto_aliases=no
dns=no
rev_dns=no
listen=udp:127.0.0.1:{port}

loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "auth.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"

modparam("usrloc", "db_mode", 0)
modparam("registrar", "max_expires", 3600)

request_route {{
    if (method != "REGISTER") {{
        sl_send_reply("405", "Method Not Allowed");
        exit;
    }}
    if (!pv_www_authenticate("$td", "{password}", "0")) {{
        www_challenge("$td", "1");
        exit;
    }}
    save("location");
}}
"""


def proxy(directory: Path, *, port: int, callee_port: int) -> Server:
    """A proxy on 127.0.0.1:`port` that sends everything on to 127.0.0.1:`callee_port`; not started yet."""
    configuration = directory / "kamailio.cfg"
    configuration.write_text(_CONFIGURATION.format(workers=WORKERS, port=port, callee_port=callee_port))
    return _server(directory, configuration)


def registrar(directory: Path, *, port: int, password: str) -> Server:
    """A registrar on 127.0.0.1:`port` where everybody has this password; not started yet."""
    configuration = directory / "registrar.cfg"
    configuration.write_text(_REGISTRAR.format(workers=WORKERS, port=port, password=password))
    return _server(directory, configuration)


def _server(directory: Path, configuration: Path) -> Server:
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
