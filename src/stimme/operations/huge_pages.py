"""What is loaded goes into large pages of memory, so that the processor finds it sooner.

Every message touches objects that are spread over a hundred megabytes. In pages of 4 KiB the processor has to
look up the place of nearly each of them anew, in a virtual machine by two tables, one behind the other; of
pages of 2 MiB it remembers all. The kernel does it where a program asks (MADV_COLLAPSE, madvise(2), since
Linux 6.1); an older one refuses, and nothing is lost.
"""

import ctypes
from collections.abc import Iterable, Iterator
from pathlib import Path

PAGE = 2 << 20
_MADV_COLLAPSE = 25
_HEAP = "[heap]"


def use_huge_pages(maps: Path = Path("/proc/self/maps")) -> int:
    """Ask for large pages where this process keeps its objects; gives how many it got, of 2 MiB each."""
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    try:
        places = list(whole_pages(maps.read_text().splitlines()))
    except OSError:
        return 0
    return sum(advise(place, PAGE, _MADV_COLLAPSE) == 0 for place in places)


def whole_pages(maps: Iterable[str]) -> Iterator[int]:
    """The addresses of the large pages within the memory that `proc_pid_maps(5)` lists: heap and arenas.

    Neither files nor what other processes share are among them.
    """
    for line in maps:
        addresses, rights, *_, name = (*line.split(maxsplit=5), "")[:6]
        if rights != "rw-p" or name.strip() not in ("", _HEAP):
            continue
        first, behind = (int(address, 16) for address in addresses.split("-"))
        yield from range(-(-first // PAGE) * PAGE, behind // PAGE * PAGE, PAGE)
