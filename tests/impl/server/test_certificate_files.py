"""Files of certificates that cannot be used: the sentence names the file, and nobody is asked for a passphrase."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from raftproof.impl.server.errors import CannotStart
from raftproof.impl.server.settings import Certificates
from raftproof.impl.server.tls import channel_credentials, peer_contexts
from tests.impl.server.certificates import Authority


def refused(files: Certificates) -> str:
    with pytest.raises(CannotStart) as refusal:
        peer_contexts(files)
    with pytest.raises(CannotStart) as to_a_client:
        channel_credentials(files)
    assert str(refusal.value) == str(to_a_client.value)
    return str(refusal.value)


def test_what_is_wrong_with_which_file(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ours")
    ca, (cert, key), (_, others_key) = str(authority.certificate), authority.issue("s1"), authority.issue("s2")
    peer_contexts(Certificates(str(cert), str(key), ca))
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("hello")
    locked = tmp_path / "locked.key"
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    secret = serialization.BestAvailableEncryption(b"secret")
    locked.write_bytes(private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, secret))
    for files, sentence in (
        ((cert, "/nowhere/key", ca), "/nowhere/key: No such file or directory"),
        ((cert, key, tmp_path), f"{tmp_path}: Is a directory"),
        ((cert, key, garbage), f"{garbage}: no certificate of an authority stands there in PEM"),
        ((cert, others_key, ca), f"{cert}, {others_key}: the certificate is of another key"),
        ((garbage, key, ca), f"{garbage}, {key}: write both in PEM, without a passphrase"),
        ((cert, locked, ca), f"{cert}, {locked}: write both in PEM, without a passphrase"),
    ):
        assert refused(Certificates(*map(str, files))) == sentence
