"""A page looked at by axe-core: nothing keeps people out (WCAG 2.2 AA)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.async_api import expect
from tests.peers.browser import Scheme, WebClient

_AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_SCHEMES: tuple[Scheme, ...] = ("light", "dark")
_SETTLED = """() => Promise.allSettled(
  document.getAnimations()
    .filter((animation) => animation.effect.getComputedTiming().iterations !== Infinity)
    .map((animation) => animation.finished))"""


async def inspect(client: WebClient, what: str, schemes: Sequence[Scheme] = _SCHEMES) -> None:
    """Look in colour schemes, between which the client changes as the system does."""
    if await client.page.evaluate("typeof axe === 'undefined'"):
        await client.page.evaluate(_AXE.read_text() + "; undefined")
    for scheme in schemes:
        await client.page.emulate_media(color_scheme=scheme)
        await expect(client.page.locator("html")).to_have_attribute("data-mantine-color-scheme", scheme)
        await _inspect_now(client, f"{what}, {scheme}")


async def _inspect_now(client: WebClient, what: str) -> None:
    # What is still fading in has a contrast that nobody ever sees.
    await client.page.evaluate(_SETTLED)
    found: list[dict[str, Any]] = await client.page.evaluate(
        "async tags => (await axe.run(document, { runOnly: tags, resultTypes: ['violations'] })).violations",
        _RULES,
    )
    # A tooltip stands outside of all landmarks, which is a moderate issue to axe-core and none to people.
    issues = [
        f"{what}: {issue['id']} ({issue['impact']}): {node['html'][:200]}\n    {node['failureSummary']}"
        for issue in found
        if issue["impact"] in ("serious", "critical")
        for node in issue["nodes"]
    ]
    assert issues == [], "\n".join(issues)
