"""The methods of etcd's v3 API that are answered here: service, method, our function, request, response."""

from __future__ import annotations

from typing import Any

from raftproof.impl.server.proto import rpc_pb2 as pb

PACKAGE = "etcdserverpb"

METHODS: dict[str, dict[str, tuple[str, Any, Any]]] = {
    "KV": {
        "Range": ("range", pb.RangeRequest, pb.RangeResponse),
        "Put": ("put", pb.PutRequest, pb.PutResponse),
        "DeleteRange": ("delete_range", pb.DeleteRangeRequest, pb.DeleteRangeResponse),
        "Txn": ("txn", pb.TxnRequest, pb.TxnResponse),
        "Compact": ("compact", pb.CompactionRequest, pb.CompactionResponse),
    },
    "Cluster": {
        "MemberList": ("member_list", pb.MemberListRequest, pb.MemberListResponse),
        "MemberAdd": ("member_add", pb.MemberAddRequest, pb.MemberAddResponse),
        "MemberRemove": ("member_remove", pb.MemberRemoveRequest, pb.MemberRemoveResponse),
        "MemberPromote": ("member_promote", pb.MemberPromoteRequest, pb.MemberPromoteResponse),
    },
    "Maintenance": {
        "Alarm": ("alarm", pb.AlarmRequest, pb.AlarmResponse),
        "Status": ("status", pb.StatusRequest, pb.StatusResponse),
        "HashKV": ("hash_kv", pb.HashKVRequest, pb.HashKVResponse),
        "MoveLeader": ("move_leader", pb.MoveLeaderRequest, pb.MoveLeaderResponse),
    },
}
