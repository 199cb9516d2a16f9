"""What several benchmarks need: records in any number, and a name for the machine."""

import hashlib
import json
import os
import pathlib
import platform
import uuid


def write_record(store, document, number):
    """Writes the record of another preview, alike but for its names, as the program would."""
    app = f"shop-{number:08x}"
    document.pop("checksum")
    document["app"] = app
    document["lineage"] = str(uuid.UUID(int=number))
    document["source"] = f"{number:08x}" + document["source"][8:]
    document["checksum"] = "sha256:" + hashlib.sha256(canonical(document)).hexdigest()
    folder = store / app
    folder.mkdir(parents=True, mode=0o700)
    store.chmod(0o700)
    path = folder / "state.json"
    path.write_bytes(canonical(document) + b"\n")
    path.chmod(0o600)


def canonical(document):
    """The bytes that the program writes and takes checksums over."""
    return json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def machine():
    """What the figures were taken on, in one line."""
    model = "unknown processor"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    return f"{model}, {os.cpu_count()} cores, {system}, load {os.getloadavg()[0]:.1f} at the end"
