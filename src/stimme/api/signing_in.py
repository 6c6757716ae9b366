"""Opens sessions, however somebody has proved who he is, and holds back those who guess."""

from starlette.requests import Request
from starlette.responses import Response

from stimme.api import problems, schemas
from stimme.api.authentication import COOKIE
from stimme.api.throttle import SignInThrottle
from stimme.api.views import account_view
from stimme.sentences import Sentence
from stimme.store.accounts import REMEMBERED_DAYS, Accounts
from stimme.store.sign_on import SignOn


class SignIns:
    """Makes sessions and their cookies."""

    def __init__(self, accounts: Accounts, throttle: SignInThrottle, providers: SignOn) -> None:
        self._accounts = accounts
        self._throttle = throttle
        self._providers = providers

    def throttle(self, login: str, request: Request) -> None:
        """Count an attempt.

        Raises:
            ProblemError: 429 when there were too many.
        """
        wait = self._throttle.attempt(login, _source(request))
        if wait is not None:
            raise problems.too_many_attempts(wait)

    def proved(self, login: str, request: Request) -> None:
        """The attempt was right."""
        self._throttle.succeeded(login, _source(request))

    async def check_way(self, account_id: str) -> None:
        """Let in by password or passkey only who need not sign in with a company account.

        Raises:
            ProblemError: 403 when the customer has its people sign in there.
        """
        person = await self._accounts.by_id(account_id)
        provider = None if person is None else await self._providers.required_by(person.organisation.id)
        if provider is not None:
            raise problems.ProblemError(
                403,
                "company-account",
                Sentence(
                    "company-account-only", "Sign in with your company account: {name}.", name=provider.name
                ),
            )

    async def open(
        self, account_id: str, request: Request, response: Response, *, remember: bool
    ) -> schemas.SignedIn:
        """Open a session and set its cookie.

        Raises:
            ProblemError: 401 when the account is gone.
        """
        person = await self._accounts.by_id(account_id)
        if person is None:
            raise problems.unauthenticated()
        created = await self._accounts.open_session(
            account_id,
            remember=remember,
            source=_source(request),
            agent=request.headers.get("User-Agent", ""),
        )
        response.set_cookie(
            COOKIE,
            created.token,
            max_age=REMEMBERED_DAYS * 86400 if remember else None,
            httponly=True,
            secure=True,
            samesite="strict",
        )
        return schemas.SignedIn(
            token=created.token, expires_at=created.expires_at, account=account_view(person)
        )


def _source(request: Request) -> str:
    return request.client.host if request.client else ""
