"""The keys that clients publish at their `jwks_uri`: fetched now and then, and remembered while an address is away."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from idp.outbound.fetch import Answer, Unreachable

# A key that a client has replaced is believed for so long, and its new one unknown.
_FETCH_AGAIN = 60
_LAST_KNOWN_GOOD = 3600
_MOST_KEYS = 20
# A client that registered itself may change its address for ever.
_MOST_ADDRESSES = 1000

Keys = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Found:
    keys: Keys
    tried_at: int
    found_at: int


class KeySets:
    """Safe to use from many threads. Nothing here is more than a cache."""

    def __init__(self, get: Callable[[str], Answer], clock: Callable[[], int]) -> None:
        self._get = get
        self._clock = clock
        self._found: dict[str, _Found] = {}
        self._fetching: dict[str, threading.Lock] = {}

    def fetch(self, url: str) -> None:
        """Look at the address, if nobody has for a minute. One thread looks; the others go on with what is known."""
        found = self._found.get(url)
        if found is not None and self._clock() - found.tried_at < _FETCH_AGAIN:
            return
        lock = self._fetching.setdefault(url, threading.Lock())
        if not lock.acquire(blocking=found is None):
            return
        try:
            if self._found.get(url) is found:
                self._found[url] = self._looked_up(url, found)
        finally:
            lock.release()
        if len(self._found) > _MOST_ADDRESSES:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        """All but the half that was looked at last; whoever still needs one of them fetches it again."""
        by_age = sorted(self._found.items(), key=lambda item: item[1].tried_at)
        for url, _ in by_age[: len(by_age) // 2]:
            self._found.pop(url, None)
            self._fetching.pop(url, None)

    def known(self, url: str) -> Keys:
        """What the address said last, within an hour; nothing is fetched."""
        found = self._found.get(url)
        return () if found is None or self._clock() - found.found_at > _LAST_KNOWN_GOOD else found.keys

    def _looked_up(self, url: str, before: _Found | None) -> _Found:
        now = self._clock()
        keys = _keys_in(self._answer(url))
        if keys is not None:
            return _Found(keys, now, now)
        return _Found(before.keys, now, before.found_at) if before else _Found((), now, now)

    def _answer(self, url: str) -> Answer | None:
        try:
            return self._get(url)
        except Unreachable:
            return None


def _keys_in(answer: Answer | None) -> Keys | None:
    """RFC 7517 section 5; None for what is no key set."""
    if answer is None or answer.status != 200:
        return None
    try:
        keys = json.loads(answer.body)["keys"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        return None
    return tuple(keys[:_MOST_KEYS])
