"""Who may come in and do what: staff with named rights, and signing in where one's company does."""

import datetime
from pathlib import Path

from playwright.async_api import expect
from tests.browser.axe import inspect
from tests.browser.office import PHONE, administrator, delete, submit
from tests.integration.business.glewlwyd import SCOPES, Glewlwyd, running
from tests.peers.browser import Chromium, WebClient, web_client
from tests.peers.system import Demo

from stimme.demo.certificates import ensure_certificates

_PASSWORD = "ein langes Passwort"
_SECRET = "secret-of-the-client"


async def test_a_colleague_for_the_invoices_only(demo: Demo, chrome: Chromium) -> None:
    """Invited with one right, sees what it is for and nothing else, gets another, is dismissed."""
    login = "buchhaltung@muster.example"
    async with administrator(demo, chrome, "customer") as client:
        await client.at("nav-accounts").click()
        await client.at("admin-create").click()
        await client.at("field-login").fill(login)
        await client.at("rights-all").uncheck()
        await client.at("right-billing").check()
        await inspect(client, "inviting staff", ["light"])
        await client.at("admin-submit").click()
        link = await client.at("invitation-link").inner_text()
        await client.at("admin-cancel").click()
        await expect(client.at("invitation-row").filter(has_text=login)).to_contain_text("Abrechnung")
        async with web_client(chrome, link, size=PHONE) as colleague:
            for field in ("password-new", "password-repeat"):
                await colleague.at(field).fill(_PASSWORD)
            await colleague.at("password-submit").click()
            await colleague.at("password-chosen").wait_for()
            await colleague.page.goto(demo.facts["web"])
            await colleague.sign_in(login, _PASSWORD)
            await colleague.at("nav-more").click()
            await expect(colleague.at("more-invoices")).to_be_visible()
            await expect(colleague.at("more-users")).to_have_count(0)
            await expect(colleague.at("more-accounts")).to_have_count(0)
        await client.page.reload()
        row = client.at("admin-row").filter(has_text=login)
        await row.get_by_test_id("account-rights").click()
        await client.at("right-support").check()
        await submit(client)
        await expect(row).to_contain_text("Support, Abrechnung")
        await delete(client, row)


async def test_people_sign_in_where_their_company_does(demo: Demo, chrome: Chromium, tmp_path: Path) -> None:
    """Set up by the administrator, used by a user, told in words where it does not go, ended."""
    david = demo.user("13")
    tls = ensure_certificates(demo.data / "tls", demo.facts["domain"], datetime.datetime.now(datetime.UTC))
    with running(tmp_path, tls) as provider:
        provider.add_client("stimme", _SECRET, f"{demo.facts['web']}/api/v1/session/callback")
        provider.add_person("david", _PASSWORD, david["login"], verified=True)
        async with administrator(demo, chrome, "customer") as client:
            await client.at("nav-sign-on").click()
            await client.at("admin-create").click()
            await client.at("admin-submit").click()
            await expect(client.page.get_by_text("Bitte ausfüllen.")).to_have_count(2)
            await inspect(client, "single sign-on, refused", ["dark"])
            await client.at("field-name").fill("Glewlwyd")
            await client.at("field-client").fill("stimme")
            await client.at("field-secret").fill(_SECRET)
            await client.at("field-issuer").fill(provider.issuer)
            await submit(client)
            await expect(client.at("sign-on")).to_contain_text(provider.issuer)
            await _sign_in_there(demo, chrome, provider)
            await client.page.reload()
            link = client.at("admin-row").filter(has_text=david["login"])
            await expect(link).to_be_visible()
            await inspect(client, "single sign-on", ["light"])
            await _only_there(demo, chrome, client)
            await link.get_by_test_id("link-unlink").click()
            await client.at("admin-confirm").click()
            await expect(link).to_have_count(0)
            await client.at("admin-delete").click()
            await client.at("admin-confirm").click()
            await expect(client.at("admin-create")).to_be_visible()


async def _only_there(demo: Demo, chrome: Chromium, client: WebClient) -> None:
    """Passwords are refused with a sentence while the administrator says so."""
    anna = demo.user("10")
    for only, told in ((True, "Nur mit dem Firmenkonto"), (False, "Auch mit Passwort")):
        await client.at("admin-change").click()
        await client.at("field-required").set_checked(only)
        await submit(client)
        await expect(client.at("sign-on")).to_contain_text(told)
        if only:
            async with web_client(chrome, demo.facts["web"], size=PHONE) as person:
                await person.at("login-name").fill(anna["login"])
                await person.at("login-password").fill(anna["password"])
                await person.at("login-submit").click()
                await expect(person.at("login-error")).to_have_attribute("data-error", "company")
                await expect(person.at("login-error")).to_contain_text("Firmenkonto")
                await expect(person.at("login-company")).to_be_visible()


async def _sign_in_there(demo: Demo, chrome: Chromium, provider: Glewlwyd) -> None:
    async with web_client(chrome, demo.facts["web"], size=PHONE) as person:
        await person.at("login-company").click()
        await _go(person, "nowhere.example")
        await expect(person.at("company-error")).to_have_attribute("data-error", "unknown")
        await inspect(person, "company account, unknown", ["light"])
        async with person.page.expect_response(lambda answer: "/api/oidc/auth" in answer.url) as asked:
            await _go(person, f"somebody@{demo.facts['domain']}")
        there = (await asked.value).url
        # The provider's own pages are its business: what they send when somebody signs in and consents.
        browser = person.page.context.request
        who = {"username": "david", "password": _PASSWORD}
        assert (await browser.post(f"{provider.address}/api/auth/", data=who)).ok
        consent = {"scope": " ".join(SCOPES)}
        assert (await browser.put(f"{provider.address}/api/auth/grant/stimme/", data=consent)).ok
        await person.page.goto(f"{there}&g_continue")
        await person.registered()


async def _go(person: WebClient, domain: str) -> None:
    await person.at("company-domain").fill(domain)
    await person.at("company-submit").click()
