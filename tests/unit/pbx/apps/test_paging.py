"""Groups for announcements: as JSON, and those that cannot be."""

from typing import Any

import pytest

from stimme.pbx.apps.fields import FieldError
from stimme.pbx.apps.paging import Multicast, PageGroup
from stimme.pbx.apps.written import read_page_group, write_page_group
from stimme.pbx.features.auto_answer import PageTarget, who_hears_a_page

GROUP = PageGroup("p", "33", "Halle", ("anna", "bert"), Multicast("239.255.0.1", 5004, "PCMA"), 30.0)


def test_a_group_is_written_and_read() -> None:
    assert read_page_group(write_page_group(GROUP)) == GROUP
    least = {"id": "p", "extension": "33", "name": "Halle", "members": ["anna"]}
    assert read_page_group(least) == PageGroup("p", "33", "Halle", ("anna",))


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"members": [], "multicast": None}, ""),
        ({"members": ["anna", "anna"]}, ""),
        ({"longest_seconds": 0}, ""),
        ({"multicast": {"address": "192.0.2.1", "port": 5004}}, "multicast"),
        ({"multicast": {"address": "halle", "port": 5004}}, "multicast"),
        ({"multicast": {"address": "239.255.0.1", "port": 5005}}, "multicast"),
        ({"multicast": {"address": "239.255.0.1", "port": 80}}, "multicast"),
        ({"multicast": {"address": "239.255.0.1", "port": 5004, "codec": "opus"}}, "multicast"),
        ({"multicast": {"address": "239.255.0.1", "port": 5004, "ttl": 3}}, "multicast.ttl"),
        ({"loud": True}, "loud"),
    ],
)
def test_groups_that_cannot_be(change: dict[str, Any], path: str) -> None:
    with pytest.raises(FieldError) as refused:
        read_page_group({**write_page_group(GROUP), **change})
    assert refused.value.path == path


def test_who_hears_a_page() -> None:
    targets = [
        PageTarget("free", "bert"),
        PageTarget("own", "anna"),
        PageTarget("talks", "cleo", busy=True),
        PageTarget("silent", "dora", silent=True),
        PageTarget("away", "emil", registered=False),
    ]
    assert who_hears_a_page(targets, "anna") == ["free"]
