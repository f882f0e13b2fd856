"""Tells PostgreSQL who is looking, so that its views show only their robots: see bi_viewer() in the server's migrations."""

import hashlib
import time

ROLE = "robowatch_bi"
# The local administrator, who has no account in Robowatch.
ADMIN = "admin"
# As long as the longest query, and a queue before it.
SECONDS = 300


def token(key: str, username: str | None, now: float) -> str:
    """`<e-mail in hex, or all>.<expiry>.<MAC>`"""
    subject = "all" if username == ADMIN else (username or "").encode().hex()
    message = f"{subject}.{int(now) + SECONDS}"
    inner = hashlib.sha256(key.encode() + message.encode()).digest()
    return f"{message}.{hashlib.sha256(key.encode() + inner).hexdigest()}"


def connection_mutator(key: str):
    """For DB_CONNECTION_MUTATOR. Whatever options a database was given are replaced."""

    def mutate(uri, params, username, _security_manager, _source):
        if uri.username == ROLE:
            options = {"robowatch.viewer": token(key, username, time.time()), "default_transaction_read_only": "on"}
            connect_args = params.setdefault("connect_args", {})
            connect_args["options"] = " ".join(f"-c {name}={value}" for name, value in options.items())
            uri = uri.difference_update_query(["options"])
        return uri, params

    return mutate
