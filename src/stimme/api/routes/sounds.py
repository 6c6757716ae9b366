"""What callers hear: the catalogue of prompts, and a customer's own recordings in place of ours.

Policy: a recording is handed in as the body of the request (WAV or MP3, told by its content), and is heard
from the next call on. Who sets the customer up may, and listens to what is there by the same address.
Mistakes are told apart: 404 no such customer, 413 too large, 415 neither WAV nor MP3, 422 damaged, too long
or no such prompt, 428 and 412 as everywhere.
"""

import uuid
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Request, Response

from stimme.api import problems, schemas
from stimme.api.authentication import Authentication, Caller
from stimme.api.conditions import expectation, tag
from stimme.prompts.catalogue import GRAMMARS, REFERENCE, Piece, Prompt, catalogue
from stimme.prompts.own import MUSIC, name_fault
from stimme.prompts.sound import Sounds
from stimme.prompts.upload import LARGEST, LONGEST_MUSIC, LONGEST_PROMPT, UploadError, kind_of, read_upload
from stimme.sentences import Sentence, sentence_of
from stimme.store.changes import Expectation
from stimme.store.errors import NotFoundError
from stimme.store.own_sounds import OwnSoundRepository
from stimme.store.sound_models import OwnSound

_Expected = Annotated[Expectation, Depends(expectation)]
Folder = Literal["de", "en", "music"]
Name = Annotated[str, Path(max_length=100, examples=["queue.please_wait"])]
_AUDIO: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_UPLOAD: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"audio/wav": _AUDIO, "audio/mpeg": _AUDIO}}
}
_LISTEN: dict[int | str, dict[str, Any]] = {200: {"content": {"audio/wav": _AUDIO}}}


def sound_routes(
    authentication: Authentication, repository: OwnSoundRepository, sounds: Sounds | None
) -> APIRouter:
    """Build the routes for the roles customer, reseller and provider."""
    router = APIRouter(tags=["configuration"])

    admin = authentication.at_least("customer")

    @router.get("/prompts")
    async def prompts(caller: Annotated[Caller, admin]) -> schemas.PromptList:
        """List everything that is said, in every language, with the names that recordings of it have."""
        return schemas.PromptList(items=[_prompt_view(each) for each in catalogue(REFERENCE).prompts])

    @router.get("/customers/{customer_id}/recordings")
    async def recordings(customer_id: uuid.UUID, caller: Annotated[Caller, admin]) -> schemas.RecordingList:
        """List a customer's own recordings by folder and name."""
        rows = await repository.list(caller.person.scope, str(customer_id))
        return schemas.RecordingList(items=[_view(row) for row in rows])

    @router.get(
        "/customers/{customer_id}/recordings/{folder}/{name}", responses=_LISTEN, response_class=Response
    )
    async def listen(
        customer_id: uuid.UUID, folder: Folder, name: Name, caller: Annotated[Caller, admin]
    ) -> Response:
        """Return what is heard, as WAV: the customer's own, with its ``ETag``, or ours, without one."""
        await repository.check(caller.person.scope, str(customer_id))
        try:
            row = await repository.find(caller.person.scope, str(customer_id), folder, name)
        except NotFoundError:
            ours = sounds.ours(folder, name) if sounds is not None else None
            if ours is None:
                raise
            return Response(ours.read_bytes(), media_type="audio/wav")
        answer = Response(row.content, media_type="audio/wav")
        tag(answer, row.version)
        return answer

    @router.put(
        "/customers/{customer_id}/recordings/{folder}/{name}",
        responses={201: {"model": schemas.RecordingItem}},
        openapi_extra=_UPLOAD,
    )
    async def hand_in(
        *,
        customer_id: uuid.UUID,
        folder: Folder,
        name: Name,
        request: Request,
        caller: Annotated[Caller, admin],
        response: Response,
        expected: _Expected,
    ) -> schemas.RecordingItem:
        """Put a recording in place of ours: a WAV or MP3 file as the body."""
        await repository.check(caller.person.scope, str(customer_id))
        fault = name_fault(folder, name)
        if fault is not None:
            raise problems.invalid("name", fault)
        content = await _body(request)
        try:
            sound = await read_upload(content, longest=LONGEST_MUSIC if folder == MUSIC else LONGEST_PROMPT)
        except UploadError as error:
            raise _refusal(error) from None
        place = (str(customer_id), folder, name)
        put = await repository.put(caller.authority, place, sound, expected)
        tag(response, put.row.version, created=put.created)
        return _view(put.row)

    @router.delete("/customers/{customer_id}/recordings/{folder}/{name}", status_code=204)
    async def delete(
        customer_id: uuid.UUID,
        folder: Folder,
        name: Name,
        caller: Annotated[Caller, admin],
        expected: _Expected,
    ) -> None:
        """Forget a recording: ours is heard again."""
        await repository.delete(caller.authority, (str(customer_id), folder, name), expected)

    return router


async def _body(request: Request) -> bytes:
    """The body, as far as it is small enough, and audio by its beginning."""
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > LARGEST:
            sentence = Sentence(
                "sound-large", "A recording has at most {count} MB.", count=LARGEST // 1_000_000
            )
            raise problems.ProblemError(413, "too-large", sentence)
    try:
        kind_of(bytes(content[:16]))
    except UploadError as error:
        raise _refusal(error) from None
    return bytes(content)


def _refusal(error: UploadError) -> problems.ProblemError:
    match error.reason:
        case "type":
            return problems.ProblemError(415, "audio-type", sentence_of(error))
        case "unable":
            return problems.ProblemError(503, "conversion", sentence_of(error))
        case _:
            return problems.invalid("body", sentence_of(error))


def _prompt_view(prompt_id: str) -> schemas.PromptItem:
    parts = [
        part for language in GRAMMARS for part in _parts(language, catalogue(language).prompts[prompt_id])
    ]
    return schemas.PromptItem(id=prompt_id, parts=parts)


def _parts(language: str, prompt: Prompt) -> Sequence[schemas.PromptPart]:
    return [
        schemas.PromptPart(language=language, name=part.recording, text=part.text)
        for form in prompt.forms.values()
        for part in form
        if isinstance(part, Piece)
    ]


def _view(row: OwnSound) -> schemas.RecordingItem:
    return schemas.RecordingItem.model_validate(row, from_attributes=True)
