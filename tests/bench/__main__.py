"""`python -m tests.bench`: measure, print a table, write build/bench.json; exit status 0 if measured."""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench import (
    customer_lists,
    hunt_group,
    lamps,
    node_start,
    report,
    rooms,
    rtp_relay,
    sip_call,
    sip_memory,
    sip_register,
    sip_registrations,
    sip_sustained,
    srtp_relay,
    transcoding,
    video,
    webrtc,
)
from tests.bench.processes import BenchError, RaisesOnTermination

BUILD = Path("build")
LONG = (
    sip_sustained.NAME,
    sip_memory.NAME,
    srtp_relay.NAME,
    transcoding.NAME,
    rooms.NAME,
    video.NAME,
    webrtc.NAME,
)
"""Take minutes, alone or together: only measured when they are asked for by name."""
NAMES = (
    sip_call.NAME,
    sip_register.NAME,
    sip_registrations.NAME,
    rtp_relay.NAME,
    customer_lists.NAME,
    node_start.NAME,
    hunt_group.NAME,
    lamps.NAME,
    *LONG,
)


def arguments() -> argparse.ArgumentParser:
    """The command line; the defaults are what `make bench` measures."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", metavar="NAME", choices=[*NAMES, ""], default="")
    parser.add_argument("--runs", type=int, default=3, help="runs on each side (default 3)")
    parser.add_argument("--seconds", type=int, default=15, help="length of one run (default 15)")
    parser.add_argument("--rate", type=int, default=50, help="sip-call: calls a second (default 50)")
    parser.add_argument(
        "--held", type=int, default=200, help="sip-call: calls held to weigh one, 0: leave it out"
    )
    parser.add_argument(
        "--calls",
        type=int,
        default=100,
        help="relays: calls at the same time (default 100), half of it: transcoding, webrtc",
    )
    parser.add_argument("--viewers", type=int, default=10, help="video: who watch (default 10)")
    parser.add_argument("--rooms", type=int, default=40, help="rooms: of five telephones each (default 40)")
    parser.add_argument(
        "--sustained", type=int, default=300, help="sip-sustained: seconds at 80 %% of the highest rate"
    )
    parser.add_argument("--soak", type=int, default=600, help="sip-memory: seconds of calls after calls")
    return parser


def main() -> int:
    """Run what the command line asks for."""
    chosen = arguments().parse_args()
    machine = report.describe_machine()

    def command(name: str, own: str) -> str:
        return f"python -m tests.bench --only {name} --runs {chosen.runs} --seconds {chosen.seconds} {own}"

    measurements: dict[str, Callable[[], report.Outcome]] = {
        sip_call.NAME: lambda: sip_call.run(
            sip_call.Options(chosen.rate, chosen.seconds, chosen.runs, chosen.held),
            command=command(sip_call.NAME, f"--rate {chosen.rate} --held {chosen.held}"),
            machine=machine,
        ),
        sip_register.NAME: lambda: sip_register.run(
            sip_register.Options(seconds=chosen.seconds, runs=chosen.runs),
            command=command(sip_register.NAME, "").rstrip(),
            machine=machine,
        ),
        sip_registrations.NAME: lambda: sip_registrations.run(
            sip_registrations.Options(seconds=chosen.seconds, runs=chosen.runs),
            command=command(sip_registrations.NAME, "").rstrip(),
            machine=machine,
        ),
        sip_sustained.NAME: lambda: sip_sustained.run(
            sip_sustained.Options(seconds=chosen.sustained, runs=chosen.runs),
            command=f"python -m tests.bench --only {sip_sustained.NAME} --sustained {chosen.sustained}",
            machine=machine,
        ),
        sip_memory.NAME: lambda: sip_memory.run(
            sip_memory.Options(seconds=chosen.soak, rate=chosen.rate, runs=chosen.runs),
            command=f"python -m tests.bench --only {sip_memory.NAME} --soak {chosen.soak}",
            machine=machine,
        ),
        rtp_relay.NAME: lambda: rtp_relay.run(
            rtp_relay.Options(chosen.calls, chosen.seconds, chosen.runs),
            command=command(rtp_relay.NAME, f"--calls {chosen.calls}"),
            machine=machine,
        ),
        srtp_relay.NAME: lambda: srtp_relay.run(
            rtp_relay.Options(chosen.calls, chosen.seconds, chosen.runs),
            command=command(srtp_relay.NAME, f"--calls {chosen.calls}"),
            machine=machine,
        ),
        transcoding.NAME: lambda: transcoding.run(
            rtp_relay.Options(chosen.calls // 2, chosen.seconds, chosen.runs),
            command=command(transcoding.NAME, f"--calls {chosen.calls}"),
            machine=machine,
        ),
        rooms.NAME: lambda: rooms.run(
            rooms.Options(chosen.rooms, chosen.seconds, chosen.runs),
            command=command(rooms.NAME, f"--rooms {chosen.rooms}"),
            machine=machine,
        ),
        video.NAME: lambda: video.run(
            video.Options(chosen.viewers, chosen.seconds, chosen.runs),
            command=command(video.NAME, f"--viewers {chosen.viewers}"),
            machine=machine,
        ),
        webrtc.NAME: lambda: webrtc.run(
            webrtc.Options(chosen.calls // 2, chosen.seconds, chosen.runs),
            command=command(webrtc.NAME, f"--calls {chosen.calls}"),
            machine=machine,
        ),
        customer_lists.NAME: lambda: customer_lists.run(
            customer_lists.Options(runs=chosen.runs),
            command=f"python -m tests.bench --only {customer_lists.NAME} --runs {chosen.runs}",
            machine=machine,
        ),
        node_start.NAME: lambda: node_start.run(
            node_start.Options(runs=chosen.runs),
            command=f"python -m tests.bench --only {node_start.NAME} --runs {chosen.runs}",
            machine=machine,
        ),
        hunt_group.NAME: lambda: hunt_group.run(
            hunt_group.Options(runs=chosen.runs),
            command=f"python -m tests.bench --only {hunt_group.NAME} --runs {chosen.runs}",
            machine=machine,
        ),
        lamps.NAME: lambda: lamps.run(
            lamps.Options(runs=chosen.runs),
            command=f"python -m tests.bench --only {lamps.NAME} --runs {chosen.runs}",
            machine=machine,
        ),
    }
    outcomes: list[report.Outcome] = []
    with RaisesOnTermination():
        for name, measure in measurements.items():
            if chosen.only == name or (not chosen.only and name not in LONG):
                started = time.monotonic()
                try:
                    outcomes.append(measure())
                except BenchError as error:
                    print(f"{name}: not measured: {error}", file=sys.stderr)
                    return 1
                print(f"{name}: measured in {time.monotonic() - started:.0f} s", flush=True)
    path = report.write(outcomes, BUILD)
    print(report.table([outcome.measurement for outcome in outcomes]))
    for outcome in outcomes:
        for note in outcome.notes:
            print(f"  {outcome.measurement.name}: {note}")
    print(f"{', '.join(f'{key} {value}' for key, value in machine.items())}\nwritten to {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
