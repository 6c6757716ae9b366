"""Phone books in the client: made, filled from a file, searched, dialled; function keys: set up and kept."""

import pytest
from playwright.async_api import FilePayload, expect
from tests.browser.axe import inspect
from tests.browser.people import signed_in
from tests.peers.browser import Chromium
from tests.peers.system import Demo

_PHONE = (390, 844)


@pytest.mark.feature("K10")
async def test_a_phone_book_is_filled_from_a_file_searched_and_dialled(demo: Demo, chrome: Chromium) -> None:
    echo = demo.facts["outside"]["echo"]
    table = f"Name;Firma;Telefon\nEcho Ansage;Netz;{echo}\nOma Erna;;0170 1234567\nNiemand;;\n"
    async with signed_in(chrome, demo, "10", may_complain=True) as client:
        await client.at("nav-phone-books").click()
        await client.at("book-create").click()
        await client.at("field-name").fill("Privates")
        await client.at("admin-submit").click()
        await client.at("book-open").filter(has_text="Privates").click()
        await client.at("book-import").click()
        file = FilePayload(name="kontakte.csv", mimeType="text/csv", buffer=table.encode())
        await client.page.locator("input[type=file]").set_input_files(file)
        await expect(client.at("import-preview")).to_have_attribute("data-new", "2")
        await inspect(client, "phone book, file")
        await client.at("admin-submit").click()
        rows = client.at("admin-row")
        await expect(rows).to_have_count(2)
        await client.at("entry-create").click()
        await client.at("field-name").fill("Zahnarzt Weiß")
        await client.at("field-number").fill("110")
        await client.at("admin-submit").click()
        await expect(client.at("admin-form")).to_contain_text("Das ist keine Telefonnummer.")
        await client.at("field-number").fill("030 901820")
        await client.at("admin-submit").click()
        await expect(rows).to_have_count(3)
        await inspect(client, "phone book", ["light", "dark"])
        await client.page.set_viewport_size({"width": _PHONE[0], "height": _PHONE[1]})
        wider = await client.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wider <= 0, f"the phone book is {wider} pixels wider than the screen"
        await client.page.set_viewport_size({"width": 1280, "height": 800})
        await client.at("books-back").click()
        await client.at("admin-search").fill("zahnarzt weiss")
        await expect(rows).to_have_count(1)
        await client.at("admin-search").fill("echo")
        await expect(rows).to_contain_text("Echo Ansage")
        await client.at("entry-call").click()
        await client.call_is("active")
        await expect(client.at("call-card")).to_contain_text("Echo Ansage")
        await client.hang_up()
        await client.at("admin-search").fill("")
        await client.at("book-delete").click()
        await client.at("admin-confirm").click()
        await expect(client.at("book-open").filter(has_text="Privates")).to_have_count(0)


@pytest.mark.feature("P2")
async def test_function_keys_are_set_up_and_kept(demo: Demo, chrome: Chromium) -> None:
    async with signed_in(chrome, demo, "12", may_complain=True) as client:
        await client.at("nav-settings").click()
        await client.at("own-keys").click()
        await client.at("key-add").click()
        await client.at("key-target").fill("98")
        await client.at("key-add").click()
        await client.at("key-kind").last.select_option("dnd")
        await client.at("admin-submit").click()
        await expect(client.at("admin-form")).to_contain_text("Niemand hat die Nebenstelle 98.")
        await client.at("key-target").fill("11")
        await inspect(client, "function keys", ["light", "dark"])
        await client.at("admin-submit").click()
        await expect(client.at("admin-form")).to_have_count(0)
        await client.at("own-keys").click()
        await expect(client.at("key-row")).to_have_count(2)
        await expect(client.at("key-target")).to_have_value("11")
        await expect(client.at("key-settings")).to_be_visible()
        for _ in range(2):
            await client.at("key-row").first.get_by_role("button").click()
        await client.at("admin-submit").click()
        await expect(client.at("admin-form")).to_have_count(0)
