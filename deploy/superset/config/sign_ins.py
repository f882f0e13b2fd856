"""The tokens of people who are signed in. They stay in Redis; a session names its sign-in by a random number."""

import json
import secrets
import time

import requests
from openid import API_URL, CLIENT, TIMEOUT
from redis.exceptions import LockError

PREFIX = "superset:sign-in:"
# Longer than the server lets any session last.
SECONDS = 400 * 86_400


class Ended(Exception):
    """The person has signed out, is deactivated, or has no such sign-in."""


class Away(Exception):
    """The server does not answer, so nobody knows."""


class SignIns:
    def __init__(self, redis, secret: str):
        self._redis = redis
        self._secret = secret
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=20))

    def begin(self, tokens: dict) -> str:
        number = secrets.token_urlsafe(32)
        self._save(number, tokens)
        return number

    def identify(self, number: str | None) -> dict:
        """Claims of the person at this moment. Raises Ended, Away."""
        tokens = self._load(number)
        claims = self._userinfo(tokens)
        if claims is None:
            try:
                claims = self._userinfo(self._renew(number, tokens))
            except LockError as error:
                raise Away("the server is slow") from error
        if claims is None:
            self.end(number)
            raise Ended
        return claims

    def end(self, number: str | None) -> None:
        if number:
            self._redis.delete(PREFIX + number)

    def id_token(self, number: str | None) -> str:
        """It tells the server who wants to sign out. Raises Ended."""
        return self._load(number)["id_token"]

    def age(self, number: str | None) -> float:
        """Seconds since it began."""
        try:
            return time.time() - self._load(number)["begun"]
        except Ended:
            return 0

    def _renew(self, number: str, former: dict) -> dict:
        """One request of a session does it while others wait: a refresh token that is used twice may end everything."""
        with self._redis.lock(f"{PREFIX}{number}:lock", timeout=3 * TIMEOUT, blocking_timeout=4 * TIMEOUT):
            tokens = self._load(number)
            if tokens["access_token"] != former["access_token"]:
                return tokens
            form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
            reply = self._send("POST", "token", data=form, auth=(CLIENT, self._secret))
            if reply.status_code == 400:
                self.end(number)
                raise Ended
            if reply.status_code != 200:
                raise Away(f"the server answers {reply.status_code}")
            tokens |= {name: text for name, text in reply.json().items() if name in tokens}
            self._save(number, tokens)
            return tokens

    def _userinfo(self, tokens: dict) -> dict | None:
        """None when the access token is not good any more."""
        reply = self._send("GET", "me", headers={"authorization": f"Bearer {tokens['access_token']}"})
        if reply.status_code == 401:
            return None
        if reply.status_code != 200:
            raise Away(f"the server answers {reply.status_code}")
        return reply.json()

    def _send(self, method: str, path: str, **what) -> requests.Response:
        try:
            return self._http.request(method, f"{API_URL}/oidc/{path}", timeout=TIMEOUT, allow_redirects=False, **what)
        except requests.RequestException as error:
            raise Away("the server does not answer") from error

    def _load(self, number: str | None) -> dict:
        text = number and self._redis.get(PREFIX + number)
        if not text:
            raise Ended
        return json.loads(text)

    def _save(self, number: str, tokens: dict) -> None:
        kept = {name: tokens[name] for name in ("access_token", "refresh_token", "id_token")}
        kept["begun"] = tokens.get("begun", time.time())
        self._redis.set(PREFIX + number, json.dumps(kept), ex=SECONDS)
