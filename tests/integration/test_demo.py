"""`bin/stimme demo` as programs start it: its JSON, two side by side, its end, its data found again."""

import urllib.request
from pathlib import Path

import httpx
from tests.peers.baresip import telephone
from tests.peers.system import Demo, refused_demo, running_demo
from tests.ports import free_base_port


async def test_two_systems_run_side_by_side_and_end_in_time(tmp_path: Path) -> None:
    with running_demo(tmp_path / "one", free_base_port()) as one:
        with running_demo(tmp_path / "two", free_base_port()) as two:
            assert one.facts["web"] != two.facts["web"]
            async with (
                telephone(tmp_path, "anna", one.line("10")) as anna,
                telephone(tmp_path, "bernd", two.line("11")) as bernd,
            ):
                await anna.dial("11")
                assert (await anna.event("CALL_CLOSED"))["param"].startswith("480")
                assert not bernd.happened("CALL_INCOMING")
        assert two.process.returncode == 0
    assert one.process.returncode == 0


def test_data_is_found_again_on_other_ports(tmp_path: Path) -> None:
    with running_demo(tmp_path, free_base_port()) as first:
        users = first.facts["users"]
        ca = Path(first.facts["ca"]).read_text()
    with running_demo(tmp_path, free_base_port()) as second:
        assert second.facts["users"] == users
        assert Path(second.facts["ca"]).read_text() == ca
        assert second.health() == "ok"


def test_everything_that_was_told_answers(demo: Demo) -> None:
    facts = demo.facts
    assert {account["role"] for account in facts["accounts"]} == {"provider", "reseller", "customer", "user"}
    assert [user["extension"] for user in facts["users"]] == [str(number) for number in range(10, 22)]
    for account in facts["accounts"]:
        with demo.sign_in(account["login"]) as client:
            assert client.get("/session").json()["login"] == account["login"]
    with urllib.request.urlopen(facts["web"], context=demo.trust()) as page:
        assert b"<title>" in page.read()
    assert httpx.get(facts["metrics"]).text.count("stimme_") > 5
    assert "stimme_media_endpoints" in httpx.get(facts["engine_metrics"]).text
    document = httpx.get(f"{facts['api']}/openapi.json", verify=demo.trust()).json()
    assert document["openapi"].startswith("3.")


def test_a_taken_port_is_told_in_one_sentence(demo: Demo, tmp_path: Path) -> None:
    base = int(demo.facts["web"].rpartition(":")[2])
    status, document = refused_demo(tmp_path, base)
    assert status == 1
    assert str(base) in document["error"]
