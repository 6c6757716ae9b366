"""Puts the HTTP API together."""

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse

from stimme.api import problems, schemas
from stimme.api.authentication import PREFIX, Authentication, SignOuts, Tickets
from stimme.api.browser import SecurityHeaders, WebClient
from stimme.api.openid.requests import SignInRequests
from stimme.api.passkeys import Ceremonies
from stimme.api.routes.administration import administration_routes
from stimme.api.routes.billing import billing_routes
from stimme.api.routes.credentials import credential_routes, invitation_routes
from stimme.api.routes.cti import cti_routes
from stimme.api.routes.keys import key_routes
from stimme.api.routes.mail import mail_routes, password_routes
from stimme.api.routes.me import call_routes, me_routes
from stimme.api.routes.organisations import organisation_routes
from stimme.api.routes.phone_books import phone_book_routes
from stimme.api.routes.pins import pin_routes
from stimme.api.routes.recordings import recording_routes
from stimme.api.routes.search import search_routes
from stimme.api.routes.services import service_routes
from stimme.api.routes.session import session_routes
from stimme.api.routes.sign_on import sign_on_pages, sign_on_routes
from stimme.api.routes.sounds import sound_routes
from stimme.api.routes.staff import staff_routes
from stimme.api.routes.system import system_routes
from stimme.api.routes.telephony import telephony_routes
from stimme.api.routes.traces import trace_routes
from stimme.api.routes.trunk_tests import trunk_test_routes
from stimme.api.services import Services
from stimme.api.signing_in import SignIns
from stimme.api.sockets import OriginPolicy, event_routes, sip_routes
from stimme.api.throttle import SignInThrottle
from stimme.store.access import ApiTokens, Invitations
from stimme.store.audit_log import AuditLog
from stimme.store.billing import Billing
from stimme.store.call_recordings import CallRecordings
from stimme.store.function_keys import FunctionKeyRepository
from stimme.store.letters import Letters
from stimme.store.licences import LicenceRepository
from stimme.store.organisations import Organisations
from stimme.store.own_sounds import OwnSoundRepository
from stimme.store.password_resets import PasswordResets
from stimme.store.phone_books import PhoneBookRepository
from stimme.store.price_list import Prices
from stimme.store.search import Search
from stimme.store.second_factors import Passkeys, SecondFactors
from stimme.store.service_configuration import ServiceConfiguration
from stimme.store.sign_on import SignOn
from stimme.store.staff import Staff
from stimme.store.telephony_configuration import TelephonyConfiguration


def create_api(services: Services) -> FastAPI:
    """Build the ASGI application of the web listener: API, event stream, SIP over WebSocket, web client."""
    app = FastAPI(
        title="stimme",
        version="1",
        description="Telephone system: sign-in, calls, directory, administration.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses={"default": {"model": schemas.Problem, "description": "Problem details (RFC 9457)"}},
    )
    problems.install_problem_handlers(app)
    app.add_middleware(SecurityHeaders)
    app.include_router(_api_routes(services), prefix=PREFIX)
    app.include_router(sip_routes(services.sip, OriginPolicy(services.origins)))
    app.add_api_route("/api/{path:path}", _no_such_route, methods=_METHODS, include_in_schema=False)
    if services.static is not None:
        app.mount("/", WebClient(services.static))
    return app


_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]


def _api_routes(services: Services) -> APIRouter:
    tokens = ApiTokens(services.database, services.accounts, now=services.now)
    authentication = Authentication(services.accounts, tokens)
    throttle = SignInThrottle(services.clock, enabled=services.limits)
    sign_outs = SignOuts()
    router = APIRouter()
    sign_on = SignOn(services.database, services.vault, now=services.now)
    sign_ins = SignIns(services.accounts, throttle, sign_on)
    letters = Letters(services.database, services.vault, now=services.now)
    factors = SecondFactors(services.database, services.vault, now=services.now)
    router.include_router(
        session_routes(
            services.accounts,
            services.passwords,
            authentication,
            sign_ins=sign_ins,
            factors=factors,
            sign_outs=sign_outs,
        )
    )
    router.include_router(
        credential_routes(
            authentication,
            sign_ins,
            services.accounts,
            services.passwords,
            factors=factors,
            passkeys=Passkeys(services.database, now=services.now),
            ceremonies=Ceremonies(services.clock),
            tokens=tokens,
            sign_outs=sign_outs,
        )
    )
    router.include_router(
        invitation_routes(
            authentication,
            Invitations(services.database, now=services.now),
            services.passwords,
            sign_ins,
            letters=letters,
        )
    )
    router.include_router(staff_routes(authentication, Staff(services.database)))
    router.include_router(sign_on_routes(authentication, sign_on, services.openid))
    router.include_router(sign_on_pages(sign_on, services.openid, sign_ins, SignInRequests(services.clock)))
    router.include_router(mail_routes(authentication, letters))
    router.include_router(
        password_routes(
            services.accounts,
            services.passwords,
            sign_ins,
            resets=PasswordResets(services.database, now=services.now),
            letters=letters,
        )
    )
    router.include_router(
        me_routes(
            authentication,
            services.accounts,
            services.directory,
            services.history,
            services.telephony,
            shelf=services.shelf,
        )
    )
    router.include_router(cti_routes(authentication, services.telephony))
    recordings = CallRecordings(services.database, services.recordings)
    router.include_router(recording_routes(authentication, recordings, services.telephony))
    router.include_router(call_routes(authentication, services.directory, services.telephony))
    router.include_router(
        trace_routes(authentication, services.directory, services.telephony, services.traces)
    )
    router.include_router(
        administration_routes(authentication, services.directory, services.history, services.telephony)
    )
    configuration = TelephonyConfiguration(services.database, services.vault, now=services.now)
    router.include_router(
        telephony_routes(authentication, configuration, services.database, services.telephony)
    )
    router.include_router(trunk_test_routes(authentication, configuration, services.telephony))
    router.include_router(pin_routes(authentication, configuration, services.telephony))
    router.include_router(
        service_routes(authentication, ServiceConfiguration(services.database), services.telephony)
    )
    router.include_router(
        key_routes(authentication, FunctionKeyRepository(services.database), services.telephony)
    )
    router.include_router(
        phone_book_routes(authentication, PhoneBookRepository(services.database), services.shelf)
    )
    router.include_router(search_routes(authentication, Search(services.database)))
    router.include_router(
        sound_routes(
            authentication,
            OwnSoundRepository(
                services.database,
                services.sounds.own if services.sounds is not None else None,
                now=services.now,
            ),
            services.sounds,
        )
    )
    router.include_router(
        organisation_routes(
            authentication,
            Organisations(services.database, now=services.now),
            LicenceRepository(services.database),
            services.telephony,
        )
    )
    router.include_router(
        billing_routes(
            authentication,
            Billing(services.database, now=services.now),
            Prices(services.database),
            AuditLog(services.database),
        )
    )
    router.include_router(
        system_routes(services.database, services.telephony, authentication, services.sip_ports)
    )
    router.include_router(
        event_routes(
            authentication,
            Tickets(services.clock),
            services.directory,
            events=services.events,
            origins=OriginPolicy(services.origins),
            sign_outs=sign_outs,
        )
    )
    return router


async def _no_such_route() -> JSONResponse:
    raise problems.not_found("There is no such address.")
