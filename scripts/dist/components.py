"""What is linked into the program: its licences for the package, and its bill of materials.

    python3 scripts/dist/components.py copyright SCRATCH
    python3 scripts/dist/components.py sbom SCRATCH VERSION COMMIT EPOCH

A component is a Swift package of which an object file was built for the program (SCRATCH is the build's folder), or a part
of the Swift toolchain that is linked statically. Libraries that are found at run time belong to the system; the bill of
materials names them as such.
"""

import json
import re
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

APACHE = "Apache-2.0"
# Sources of others that a package contains, with their licences and the folder that they are in.
VENDORED = {
    "yams": [("libyaml", "MIT", "Sources/CYaml")],
    "swift-crypto": [("BoringSSL", "OpenSSL AND ISC AND BSD-3-Clause", "Sources/CCryptoBoringSSL")],
    "swift-nio-ssl": [("BoringSSL", "OpenSSL AND ISC AND BSD-3-Clause", "Sources/CNIOBoringSSL")],
    "swift-nio": [("llhttp", "MIT", "Sources/CNIOLLHTTP")],
}
SYSTEM = ["libc", "libcurl", "libsqlite3", "zlib"]


def built_modules(scratch: Path) -> set[str]:
    release = (scratch / "release").resolve()
    return {folder.name.removesuffix(".build") for folder in release.glob("*.build") if any(folder.rglob("*.o"))}


def packages(scratch: Path) -> list[dict]:
    """The packages in the program: name, version, revision, address, licence, the text of their licence files."""
    built = built_modules(scratch)
    pins = {pin["identity"]: pin for pin in json.loads(Path("Package.resolved").read_text())["pins"]}
    found = []
    for folder in sorted((scratch / "checkouts").iterdir(), key=lambda path: path.name.lower()):
        sources = {path.name for path in folder.glob("Sources/*")} | {path.name for path in folder.glob("*")}
        # GRDB's module is a folder beside `Sources`.
        if not sources & built or folder.name.lower() not in pins:
            continue
        pin = pins[folder.name.lower()]
        text = "\n".join(path.read_text(errors="replace") for path in sorted(folder.glob("LICENSE*")))
        if not text:
            sys.exit(f"{folder.name} has no licence file")
        found.append(
            {
                "name": folder.name, "identity": pin["identity"], "address": pin["location"],
                "version": pin["state"].get("version", pin["state"]["revision"]), "revision": pin["state"]["revision"],
                "licence": licence(text, folder.name), "text": text,
                "notice": next((path.read_text(errors="replace") for path in sorted(folder.glob("NOTICE*"))), ""),
            })
    return found


def licence(text: str, name: str) -> str:
    if "Apache License" in text:
        return APACHE + " WITH Swift-exception" if "Runtime Library Exception" in text else APACHE
    if "Permission is hereby granted, free of charge" in text:
        return "MIT"
    sys.exit(f"the licence of {name} is not known to {__file__}")


def swift_version() -> str:
    text = subprocess.run(["swift", "--version"], check=True, capture_output=True, text=True).stdout
    return re.search(r"Swift version (\S+)", text).group(1)


def indented(text: str) -> str:
    return "\n".join(" " + (line.rstrip() or ".") for line in text.strip().split("\n"))


def copyright_file(scratch: Path) -> str:
    """DEP-5. The Apache licence is on every Debian system; others are given in full."""
    found = packages(scratch)
    apache = (
        "License: Apache-2.0\n On Debian systems, the complete text of the Apache License 2.0 is in\n"
        " /usr/share/common-licenses/Apache-2.0.")
    parts = [
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: Rollguard\n"
        "Comment: The program contains the libraries that are listed below, linked statically.",
        "Files: *\nCopyright: the Rollguard authors\nLicense: Apache-2.0",
    ]
    for package in found:
        holder = re.search(r"^\s*Copyright (?:\(c\)|\(C\)|©)?\s*(.+)$", package["text"], re.MULTILINE)
        named = holder and "[yyyy]" not in holder.group(1) and "{yyyy}" not in holder.group(1)
        owner = holder.group(1).strip() if named else f"the {package['name']} project authors"
        head = f"Files: {package['identity']}/*\nCopyright: {owner}\n"
        if package["licence"].startswith(APACHE):
            comment = f"{package['name']} {package['version']}\n" + indented(package["notice"] or package["address"])
            parts.append(f"{head}License: Apache-2.0\nComment: {comment}")
        else:
            parts.append(f"{head}License: MIT-{package['identity']}\n{indented(package['text'])}")
        for name, expression, folder in VENDORED.get(package["identity"], []):
            files = sorted((scratch / "checkouts" / package["name"] / folder).glob("LICENSE*"))
            text = "\n".join(path.read_text(errors="replace") for path in files) or f"{name}: {expression}"
            parts.append(
                f"Files: {package['identity']}/{name.lower()}/*\nCopyright: the {name} authors\n"
                f"License: {package['identity']}-{name.lower()}\n{indented(text)}")
    parts.append(
        "Files: swift/*\nCopyright: Apple Inc. and the Swift project authors\nLicense: Apache-2.0\n"
        "Comment: the Swift runtime, standard library and Foundation, with the Runtime Library Exception")
    parts.append(
        "Files: icu/*\nCopyright: Unicode, Inc. and others\nLicense: Unicode-3.0\n"
        " The terms are at https://www.unicode.org/license.txt")
    parts.append(apache)
    return "\n\n".join(parts) + "\n"


