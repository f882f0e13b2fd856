"""Signs in as Superset does, with the Authlib that it brings. Prints a line of JSON, reads where the browser came back."""

import json
import sys

from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet

public, inside, secret, redirect_uri = sys.argv[1:]
client = OAuth2Session(
    "superset",
    secret,
    scope="openid profile email",
    redirect_uri=redirect_uri,
    code_challenge_method="S256",
    token_endpoint_auth_method="client_secret_basic",
    token_endpoint=f"{inside}/oidc/token",
)
verifier = "v" * 64
url, state = client.create_authorization_url(f"{public}/oidc/auth", code_verifier=verifier, nonce="n-1")
print(json.dumps({"url": url}), flush=True)

back = sys.stdin.readline().strip()
token = client.fetch_token(f"{inside}/oidc/token", authorization_response=back, code_verifier=verifier, state=state)
keys = KeySet.import_key_set(client.get(f"{inside}/oidc/jwks", withhold_token=True).json())
id_token = jwt.decode(token["id_token"], keys, algorithms=["RS256"])
rules = {"iss": f"{public}/oidc", "aud": "superset", "nonce": "n-1"}
jwt.JWTClaimsRegistry(**{name: {"essential": True, "value": value} for name, value in rules.items()}).validate(
    id_token.claims
)
info = client.get(f"{inside}/oidc/me").json()
renewed = client.refresh_token(f"{inside}/oidc/token", refresh_token=token["refresh_token"])
print(json.dumps({"claims": id_token.claims, "info": info, "renewed": renewed["access_token"] != token["access_token"]}))
