"""Makes a certificate that is its own authority, for servers of tests."""

import subprocess
from pathlib import Path


def certificate(folder: Path, *names: str) -> Path:
    """Write key.pem, cert.pem and both in both.pem; answers the authority's file. `names` are such as `DNS:localhost`."""
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "key.pem",
        "-out",
        "cert.pem",
        "-days",
        "2",
    ]
    command += ["-subj", "/CN=localhost", "-addext", f"subjectAltName={','.join(names)}"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    (folder / "both.pem").write_text(
        (folder / "cert.pem").read_text() + (folder / "key.pem").read_text()
    )
    return folder / "cert.pem"
