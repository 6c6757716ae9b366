"""A thread of the engine that dies takes the process along, which says why and is started anew (ADR 21).

Nothing in the engine dies on demand, so the kernel lies to it: strace changes what one thread's system calls
return. More bytes than the buffer holds are a panic, a broken descriptor to wait at is an error of the loop.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from tests.integration.media.harness import Client, supervised
from tests.integration.media.phone import Phone

pytestmark = pytest.mark.integration
Phones = Callable[[str], Awaitable[Phone]]
RECEIVE = "recvfrom"
WAIT = "?epoll_wait,epoll_pwait,?epoll_pwait2"
HANGS_AFTER = 60.0
"""Seconds; longer than anything here, so that only a process that ends by itself is started again."""


def threads_of(pid: int) -> dict[str, int]:
    """The threads of a process by their names."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return {(task / "comm").read_text().strip(): int(task.name) for task in tasks}


def traced(thread: int) -> bool:
    """Whether somebody looks over its shoulder; one that has died of it already counts."""
    try:
        return "TracerPid:\t0\n" not in Path(f"/proc/{thread}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


@contextlib.asynccontextmanager
async def lied_to(thread: int, calls: str, lie: str) -> AsyncIterator[None]:
    """The first of these system calls that a thread makes from now on returns something else."""
    trace = ("-e", f"trace={calls}", "-e", f"inject={calls}:{lie}:when=1")
    tracer = await asyncio.create_subprocess_exec(
        "strace", "-qq", "-o", "/dev/null", *trace, "-p", str(thread), stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(10):
            while not traced(thread):
                if tracer.returncode is not None:
                    assert tracer.stderr is not None
                    text = (await tracer.stderr.read()).decode()
                    if "Operation not permitted" in text:
                        pytest.skip("nobody may be traced on this machine")
                    raise AssertionError(text)
                await asyncio.sleep(0.01)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            tracer.terminate()
        await tracer.communicate()


@pytest.mark.parametrize(
    ("threads", "name", "calls", "lie", "said"),
    [
        (2, "shard 1", RECEIVE, "retval=100000", ["thread 'shard 1'", "panicked", "shard 1 has ended"]),
        (2, "shard 0", WAIT, "error=EBADF", ["shard 0: Bad file descriptor", "shard 0 has ended"]),
        (2, "stimme-media", WAIT, "error=EBADF", ["stimme-media: Bad file descriptor"]),
        (1, "stimme-media", RECEIVE, "retval=100000", ["thread 'main'", "panicked"]),
    ],
    ids=["panic", "error", "front", "alone"],
)
async def test_a_thread_that_dies_ends_the_process_and_another_one_begins(
    tmp_path: Path, phones: Phones, threads: int, name: str, calls: str, lie: str, said: list[str]
) -> None:
    async with supervised(tmp_path, "--threads", str(threads), watchdog=HANGS_AFTER) as child:
        client = await Client.reach(tmp_path / "media.sock")
        # One in each thread.
        speakers = [await phones("PCMA") for _ in range(2)]
        for phone in speakers:
            leg = await client.leg(phone)
            # From the first packet on nobody asks the kernel any more who has sent one.
            await phone.speak(700, 0.1)
            async with asyncio.timeout(5):
                while (await leg.stats()).packets_received == 0:
                    await asyncio.sleep(0.01)
        pid = int((tmp_path / "run/media.pid").read_text())
        async with lied_to(threads_of(pid)[name], calls, lie):
            async with asyncio.timeout(20):
                while child.starts < 2:
                    await asyncio.gather(*(phone.speak(700, 0.1) for phone in speakers))
        log = (tmp_path / "log/media.log").read_text()
        assert [words for words in said if words not in log] == [], log
        another = await Client.reach(tmp_path / "media.sock")
        assert another.engine.instance != client.engine.instance
        assert await another.engine.endpoints() == []
        for each in (client, another):
            await each.engine.close()
