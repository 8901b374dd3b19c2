"""Writes one manual page per command from the program's own description of its commands.

    python3 scripts/dist/manual_pages.py PROGRAM FOLDER DATE

The description is what `--help` is made of (`PROGRAM --experimental-dump-help`), so the two cannot differ.
"""

import gzip
import json
import subprocess
import sys
from pathlib import Path


def escaped(text: str) -> str:
    """Text as roff: no line is taken for a request, and a minus can be copied."""
    lines = text.replace("\\", "\\e").replace("-", "\\-").split("\n")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in lines)


def names(argument: dict) -> str:
    """`--config CONFIG`, `-h, --help`, `FILE`."""
    value = argument.get("valueName", "value")
    if argument["kind"] == "positional":
        return "\\fI" + escaped(value) + "\\fR"
    dashes = {"long": "--", "short": "-", "longWithSingleDash": "-"}
    spelled = ["\\fB" + escaped(dashes[name["kind"]] + name["name"]) + "\\fR" for name in argument.get("names", [])]
    text = ", ".join(spelled)
    return text if argument["kind"] == "flag" else text + " \\fI" + escaped(value) + "\\fR"


def usage(argument: dict) -> str:
    if argument["kind"] == "positional":
        text = "\\fI" + escaped(argument.get("valueName", "value")) + "\\fR"
    else:
        preferred = dict(argument, names=[argument["preferredName"]])
        text = names(preferred)
    if argument.get("isRepeating"):
        text += " ..."
    return f"[{text}]" if argument.get("isOptional") else text


def described(argument: dict) -> list[str]:
    lines = [".TP", names(argument)]
    text = " ".join(part for part in (argument.get("abstract"), argument.get("discussion")) if part)
    values = argument.get("allValues")
    if values and not all(value in text for value in values):
        text += " One of: " + ", ".join(values) + "."
    default = argument.get("defaultValue")
    if default and "[default:" not in text:
        text += f" [default: {default}]"
    return lines + [escaped(text.strip()) or "\\&"]


def paragraphs(discussion: str) -> list[str]:
    """Indented blocks are commands, which keep their lines; other blocks are filled."""
    lines: list[str] = []
    for block in discussion.strip("\n").split("\n\n"):
        # A heading begins a paragraph by itself.
        lines += [".PP"] if lines else []
        if block.startswith("  "):
            lines += [".nf", ".RS 4", escaped("\n".join(line[2:] for line in block.split("\n"))), ".RE", ".fi"]
        else:
            lines += [escaped(" ".join(line.strip() for line in block.split("\n")))]
    return lines


def page(path: list[str], command: dict, date: str, version: str, others: list[str]) -> str:
    title = "-".join(path)
    arguments = [argument for argument in command.get("arguments", []) if argument.get("shouldDisplay", True)]
    subcommands = [sub for sub in command.get("subcommands", []) if sub["commandName"] != "help"]
    synopsis = ["\\fB" + escaped(" ".join(path)) + "\\fR"] + [usage(argument) for argument in arguments]
    if subcommands:
        synopsis.append("\\fIcommand\\fR")
    lines = [
        f'.TH "{escaped(title.upper())}" "1" "{date}" "{escaped(version)}" "Rollguard"',
        ".SH NAME",
        f"{escaped(title)} \\- {escaped(command.get('abstract', '').rstrip('.'))}",
        ".SH SYNOPSIS",
        " ".join(synopsis),
        ".SH DESCRIPTION",
    ]
    lines += paragraphs(command.get("discussion", "") or command.get("abstract", ""))
    if arguments:
        lines.append(".SH OPTIONS")
        for argument in arguments:
            lines += described(argument)
    if subcommands:
        lines.append(".SH COMMANDS")
        for sub in subcommands:
            name = "-".join(path + [sub["commandName"]])
            lines += [".TP", f"\\fB{escaped(name)}\\fR(1)", escaped(sub.get("abstract", ""))]
    lines += [".SH SEE ALSO", ",\n".join(f"\\fB{escaped(other)}\\fR(1)" for other in others if other != title)]
    return "\n".join(lines) + "\n"


def write(folder: Path, path: list[str], command: dict, date: str, version: str, others: list[str]) -> None:
    text = page(path, command, date, version, others)
    (folder / ("-".join(path) + ".1.gz")).write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    for sub in command.get("subcommands", []):
        if sub["commandName"] != "help":
            write(folder, path + [sub["commandName"]], sub, date, version, ["-".join(path)])


def main() -> None:
    program, folder, date = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    dump = subprocess.run([program, "--experimental-dump-help"], check=True, capture_output=True, text=True).stdout
    version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    command = json.loads(dump)["command"]
    folder.mkdir(parents=True, exist_ok=True)
    others = ["rollguard-" + sub["commandName"] for sub in command["subcommands"] if sub["commandName"] != "help"]
    write(folder, ["rollguard"], command, date, " ".join(version.split()[:2]), others)


main()
