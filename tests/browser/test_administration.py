"""Who sets up and pays: each role's pages, wide and narrow; a customer's services made, refused, deleted."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from playwright.async_api import FilePayload, Locator, expect
from tests.audio import sine, write_wav
from tests.browser.axe import inspect
from tests.browser.office import PHONE, administrator, delete, submit
from tests.peers.browser import Chromium, Scheme, WebClient, web_client
from tests.peers.system import Demo

_PAGES = {
    "customer": (
        *("users", "devices", "groups", "reception", "sounds", "books", "rules", "lines", "sites"),
        *("records", "recordings", "licences", "invoices", "accounts", "sign-on", "audit", "setup"),
    ),
    "reseller": ("customers", "invoices", "prices", "accounts", "audit"),
    "provider": (
        "customers",
        "resellers",
        "health",
        "months",
        "invoices",
        "prices",
        "gateways",
        "mail",
        "accounts",
        "audit",
    ),
}


async def _walk(client: WebClient, pages: Sequence[str], scheme: Scheme) -> None:
    """To every page, where nothing keeps people out and nothing is wider than the screen."""
    narrow = client.page.viewport_size is not None and client.page.viewport_size["width"] == PHONE[0]
    for page in pages:
        if narrow:
            await client.at("nav-more").click()
        await client.at(f"more-{page}" if narrow else f"nav-{page}").click()
        await expect(client.page.locator("main h1")).to_be_visible()
        await expect(client.page.locator(".mantine-Skeleton-root")).to_have_count(0)
        await inspect(client, page, [scheme])
        wider = await client.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wider <= 0, f"{page} is {wider} pixels wider than the screen"


@pytest.mark.parametrize("role", _PAGES)
async def test_every_page_of_a_role(demo: Demo, chrome: Chromium, role: str) -> None:
    async with administrator(demo, chrome, role, language="en", size=PHONE) as client:
        await _walk(client, _PAGES[role], "light")
        await client.page.set_viewport_size({"width": 1280, "height": 800})
        await _walk(client, _PAGES[role], "dark")


@pytest.mark.feature("K6")
async def test_a_free_telephone_is_set_up_at_a_site(demo: Demo, chrome: Chromium) -> None:
    """It belongs to nobody; what to write into it is told once."""
    async with administrator(demo, chrome, "customer") as client:
        await client.at("nav-devices").click()
        await client.at("free-devices").click()
        await client.at("device-name").fill("Foyer")
        await client.at("device-site").select_option(label="München")
        await client.at("device-create").click()
        await expect(client.at("sip-user")).to_contain_text("free-")
        await expect(client.at("sip-password")).not_to_be_empty()
        row = client.at("device-row").filter(has_text="Foyer")
        await expect(row).to_contain_text("München")
        await inspect(client, "free telephones", ["light", "dark"])
        await client.page.keyboard.press("Escape")
        listed = client.at("admin-row").filter(has_text="Foyer")
        await expect(listed).to_contain_text("Frei")
        await listed.get_by_test_id("free-devices-of-row").click()
        await row.get_by_test_id("device-delete").click()
        await client.at("admin-confirm").click()
        await expect(listed).to_have_count(0)


@pytest.mark.feature("N3")
async def test_speech_encryption_is_chosen_for_telephones_and_trunks(demo: Demo, chrome: Chromium) -> None:
    """Required without TLS it is refused at its field; a browser has nothing to choose."""
    async with administrator(demo, chrome, "customer") as client:
        await client.at("nav-devices").click()
        await client.at("free-devices").click()
        await client.at("field-srtp").select_option("accept")
        await client.at("device-name").fill("Lager")
        await client.at("device-create").click()
        row = client.at("device-row").filter(has_text="Lager")
        await expect(row).to_contain_text("SRTP: Annehmen, wenn angeboten")
        await row.get_by_test_id("device-change").click()
        form = client.at("admin-form")
        await expect(form.get_by_label("Sprachverschlüsselung (SRTP)")).to_have_value("accept")
        await form.get_by_test_id("field-srtp").select_option("require")
        await form.get_by_test_id("field-name").fill("Lager 2")
        await inspect(client, "a telephone", ["light", "dark"])
        await submit(client)
        row = client.at("device-row").filter(has_text="Lager 2")
        await expect(row).to_contain_text("SRTP: Verlangen")
        await row.get_by_test_id("device-delete").click()
        await client.at("admin-confirm").click()
        await expect(client.at("devices-dialog")).to_be_visible()  # it comes back once that is done
        await expect(row).to_have_count(0)
        await client.page.keyboard.press("Escape")
        await expect(client.at("devices-dialog")).to_have_count(0)
        await client.at("nav-lines").click()
        await client.page.get_by_role("button", name="Neue Leitung").click()
        await client.at("field-name").fill("Ersatz")
        await client.at("field-host").fill("sip.example")
        await client.at("field-srtp").select_option("require")
        await client.at("admin-submit").click()
        await expect(form).to_contain_text("kann nur über TLS verlangt werden")
        await inspect(client, "a trunk that is refused", ["light", "dark"])
        await client.at("admin-cancel").click()


async def test_users_are_made_imported_found_and_deleted(demo: Demo, chrome: Chromium) -> None:
    """By form and by file, which is refused whole while a line is wrong; found from everywhere."""
    async with administrator(demo, chrome, "customer") as client:
        page = client.page
        await page.get_by_role("button", name="Neuer Benutzer").click()
        form = client.at("admin-form")
        await form.get_by_label("Name").fill("Karl Kunz")
        await form.get_by_label("Nebenstelle").fill("25")
        await expect(client.at("field-number")).to_have_value("+493023125025")
        await client.at("admin-submit").click()
        await expect(form).to_have_count(0)
        await _import(client)
        await client.at("nav-search").click()
        await client.at("search-everywhere").fill("Kunz")
        hits = client.at("search-hit")
        await expect(hits).to_have_count(2)
        await inspect(client, "search", ["light"])
        await client.at("search-everywhere").fill("030 231250-25")
        await expect(hits.filter(has_text="Karl Kunze")).to_have_attribute("data-kind", "user")
        await hits.filter(has_text="Karl Kunze").click()
        row = client.at("admin-row")
        await expect(row).to_have_count(1)
        await client.at("admin-search").fill("Kunz")
        await expect(row).to_have_count(2)
        await row.first.get_by_test_id("user-pin").click()
        await client.at("field-pin").fill("25")
        await client.at("admin-submit").click()
        await expect(client.page.get_by_text("Das hat nicht die verlangte Form")).to_be_visible()
        await client.at("field-pin").fill("2580")
        await submit(client)
        for left in (1, 0):
            await row.first.get_by_test_id("admin-delete").click()
            await client.at("admin-confirm-dialog").get_by_role("button").last.click()
            await expect(row).to_have_count(left)


async def _import(client: WebClient) -> None:
    heading, known = "extension;name;package\n", "25;Karl Kunze;klare\n"
    wrong = heading + known + "26;Käthe Kunz;klasse\n"
    await client.at("users-import").click()
    chosen = client.page.locator("input[type=file]")
    await chosen.set_input_files(_file(wrong))
    await expect(client.at("import-preview")).to_have_attribute("data-refused", "1")
    await expect(client.at("admin-submit")).to_be_disabled()
    await inspect(client, "import, refused")
    await chosen.set_input_files(_file(wrong.replace("klasse", "klare")))
    lines = client.at("import-line")
    await expect(client.at("import-preview")).to_have_attribute("data-refused", "0")
    await expect(lines.first).to_have_attribute("data-action", "create")
    await expect(lines.last).to_have_attribute("data-action", "change")
    await submit(client)


async def test_a_user_is_invited_by_a_code_and_signs_in_with_a_smartphone(
    demo: Demo, chrome: Chromium
) -> None:
    """The link of the administrator's code, opened elsewhere, leads to a password and to a telephone."""
    login = "ines@muster.example"
    async with administrator(demo, chrome, "customer") as client:
        await client.at("admin-create").click()
        await client.at("field-name").fill("Ines Immel")
        await client.at("field-extension").fill("27")
        await client.at("field-package").select_option("volle")
        await submit(client)
        await client.at("admin-search").fill("Immel")
        row = client.at("admin-row")
        await expect(row).to_have_count(1)
        await row.get_by_test_id("user-invite").click()
        await client.at("field-login").fill(login)
        await client.at("admin-submit").click()
        await expect(client.at("qr-code")).to_be_visible()
        await inspect(client, "invitation")
        link = await client.at("invitation-link").inner_text()
        await client.at("admin-cancel").click()
        async with web_client(chrome, link, language="en", size=PHONE) as smartphone:
            await smartphone.at("password-new").fill("short")
            await smartphone.at("password-repeat").fill("other")
            await inspect(smartphone, "choosing a password")
            for field in ("password-new", "password-repeat"):
                await smartphone.at(field).fill("ein langes Passwort")
            await smartphone.at("password-submit").click()
            await smartphone.at("password-chosen").wait_for()
            await inspect(smartphone, "password chosen")
            await smartphone.page.goto(f"{demo.facts['web']}/reset")
            await inspect(smartphone, "password forgotten")
            await smartphone.page.goto(demo.facts["web"])
            await smartphone.sign_in(login, "ein langes Passwort")
            await smartphone.registered()
        await row.get_by_test_id("admin-delete").click()
        await client.at("admin-confirm").click()
        await expect(row).to_have_count(0)


