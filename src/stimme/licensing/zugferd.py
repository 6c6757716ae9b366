"""An invoice as EN 16931 XML in the syntax of UN/CEFACT CII: the data inside a ZUGFeRD / Factur-X document.

Profile EN 16931 (COMFORT), guideline ``urn:cen.eu:en16931:2017``. The numbers in the comments are the
business terms of EN 16931-1. Document types are 380 (invoice) and 381 (credit note), both with positive
amounts; units are months of one licence (``MON``).
"""

import datetime
from decimal import Decimal

from lxml import etree

from stimme.licensing.invoices import DocumentKind, Invoice, Line, Party, VatTreatment
from stimme.licensing.packages import TITLES

_RSM = "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
_RAM = "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
_UDT = "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"
_GUIDELINE = "urn:cen.eu:en16931:2017"
_TYPE_CODES = {DocumentKind.INVOICE: "380", DocumentKind.CREDIT_NOTE: "381"}
_CREDIT_TRANSFER_SEPA = "58"
_DATE = "102"
_REVERSE_CHARGE_REASON = "Reverse charge: Steuerschuldnerschaft des Leistungsempfängers"


def invoice_xml(invoice: Invoice) -> bytes:
    """Write the XML, UTF-8."""
    root = etree.Element(f"{{{_RSM}}}CrossIndustryInvoice", nsmap={"rsm": _RSM, "ram": _RAM, "udt": _UDT})
    context = _rsm(root, "ExchangedDocumentContext")
    _text(_ram(context, "GuidelineSpecifiedDocumentContextParameter"), "ID", _GUIDELINE)  # BT-24
    _document(root, invoice)
    transaction = _rsm(root, "SupplyChainTradeTransaction")
    for position, line in enumerate(invoice.lines, 1):
        _line(transaction, invoice, line, position)
    agreement = _ram(transaction, "ApplicableHeaderTradeAgreement")
    _seller(agreement, invoice.seller)
    _buyer(agreement, invoice)
    event = _ram(_ram(transaction, "ApplicableHeaderTradeDelivery"), "ActualDeliverySupplyChainEvent")
    _day(_ram(event, "OccurrenceDateTime"), invoice.month.last_day)  # BT-72
    _settlement(transaction, invoice)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return written


def _document(root: etree._Element, invoice: Invoice) -> None:
    document = _rsm(root, "ExchangedDocument")
    _text(document, "ID", invoice.number)  # BT-1
    _text(document, "TypeCode", _TYPE_CODES[invoice.kind])  # BT-3
    _day(_ram(document, "IssueDateTime"), invoice.issued_on)  # BT-2
    if invoice.reseller_name:
        _text(_ram(document, "IncludedNote"), "Content", f"Betreut durch {invoice.reseller_name}")  # BT-22
    if invoice.reason:
        _text(_ram(document, "IncludedNote"), "Content", invoice.reason)


def _line(transaction: etree._Element, invoice: Invoice, line: Line, position: int) -> None:
    item = _ram(transaction, "IncludedSupplyChainTradeLineItem")
    _text(_ram(item, "AssociatedDocumentLineDocument"), "LineID", str(position))  # BT-126
    product = _ram(item, "SpecifiedTradeProduct")
    _text(product, "SellerAssignedID", line.kind.value)  # BT-155
    _text(product, "Name", TITLES[line.kind])  # BT-153
    price = _ram(_ram(item, "SpecifiedLineTradeAgreement"), "NetPriceProductTradePrice")
    _text(price, "ChargeAmount", _amount(line.unit_price))  # BT-146
    delivery = _ram(item, "SpecifiedLineTradeDelivery")
    _text(delivery, "BilledQuantity", str(line.quantity), unitCode="MON")  # BT-129
    settlement = _ram(item, "SpecifiedLineTradeSettlement")
    tax = _ram(settlement, "ApplicableTradeTax")
    _text(tax, "TypeCode", "VAT")
    _text(tax, "CategoryCode", invoice.vat.value)  # BT-151
    _text(tax, "RateApplicablePercent", _amount(invoice.vat_percent))  # BT-152
    total = _ram(settlement, "SpecifiedTradeSettlementLineMonetarySummation")
    _text(total, "LineTotalAmount", _amount(line.net))  # BT-131


def _seller(agreement: etree._Element, seller: Party) -> None:
    party = _ram(agreement, "SellerTradeParty")
    if not seller.vat_id and seller.tax_number:
        _text(party, "ID", seller.tax_number)  # BT-29, without BT-31 demanded by BR-CO-26
    _text(party, "Name", seller.name)  # BT-27
    if seller.contact or seller.phone or seller.email:
        contact = _ram(party, "DefinedTradeContact")
        if seller.contact:
            _text(contact, "PersonName", seller.contact)  # BT-41
        if seller.phone:
            _text(_ram(contact, "TelephoneUniversalCommunication"), "CompleteNumber", seller.phone)  # BT-42
        if seller.email:
            _text(_ram(contact, "EmailURIUniversalCommunication"), "URIID", seller.email)  # BT-43
    _address(party, seller)
    if seller.email:
        _text(_ram(party, "URIUniversalCommunication"), "URIID", seller.email, schemeID="EM")  # BT-34
    if seller.tax_number:
        _text(_ram(party, "SpecifiedTaxRegistration"), "ID", seller.tax_number, schemeID="FC")  # BT-32
    if seller.vat_id:
        _text(_ram(party, "SpecifiedTaxRegistration"), "ID", seller.vat_id, schemeID="VA")  # BT-31


