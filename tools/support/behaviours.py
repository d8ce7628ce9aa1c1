#!/usr/bin/env python3
"""Writes docs/behaviours.md: each behaviour of docs/behaviours.json, with the tests and scenarios that show it.

    behaviours.py [--check]

What shows a behaviour says so in a comment, `// Shows: area.row, area.row`: directly above a test in a *_test.cpp, or
on a line of its own in a scenario file. Fails on an id that is not in the list, on a
comment that belongs to no test, and on a behaviour that nothing shows unless it is listed as not_yet. With --check nothing is written; it also fails
if the page is not up to date.
"""

import json
import os
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import sources  # noqa: E402 (its folder is on the path only now)

LIST = "docs/behaviours.json"
PAGE = "docs/behaviours.md"
TAG = re.compile(r"^\s*// Shows: (.*)$")
TEST = re.compile(r"^(?:TEST|TEST_F|TEST_P|RC_GTEST_PROP)\((\w+),\s*(\w+)[,)]")
HEAD = """# What it does, and what shows it

Each behaviour of the distributed supervisor, and the tests and scenarios that show it. Written by
`tools/support/behaviours.py` from [behaviours.json](behaviours.json) and the comments `// Shows: ...` of the tests; a test
fails when a behaviour has none, or when this page is not up to date.
"""


def rows():
    """The sentences by id, in order, the areas, and the ids of what is to come."""
    page = json.loads((sources.ROOT / LIST).read_text())
    areas = page["areas"]
    known = {f"{area['id']}.{row}": what for area in areas for row, what in area["rows"].items()}
    return known, areas, page.get("not_yet", [])


def split(text):
    return [name.strip() for name in text.split(",") if name.strip()]


def tags_of_tests(path):
    """(line, ids, what shows them) for each comment; nothing shows those that stand above no test."""
    lines = (sources.ROOT / path).read_text().splitlines()
    for number, line in enumerate(lines):
        match = TAG.match(line)
        if not match:
            continue
        below = number + 1
        while below < len(lines) and lines[below].lstrip().startswith("//"):
            below += 1
        test = TEST.match("\n".join(lines[below:below + 2]))  # A long head goes on in the next line.
        yield number + 1, split(match[1]), f"{test[1]}.{test[2]}" if test else None


def tags_of_scenario(path):
    lines = (sources.ROOT / path).read_text().splitlines()
    for number, line in enumerate(lines):
        if match := TAG.match(line):
            yield number + 1, split(match[1]), pathlib.PurePath(path).stem


def tags(path):
    if path.endswith("_test.cpp"):
        return tags_of_tests(path)
    if path.startswith("scenarios/") and path.endswith(".json"):
        return tags_of_scenario(path)
    return ()


def collect(known, not_yet):
    """What shows each behaviour, as links, and what is wrong."""
    shown = {name: [] for name in known}
    wrong = [f"{LIST}: '{name}' is not yet there, and not in the list either" for name in not_yet if name not in known]
    for path in sources.tracked_files():
        for line, names, test in tags(path):
            if test is None:
                wrong.append(f"{path}:{line}: 'Shows:' stands above no test")
                continue
            for name in names:
                if name not in known:
                    wrong.append(f"{path}:{line}: '{name}' is not in {LIST}")
                    continue
                link = f"[{test}]({os.path.relpath(path, 'docs')})"
                if link not in shown[name]:
                    shown[name].append(link)
    for name, links in shown.items():
        if not links and name not in not_yet:
            wrong.append(f"{LIST}: nothing shows '{name}': {known[name]}")
        elif links and name in not_yet:
            wrong.append(f"{LIST}: '{name}' is there now: {links[0]}")
    return shown, wrong


def page_of(areas, shown):
    out = [HEAD]
    for area in areas:
        out += [f"## {area['title']}", "| behaviour | shown by |", "| --- | --- |"]
        for row, what in area["rows"].items():
            out.append(f"| {what} | {', '.join(shown[area['id'] + '.' + row]) or 'not yet there'} |")
        out.append("")
    return "\n".join(out)


def run(check):
    known, areas, not_yet = rows()
    shown, wrong = collect(known, not_yet)
    if not wrong:
        wanted = page_of(areas, shown)
        page = sources.ROOT / PAGE
        if not check:
            page.write_text(wanted)
        elif not page.is_file() or page.read_text() != wanted:
            wrong.append(f"{PAGE} is not up to date; run tools/support/behaviours.py")
    return wrong


def main():
    wrong = run(check=sys.argv[1:] == ["--check"])
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
