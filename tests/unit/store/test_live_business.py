"""Standings and sites as call control reads them."""

import datetime
from pathlib import Path

from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from tests.migrated import bring_up_to_date

from stimme.licensing.holding import DEMO_LIFE, Standing
from stimme.store.customer_models import Site
from stimme.store.database import Database
from stimme.store.live_business import load_business
from stimme.store.models import User
from stimme.store.provisioning import Provisioning
from stimme.store.secrets import Passwords, Vault
from stimme.trunks.rules import EmergencySite

NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)


async def test_standing_and_site_of_each_user(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/b.db")
    await bring_up_to_date(database)
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    make = Provisioning(database, Vault(Fernet.generate_key()), passwords, now=lambda: NOW)
    provider = await make.create_provider("P", "root", "a long password")
    demo = await make.create_customer(provider, "D", "d.example", licence="demo")
    bare = await make.create_customer(provider, "B", "b.example", licence=None)
    trunk = await make.create_trunk(
        demo, "Amt", kind="static", host="h", port=5060, transport="udp", username="", password=""
    )
    anna = await make.create_user(demo, "10", "Anna", package="klare")
    bert = await make.create_user(demo, "11", "Bert", package="klare")
    async with database.system() as session, session.begin():
        session.add(
            Site(
                id="s",
                customer_id=demo,
                name="Haus",
                street="Weg 1",
                postcode="10115",
                city="Berlin",
                trunk_id=trunk,
                emergency_number="+4930231250",
            )
        )
        await session.flush()
        (await session.get_one(User, anna)).site_id = "s"
    both = await load_business(database, NOW)
    assert {one: business.standing for one, business in both.items()} == {
        demo: Standing.DEMO,
        bare: Standing.UNLICENSED,
    }
    assert both[demo].emergency_site(anna) == EmergencySite(trunk, "+4930231250", "Weg 1, 10115 Berlin")
    assert both[demo].emergency_site(bert) is None
    assert both[demo].desk_site("s") == both[demo].desk_site(None) == both[demo].emergency_site(anna)
    assert both[bare].desk_site(None) is None
    later = await load_business(database, NOW + DEMO_LIFE, only=demo)
    assert {one: business.standing.allows_calls() for one, business in later.items()} == {demo: False}
    assert later[demo].standing.allows_calls(emergency=True)
    await database.close()
