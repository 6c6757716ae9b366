"""The one table of feature codes, and the way from dialled keys to a command.

Policy:
    * A code is looked for after the emergency numbers and before everything else that can be dialled.
    * `*…#` switches on or asks for something, `#…#` switches off, `*#…#` asks how it is; the numbers follow
      GSM and the German public network where these have one for the feature.
    * A customer may give a feature other codes, or none. Two codes that could mean the same keys are
      refused, and so is one that looks like an emergency number.
    * A code dialled as one number is answered by early media where the caller's side can play it, without
      charge; dialled key by key it connects. Success is said by the prompt in the table, failure by that of
      the reason.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from stimme.pbx.apps.attendant import Position
from stimme.pbx.emergency_numbers import EMERGENCY_NUMBERS, emergency_number
from stimme.pbx.features import commands as c
from stimme.pbx.features.patterns import CodeError, Pattern, compile_pattern
from stimme.sentences import Sentence

IN_CALL_ID = "in_call"
IN_CALL_ESCAPE = "**"
_ESCAPES = frozenset({"**", "##", "*#", "#*"})
_SEPARATORS = str.maketrans("", "", " -()/.")
_ALWAYS, _BUSY = c.DiversionKind.ALWAYS, c.DiversionKind.BUSY
_NO_REPLY, _NOT_REGISTERED = c.DiversionKind.NO_REPLY, c.DiversionKind.NOT_REGISTERED


@dataclass(frozen=True, slots=True)
class Feature:
    """One row of the table.

    Attributes:
        id: under which a customer changes its codes.
        codes: the default patterns.
        command: makes the command from the values of a pattern.
        german, english: what it does, for lists and displays.
        said: the prompt that confirms it; None where the feature itself is heard.
    """

    id: str
    codes: tuple[str, ...]
    command: Callable[[Mapping[str, str]], c.Command]
    german: str
    english: str
    said: str | None = None


def _divert(kind: c.DiversionKind) -> Callable[[Mapping[str, str]], c.Command]:
    def command(values: Mapping[str, str]) -> c.Command:
        seconds = values.get("seconds")
        return c.SetDiversion(kind, values["number"], int(seconds) if seconds is not None else None)

    return command


def _always(command: c.Command) -> Callable[[Mapping[str, str]], c.Command]:
    return lambda values: command


FEATURES: tuple[Feature, ...] = (
    Feature(
        "divert_always", ("*21*{number}#",), _divert(_ALWAYS),
        "Alle Anrufe umleiten", "Divert all calls", "diversion.always_set",
    ),
    Feature(
        "divert_always_off", ("#21#", "##21#"), _always(c.ClearDiversion(_ALWAYS)),
        "Umleitung aller Anrufe aus", "Divert all calls: off", "diversion.always_cleared",
    ),
    Feature(
        "divert_always_ask", ("*#21#",), _always(c.SayDiversion(_ALWAYS)),
        "Umleitung aller Anrufe ansagen", "Divert all calls: say", None,
    ),
    Feature(
        "divert_busy", ("*67*{number}#",), _divert(_BUSY),
        "Anrufe bei besetzt umleiten", "Divert calls on busy", "diversion.busy_set",
    ),
    Feature(
        "divert_busy_off", ("#67#", "##67#"), _always(c.ClearDiversion(_BUSY)),
        "Umleitung bei besetzt aus", "Divert on busy: off", "diversion.busy_cleared",
    ),
    Feature(
        "divert_busy_ask", ("*#67#",), _always(c.SayDiversion(_BUSY)),
        "Umleitung bei besetzt ansagen", "Divert on busy: say", None,
    ),
    Feature(
        "divert_no_reply", ("*61*{number}#", "*61*{number}*{seconds}#"), _divert(_NO_REPLY),
        "Anrufe nach Zeit umleiten", "Divert calls on no reply", "diversion.no_reply_set",
    ),
    Feature(
        "divert_no_reply_off", ("#61#", "##61#"), _always(c.ClearDiversion(_NO_REPLY)),
        "Umleitung nach Zeit aus", "Divert on no reply: off", "diversion.no_reply_cleared",
    ),
    Feature(
        "divert_no_reply_ask", ("*#61#",), _always(c.SayDiversion(_NO_REPLY)),
        "Umleitung nach Zeit ansagen", "Divert on no reply: say", None,
    ),
    Feature(
        "divert_not_registered", ("*62*{number}#",), _divert(_NOT_REGISTERED),
        "Anrufe umleiten, wenn kein Telefon angemeldet ist", "Divert calls while no phone is registered",
        "diversion.not_registered_set",
    ),
    Feature(
        "divert_not_registered_off", ("#62#", "##62#"), _always(c.ClearDiversion(_NOT_REGISTERED)),
        "Umleitung ohne angemeldetes Telefon aus", "Divert while not registered: off",
        "diversion.not_registered_cleared",
    ),
    Feature(
        "divert_not_registered_ask", ("*#62#",), _always(c.SayDiversion(_NOT_REGISTERED)),
        "Umleitung ohne angemeldetes Telefon ansagen", "Divert while not registered: say", None,
    ),
    Feature(
        "divert_off", ("#002#", "##002#"), _always(c.ClearDiversion(None)),
        "Alle Umleitungen aus", "All diversions: off", "diversion.all_cleared",
    ),
    Feature(
        "dnd", ("*26#",), _always(c.Dnd(on=True)),
        "Anrufschutz ein", "Do not disturb: on", "dnd.on",
    ),
    Feature(
        "dnd_off", ("#26#",), _always(c.Dnd(on=False)),
        "Anrufschutz aus", "Do not disturb: off", "dnd.off",
    ),
    Feature(
        "call_waiting", ("*43#",), _always(c.CallWaiting(on=True)),
        "Anklopfen zulassen", "Call waiting: on", "waiting.on",
    ),
    Feature(
        "call_waiting_off", ("#43#",), _always(c.CallWaiting(on=False)),
        "Anklopfen verhindern", "Call waiting: off", "waiting.off",
    ),
    Feature(
        "clir_once", ("*31#{number}", "*31*{number}#"), lambda values: c.ClirOnce(values["number"]),
        "Anrufen, ohne die eigene Nummer zu zeigen", "Call without showing one's number", None,
    ),
    Feature(
        "clip_once", ("#31#{number}", "#31*{number}#"),
        lambda values: c.ClirOnce(values["number"], hidden=False),
        "Anrufen und die eigene Nummer zeigen", "Call showing one's number", None,
    ),
    Feature(
        "clir", ("*32#",), _always(c.Clir(on=True)),
        "Eigene Nummer nie zeigen", "Never show one's number", "clir.on",
    ),
    Feature(
        "clir_off", ("#32#",), _always(c.Clir(on=False)),
        "Eigene Nummer wieder zeigen", "Show one's number again", "clir.off",
    ),
    Feature(
        "pickup", ("*8#",), _always(c.Pickup()),
        "Anruf aus der Heranholgruppe übernehmen", "Pick up a call of the group", None,
    ),
    Feature(
        "pickup_of", ("*8*{extension}#",), lambda values: c.PickupOf(values["extension"]),
        "Anruf bei einer Durchwahl übernehmen", "Pick up a call at an extension", None,
    ),
    Feature(
        "park", ("*16#", "*16*{slot}#"), lambda values: c.Park(values.get("slot")),
        "Gehaltenes Gespräch parken", "Park the held call", "park.parked",
    ),
    Feature(
        "retrieve", ("#16*{slot}#",), lambda values: c.Retrieve(values["slot"]),
        "Geparktes Gespräch holen", "Retrieve a parked call", None,
    ),
    Feature(
        "group_in", ("*50#", "*50*{extension}#"), lambda values: c.LoginGroup(values.get("extension")),
        "In einer Gruppe oder allen anmelden", "Log in to a group or to all", "group.logged_in",
    ),
    Feature(
        "group_out", ("#50#", "#50*{extension}#"), lambda values: c.LogoutGroup(values.get("extension")),
        "Aus einer Gruppe oder allen abmelden", "Log out of a group or of all", "group.logged_out",
    ),
    Feature(
        "callback", ("*37#", "*37*{extension}#"), lambda values: c.Callback(values.get("extension")),
        "Rückruf, wenn frei", "Call back when free", "callback.set",
    ),
    Feature(
        "callback_off", ("#37#",), _always(c.CallbackCancel()),
        "Rückrufe löschen", "Cancel callbacks", "callback.cleared",
    ),
    Feature(
        "callback_ask", ("*#37#",), _always(c.CallbackList()),
        "Rückrufe ansagen", "Say callbacks", None,
    ),
    Feature(
        "hot_desk", ("*40#", "*40*{extension}*{pin}#"),
        lambda values: c.HotDeskLogin(values.get("extension"), values.get("pin")),
        "An diesem Telefon anmelden", "Log in at this phone", "hotdesk.logged_in",
    ),
    Feature(
        "hot_desk_off", ("#40#",), _always(c.HotDeskLogout()),
        "Von diesem Telefon abmelden", "Log out of this phone", "hotdesk.logged_out",
    ),
    Feature(
        "night", ("*45#", "*45*1#"), _always(c.SwitchNight(Position.NIGHT_1)),
        "Nachtschaltung auf Ziel 1", "Night service to target 1", "night.on",
    ),
    Feature(
        "night_2", ("*45*2#",), _always(c.SwitchNight(Position.NIGHT_2)),
        "Nachtschaltung auf Ziel 2", "Night service to target 2", "night.on",
    ),
    Feature(
        "night_off", ("#45#",), _always(c.SwitchNight(Position.DAY)),
        "Nachtschaltung aus", "Night service: off", "night.off",
    ),
    Feature(
        "night_schedule", ("*45*0#",), _always(c.SwitchNight(None)),
        "Nachtschaltung nach Zeitplan", "Night service by schedule", "night.schedule",
    ),
    Feature(
        "transfer_to", ("*90*{number}#",), lambda values: c.TransferTo(values["number"]),
        "Gehaltenes Gespräch verbinden mit", "Transfer the held call to", None,
    ),
    Feature(
        "transfer", ("*90#",), _always(c.Transfer()),
        "Beide gehaltenen Gespräche verbinden", "Connect both held calls", None,
    ),
    Feature(
        "conference", ("*91#",), _always(c.Conference()),
        "Konferenz mit allen gehaltenen Gesprächen", "Conference with all held calls", None,
    ),
    Feature(
        "record", ("*93#",), _always(c.Record(on=True)),
        "Gehaltenes Gespräch aufzeichnen", "Record the held call", "recording.on",
    ),
    Feature(
        "record_off", ("#93#",), _always(c.Record(on=False)),
        "Aufzeichnung beenden", "Record the held call: off", "recording.off",
    ),
    Feature(
        "short_dial", ("*70*{short}#",), lambda values: c.ShortDial(values["short"]),
        "Kurzwahl aus dem Telefonbuch", "Dial a short number of the phone book", None,
    ),
    Feature(
        "redial", ("*66#",), _always(c.Redial()),
        "Wahlwiederholung", "Redial", None,
    ),
    Feature(
        "auto_redial", ("*65#",), _always(c.AutoRedial(on=True)),
        "Automatische Wahlwiederholung", "Automatic redial", "redial.again",
    ),
    Feature(
        "auto_redial_off", ("#65#",), _always(c.AutoRedial(on=False)),
        "Automatische Wahlwiederholung aus", "Automatic redial: off", "redial.stopped",
    ),
    Feature(
        "intercom", ("*80*{extension}#",), lambda values: c.Intercom(values["extension"]),
        "Direktansprechen", "Intercom", None,
    ),
    Feature(
        "page", ("*81*{extension}#",), lambda values: c.Page(values["extension"]),
        "Durchsage an eine Gruppe", "Page a group", None,
    ),
    Feature(
        "call_through", ("*27*{extension}#",), lambda values: c.CallThrough(values["extension"]),
        "Trotz Anrufschutz anrufen", "Call in spite of do not disturb", None,
    ),
    Feature(
        "malicious", ("*39#",), _always(c.NoteMaliciousCall()),
        "Belästigenden Anruf vermerken", "Note a malicious call", "call.noted",
    ),
    Feature(
        "voicemail", ("*99#",), _always(c.Voicemail()),
        "Nachrichten abhören", "Listen to messages", None,
    ),
    Feature(
        "own_number", ("*10#",), _always(c.SayOwnNumber()),
        "Eigene Nummer ansagen", "Say one's number", None,
    ),
    Feature(
        "time", ("*12#",), _always(c.SayTime()),
        "Uhrzeit ansagen", "Say the time", None,
    ),
    Feature(
        "emergency_test", ("*77#",), _always(c.EmergencyTest()),
        "Notruf prüfen, ohne ihn abzusetzen", "Test emergency calls without placing one", None,
    ),
    Feature(
        "trunk_test", ("*78#",), _always(c.TrunkTest()),
        "Amtsanschluss prüfen", "Test the trunk", "trunk_test.passed",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Incomplete:
    """The beginning of a code: more keys may follow (484)."""


@dataclass(frozen=True, slots=True)
class Dialled:
    """A code that was dialled."""

    feature: Feature
    command: c.Command


class CodeTable:
    """The codes of one customer.

    Args:
        changes: other patterns by feature id; an empty list switches the code off. `in_call` stands for the
            keys that lead to the functions during a conversation.

    Attributes:
        escape: those keys; None: every key during a conversation is the other party's.

    Raises:
        CodeError: for an unknown feature, a faulty pattern, or patterns that conflict.
    """

    def __init__(self, changes: Mapping[str, Sequence[str]] | None = None) -> None:
        changes = dict(changes or {})
        self.escape = _escape(changes.pop(IN_CALL_ID, (IN_CALL_ESCAPE,)))
        unknown = set(changes) - {feature.id for feature in FEATURES}
        if unknown:
            raise CodeError(
                Sentence("no-such-feature", "there is no feature {feature}", feature=repr(min(unknown)))
            )
        self._rows: list[tuple[Feature, Pattern]] = []
        for feature in FEATURES:
            for text in changes.get(feature.id, feature.codes):
                self._add(feature, compile_pattern(text))

    def codes_of(self, feature_id: str) -> list[str]:
        """The patterns of a feature, as they are now."""
        if feature_id == IN_CALL_ID:
            return [] if self.escape is None else [self.escape]
        return [pattern.text for feature, pattern in self._rows if feature.id == feature_id]

    def parse(self, dialled: str, *, overlap: bool = False) -> Dialled | Incomplete | None:
        """What was dialled; None when it is no code. Emergency numbers never are.

        With `overlap` the keys come one by one: what could go on is incomplete until # ends it.
        """
        keys = dialled.partition(";")[0].translate(_SEPARATORS)
        if keys[:1] not in {"*", "#"} or emergency_number(keys) is not None:
            return None
        going_on = any(pattern.may_become(keys) for _, pattern in self._rows)
        if overlap and going_on and not keys.endswith("#"):
            return Incomplete()
        for feature, pattern in self._rows:
            values = pattern.values(keys)
            if values is not None:
                return Dialled(feature, feature.command(values))
        return Incomplete() if going_on else None

    def shown(self, dialled: str) -> str:
        """What was dialled as displays, records and logs have it: without a PIN that was part of it."""
        keys = dialled.partition(";")[0].translate(_SEPARATORS)
        for _, pattern in self._rows:
            values = pattern.values(keys) if "{pin}" in pattern.text else None
            if values is not None:
                return pattern.text.format_map({**values, "pin": ""})
        return dialled

    def _add(self, feature: Feature, pattern: Pattern) -> None:
        bare = pattern.text.strip("*#")
        if bare in EMERGENCY_NUMBERS or emergency_number(pattern.text) is not None:
            raise CodeError(
                Sentence("code-emergency", "{code} looks like an emergency number", code=pattern.text)
            )
        probe = dict.fromkeys(pattern.expression.groupindex, "1" * 4)
        try:
            feature.command(probe)
        except KeyError as error:
            raise CodeError(
                Sentence(
                    "code-needs",
                    "{code}: {feature} needs {value}",
                    code=pattern.text,
                    feature=feature.id,
                    value=f"{{{error.args[0]}}}",
                )
            ) from error
        for other, taken in self._rows:
            if pattern.overlaps(taken):
                raise CodeError(
                    Sentence(
                        "code-twice",
                        "{code} ({feature}) means the same as {other} ({taken_by})",
                        code=pattern.text,
                        feature=feature.id,
                        other=taken.text,
                        taken_by=other.id,
                    )
                )
        self._rows.append((feature, pattern))


def _escape(wanted: Sequence[str]) -> str | None:
    if not wanted:
        return None
    if len(wanted) > 1 or wanted[0] not in _ESCAPES:
        raise CodeError(
            Sentence(
                "code-in-call",
                "{feature} is one of {known}, or nothing",
                feature=IN_CALL_ID,
                known=", ".join(sorted(_ESCAPES)),
            )
        )
    return wanted[0]


_DEFAULT = CodeTable()


def code_table(changes: Mapping[str, Sequence[str]]) -> CodeTable:
    """The table of a customer; those who have changed nothing share one. Raises CodeError."""
    return CodeTable(changes) if changes else _DEFAULT


IN_CALL: Mapping[str, c.Command] = {
    "0": c.RejectWaiting(),
    "1": c.EndAndTakeHeld(),
    "2": c.Swap(),
    "3": c.Conference(),
    "4": c.Transfer(),
    "5": c.Park(),
    "9": c.NoteMaliciousCall(),
}


class InCallKeys:
    """Hand-set functions by DTMF within a conversation, behind an escape (`**`).

    Escape and a key of `IN_CALL` is that command; the escape alone, after `wait` seconds, is `Hold`. What
    does not become a command is the other party's, late by at most that time.
    """

    def __init__(self, escape: str = IN_CALL_ESCAPE, *, wait: float = 2.0) -> None:
        self._escape = escape
        self._wait = wait
        self._keys = ""
        self._due: float | None = None

    def next_wakeup(self) -> float | None:
        """When `timeout` is to be called."""
        return self._due

    def key(self, key: str, now: float) -> tuple[c.Command | None, str]:
        """A key was pressed. Gives the command, and the keys that go to the other party."""
        self._keys += key
        self._due = now + self._wait
        if self._escape.startswith(self._keys):
            return None, ""
        command = IN_CALL.get(key) if self._keys[:-1] == self._escape else None
        return self._give(command)

    def timeout(self, now: float) -> tuple[c.Command | None, str]:
        """Time has passed."""
        if self._due is None or now < self._due:
            return None, ""
        return self._give(c.Hold() if self._keys == self._escape else None)

    def _give(self, command: c.Command | None) -> tuple[c.Command | None, str]:
        passed_on = "" if command is not None else self._keys
        self._keys, self._due = "", None
        return command, passed_on