def _buyer(agreement: etree._Element, invoice: Invoice) -> None:
    buyer = invoice.buyer
    party = _ram(agreement, "BuyerTradeParty")
    _text(party, "ID", invoice.customer_number)  # BT-46
    _text(party, "Name", buyer.name)  # BT-44
    _address(party, buyer)
    if buyer.email:
        _text(_ram(party, "URIUniversalCommunication"), "URIID", buyer.email, schemeID="EM")  # BT-49
    if buyer.vat_id:
        _text(_ram(party, "SpecifiedTaxRegistration"), "ID", buyer.vat_id, schemeID="VA")  # BT-48


def _address(party: etree._Element, of: Party) -> None:
    address = _ram(party, "PostalTradeAddress")
    _text(address, "PostcodeCode", of.postcode)
    _text(address, "LineOne", of.street)
    _text(address, "CityName", of.city)
    _text(address, "CountryID", of.country)


def _settlement(transaction: etree._Element, invoice: Invoice) -> None:
    settlement = _ram(transaction, "ApplicableHeaderTradeSettlement")
    _text(settlement, "PaymentReference", invoice.number)  # BT-83
    _text(settlement, "InvoiceCurrencyCode", "EUR")  # BT-5
    if invoice.seller.iban:
        means = _ram(settlement, "SpecifiedTradeSettlementPaymentMeans")
        _text(means, "TypeCode", _CREDIT_TRANSFER_SEPA)  # BT-81
        _text(_ram(means, "PayeePartyCreditorFinancialAccount"), "IBANID", invoice.seller.iban)  # BT-84
        if invoice.seller.bic:
            bank = _ram(means, "PayeeSpecifiedCreditorFinancialInstitution")
            _text(bank, "BICID", invoice.seller.bic)  # BT-86
    tax = _ram(settlement, "ApplicableTradeTax")
    _text(tax, "CalculatedAmount", _amount(invoice.vat_amount))  # BT-117
    _text(tax, "TypeCode", "VAT")
    reverse = invoice.vat is VatTreatment.REVERSE_CHARGE
    if reverse:
        _text(tax, "ExemptionReason", _REVERSE_CHARGE_REASON)  # BT-120
    _text(tax, "BasisAmount", _amount(invoice.net))  # BT-116
    _text(tax, "CategoryCode", invoice.vat.value)  # BT-118
    if reverse:
        _text(tax, "ExemptionReasonCode", "VATEX-EU-AE")  # BT-121
    _text(tax, "RateApplicablePercent", _amount(invoice.vat_percent))  # BT-119
    period = _ram(settlement, "BillingSpecifiedPeriod")
    _day(_ram(period, "StartDateTime"), invoice.month.first_day)  # BT-73
    _day(_ram(period, "EndDateTime"), invoice.month.last_day)  # BT-74
    if invoice.kind is DocumentKind.INVOICE:
        _day(_ram(_ram(settlement, "SpecifiedTradePaymentTerms"), "DueDateDateTime"), invoice.due_on)  # BT-9
    total = _ram(settlement, "SpecifiedTradeSettlementHeaderMonetarySummation")
    _text(total, "LineTotalAmount", _amount(invoice.net))  # BT-106
    _text(total, "TaxBasisTotalAmount", _amount(invoice.net))  # BT-109
    _text(total, "TaxTotalAmount", _amount(invoice.vat_amount), currencyID="EUR")  # BT-110
    _text(total, "GrandTotalAmount", _amount(invoice.gross))  # BT-112
    _text(total, "DuePayableAmount", _amount(invoice.gross))  # BT-115
    if invoice.corrects:
        reference = _ram(settlement, "InvoiceReferencedDocument")
        _text(reference, "IssuerAssignedID", invoice.corrects)  # BT-25


def _rsm(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{_RSM}}}{name}")


def _ram(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{_RAM}}}{name}")


def _text(parent: etree._Element, name: str, value: str, **attributes: str) -> None:
    element = etree.SubElement(parent, f"{{{_RAM}}}{name}", attributes)
    element.text = value


def _day(parent: etree._Element, day: datetime.date) -> None:
    element = etree.SubElement(parent, f"{{{_UDT}}}DateTimeString", {"format": _DATE})
    element.text = f"{day:%Y%m%d}"


def _amount(value: Decimal) -> str:
    return f"{value:.2f}"
