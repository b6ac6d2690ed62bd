"""A real server, its client, and a cluster of them on one machine; docs/impl/server.md says how a request goes.

    run(ServerSettings(…))      one server, until it is asked to stop            run, settings
    Server, serve_clients       the member of the cluster; its gRPC API          server, clients
    Client                      calls ours or a real etcd's                      client
    LocalCluster                processes on this machine                        local

The files: `settings`, `addresses` and `directory` (who a server is), `beginning` (found, join, recover), `server`
(core, log and machine brought together), `writer` (the thread that syncs), `machine` (what is replicated); `mesh`
(the connections of all servers), `peers` (one of them), `tls`; `requests` (what waits for the cluster's answer),
`gathering` (which proposals go together), `waiting` and `reads` (who waits for what); and for clients `clients`
(grpc.aio), `methods`, `convert` and `proto` (etcd's messages), `api` (what each call does), `changes` (which changes
of membership are let in), `errors` (in etcd's words).
"""
