"""Errors of the HTTP API as RFC 9457 problem details."""

from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from stimme.api.field_faults import field_sentence
from stimme.api.schemas import FieldError, Problem
from stimme.directory.apart import HelperError
from stimme.licensing.errors import (
    ClosingError,
    LicenceRightError,
    LicensingError,
    PackageRequiredError,
    PrintingError,
)
from stimme.sentences import Sentence, sentence_of
from stimme.store.errors import (
    FieldRefusedError,
    NotFoundError,
    StaleError,
    StoreError,
    VersionMissingError,
)
from stimme.store.rights import Right

PROBLEM_TYPE = "application/problem+json"
_ALL_RIGHTS = Sentence("all-rights-needed", "This account may not do that; it needs all rights.")
_NOT_READ = Sentence("phone-book-not-read", "The phone book cannot be read now; please try again later.")
_log = structlog.get_logger("stimme.api")


class ProblemError(Exception):
    """An error that the client shall see.

    Attributes:
        status: HTTP status code.
        slug: Last part of the problem type, stable for programs.
        detail: What is wrong; a ``Sentence`` can be said in other languages, too.
        needs: The feature that was asked for and the package to have it, when it is about that.
        reasons: Each of what stands in the way, when there may be more than one thing.
    """

    def __init__(
        self,
        status: int,
        slug: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        needs: tuple[str, str] | None = None,
        reasons: Sequence[Sentence] = (),
    ) -> None:
        self.status = status
        self.slug = slug
        self.detail = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.needs = needs
        self.reasons = tuple(reasons)
        super().__init__(detail)


def unauthenticated(detail: str = "Sign in first.") -> ProblemError:
    """Nobody is signed in, or not any more."""
    return ProblemError(401, "unauthenticated", detail, headers={"WWW-Authenticate": "Bearer"})


def second_factor_missing() -> ProblemError:
    """The password is right, the account's second factor is missing or wrong."""
    detail = "Send the one-time code of your authenticator, or a recovery code."
    return ProblemError(401, "second-factor", detail, headers={"WWW-Authenticate": "Bearer"})


def forbidden(detail: str = "This account may not do that.") -> ProblemError:
    """Somebody is signed in who may not."""
    return ProblemError(403, "forbidden", detail)


def right_missing(sufficient: Collection[str]) -> ProblemError:
    """The role would do, but this account of staff was not given any right that is enough."""
    if not sufficient or len(sufficient) == len(Right):
        return ProblemError(403, "right-missing", _ALL_RIGHTS)
    names = sorted(sufficient)
    detail = Sentence(
        "right-missing",
        "This account may not do that; it needs {listed}.",
        listed=" or ".join(names),
        rights=",".join(names),
    )
    return ProblemError(403, "right-missing", detail)


def not_found(detail: str = "There is no such thing, or not for this account.") -> ProblemError:
    """It does not exist, or belongs to somebody else: the answer does not tell which."""
    return ProblemError(404, "not-found", detail)


def too_many_attempts(retry_after: float) -> ProblemError:
    """Too many wrong passwords; ``retry_after`` in seconds."""
    seconds = str(max(1, round(retry_after)))
    return ProblemError(
        429, "too-many-attempts", "Too many attempts. Try again later.", headers={"Retry-After": seconds}
    )


def invalid(field: str, sentence: Sentence) -> ProblemError:
    """One field of the request is wrong."""
    return ProblemError(422, "validation", "The request has mistakes.", errors=[_error_at(field, sentence)])


def problem_response(error: ProblemError) -> JSONResponse:
    """Render an error."""
    feature, package = error.needs or (None, None)
    code = error.detail if isinstance(error.detail, Sentence) else None
    problem = Problem.model_validate(
        {
            "type": f"urn:stimme:problem:{error.slug}",
            "title": HTTPStatus(error.status).phrase,
            "status": error.status,
            "detail": str(error.detail),
            "code": code.code if code is not None else None,
            "values": dict(code.values) if code is not None else None,
            "errors": error.errors,
            "reasons": [
                {"message": str(reason), "code": reason.code, "values": dict(reason.values)}
                for reason in error.reasons
            ]
            or None,
            "feature": feature,
            "package": package,
        }
    )
    document = problem.model_dump(exclude_none=True)
    return JSONResponse(document, error.status, error.headers, PROBLEM_TYPE)


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error of ``app`` a problem document."""

    async def on_problem(_request: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, ProblemError):
            raise error
        return problem_response(error)

    async def on_validation(_request: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, RequestValidationError):
            raise error
        errors = [_field_error(detail) for detail in error.errors()]
        return problem_response(ProblemError(422, "validation", "The request has mistakes.", errors=errors))

    async def on_http(_request: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, HTTPException):
            raise error
        phrase = HTTPStatus(error.status_code).phrase
        slug = phrase.lower().replace(" ", "-")
        return problem_response(ProblemError(error.status_code, slug, f"{phrase}.", headers=error.headers))

    async def on_store(_request: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, StoreError):
            raise error
        return problem_response(_of_store(error))

    async def on_licensing(_request: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, LicensingError):
            raise error
        match error:
            case LicenceRightError() | PackageRequiredError():
                status = 403
            case PrintingError():
                status = 503
            case _:
                status = 409
        needs = (error.feature, error.package) if isinstance(error, PackageRequiredError) else None
        reasons = error.reasons if isinstance(error, ClosingError) else ()
        return problem_response(
            ProblemError(status, error.slug, error.sentence, needs=needs, reasons=reasons)
        )

    async def on_helper(_request: Request, error: Exception) -> JSONResponse:
        _log.error("the helper of phone books failed", exc_info=error)
        return problem_response(ProblemError(503, "phone-book-helper", _NOT_READ))

    async def on_bug(request: Request, error: Exception) -> JSONResponse:
        _log.error("request failed", path=request.url.path, exc_info=error)
        return problem_response(ProblemError(500, "internal", "Something went wrong on our side."))

    app.add_exception_handler(ProblemError, on_problem)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(StoreError, on_store)
    app.add_exception_handler(LicensingError, on_licensing)
    app.add_exception_handler(HelperError, on_helper)
    app.add_exception_handler(Exception, on_bug)


def _of_store(error: StoreError) -> ProblemError:
    sentence = str(error)
    match error:
        case NotFoundError():
            return not_found(sentence)
        case FieldRefusedError():
            return invalid(error.field, sentence_of(error))
        case StaleError():
            return ProblemError(412, "stale", sentence)
        case VersionMissingError():
            return ProblemError(428, "version-missing", sentence)
        case _:
            return ProblemError(409, "conflict", sentence_of(error))


def _field_error(detail: Mapping[str, object]) -> FieldError:
    location = detail["loc"]
    parts = [str(part) for part in location] if isinstance(location, tuple) else []
    # The first part says where it was (body, query, path); a client wants the field's own name.
    return _error_at(".".join(parts[1:]) or "body", field_sentence(detail))


def _error_at(field: str, sentence: Sentence) -> FieldError:
    return FieldError(field=field, message=str(sentence), code=sentence.code, values=dict(sentence.values))
