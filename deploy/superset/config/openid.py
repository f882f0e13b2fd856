"""Signing in by Robowatch: what Superset is told of its OpenID provider (docs/flows/sign-in-to-apps.md)."""

import os
import re

PROVIDER = "robowatch"
CLIENT = "superset"
# Where this container reaches the server; browsers use the public address.
API_URL = os.environ.get("ROBOWATCH_API_URL", "http://api:9100").rstrip("/")
ROLES = {"admin": "Admin", "user": "Robowatch user"}
# Seconds.
TIMEOUT = 4


def issuer(public_url: str) -> str:
    return f"{public_url}/oidc"


def provider(secret: str, public_url: str) -> dict:
    """For OAUTH_PROVIDERS. Nothing is discovered, so Superset starts without the server."""
    return {
        "name": PROVIDER,
        "icon": "fa-sign-in",
        "token_key": "access_token",
        "remote_app": {
            "client_id": CLIENT,
            "client_secret": secret,
            "issuer": issuer(public_url),
            "authorize_url": f"{issuer(public_url)}/auth",
            "access_token_url": f"{API_URL}/oidc/token",
            "jwks_uri": f"{API_URL}/oidc/jwks",
            "id_token_signing_alg_values_supported": ["RS256"],
            "client_kwargs": {
                "scope": "openid profile email",
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": "client_secret_basic",
                "timeout": TIMEOUT,
            },
        },
    }


def person(claims: dict) -> dict:
    """What Superset keeps of a person. Empty, which lets nobody in, when it cannot be one of ours."""
    email, role = claims.get("email"), claims.get("role")
    # The local administrator's name is none, so nobody becomes that. Superset's column is that long.
    if not isinstance(email, str) or not re.fullmatch(r"[^@\s]+@[^@\s]+", email) or len(email) > 128 or role not in ROLES:
        return {}
    first, _, last = str(claims.get("name") or email).strip().partition(" ")
    return {"username": email, "email": email, "first_name": first[:64], "last_name": last[:64], "role_keys": [role]}
