"""Closing a month: usage becomes invoices, once.

Policy: a month can be closed one hour after it ended in Berlin, when no change of it can be under way any
more. All customers are billed together or, with one sentence for each that cannot be billed, none.
"""

import datetime
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from stimme.licensing.errors import ClosingError, InvoiceError, PriceError
from stimme.licensing.invoices import Client, Invoice, Party, write_invoice
from stimme.licensing.packages import LicenceKind
from stimme.licensing.prices import PriceList
from stimme.licensing.usage import BERLIN, LicenceEvent, Month, maxima
from stimme.sentences import Sentence

DELAY = datetime.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Account:
    """One customer with the history of its licences, oldest event first.

    Attributes:
        client: ``None`` while the customer has no billing address.
        name: What to call it in a refusal.
    """

    customer_id: str
    name: str
    client: Client | None
    history: Sequence[LicenceEvent]


@dataclass(frozen=True, slots=True)
class Usage:
    """What one customer is billed for."""

    customer_id: str
    quantities: dict[LicenceKind, int]


def check_closable(month: Month, now: datetime.datetime) -> None:
    """Refuse to close a month that is not over.

    Raises:
        ClosingError: Until one hour after its end.
    """
    if now < month.end + DELAY:
        at = (month.end + DELAY).astimezone(BERLIN)
        raise ClosingError(
            Sentence(
                "month-not-over",
                "{month} can be closed from {at} on.",
                month=str(month),
                at=f"{at:%Y-%m-%d %H:%M}",
            )
        )


def usage_of(accounts: Iterable[Account], month: Month) -> list[Usage]:
    """Count the month of each customer; those without anything to bill are left out."""
    counted = [Usage(account.customer_id, maxima(account.history, month)) for account in accounts]
    return [usage for usage in counted if usage.quantities]


def close_month(
    month: Month,
    accounts: Sequence[Account],
    *,
    seller: Party,
    prices: PriceList,
    now: datetime.datetime,
    next_number: Callable[[], str],
) -> list[Invoice]:
    """Write the invoices of a month, in the order of ``accounts``.

    Raises:
        ClosingError: When the month is not over, or any customer cannot be billed; names each.
        InvoiceError: When the seller may not write invoices.
    """
    check_closable(month, now)
    seller.check_seller()
    issued_on = now.astimezone(BERLIN).date()
    quantities = {usage.customer_id: usage.quantities for usage in usage_of(accounts, month)}
    invoices: list[Invoice] = []
    problems: list[Sentence] = []
    for account in accounts:
        usage = quantities.get(account.customer_id)
        if usage is None:
            continue
        if account.client is None:
            problems.append(
                Sentence("no-billing-address", "{name} has no billing address.", name=account.name)
            )
            continue
        try:
            invoices.append(
                write_invoice(
                    "" if problems else next_number(),
                    account.client,
                    usage,
                    month=month,
                    seller=seller,
                    prices=prices,
                    issued_on=issued_on,
                )
            )
        except (InvoiceError, PriceError) as error:
            problems.append(error.sentence)
    if problems:
        sentence = Sentence(
            "not-closable",
            "{month} cannot be closed: {reasons}",
            month=str(month),
            reasons=" ".join(problems),
        )
        raise ClosingError(sentence, problems)
    return invoices
