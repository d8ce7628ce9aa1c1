#!/usr/bin/env python3
"""Writes the tables of docs/scenarios.md from the schema, between its markers.

    scenario_docs.py [--check]

With --check nothing is written; exits 1 if the page does not agree with tools/scenario.schema.json.
"""

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "scenarios.md"
BEGIN = "<!-- tables: written by tools/support/scenario_docs.py -->\n"
END = "<!-- end of tables -->\n"


def shape(schema, definitions):
    """What a value looks like, in a few words."""
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[1].replace("_", " ")
    if "enum" in schema:
        return " / ".join(json.dumps(value) for value in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(shape(one, definitions) for one in schema[key]))
    if schema.get("type") == "array":
        return "list of " + shape(schema.get("items", {}), definitions)
    return str(schema.get("type", "value"))


def row(name, field, required, definitions):
    default = "required" if name in required else ""
    if "default" in field:
        default = f"`{json.dumps(field['default'])}`"
        if len(default) > 60:
            default = "see below"
    text = shape(field, definitions).replace("|", "/")
    return f"| `{name}` | {text} | {default} | {field.get('description', '')} |"


def tables(schema):
    definitions = schema["$defs"]
    out = []
    for name, definition in definitions.items():
        # What has a short form is an object or that.
        body = next((one for one in definition.get("anyOf", [definition]) if "properties" in one), {})
        properties = body.get("properties")
        if not properties:
            continue
        title = "The file" if name == "scenario" else f"`{name.replace('_', ' ')}`"
        out.append(f"### {title}\n")
        description = definition.get("description", body.get("description"))
        if description:
            out.append(description + "\n")
        out += ["| key | value | default | what |", "| --- | --- | --- | --- |"]
        required = body.get("required", [])
        out += [row(key, field, required, definitions) for key, field in properties.items()]
        out.append("")
    return "\n".join(out)


def main():
    page = PAGE.read_text()
    schema = json.loads((ROOT / "tools" / "scenario.schema.json").read_text())
    head, rest = page.split(BEGIN)
    wanted = head + BEGIN + tables(schema) + END + rest.split(END)[1]
    if sys.argv[1:] == ["--check"]:
        if page != wanted:
            print("docs/scenarios.md differs from the schema; run tools/support/scenario_docs.py")
            return 1
        return 0
    PAGE.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
