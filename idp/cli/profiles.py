"""The report of `idp check --profiles`: what the realm and each client meet, what they miss, why, and what mends it."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from idp.realm.client_sections import Client
from idp.realm.points import OPENID, PROFILES, By, Lack, Point, seen_to, standing
from idp.realm.schema import Realm


def lines(path: str, realm: Realm, clients: Iterable[Client]) -> Iterator[str]:
    """For people: what holds for every client once, then each client."""
    others = groupby(sorted(seen_to(By.OTHERS), key=lambda p: p.whose), key=lambda p: p.whose)
    yield f"realm {realm.name} ({path})"
    yield f"  always met: {_named(seen_to(By.SERVER))}"
    yield f"  never met: {'; '.join(f'{_named([p])}, {p.says}' for p in seen_to(By.NOBODY))}"
    yield f"  not to be seen here: {'; '.join(f'{_named(list(points))} ({whose})' for whose, points in others)}"
    for client in clients:
        yield ""
        yield from _of_client(realm, client)
    yield ""


def document(path: str, realm: Realm, clients: Iterable[Client]) -> dict[str, Any]:
    """The same for programs."""
    return {
        "realm": realm.name,
        "path": path,
        "always": [_point(p) for p in seen_to(By.SERVER)],
        "never": [_point(p) for p in seen_to(By.NOBODY)],
        "others": [_point(p) | {"whose": p.whose} for p in seen_to(By.OTHERS)],
        "clients": [_document(realm, client) for client in clients],
    }


def written(documents: Sequence[dict[str, Any]], *, problems: Iterable[object], warnings: Iterable[object]) -> str:
    """One JSON document of all realms, with what is wrong with their files as the lines of `idp check`."""
    said = {"problems": list(map(str, problems)), "warnings": list(map(str, warnings)), "realms": documents}
    return json.dumps(said, indent=2, ensure_ascii=False)


def _of_client(realm: Realm, client: Client) -> Iterator[str]:
    stands = standing(realm, client)
    of_profiles = tuple(lack for lack in stands.lacks if set(lack.points) <= set(PROFILES))
    of_points = tuple(lack for lack in stands.lacks if lack not in of_profiles)
    yield client.client_id + (f" ({client.client_name})" if client.client_name else "")
    yield f"  met: {_named(stands.met) or 'nothing besides'}"
    if of_points:
        yield f"  missed: {_named([p for p in stands.missed if p not in PROFILES])}"
        yield from _lines_of(of_points)
    if profiles := [p for p in stands.missed if p in PROFILES]:
        yield f"  missed: {_named(profiles)}"
        yield from _lines_of(of_profiles)


def _lines_of(lacks: Iterable[Lack]) -> Iterator[str]:
    for lack in lacks:
        yield f"    {', '.join(lack.keys)}"
        yield f"      {'; '.join(lack.whys)}: {_named(lack.points, is_graded=True)}"


def _document(realm: Realm, client: Client) -> dict[str, Any]:
    stands = standing(realm, client)
    return {
        "client_id": client.client_id,
        "meets": [_point(p) for p in stands.met],
        "misses": [_lack(lack) for lack in stands.lacks],
    }


def _lack(lack: Lack) -> dict[str, Any]:
    return {"set": list(lack.keys), "why": list(lack.whys), "points": [_point(p) for p in lack.points]}


def _point(point: Point) -> dict[str, str]:
    return {"source": point.source, "id": point.id, "grade": point.grade, "says": point.says}


def _named(points: Iterable[Point], *, is_graded: bool = False) -> str:
    """`Basic OP; RFC 9700 2.1, 2.4; ASVS 5.0 10.4.2-10.4.5`, the grade once for all that have the same one."""
    parts = []
    for (source, grade), of_kind in groupby(points, key=lambda p: (p.source, p.grade if is_graded else "")):
        named = ", ".join(_runs(p.id for p in of_kind))
        parts.append(f"{'' if source == OPENID else f'{source} '}{named}{f' ({grade})' if grade else ''}")
    return "; ".join(parts)


def _runs(ids: Iterable[str]) -> Iterator[str]:
    """Those that follow one another in one."""
    run: list[str] = []
    for id_ in (*ids, ""):
        if run and not _follows(run[-1], id_):
            yield run[0] if len(run) == 1 else f"{run[0]}-{run[-1]}"
            run = []
        run.append(id_)


def _follows(one: str, other: str) -> bool:
    (before, _, last), (section, _, number) = one.rpartition("."), other.rpartition(".")
    return before == section and last.isdecimal() and number.isdecimal() and int(number) == int(last) + 1
