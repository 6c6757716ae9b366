"""Search everywhere: one field over all that an administrator looks after."""

from typing import Annotated

from fastapi import APIRouter, Query

from stimme.api import resources
from stimme.api.authentication import Authentication, Caller
from stimme.store.search import Search


def search_routes(authentication: Authentication, search: Search) -> APIRouter:
    """Build the route for the roles customer, reseller and provider."""
    router = APIRouter(tags=["administration"])

    admin = authentication.at_least("customer")

    @router.get("/search")
    async def find(
        caller: Annotated[Caller, admin],
        query: Annotated[str, Query(max_length=100)] = "",
        customer_id: str | None = None,
    ) -> resources.SearchResult:
        """Find customers, users, numbers, telephones, services, trunks and sites; the first few of each."""
        hits = await search.find(caller.person.scope, query, customer_id=customer_id)
        return resources.SearchResult(
            items=[resources.SearchHit.model_validate(hit, from_attributes=True) for hit in hits]
        )

    return router
