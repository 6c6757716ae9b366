"""Emergency calls (T5): through which trunk, with which number.

Policy:
    * The trunk of the user's own site first, whatever telephone is used (hot desking included) and whatever
      its registration says; when it cannot carry the call, every other trunk of the customer, one after the
      other.
    * The number sent is the site's own network number; on another trunk the number that its provider knows.
      A number that the user shows otherwise (CLIP no screening) and hiding (CLIR) do not count.
    * Nothing that this folder knows refuses such a call: see `permission`, and docs/emergency.md for the
      whole list.
    * The user is shown which address the control centre is told.
"""

from dataclasses import dataclass

from stimme.pbx.model import Tenant, TrunkConfig, User
from stimme.pbx.routing import emergency_trunks
from stimme.trunks.identity import outgoing_number
from stimme.trunks.rules import EmergencySite


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to the control centre."""

    trunk: TrunkConfig
    number: str


@dataclass(frozen=True, slots=True)
class EmergencyPlan:
    """The ways in their order, and the address that the control centre is told for the first."""

    attempts: tuple[Attempt, ...]
    address: str


def plan_emergency_call(tenant: Tenant, user: User | None, site: EmergencySite | None) -> EmergencyPlan:
    """How an emergency call of a user is placed.

    Args:
        user: who calls; None when the telephone is nobody's.
        site: the user's site, or that of the telephone; None when none is set: the trunk of the user's number
            counts.
    """
    trunks = emergency_trunks(tenant, user)
    own = site.trunk_id if site is not None and site.trunk_id in tenant.trunks else None
    if own is not None:
        trunks = sorted(trunks, key=lambda trunk: trunk.id != own)
    attempts = tuple(
        Attempt(
            trunk,
            site.number
            if site is not None and trunk.id == own and site.number is not None
            else outgoing_number(tenant, user, trunk),
        )
        for trunk in trunks
    )
    return EmergencyPlan(attempts, site.address if site is not None else "")
