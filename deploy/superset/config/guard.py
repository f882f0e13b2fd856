"""Before a request of somebody who is signed in is answered, the server is asked whether they still are, and as what."""

import logging

from flask import Flask, Response, current_app, g, jsonify, redirect, request, session, url_for
from flask_login import current_user, logout_user
from notice import notice
from openid import ROLES
from sign_ins import Away, Ended
from user_limits import FILTER_STATE, Turns, forget_older_states
from user_requests import refusal_of

NUMBER = "robowatch_sign_in"
# Signing in and out decide for themselves, and the others tell nothing of anybody.
FREE = ("/static/", "/health", "/login/", "/logout/", "/oauth-authorized/")
# Seconds within which a sign-in that is no good is not tried again by itself.
TOO_SOON = 10
AWAY = "Robowatch does not answer, so nothing is shown: whether you may see it is asked there. Try again in a moment."
ENDED = "You have signed out of Robowatch, or your account was deactivated."
BUSY = "You ask for too much at once. Try again in a moment."
log = logging.getLogger(__name__)


def guard(app: Flask, sign_ins, web_app: str, redis) -> None:
    from superset import db

    turns = Turns()

    @app.before_request
    def check() -> Response | None:
        if request.path.startswith(FREE) or not current_user.is_authenticated:
            return None
        # Whoever waits would keep a connection from others.
        if is_user() and not turns.take(current_user.id, db.session.rollback):
            headers = {"Retry-After": "5"}
            return refusal(429, BUSY, headers) or notice(429, "Too much at once", BUSY, {"Try again": here()}, headers)
        number = session.get(NUMBER)
        age = sign_ins.age(number)
        try:
            claims = sign_ins.identify(number)
        except Away as reason:
            log.warning("Nothing is shown to anybody: %s", reason)
            return refusal(503, AWAY) or notice(503, "Robowatch is away", AWAY, {"Try again": here()})
        except Ended:
            claims = {}
        if claims.get("email") != current_user.username or claims.get("role") not in ROLES:
            sign_ins.end(number)
            sign_out_here()
            return refusal(401, ENDED) or sign_in_again(age, web_app)
        keep_role(claims["role"])
        if claims["role"] == "user" and (refused := refusal_of(request, current_user.id)):
            return refusal(*refused) or redirect("/dashboard/list/")
        return None

    @app.after_request
    def keep_few(reply: Response) -> Response:
        if FILTER_STATE.fullmatch(request.path) and current_user.is_authenticated and is_user():
            forget_older_states(redis, request, reply, current_user.id)
        return reply

    app.teardown_request(turns.give_back)


def is_user() -> bool:
    return [role.name for role in current_user.roles] == [ROLES["user"]]


def sign_out_here() -> None:
    logout_user()
    session.clear()
    g.user = current_user


def refusal(status: int, text: str, headers: dict | None = None) -> Response | None:
    """For programs; people get a page. As Superset answers, so its pages show it."""
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        return None
    error = {"message": text, "error_type": "GENERIC_BACKEND_ERROR", "level": "error", "extra": {}}
    reply = jsonify(errors=[error], message=text)
    reply.status_code = status
    reply.headers.update({"Cache-Control": "no-store", **(headers or {})})
    return reply


def here() -> str:
    """The page that was asked for; with two slashes it would be another host's."""
    return "/" + request.full_path.lstrip("/\\").rstrip("?")


def sign_in_again(age: float, web_app: str) -> Response:
    if 0 < age < TOO_SOON:
        links = {"Sign in again": url_for("SignInView.login", next=here()), "Robowatch": web_app}
        return notice(403, "You are not signed in", ENDED, links)
    return redirect(url_for("SignInView.login", next=here()))


def keep_role(key: str) -> None:
    """Changes it at once, not only when they sign in."""
    if [role.name for role in current_user.roles] == [ROLES[key]]:
        return
    manager = current_app.appbuilder.sm
    current_user.roles = list(manager.get_roles_from_keys([key]))
    manager.session.commit()