async def test_an_announcement_is_handed_in_and_taken_away(
    demo: Demo, chrome: Chromium, tmp_path: Path
) -> None:
    """A greeting of one's own, which menus may say from then on."""
    greeting = write_wav(tmp_path / "greeting.wav", [sine(440, 1.0, 8000)], 8000)
    async with administrator(demo, chrome, "customer") as client:
        await client.at("nav-sounds").click()
        await client.at("admin-create").click()
        await client.at("field-name").fill("Begrüßung im Sommer")
        await client.page.locator("form input[type=file]").set_input_files(greeting)
        await submit(client)
        row = client.page.locator("[data-name='own.begruessung_im_sommer']")
        await row.get_by_test_id("sound-listen").click()
        await expect(row.locator("audio")).to_have_js_property("duration", 1)
        await inspect(client, "an announcement that is heard", ["light"])
        await client.at("nav-reception").click()
        await client.at("create-menu").click()
        await client.at("field-greeting").click()
        await expect(client.page.get_by_role("option", name="begruessung_im_sommer")).to_be_visible()
        await client.at("admin-cancel").click()
        await client.at("nav-sounds").click()
        await delete(client, row)


async def test_the_provider_sets_a_price_and_looks_at_a_trunk(demo: Demo, chrome: Chromium) -> None:
    async with administrator(demo, chrome, "provider") as client:
        await client.at("nav-prices").click()
        await client.at("admin-create").click()
        await client.at("field-kind").select_option("volle")
        await client.at("field-amount").fill("13,50")
        await client.at("field-month").fill("2031-01")
        await inspect(client, "price", ["light"])
        await submit(client)
        price = client.at("admin-row").filter(has_text="13,50")
        await delete(client, price)
        await client.at("vat-create").click()
        await client.at("field-percent").fill("20")
        await client.at("field-from").fill("2031-01-01")
        await submit(client)
        await expect(client.at("admin-row").filter(has_text="20\u00a0%")).to_have_count(1)
        await _gateway(client)
        await client.at("nav-mail").click()
        await client.at("admin-change").click()
        await client.at("admin-submit").click()
        await expect(client.page.get_by_text("Bitte ausfüllen.")).to_be_visible()
        await inspect(client, "mail server, refused", ["light"])
        await client.at("admin-cancel").click()
        await client.at("nav-health").click()
        await expect(client.at("health")).to_have_attribute("data-status", "ok")
        await client.at("health-all").check()
        await client.at("trunk-open").first.click()
        await expect(client.at("trunk-test")).to_be_visible()
        await inspect(client, "trunk", ["dark"])


