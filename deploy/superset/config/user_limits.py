"""How much users may send, at once and in all: Superset itself would take anything, and as many as there are."""

import re
import threading

from flask import Request, Response, g

# Bytes. A chart's request has some 3,000, and one of many filters some more.
LARGEST_BODY = 65_536
LARGEST_STATE = 16_384
# In one worker, of one user: others wait, and more are refused. A browser sends some 25 for a dashboard.
AT_ONCE = 3
HELD = 30
SECONDS = 30
# Of each user: a browser has one for each tab and dashboard.
STATES = 50
FILTER_STATE = re.compile(r"/api/v1/dashboard/(\d+)/filter_state(?:/([\w-]+))?")


def is_too_large(request: Request) -> bool:
    """Also makes reading fail of what does not say how long it is."""
    most = LARGEST_STATE if FILTER_STATE.fullmatch(request.path) else LARGEST_BODY
    request.max_content_length = most
    return (request.content_length or 0) > most


class Turns:
    """The requests of one user wait for each other, so that threads are left for everybody else."""

    def __init__(self):
        self._lock = threading.Lock()
        self._held: dict[int, list] = {}

    def take(self, user: int, before_waiting) -> bool:
        """False when there are too many. Otherwise it is given back when the request ends."""
        with self._lock:
            turn = self._held.setdefault(user, [0, threading.Semaphore(AT_ONCE)])
            if turn[0] >= HELD:
                return False
            turn[0] += 1
        if not turn[1].acquire(blocking=False):
            before_waiting()
            if not turn[1].acquire(timeout=SECONDS):
                self._leave(user)
                return False
        g.robowatch_turn = user
        return True

    def give_back(self, _error=None) -> None:
        user = g.pop("robowatch_turn", None)
        if user is not None:
            self._held[user][1].release()
            self._leave(user)

    def _leave(self, user: int) -> None:
        with self._lock:
            self._held[user][0] -= 1
            if self._held[user][0] == 0:
                del self._held[user]


def forget_older_states(redis, request: Request, reply: Response, user: int) -> None:
    """After somebody's filters were stored: of each user the newest are kept."""
    from superset.extensions import cache_manager
    from superset.temporary_cache.utils import cache_key

    key = (reply.get_json(silent=True) or {}).get("key") if reply.status_code in (200, 201) else None
    if request.method not in ("POST", "PUT") or not key:
        return
    mine = f"superset:filters-of:{user}"
    entry = cache_key(FILTER_STATE.fullmatch(request.path)[1], key)
    steps = redis.pipeline()
    steps.lrem(mine, 0, entry).lpush(mine, entry).lrange(mine, STATES, -1).ltrim(mine, 0, STATES - 1)
    for former in steps.expire(mine, 7 * 86_400).execute()[2]:
        cache_manager.filter_state_cache.delete(former.decode())
