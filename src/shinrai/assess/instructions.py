"""VERIFY.txt: how to check one measurement of a bundle by hand, with tools that every Unix has."""

import base64
from textwrap import dedent

from shinrai.evidence.store import Logged
from shinrai_verify.keys import public_der
from shinrai_verify.verify import envelope_leaves


def instructions(logged: Logged, public: bytes, content_sha256: str) -> bytes:
    """Return the text for one piece of evidence.

    logged: the evidence; public: the raw key that signed it; content_sha256: the content that it names. Everything in
    here is a digest, a key or a signature, so that nothing foreign can reach a shell.
    """
    signature = base64.b64encode(logged.envelope.signatures[0].sig).decode()
    pem = base64.b64encode(public_der(public)).decode()
    leaf = envelope_leaves(logged.envelope, logged.statement.predicate_type)[0][0].decode()
    payload = logged.envelope.payload_sha256
    return (
        dedent(
            f"""\
            この束の測定一件を、手作業で確かめる手順です。sha256sum と openssl があれば足ります。
            How to check one measurement of this bundle by hand. You need sha256sum and openssl.

            束全体の検証 / To verify the whole bundle:  shinrai-verify bundle.zip --trust trust.json

            # 0. 展開したフォルダーで実行する / Work in the unpacked folder.
            #    unzip bundle.zip -d bundle && cd bundle
            #    途中のファイルは別の場所に書く / What is made on the way is written elsewhere.
            #    評議の記録（record.zip）も同じ手順で確かめ、同じ検証プログラムで検証できる
            #    The record of a council's round is checked in the same way, and by the same verifier.
            w=$(mktemp -d)

            # 1. 測定値そのもの：要約値がファイル名と一致する
            #    The measurement itself: its digest is its file name.
            echo "{content_sha256}  blobs/sha256/{content_sha256}" | sha256sum -c

            # 2. 署名された文を取り出す：要約値が下の値と一致し、文の中に手順1の要約値がある
            #    Take out the signed statement: its digest is the one below, and it names the digest of step 1.
            grep -F '{signature}' attestations.intoto.jsonl | sed 's/^{{"payload":"\\([^"]*\\)".*/\\1/' | base64 -d > "$w/payload.json"
            echo "{payload}  $w/payload.json" | sha256sum -c
            grep -c {content_sha256} "$w/payload.json"

            # 3. 署名を確かめる（DSSE）/ Check the signature (DSSE).
            printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(wc -c < "$w/payload.json")" | cat - "$w/payload.json" > "$w/pae.bin"
            printf '%s' '{signature}' | base64 -d > "$w/signature.bin"
            printf '%s\\n' '-----BEGIN PUBLIC KEY-----' '{pem}' '-----END PUBLIC KEY-----' > "$w/key.pem"
            openssl pkeyutl -verify -pubin -inkey "$w/key.pem" -rawin -in "$w/pae.bin" -sigfile "$w/signature.bin"

            # 4. 鍵：要約値が trust/root.*.json に載る鍵の識別子である
            #    The key: its digest is the key id that trust/root.*.json lists.
            openssl pkey -pubin -in "$w/key.pem" -outform DER | sha256sum
            for f in trust/root.*.json; do sed 's/^{{"payload":"\\([^"]*\\)".*/\\1/' "$f" | base64 -d; done | grep -c {logged.envelope.signatures[0].keyid}

            # 5. 台帳：この署名の記録、またはその証明が収録されている（1 と表示される）
            #    The log: the record of this signature, or a proof of it, is here. It prints 1.
            find log -type f -print -exec cat {{}} + | grep -a -c -F -e '{leaf}' -e "$(printf '\\000%s' '{leaf}' | sha256sum | cut -c1-64)"
            """
        )
    ).encode()