async def _gateway(client: WebClient) -> None:
    """Into stock, refused twice under one number, out of stock."""
    await client.at("nav-gateways").click()
    for _ in range(2):
        await client.at("admin-create").click()
        await client.at("field-serial").fill("GW-4711")
        await client.at("field-model").fill("Acht Anschlüsse")
        await client.at("admin-submit").click()
        await expect(client.at("admin-row").filter(has_text="GW-4711")).to_have_count(1)
    await expect(client.page.get_by_text("mit dieser Seriennummer gibt es schon")).to_be_visible()
    await client.at("admin-cancel").click()
    await inspect(client, "gateways", ["dark"])
    await delete(client, client.at("admin-row").filter(has_text="GW-4711"))


async def test_a_customers_services(demo: Demo, chrome: Chromium) -> None:
    """Opening hours drawn as a week, a group that is refused and then made, a menu that names both."""
    async with administrator(demo, chrome, "customer") as client:
        await client.at("nav-reception").click()
        await _calendar(client)
        await client.at("nav-groups").click()
        await _group(client)
        await _paging(client)
        await client.at("nav-reception").click()
        menu = await _menu(client)
        calendar = client.at("services-calendar").get_by_test_id("service-row").filter(has_text="Werkstatt")
        await calendar.get_by_test_id("admin-delete").click()
        await client.at("admin-confirm").click()
        await expect(client.at("admin-refusal")).to_have_attribute("data-kind", "refused")
        await client.page.keyboard.press("Escape")
        await delete(client, menu)
        await delete(client, calendar)
        await client.at("nav-groups").click()
        await delete(
            client, client.at("services-group").get_by_test_id("service-row").filter(has_text="Werkstatt")
        )


