"""Errors as Problem Details (RFC 9457)."""

from collections.abc import Sequence

from starlette.responses import JSONResponse


class Problem(Exception):
    """What is wrong with a request: a status, a short title, and the case at hand with what would be right."""

    def __init__(self, status: int, title: str, detail: str, faults: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.faults = tuple(faults)

    def response(self) -> JSONResponse:
        body: dict[str, object] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.faults:
            body["faults"] = list(self.faults)
        return JSONResponse(body, self.status, media_type="application/problem+json")
