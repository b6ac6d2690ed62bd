"""What a server says when it cannot do as asked: a sentence to its operator, to a client a gRPC status as etcd's."""

from __future__ import annotations

import grpc

from raftproof.impl.kv import Refused
from raftproof.impl.kv.errors import Compacted, FutureRevision, LeaseNotFound


class CannotStart(Exception):
    """The server cannot start, or cannot go on, for a reason its operator can mend; the message says which."""


class Stopped(CannotStart):
    """The server came to an end by itself: its disk failed, or the cluster removed it."""


class ApiError(Exception):
    """A request fails with this status."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message

    @property
    def is_unavailable(self) -> bool:
        """Whether the cluster, and not the request, is the reason."""
        return self.code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


_OUT_OF_RANGE = (Compacted, FutureRevision)


def status_of(refused: Refused) -> ApiError:
    """The store's refusals as etcd reports them."""
    if isinstance(refused, _OUT_OF_RANGE):
        code = grpc.StatusCode.OUT_OF_RANGE
    elif isinstance(refused, LeaseNotFound):
        code = grpc.StatusCode.NOT_FOUND
    else:
        code = grpc.StatusCode.INVALID_ARGUMENT
    return ApiError(code, str(refused))


def _etcd(code: grpc.StatusCode, message: str) -> ApiError:
    return ApiError(code, f"etcdserver: {message}")


def no_leader() -> ApiError:
    """No leader within the time a request may take: the quorum is lost, or this server is cut off from it."""
    return _etcd(grpc.StatusCode.UNAVAILABLE, "no leader")


def timed_out() -> ApiError:
    """There is a leader, and the request was not committed in time. It may yet be."""
    return _etcd(grpc.StatusCode.UNAVAILABLE, "request timed out")


def leader_failed() -> ApiError:
    """The leader that had the request is gone. The request may yet be committed by the next."""
    return _etcd(grpc.StatusCode.UNAVAILABLE, "request timed out, possibly due to previous leader failure")


def too_many_requests() -> ApiError:
    """The leader has too much that is not committed."""
    return _etcd(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many requests")


def stopped() -> ApiError:
    """The server is stopping."""
    return _etcd(grpc.StatusCode.UNAVAILABLE, "server stopped")


def too_large() -> ApiError:
    """More bytes than a request may have."""
    return _etcd(grpc.StatusCode.INVALID_ARGUMENT, "request is too large")


def member_not_found() -> ApiError:
    """No member has this id."""
    return _etcd(grpc.StatusCode.NOT_FOUND, "member not found")


def precondition(message: str) -> ApiError:
    """The cluster is not in a state that allows the request."""
    return _etcd(grpc.StatusCode.FAILED_PRECONDITION, message)


def unhealthy() -> ApiError:
    """Too many members are down for what is asked."""
    return _etcd(grpc.StatusCode.UNAVAILABLE, "unhealthy cluster")


def invalid(message: str) -> ApiError:
    """The request makes no sense."""
    return _etcd(grpc.StatusCode.INVALID_ARGUMENT, message)


def not_served(method: str) -> ApiError:
    """A method of etcd's API, or of none, that is not answered here."""
    return ApiError(grpc.StatusCode.UNIMPLEMENTED, f"raftproof does not serve {method}")


def unknown_alarm() -> ApiError:
    """Alarms can only be listed here: nothing raises one."""
    return _etcd(grpc.StatusCode.UNIMPLEMENTED, "alarms can only be listed")