def _file(text: str) -> FilePayload:
    """As spreadsheets of Western Europe save it."""
    return {"name": "users.csv", "mimeType": "text/csv", "buffer": text.encode("cp1252")}


async def _calendar(client: WebClient) -> None:
    await client.at("create-calendar").click()
    await client.at("field-name").fill("Werkstattzeiten")
    box = await client.at("admin-form").get_by_test_id("line-5").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    await client.page.mouse.move(box["x"] + box["width"] * 9 / 24, middle)
    await client.page.mouse.down()
    await client.page.mouse.move(box["x"] + box["width"] * 13 / 24, middle, steps=3)
    await client.page.mouse.up()
    await expect(client.at("week-short").first).to_have_text("Mo–Fr 08:00–17:00 · Sa 09:00–13:00")
    await client.at("field-region").select_option("DE-BE")
    await inspect(client, "calendar")
    await submit(client)
    made = client.at("services-calendar").get_by_test_id("service-row").filter(has_text="Werkstatt")
    await expect(made).to_contain_text("Sa 09:00–13:00")


async def _group(client: WebClient) -> None:
    await client.at("create-group").click()
    await client.at("field-name").fill("Werkstatt")
    await client.at("field-extension").fill("10")
    await client.at("field-members").click()
    await client.page.get_by_role("option", name="Clara Conrad").click()
    await client.page.get_by_role("option", name="David Dreyer").click()
    await client.page.keyboard.press("Escape")
    await client.at("admin-submit").click()
    field = client.at("field-extension")
    await expect(field).to_have_attribute("aria-invalid", "true")
    await inspect(client, "group, refused", ["light"])
    await field.fill("47")
    await submit(client)
    made = client.at("services-group").get_by_test_id("service-row").filter(has_text="Werkstatt")
    await expect(made).to_contain_text("Clara Conrad, David Dreyer")


async def _paging(client: WebClient) -> None:
    await client.at("create-paging").click()
    await client.at("field-name").fill("Halle")
    await client.at("field-extension").fill("48")
    await client.at("field-multicast").check()
    await client.at("field-address").fill("10.0.0.1")
    await client.at("admin-submit").click()
    await expect(client.at("field-address")).to_have_attribute("aria-invalid", "true")
    await inspect(client, "paging, refused", ["light"])
    await client.at("field-address").fill("239.255.10.10")
    await submit(client)
    made = client.at("services-paging").get_by_test_id("service-row").filter(has_text="Halle")
    await expect(made).to_contain_text("48")
    await delete(client, made)


async def _menu(client: WebClient) -> Locator:
    await client.at("create-menu").click()
    await client.at("field-name").fill("Werkstattmenü")
    await client.at("key-add-1").click()
    await client.at("key-destination").fill("Werkst")
    await client.page.get_by_role("option", name="47 Werkstatt").click()
    await client.at("field-calendar").select_option(label="Werkstattzeiten")
    await client.at("field-closed").select_option(label="Begrüßung")
    await inspect(client, "menu", ["dark"])
    await submit(client)
    made = client.at("services-menu").get_by_test_id("service-row").filter(has_text="Werkstattmenü")
    await expect(made).to_contain_text("47 Werkstatt")
    return made
