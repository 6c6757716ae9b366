"""Large pages: which parts of the memory are meant, and that nothing in them is lost."""

from pathlib import Path

from stimme.operations.huge_pages import PAGE, use_huge_pages, whole_pages


def test_only_whole_pages_of_heap_and_arenas_are_meant() -> None:
    maps = [
        "00200000-00a00000 r-xp 00000000 fe:00 247741                     /usr/bin/python3.11",
        "00a00000-01000000 rw-p 00800000 fe:00 247741                     /usr/bin/python3.11",
        "01300000-01900000 rw-p 00000000 00:00 0                          [heap]",
        "7f0000000000-7f0000100000 rw-p 00000000 00:00 0 ",
        "7f0000200000-7f0000400000 rw-p 00000000 00:00 0 ",
        "7f0000400000-7f0000800000 ---p 00000000 00:00 0 ",
        "7f0000800000-7f0000c00000 rw-s 00000000 00:01 5                  /dev/shm/taps",
        "7ffc00000000-7ffc00400000 rw-p 00000000 00:00 0                  [stack]",
    ]
    assert list(whole_pages(maps)) == [0x1400000, 0x1600000, 0x7F0000200000]


def test_what_is_in_memory_stays_as_it_is() -> None:
    kept = [str(number) for number in range(200_000)]
    got = use_huge_pages()
    assert 0 <= got < 1 << 20
    assert kept == [str(number) for number in range(200_000)]
    assert PAGE == 2 * 1024 * 1024


def test_a_system_without_maps_has_none(tmp_path: Path) -> None:
    assert use_huge_pages(tmp_path / "missing") == 0
