#!/usr/bin/env python3
"""Writes what the first command prints into README.md, so that it is what readers will see.

    readme_output.py [--check] PROGRAM

With --check nothing is written; exits 1 if the README shows something else.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "README.md"


def recorded(program):
    """The timeline, the metrics, the checks and the verdict of the quickstart."""
    run = subprocess.run(
        [program, "run", "scenarios/quickstart.json"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return run.stdout[run.stdout.index("timeline\n") :].rstrip("\n")


def main():
    arguments = [a for a in sys.argv[1:] if a != "--check"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    page = PAGE.read_text()
    fresh = re.sub(
        r"```\ntimeline\n.*?```", lambda _: "```\n" + recorded(pathlib.Path(arguments[0]).resolve()) + "\n```",
        page, count=1, flags=re.DOTALL,
    )
    if "--check" in sys.argv:
        if fresh != page:
            sys.exit(f"{PAGE.name} does not show what the quickstart prints; run {sys.argv[0]} {arguments[0]}")
    else:
        PAGE.write_text(fresh)


main()
