"""What users' browsers may ask: what our dashboards do. All else is refused before Superset looks at it."""

import re

from flask import Request
from user_limits import FILTER_STATE, is_too_large
from user_lists import are_harmless
from user_queries import fault_of, is_of_dashboard

NOT_FOR_USERS = (403, "This is not for users.")
# Tabs are numbered by the browser.
TAB = re.compile(r"\d{1,4}")
ALLOWED = [
    (methods.split(), re.compile(path))
    for methods, path in [
        ("GET", r"/dashboard/list/"),
        ("GET", r"/superset/dashboard/[\w-]+/?"),
        ("GET", r"/superset/language_pack/\w+/?"),
        ("GET", r"/api/v1/me/(roles/)?"),
        ("GET", r"/api/v1/time_range/"),
        ("GET", r"/api/v1/dashboard/(_info|favorite_status/)?"),
        ("GET", r"/api/v1/dashboard/[\w-]+(/charts|/datasets)?"),
        ("POST", r"/api/v1/dashboard/\d+/filter_state"),
        ("GET PUT", r"/api/v1/dashboard/\d+/filter_state/[\w-]+"),
        ("POST", r"/api/v1/chart/data"),
    ]
]


def refusal_of(request: Request, user_id: int) -> tuple[int, str] | None:
    """A status and what is wrong, or nothing."""
    if not any(request.method in methods and path.fullmatch(request.path) for methods, path in ALLOWED):
        return NOT_FOR_USERS
    if is_too_large(request):
        return 413, "This is too large."
    if request.path == "/api/v1/chart/data":
        return refusal_of_query(request)
    state = FILTER_STATE.fullmatch(request.path)
    if state:
        return None if is_own_state(*state.groups(), user_id) and has_numbered_tab(request) else NOT_FOR_USERS
    return None if are_harmless(request.path, request.args.get("q")) else NOT_FOR_USERS


def refusal_of_query(request: Request) -> tuple[int, str] | None:
    """Superset fills in templates in conditions before it asks whether somebody may send them."""
    try:
        asked = request.get_json(silent=True) if request.is_json else None
    except RecursionError:
        asked = None
    fault = fault_of(asked)
    if fault:
        return 400, fault
    return None if is_of_dashboard(asked) else (403, "This is not what the dashboard asks for.")


def has_numbered_tab(request: Request) -> bool:
    tabs = request.args.getlist("tab_id")
    return len(tabs) <= 1 and all(map(TAB.fullmatch, tabs))


def is_own_state(dashboard: str, key: str | None, user_id: int) -> bool:
    """Superset shows the filters that somebody chose to whoever knows their key."""
    from superset.extensions import cache_manager
    from superset.temporary_cache.utils import cache_key

    entry = key and cache_manager.filter_state_cache.get(cache_key(dashboard, key))
    return not entry or entry.get("owner") == user_id
