"""Certificates: loaded once, at the start, so that a wrong file is a sentence and not a broken connection later."""

from __future__ import annotations

import ssl
from pathlib import Path

import grpc

from raftproof.impl.server.errors import CannotStart
from raftproof.impl.server.settings import Certificates


def peer_contexts(files: Certificates) -> tuple[ssl.SSLContext | None, ssl.SSLContext | None]:
    """For listening and for dialling: the same certificate, and with a trusted CA the other side's is checked."""
    if not files.cert_file:
        return None, None
    return _context(files, ssl.Purpose.CLIENT_AUTH), _context(files, ssl.Purpose.SERVER_AUTH)


def _context(files: Certificates, purpose: ssl.Purpose) -> ssl.SSLContext:
    for path in (files.trusted_ca_file, files.cert_file, files.key_file):
        _read(path)
    try:
        context = ssl.create_default_context(purpose, cafile=files.trusted_ca_file or None)
    except ssl.SSLError:
        raise CannotStart(f"{files.trusted_ca_file}: no certificate of an authority stands there in PEM") from None
    try:
        if files.cert_file:
            context.load_cert_chain(files.cert_file, files.key_file, password="")  # or it would ask for one
    except ssl.SSLError as error:
        is_mismatch = error.reason == "KEY_VALUES_MISMATCH"
        what = "the certificate is of another key" if is_mismatch else "write both in PEM, without a passphrase"
        raise CannotStart(f"{files.cert_file}, {files.key_file}: {what}") from None
    if purpose is ssl.Purpose.CLIENT_AUTH and files.trusted_ca_file:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def check_files(files: Certificates) -> None:
    """Say what is wrong with them before anything is begun; gRPC would not. Raises CannotStart."""
    if files.cert_file:
        _context(files, ssl.Purpose.CLIENT_AUTH)


def server_credentials(files: Certificates) -> grpc.ServerCredentials:
    """For clients of the gRPC API."""
    ca = _read(files.trusted_ca_file)
    return grpc.ssl_server_credentials(
        [(_read(files.key_file) or b"", _read(files.cert_file) or b"")],
        root_certificates=ca,
        require_client_auth=ca is not None,
    )


def channel_credentials(files: Certificates) -> grpc.ChannelCredentials:
    """For a client of the gRPC API; a certificate of its own only where there is one. Raises CannotStart."""
    if bool(files.cert_file) != bool(files.key_file):
        raise CannotStart("a certificate is of use only with its key, and a key with its certificate")
    _context(files, ssl.Purpose.SERVER_AUTH)
    return grpc.ssl_channel_credentials(_read(files.trusted_ca_file), _read(files.key_file), _read(files.cert_file))


def _read(path: str) -> bytes | None:
    if not path:
        return None
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise CannotStart(f"{path}: {error.strerror}") from None
