"""Reading a range: filter, sort, cut; in etcd's order (`etcdserver/apply.go`, Range), its oddities included."""

from __future__ import annotations

from operator import attrgetter

from raftproof.impl.kv.history import History
from raftproof.impl.kv.requests import Range, RangeResult, SortOrder, SortTarget, Version

_SORT_KEY = {
    SortTarget.KEY: attrgetter("key"),
    SortTarget.VERSION: attrgetter("version"),
    SortTarget.CREATE: attrgetter("create_revision"),
    SortTarget.MOD: attrgetter("mod_revision"),
    SortTarget.VALUE: attrgetter("value"),
}


def read(history: History, request: Range, newest: int) -> RangeResult:
    """The keys of a range as of the request's revision, or as of `newest`."""
    found = history.range(request.key, request.range_end, request.revision if request.revision > 0 else newest)
    count = len(found)
    if request.count_only:
        return RangeResult(newest, [], count)
    if _takes_all(request):
        found = [version for version in found if _within(version, request)]
    elif request.limit > 0:
        found = found[: request.limit + 1]  # one more tells whether there is more
    order = request.sort_order
    if request.sort_target is not SortTarget.KEY and order is SortOrder.NONE:
        order = SortOrder.ASCEND
    if order is SortOrder.DESCEND or request.sort_target is not SortTarget.KEY:
        found.sort(key=_SORT_KEY[request.sort_target], reverse=order is SortOrder.DESCEND)
    more = 0 < request.limit < len(found)
    if more:
        del found[request.limit :]
    if request.keys_only:
        found = [_without_value(version) for version in found]
    return RangeResult(newest, found, count, more)


def _takes_all(request: Range) -> bool:
    """Whether the limit counts only after sorting and filtering."""
    return bool(
        request.sort_order
        or request.min_mod_revision
        or request.max_mod_revision
        or request.min_create_revision
        or request.max_create_revision
    )


def _within(version: Version, request: Range) -> bool:
    """A bound of 0 is none."""
    return (
        version.mod_revision >= request.min_mod_revision
        and version.create_revision >= request.min_create_revision
        and (not request.max_mod_revision or version.mod_revision <= request.max_mod_revision)
        and (not request.max_create_revision or version.create_revision <= request.max_create_revision)
    )


def _without_value(version: Version) -> Version:
    return Version(version.key, b"", version.create_revision, version.mod_revision, version.version, version.sub)
