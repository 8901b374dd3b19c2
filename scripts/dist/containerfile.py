"""Prints what a Containerfile's last stage runs, as shell variables: container_user, container_command, container_health.

    python3 scripts/dist/containerfile.py packaging/Containerfile

The test of the package runs exactly that in a root file system of its own, because images can be built only with a registry.
"""

import json
import re
import shlex
import sys
from pathlib import Path

text = re.sub(r"\\\n\s*", " ", Path(sys.argv[1]).read_text())
stage = text[text.rindex("\nFROM "):]


def instruction(name: str) -> str:
    found = re.findall(rf"^{name} (.*)$", stage, re.MULTILINE)
    if len(found) != 1:
        sys.exit(f"the last stage has {len(found)} lines with {name}")
    return found[0]


def array(name: str, words: list[str]) -> None:
    print(f"{name}=({shlex.join(words)})")


print(f"container_user={shlex.quote(instruction('USER'))}")
array("container_command", json.loads(instruction("ENTRYPOINT")) + json.loads(instruction("CMD")))
array("container_health", json.loads(instruction("HEALTHCHECK").split(" CMD ")[1]))