def sbom(scratch: Path, version: str, commit: str, epoch: str) -> str:
    """SPDX 2.3 as JSON."""

    def package(key: str, name: str, number: str, licence: str, address: str, purl: str | None = None) -> dict:
        entry = {
            "SPDXID": f"SPDXRef-{key}", "name": name, "versionInfo": number, "downloadLocation": address,
            "filesAnalyzed": False, "licenseConcluded": licence, "licenseDeclared": licence,
            "copyrightText": "NOASSERTION",
        }
        if purl:
            entry["externalRefs"] = [
                {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}]
        return entry

    def relation(left: str, kind: str, right: str) -> dict:
        return {"spdxElementId": left, "relationshipType": kind, "relatedSpdxElement": right}

    main = "SPDXRef-rollguard"
    entries = [package("rollguard", "rollguard", version, APACHE, "NOASSERTION")]
    entries[0]["sourceInfo"] = f"built from commit {commit}"
    relations = [relation("SPDXRef-DOCUMENT", "DESCRIBES", main)]
    for item in packages(scratch):
        key = re.sub(r"[^A-Za-z0-9.-]", "-", item["identity"])
        address = item["address"] if item["address"].endswith(".git") else item["address"] + ".git"
        path = item["address"].removeprefix("https://").removesuffix(".git")
        # The exception has no identifier of its own form in the list of SPDX; it is Swift-exception.
        entries.append(
            package(key, item["name"], item["version"], item["licence"], f"git+{address}@{item['revision']}",
                    f"pkg:swift/{path}@{item['version']}"))
        relations.append(relation(main, "STATIC_LINK", f"SPDXRef-{key}"))
        for name, expression, _ in VENDORED.get(item["identity"], []):
            part = f"{key}-{name.lower()}"
            entries.append(package(part, name, "as in " + item["version"], expression, "NOASSERTION"))
            relations.append(relation(f"SPDXRef-{key}", "CONTAINS", f"SPDXRef-{part}"))
    swift = swift_version()
    entries.append(
        package("swift", "Swift standard library and Foundation", swift, APACHE + " WITH Swift-exception",
                f"git+https://github.com/swiftlang/swift.git@swift-{swift}-RELEASE"))
    relations.append(relation(main, "STATIC_LINK", "SPDXRef-swift"))
    entries.append(package("icu", "ICU, as in Foundation", swift, "Unicode-3.0", "NOASSERTION"))
    relations.append(relation("SPDXRef-swift", "CONTAINS", "SPDXRef-icu"))
    for name in SYSTEM:
        entries.append(package(name, name, "of the system", "NOASSERTION", "NOASSERTION"))
        relations.append(relation(main, "DYNAMIC_LINK", f"SPDXRef-{name}"))
    created = datetime.fromtimestamp(int(epoch), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    document = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"rollguard-{version}",
        "documentNamespace": f"https://rollguard.invalid/spdx/{uuid5(NAMESPACE_URL, version + commit)}",
        "creationInfo": {"created": created, "creators": ["Tool: rollguard scripts/dist/components.py"]},
        "packages": entries, "relationships": relations,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if sys.argv[1] == "copyright":
    sys.stdout.write(copyright_file(Path(sys.argv[2])))
else:
    sys.stdout.write(sbom(Path(sys.argv[2]), *sys.argv[3:6]))
