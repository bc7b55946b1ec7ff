"""V1: the archive or folder, the manifest, and every content by its digest."""

from shinrai_verify.bundle import open_bundle
from shinrai_verify.encoding import Fault, canonical_json, digest, shaped, strict_json
from shinrai_verify.statements import BUNDLE
from shinrai_verify.steps.work import Work

_MANIFEST_ENTRY = {"name": str, "digest": {"sha256": digest}, "annotations": {"size": int}}
_MANIFEST = {"schema": str, "subject": {"digest": {"sha256": digest}}, "entries": [_MANIFEST_ENTRY]}


def contents(work: Work) -> None:
    """Hold every file to the manifest."""
    bundle = work.bundle = open_bundle(work.path)
    what, raw = "manifest.json", bundle.read("manifest.json")
    manifest = shaped(strict_json(raw, what), _MANIFEST, what)
    if manifest["schema"] != BUNDLE or canonical_json(manifest) != raw:
        raise Fault("{what} is not in the form that Shinrai writes", what=what)
    work.outcome.bundle_id, work.outcome.subject = bundle.sha256[what], manifest["subject"]
    work.subject = manifest["subject"]["digest"]["sha256"]
    missing: list[str] = []
    instructed = False
    for entry in manifest["entries"]:
        sha256, about, name = entry["digest"]["sha256"], entry["annotations"], entry["name"]
        if sha256 in work.held:
            raise Fault("{what} lists one content twice", what=what)
        work.held.add(sha256)
        work.named[sha256] = name
        file = "VERIFY.txt" if about.get("kind") == "instructions" else f"blobs/sha256/{sha256}"
        instructed = instructed or file == "VERIFY.txt"
        if file not in bundle.sha256:
            (work.outcome.withheld if about.get("withheld") is True else missing).append(name)
        elif bundle.sha256[file] != sha256 or bundle.sizes[file] != about.get("size"):
            raise Fault("{name} is not what the manifest says it is", name=name)
    for name, sha256 in bundle.sha256.items():
        if (name == "VERIFY.txt" and not instructed) or (name.startswith("blobs/") and not name.endswith(sha256)):
            raise Fault("{name} is not what the manifest says it is", name=name)
    text = "{n} files read, each has the content that the manifest names"
    work.outcome.note("V1", 0, text, n=len(bundle.sha256))
    if missing:
        work.outcome.note("V1", 2, "missing: {names}", names=", ".join(missing))
    if work.outcome.withheld:
        work.outcome.note("V1", 2, "withheld: {names}", names=", ".join(work.outcome.withheld))
