"""The page on which a user of a group changes the own password. `/ja` and `/en`; nothing is remembered of anyone.

There is no session and no cookie: whoever asks says name and present password each time, so that no other site can
ask in a user's name. Passwords come in the body alone, and are neither logged nor shown again.
"""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import escape
from typing import Any, Final, Protocol
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from kitei.values import Language, Words
from kitei.web.problem import Problem

_LIMIT: Final = 4096  # bytes of a request
_WAITING: Final = 40  # changes that may wait, each about a twentieth of a second
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_TITLE: Final = Words("パスワードの変更", "Change your password")
_NAME: Final = Words("利用者名(例: alice@realm.example)", "Name (such as alice@realm.example)")
_OLD: Final = Words("現在のパスワード", "Present password")
_NEW: Final = Words("新しいパスワード(8文字以上)", "New password (8 characters or more)")
_AGAIN: Final = Words("新しいパスワード(もう一度)", "New password, once more")
_DO: Final = Words("変更する", "Change")
_DONE: Final = Words("変更しました。すぐに使えます。", "Changed. It can be used at once.")
_TWO: Final = Words("新しいパスワードが二度とも同じではありません", "the new password is not the same twice")
_BUSY: Final = Words(
    "混み合っています。少し待ってからお試しください", "busy now; please try again in a moment"
)


class PasswordOffice(Protocol):
    """All calls come from one thread."""

    def change(self, name: str, old: str, new: str, place: str) -> Words | None:
        """Why not; None when it is done."""
        ...


class Portal:
    """The pages over one office."""

    def __init__(self, office: PasswordOffice) -> None:
        self._office = office
        self._thread = ThreadPoolExecutor(1, "passwords")
        self._waiting = 0

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", lambda request: RedirectResponse(_language_of(request), 303, _HEADERS)),
                Route("/v1/password", self.post_json, methods=["POST"]),
                Route("/{language:str}", self.page, methods=["GET"]),
                Route("/{language:str}", self.post, methods=["POST"]),
            ],
            exception_handlers={Problem: lambda request, error: error.response()},
        )

    async def page(self, request: Request) -> Response:
        return _page(_language(request), "", None, 200)

    async def post(self, request: Request) -> Response:
        language = _language(request)
        try:
            told = parse_qs((await _body(request)).decode(), keep_blank_values=True, max_num_fields=8)
        except ValueError:
            raise Problem(422, "Not a form", "send name, old, new and again as a form in UTF-8") from None
        name, old, new, again = (told.get(key, [""])[0] for key in ("name", "old", "new", "again"))
        if new != again:
            return _page(language, name, _TWO, 422)
        why = await self._change(request, name, old, new)
        return _page(language, name, why or _DONE, 403 if why else 200)

    async def post_json(self, request: Request) -> Response:
        """`{"name", "old", "new"}`: 204, or a problem with its reason in the language that was asked for."""
        try:
            told = json.loads(await _body(request))
        except (ValueError, RecursionError):
            told = None
        keys = ("name", "old", "new")
        if not isinstance(told, dict) or not all(isinstance(told.get(key), str) for key in keys):
            raise Problem(422, "Not a change", 'send {"name": "alice@realm", "old": "...", "new": "..."}')
        why = await self._change(request, *(told[key] for key in keys))
        if why is not None:
            language: Language = "ja" if _language_of(request) == "/ja" else "en"
            raise Problem(403, "Not changed", why.to(language))
        return Response(status_code=204, headers=_HEADERS)

    async def _change(self, request: Request, name: str, old: str, new: str) -> Words | None:
        if self._waiting >= _WAITING:
            return _BUSY
        place = request.client.host if request.client else ""
        self._waiting += 1
        try:
            ask: Callable[..., Words | None] = self._office.change
            return await asyncio.get_running_loop().run_in_executor(self._thread, ask, name, old, new, place)
        finally:
            self._waiting -= 1


def portal(office: PasswordOffice) -> Starlette:
    """The ASGI application."""
    return Portal(office).app()


def _language(request: Request) -> Language:
    match request.path_params["language"]:
        case "ja":
            return "ja"
        case "en":
            return "en"
        case other:
            raise Problem(404, "No such page", f"{other[:20]!r}: there are /ja and /en")


def _language_of(request: Request) -> str:
    return "/ja" if request.headers.get("accept-language", "").lower().startswith("ja") else "/en"


async def _body(request: Request) -> bytes:
    received = bytearray()
    async for piece in request.stream():
        received += piece
        if len(received) > _LIMIT:
            raise Problem(413, "Too long", f"more than {_LIMIT} bytes")
    return bytes(received)


def _page(language: Language, name: str, told: Words | None, status: int) -> HTMLResponse:
    other, shown = ("en", "English") if language == "ja" else ("ja", "日本語")

    def say(words: Words) -> str:
        return escape(words.to(language))

    fields = "".join(
        f'<label>{say(words)}<br><input name="{key}" type="{kind}" autocomplete="{hint}" required'
        f' maxlength="128" value="{escape(value)}"></label>'
        for key, kind, hint, words, value in (
            ("name", "text", "username", _NAME, name),
            ("old", "password", "current-password", _OLD, ""),
            ("new", "password", "new-password", _NEW, ""),
            ("again", "password", "new-password", _AGAIN, ""),
        )
    )
    message = f'<p role="status">{say(told)}</p>' if told else ""
    html = (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{say(_TITLE)}</title>'
        '<meta name="viewport" content="width=device-width"><style>body{font:1rem sans-serif;max-width:26rem;'
        "margin:3rem auto;padding:0 1rem}label{display:block;margin:1rem 0}input{width:100%;padding:.4rem;"
        "box-sizing:border-box}</style>"
        f'<a href="/{other}" lang="{other}">{shown}</a><h1>{say(_TITLE)}</h1>{message}'
        f'<form method="post" action="/{language}">{fields}<button>{say(_DO)}</button></form></html>'
    )
    headers: dict[str, Any] = dict(_HEADERS)
    return HTMLResponse(html, status, headers)
