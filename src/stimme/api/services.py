"""Everything that the API is built from; made by ``app.py`` (or a test) and handed in once."""

import datetime
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stimme.api.openid.client import OpenIdClient
from stimme.api.openid.fetching import HttpFetch
from stimme.api.ports import EventSource, SipSocketServer, Telephony
from stimme.directory.shelf import Shelf
from stimme.operations.traces import TraceFiles
from stimme.prompts.sound import Sounds
from stimme.store.accounts import Accounts, utc_now
from stimme.store.call_recordings import RecordingFiles
from stimme.store.calls import CallHistory
from stimme.store.database import Database
from stimme.store.directory import DirectoryRepository
from stimme.store.secrets import Passwords, Vault


@dataclass(frozen=True, slots=True)
class Services:
    """The parts behind the routes."""

    database: Database
    accounts: Accounts
    passwords: Passwords
    directory: DirectoryRepository
    history: CallHistory
    telephony: Telephony
    events: EventSource
    sip: SipSocketServer
    limits: bool = True
    static: Path | None = None
    origins: tuple[str, ...] = ()
    traces: TraceFiles | None = None
    sounds: Sounds | None = None
    sip_ports: Mapping[str, int] = field(default_factory=dict)
    """Where telephones register, by transport; of listeners with a port that the system chooses, none."""
    openid: OpenIdClient = field(default_factory=lambda: OpenIdClient(HttpFetch()))
    recordings: RecordingFiles | None = None
    shelf: Shelf = field(default_factory=Shelf)
    clock: Callable[[], float] = field(default=time.monotonic)
    now: Callable[[], datetime.datetime] = utc_now

    @property
    def vault(self) -> Vault:
        """What encrypts secrets in the database."""
        return self.directory.vault
