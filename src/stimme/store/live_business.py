"""What call control needs to know of the business: may this customer's calls go through, and from which site.

Policy: read with the tenants at start and at every reload. ``Standing.allows_calls`` decides; emergency calls
are never asked about. A user without a site has none: then the trunk of the user's number counts. A telephone
that is nobody's and has no site counts as standing at the customer's first.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from stimme.licensing.holding import Holding, Standing
from stimme.store.customer_models import CustomerLicence, Site
from stimme.store.database import Database
from stimme.store.licences import holding_of
from stimme.store.models import User
from stimme.trunks.rules import EmergencySite


@dataclass(slots=True)
class Business:
    """One customer as call control sees it.

    Attributes:
        sites: Emergency data by site id, in the order of the sites' names.
        site_of: Site id by user id, for users who have one.
        ends: When the standing ends by itself (a demo), None when it does not.
    """

    standing: Standing
    sites: dict[str, EmergencySite] = field(default_factory=dict)
    site_of: dict[str, str] = field(default_factory=dict)
    ends: datetime.datetime | None = None

    def emergency_site(self, user_id: str) -> EmergencySite | None:
        """Return the site of a user, if one is set."""
        site_id = self.site_of.get(user_id)
        return None if site_id is None else self.sites.get(site_id)

    def desk_site(self, site_id: str | None) -> EmergencySite | None:
        """Return the site of a telephone that is nobody's: without one of its own the customer's first."""
        return self.sites.get(site_id or "") or next(iter(self.sites.values()), None)


async def load_business(
    database: Database, now: datetime.datetime, *, only: str | None = None
) -> Mapping[str, Business]:
    """Read the customers' standings and sites, all of them or ``only`` one's, by customer id."""
    async with database.system() as session:
        businesses = {
            row.customer_id: _business(holding_of(row), now)
            for row in await session.scalars(_of(CustomerLicence, only))
        }
        for site in await session.scalars(_of(Site, only).order_by(Site.name, Site.id)):
            address = f"{site.street}, {site.postcode} {site.city}"
            emergency = EmergencySite(trunk_id=site.trunk_id, number=site.emergency_number, address=address)
            businesses[site.customer_id].sites[site.id] = emergency
        users = select(User.id, User.customer_id, User.site_id).where(User.site_id.is_not(None))
        if only is not None:
            users = users.where(User.customer_id == only)
        for user_id, customer_id, site_id in await session.execute(users):
            if site_id is not None:
                businesses[customer_id].site_of[user_id] = site_id
    return businesses


def _business(holding: Holding, now: datetime.datetime) -> Business:
    standing = holding.standing(now)
    return Business(standing, ends=holding.demo_ends if standing is Standing.DEMO else None)


def _of(model: Any, only: str | None) -> Any:
    statement = select(model)
    return statement if only is None else statement.where(model.customer_id == only)
