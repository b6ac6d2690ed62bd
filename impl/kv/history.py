"""The versions of every key, in the order of the keys: what MVCC is made of.

    _keys      sorted         a          b          k
    _versions  of each       [1,2,†]    [5]        [3,4,†,9]        † is a tombstone: deleted in that revision

A read at revision r takes of each key the newest version whose revision is at most r, unless that is a tombstone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from sortedcontainers import SortedList

from raftproof.impl.kv.requests import Version

NO_END = b"\0"


def _mod_revision(version: Version) -> int:
    return version.mod_revision


class History:
    """All versions that are not compacted."""

    def __init__(self, versions: Iterable[Version] = ()) -> None:
        """Versions of one key must come in the order of their revisions."""
        self._versions: dict[bytes, list[Version]] = {}
        for version in versions:
            self._versions.setdefault(version.key, []).append(version)
        self._keys: SortedList[bytes] = SortedList(self._versions)

    def append(self, version: Version) -> None:
        """A key's newest version. Its revision must not be older than what is there."""
        versions = self._versions.get(version.key)
        if versions is None:
            self._versions[version.key] = [version]
            self._keys.add(version.key)
        else:
            versions.append(version)

    def newest(self, key: bytes) -> Version | None:
        """The key's newest version, or None where it does not exist."""
        versions = self._versions.get(key)
        return versions[-1] if versions and versions[-1].version else None

    def at(self, key: bytes, revision: int) -> Version | None:
        """The key's version as of a revision."""
        versions = self._versions.get(key)
        if versions is None:
            return None
        if versions[-1].mod_revision > revision:
            place = bisect_right(versions, revision, key=_mod_revision)
            if not place:
                return None
            return versions[place - 1] if versions[place - 1].version else None
        return versions[-1] if versions[-1].version else None

    def range(self, key: bytes, range_end: bytes, revision: int) -> list[Version]:
        """The versions as of a revision of every key in [key, range_end), in the order of the keys."""
        if not range_end:
            version = self.at(key, revision)
            return [] if version is None else [version]
        end = None if range_end == NO_END else range_end
        if end is not None and end <= key:
            return []
        keys = self._keys.irange(key, end, inclusive=(True, False))
        return [version for each in keys if (version := self.at(each, revision)) is not None]

    def compact(self, revision: int) -> None:
        """Of each key forget the versions that a newer one, at most `revision`, hides; and tombstones up to there."""
        emptied = []
        for key, versions in self._versions.items():
            place = bisect_right(versions, revision, key=_mod_revision)
            if not place:
                continue
            del versions[: place - 1 if versions[place - 1].version else place]
            if not versions:
                emptied.append(key)
        for key in emptied:
            del self._versions[key]
            self._keys.remove(key)

    def __iter__(self) -> Iterator[Version]:
        """Every version, key by key, older ones first."""
        for key in self._keys:
            yield from self._versions[key]

    def __len__(self) -> int:
        """The number of keys with a history."""
        return len(self._versions)
