"""A server and a client on real disks and sockets."""
