"""Superset's settings. Secrets are files; see compose.yaml for who else has them."""

from pathlib import Path
from urllib.parse import quote

import redis
from cachelib.redis import RedisCache


def secret(name: str) -> str:
    return Path("/run/secrets", name).read_text().strip()


SECRET_KEY = secret("superset-secret-key")
SQLALCHEMY_DATABASE_URI = (
    f"postgresql+psycopg2://superset:{quote(secret('superset-database-password'))}@postgres:5432/superset"
)

# --- Redis: caches, sessions and limits; this user may use keys of these prefixes only -----------------------------

_password = secret("superset-redis-password")
_redis = f"redis://superset:{quote(_password)}@redis:6379/0"
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
DATA_CACHE_CONFIG = _cache("data", 300)
FILTER_STATE_CACHE_CONFIG = _cache("filters", 30 * 86_400)
EXPLORE_FORM_DATA_CACHE_CONFIG = _cache("explore", 7 * 86_400)
RESULTS_BACKEND = RedisCache(
    host="redis",
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

# --- behind the edge -------------------------------------------------------------------------------------------------

ENABLE_PROXY_FIX = True
PREFERRED_URL_SCHEME = "https"

# --- what there is ---------------------------------------------------------------------------------------------------

FEATURE_FLAGS = {
    "DASHBOARD_RBAC": True,
    "ENABLE_TEMPLATE_PROCESSING": True,
    # Otherwise one user could be shown rows that were cached for another.
    "CACHE_QUERY_BY_USER": True,
}
AUTH_USER_REGISTRATION = False
PUBLIC_ROLE_LIKE = None
SQLLAB_TIMEOUT = 60
SUPERSET_WEBSERVER_TIMEOUT = 60
ROW_LIMIT = 50_000
WTF_CSRF_TIME_LIMIT = None
