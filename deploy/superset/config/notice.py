"""The few pages that are shown instead of Superset's. They load nothing and run no script."""

from flask import Response
from markupsafe import escape

STYLE = "font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem"
BUTTON = "display:inline-block;padding:.5rem 1rem;border:1px solid;border-radius:.3rem;text-decoration:none;color:inherit"


def notice(status: int, title: str, text: str, links: dict[str, str], headers: dict | None = None) -> Response:
    """`links`: addresses by what they are called."""
    buttons = " ".join(f'<a style="{BUTTON}" href="{escape(url)}">{escape(name)}</a>' for name, url in links.items())
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<title>{escape(title)}</title><body style="{STYLE}"><h1>{escape(title)}</h1><p>{escape(text)}</p><p>{buttons}</p>'
    )
    return Response(page, status, {"Cache-Control": "no-store", **(headers or {})}, mimetype="text/html")
