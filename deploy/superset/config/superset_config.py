"""Superset's settings. Secrets are files; see compose.yaml for who else has them."""

import os
import re
from pathlib import Path
from urllib.parse import quote

import redis
from cachelib.redis import RedisCache
from flask_appbuilder.const import AUTH_OAUTH
from guard import guard
from no_events import NoEvents
from openid import ROLES, provider
from security import OpenIdSecurityManager, RobowatchSecurityManager
from sign_ins import SignIns
from viewers import connection_mutator


def secret(name: str) -> str:
    return Path("/run/secrets", name).read_text().strip()


SECRET_KEY = secret("superset-secret-key")
# While ./rotate replaces the key.
if Path("/run/secrets/superset-secret-key-former").exists():
    PREVIOUS_SECRET_KEY = secret("superset-secret-key-former")
SQLALCHEMY_DATABASE_URI = (
    f"postgresql+psycopg2://superset:{quote(secret('superset-database-password'))}@postgres:5432/superset"
)

# Both workers' stay below the role's limit of connections.
SQLALCHEMY_ENGINE_OPTIONS = {"pool_size": 5, "max_overflow": 20}

# --- Redis: caches, sessions and limits; this user may use keys of these prefixes only -----------------------------

_password = secret("superset-redis-password")
_redis = f"redis://superset:{quote(_password)}@redis-superset:6379/0"
# Seconds; without them, requests would hang while Redis is down.
_timeouts = {"socket_timeout": 5, "socket_connect_timeout": 3}


def _cache(name: str, seconds: int) -> dict:
    return {
        "CACHE_TYPE": "RedisCache",
        "CACHE_REDIS_URL": _redis,
        "CACHE_KEY_PREFIX": f"superset:{name}:",
        "CACHE_DEFAULT_TIMEOUT": seconds,
        "CACHE_OPTIONS": _timeouts,
    }


CACHE_CONFIG = _cache("metadata", 86_400)
# A minute, within which what somebody may see has changed.
DATA_CACHE_CONFIG = _cache("data", 60)
FILTER_STATE_CACHE_CONFIG = _cache("filters", 7 * 86_400)
EXPLORE_FORM_DATA_CACHE_CONFIG = _cache("explore", 7 * 86_400)
RESULTS_BACKEND = RedisCache(
    host="redis-superset",
    username="superset",
    password=_password,
    key_prefix="superset:results:",
    default_timeout=86_400,
    **_timeouts,
)
RATELIMIT_STORAGE_URI = _redis
RATELIMIT_STORAGE_OPTIONS = _timeouts

# On the server: a cookie would be signed, but readable.
SESSION_SERVER_SIDE = True
SESSION_TYPE = "redis"
SESSION_REDIS = redis.from_url(_redis, **_timeouts)
SESSION_KEY_PREFIX = "superset:session:"
SESSION_COOKIE_NAME = "superset_session"
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

# Bytes; of users less, see user_limits.py. This is for what administrators import.
MAX_CONTENT_LENGTH = 16 * 1024**2

# --- behind the edge -------------------------------------------------------------------------------------------------

ENABLE_PROXY_FIX = True
PREFERRED_URL_SCHEME = "https"

# Nothing is fetched from elsewhere, nor told to it: Superset's pages ask for a picture that counts its users.
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    # The edge does.
    "force_https": False,
    "session_cookie_secure": True,
}

# --- who is there ----------------------------------------------------------------------------------------------------

WEB_APP = os.environ.get("PUBLIC_URL", "").rstrip("/")
CUSTOM_SECURITY_MANAGER = RobowatchSecurityManager
AUTH_USER_REGISTRATION = False
PUBLIC_ROLE_LIKE = None
# Without it, people have accounts and passwords of Superset's own.
if Path("/run/secrets/oidc-superset-secret").exists():
    _secret = secret("oidc-superset-secret")
    AUTH_TYPE = AUTH_OAUTH
    OAUTH_PROVIDERS = [provider(_secret, WEB_APP)]
    CUSTOM_SECURITY_MANAGER = OpenIdSecurityManager
    AUTH_USER_REGISTRATION = True
    AUTH_USER_REGISTRATION_ROLE = ROLES["user"]
    AUTH_ROLES_MAPPING = {key: [name] for key, name in ROLES.items()}
    AUTH_ROLES_SYNC_AT_LOGIN = True
    # For the local administrator, and nobody else: see security.py.
    AUTH_API_LOGIN_ALLOW_MULTIPLE_PROVIDERS = True
    SIGN_INS = SignIns(SESSION_REDIS, _secret)

    def FLASK_APP_MUTATOR(app) -> None:
        guard(app, SIGN_INS, WEB_APP, SESSION_REDIS)


# --- whose robots ----------------------------------------------------------------------------------------------------

DB_CONNECTION_MUTATOR = connection_mutator(secret("bi-viewer-key"))

# --- what there is ---------------------------------------------------------------------------------------------------

FEATURE_FLAGS = {
    "DASHBOARD_RBAC": True,
    "ENABLE_TEMPLATE_PROCESSING": True,
    # Otherwise one user could be shown rows that were cached for another.
    "CACHE_QUERY_BY_USER": True,
}
# Datasets make links to robots of it; it becomes part of SQL.
JINJA_CONTEXT_ADDONS = {"web_app": WEB_APP if re.fullmatch(r"https?://[\w.:\[\]-]+(/[\w./-]*)?", WEB_APP) else ""}
EVENT_LOGGER = NoEvents()
SQLLAB_TIMEOUT = 60
SUPERSET_WEBSERVER_TIMEOUT = 60
ROW_LIMIT = 50_000
WTF_CSRF_TIME_LIMIT = None
