"""Certificates of this run: an authority's, a server's and a client's."""

import pathlib
import subprocess

LOCAL = ("IP:127.0.0.1", "DNS:localhost")


def make(directory: pathlib.Path, names: tuple = LOCAL) -> pathlib.Path:
    """Puts `ca.pem`, `server.pem`, `client.pem` and their keys there, which everybody may read."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)

    new = ("req", "-newkey", "rsa:2048", "-nodes")
    # With what RFC 5280 asks for: Python is strict about it from 3.13 on.
    usage = ("-addext", "keyUsage=critical,keyCertSign")
    openssl(*new, "-x509", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test ca", *usage)
    (directory / "names").write_text("authorityKeyIdentifier=keyid\nsubjectAltName=" + ",".join(names))
    for name in ("server", "client"):
        openssl(*new, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl(
            "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", f"{name}.pem", "-extfile", "names",
        )  # fmt: skip
    for file in directory.iterdir():
        file.chmod(0o644)
    return directory
