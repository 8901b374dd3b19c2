"""Fails when a bill of materials is not SPDX 2.3 as far as a reader needs it.

    python3 scripts/dist/check_sbom.py FILE
"""

import json
import re
import sys
from pathlib import Path

document = json.loads(Path(sys.argv[1]).read_text())
problems = []
for field in ("SPDXID", "creationInfo", "dataLicense", "name", "spdxVersion", "documentNamespace", "packages"):
    if field not in document:
        problems.append(f"{field} is missing")
ids = ["SPDXRef-DOCUMENT"] + [package["SPDXID"] for package in document["packages"]]
for name in ids:
    if not re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", name):
        problems.append(f"{name} is no identifier")
if len(set(ids)) != len(ids):
    problems.append("identifiers are not unique")
for package in document["packages"]:
    for field in ("name", "downloadLocation", "versionInfo", "licenseDeclared"):
        if not package.get(field):
            problems.append(f"{package['SPDXID']} has no {field}")
linked = {relation["relatedSpdxElement"] for relation in document["relationships"]}
for name in ids[1:]:
    if name not in linked:
        problems.append(f"{name} is related to nothing")
# A build without these would not be this program.
for needed in ("swift-nio", "hummingbird", "grdb.swift", "yams", "swift-argument-parser", "swift", "libcurl"):
    if f"SPDXRef-{needed}" not in ids:
        problems.append(f"{needed} is not among the components")
if problems:
    sys.exit("\n".join(problems))
