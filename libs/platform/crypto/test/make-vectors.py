"""Writes vectors.json with pyca/cryptography: a second implementation of the stored formats, for the tests only.

Run it by hand and only when a suite is added; what is written down must never change, databases are full of it.
"""

import hashlib
import json
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

INSTALLATION = "6f0a1f8e-5f0d-4a52-9c3a-0d9f3a4b5c6d"
PERSON = "0b7c2a9e-1d3f-4e5a-8b6c-7d8e9fa0b1c2"
KEY_ID = "11223344-5566-4778-8990-aabbccddeeff"

ROWS = {
    "tokenset access": ["tokenset", INSTALLATION, PERSON, "ts_1a", "con_1a", "subject é", "https://idp.example", "access", "1"],
    "tokenset refresh": ["tokenset", INSTALLATION, PERSON, "ts_1a", "con_1a", "subject é", "https://idp.example", "refresh", "4294967296"],
    "tokenset key": ["tokenset-key", INSTALLATION, "ts_1a", KEY_ID],
    "installation key": ["installation-key", INSTALLATION, "tokensets", KEY_ID, "3"],
    "intake key": ["intake-key", INSTALLATION, KEY_ID],
    "identity secret": ["signing-key", INSTALLATION, "owner", "private_jwk"],
    "pending redeem": ["pending-redeem", INSTALLATION, "cs_1a", "con_1a", "https://idp.example", "refresh"],
}


def aad(parts):
    parts = ["strongroom/aad/1", *parts]
    return b"".join(struct.pack(">I", len(p.encode())) + p.encode() for p in parts)


def hkdf(key, info, length):
    return HKDF(algorithm=hashes.SHA512(), length=length, salt=None, info=info).derive(key)


def record(key, key_id, nonce, plaintext, bound_to):
    okm = hkdf(key, b"strongroom/record/1" + key_id, 64)
    return b"SR\x01\x01" + key_id + nonce + okm[32:] + AESGCM(okm[:32]).encrypt(nonce, plaintext, bound_to)


def labeled_extract(suite_id, salt, label, ikm):
    return HKDF.extract(hashes.SHA256(), salt, b"HPKE-v1" + suite_id + label + ikm)


def labeled_expand(suite_id, prk, label, info, length):
    labeled = struct.pack(">H", length) + b"HPKE-v1" + suite_id + label + info
    return HKDFExpand(algorithm=hashes.SHA256(), length=length, info=labeled).derive(prk)


def hpke_seal(ephemeral, recipient, info, bound_to, plaintext):
    """RFC 9180, base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM."""
    enc = ephemeral.public_key().public_bytes_raw()
    kem, suite = b"KEM" + struct.pack(">H", 0x20), b"HPKE" + struct.pack(">HHH", 0x20, 1, 2)
    shared = labeled_expand(kem, labeled_extract(kem, b"", b"eae_prk", ephemeral.exchange(recipient)),
                            b"shared_secret", enc + recipient.public_bytes_raw(), 32)
    context = b"\x00" + labeled_extract(suite, b"", b"psk_id_hash", b"") + labeled_extract(suite, b"", b"info_hash", info)
    secret = labeled_extract(suite, shared, b"secret", b"")
    key = labeled_expand(suite, secret, b"key", context, 32)
    nonce = labeled_expand(suite, secret, b"base_nonce", context, 12)
    return enc + AESGCM(key).encrypt(nonce, plaintext, bound_to)


def filled(label, length):
    return hashlib.shake_256(label.encode()).digest(length)


def main():
    records = []
    for name, parts in ROWS.items():
        key, nonce = filled("key " + name, 32), filled("nonce " + name, 12)
        plaintext = ("cnry_" + name).encode()
        sealed = record(key, bytes.fromhex(KEY_ID.replace("-", "")), nonce, plaintext, aad(parts))
        records.append(
            dict(name=name, keyId=KEY_ID, key=key.hex(), nonce=nonce.hex(), parts=parts, aad=aad(parts).hex(),
                 plaintext=plaintext.decode(), record=sealed.hex())
        )

    master = filled("master key", 32)
    master_id = hashlib.sha256(b"strongroom/mk-id" + b"2026-a").digest()[:16]
    wrapped = record(hkdf(master, b"strongroom/kek/1" + b"tokensets", 32), master_id, filled("nonce wrapped", 12),
                     filled("installation key", 32), aad(ROWS["installation key"]))

    private = X25519PrivateKey.from_private_bytes(filled("intake key", 32))
    boxes = []
    for purpose, owner, field in [("connection-credential", "con_1a", "client_secret"), ("provider-code", "cs_1a", "code"),
                                  ("pkce-verifier", "cs_1a", "verifier")]:
        ephemeral = X25519PrivateKey.from_private_bytes(filled("ephemeral " + purpose, 32))
        sealed = hpke_seal(ephemeral, private.public_key(), b"strongroom/intake/1",
                           aad([purpose, INSTALLATION, "con_1a", owner, field]), ("cnry_" + field).encode())
        box = b"SB\x01\x01" + bytes.fromhex(KEY_ID.replace("-", "")) + sealed
        boxes.append(dict(purpose=purpose, connectionId="con_1a", ownerId=owner, field=field, plaintext="cnry_" + field,
                          box=box.hex()))

    vectors = dict(
        installationId=INSTALLATION, personId=PERSON, keyId=KEY_ID, records=records,
        masterKey=dict(id="2026-a", key=master.hex(), context="tokensets", version=3,
                       installationKey=filled("installation key", 32).hex(), wrapped=wrapped.hex()),
        intake=dict(privateKey=filled("intake key", 32).hex(), publicKey=private.public_key().public_bytes_raw().hex(),
                    boxes=boxes),
    )
    with open("vectors.json", "w", encoding="utf-8") as out:
        json.dump(vectors, out, indent=2, ensure_ascii=False)
        out.write("\n")


main()
