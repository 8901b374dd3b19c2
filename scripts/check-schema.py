"""Validates YAML files by a JSON Schema, as an editor does.

usage: check-schema.py SCHEMA FILE...

Prints `FILE: valid`, or `FILE: PATH: message` of the first difference, for each file. Exit code 0 when the schema itself is
valid and all files could be read; whether a file is valid is what the caller compares.
"""
import json
import sys

import jsonschema
import yaml


def main(schema_path, paths):
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    for path in paths:
        with open(path, encoding="utf-8") as file:
            document = yaml.safe_load(file)
        error = jsonschema.exceptions.best_match(validator.iter_errors(document))
        if error is None:
            print(f"{path}: valid")
        else:
            message = error.message.replace("\n", " ")[:300]
            print(f"{path}: {error.json_path}: {message}")


main(sys.argv[1], sys.argv[2:])
