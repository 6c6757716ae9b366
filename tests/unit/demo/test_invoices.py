"""The demo's invoices are complete: whoever closes its month gets documents that EN 16931 takes."""

import datetime
from pathlib import Path

from stdnum import iban
from stdnum.eu import vat

from stimme.demo.customer import NAME, load_credentials, provision
from stimme.licensing.usage import Month
from stimme.licensing.zugferd import invoice_xml
from stimme.store.audit import SYSTEM
from stimme.store.billing import Billing
from stimme.store.database import Database, Scope


async def test_a_closed_month_gives_a_complete_invoice(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/demo.db"
    await provision(url, tmp_path / "secret.key", load_credentials(tmp_path / "credentials.json"), 5080)
    month = Month.of(datetime.datetime.now(datetime.UTC))
    database = Database(url)
    billing = Billing(database, now=lambda: month.end + datetime.timedelta(days=1))
    scope = Scope("provider", "")
    closed = await billing.close(scope, SYSTEM, month)
    assert closed.closing.invoices == 1
    (row,) = await billing.invoices(scope)
    invoice = await billing.invoice(scope, row.number)
    assert (invoice.buyer.name, invoice.buyer.city) == (NAME, "Berlin")
    assert vat.is_valid(invoice.seller.vat_id or "")
    assert iban.is_valid(invoice.seller.iban or "")
    assert row.number.encode() in invoice_xml(invoice)
    await database.close()
