#!/usr/bin/env python3
"""Runs the tests of a build directory and the scenarios, and counts single cases.

    run_tests.py BUILD_DIR [--suite NAME]... [--scenarios N]

Counted are the cases inside a GoogleTest program, each check script, and each scenario file. A
program that dies counts as one failure more. Only what failed is shown, in full. Exits with 1 when
something failed or nothing was run.
"""

import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCENARIO_SECONDS_MAX = 600
SKIPPED = 77  # A test's exit code that says: not possible here.


@dataclasses.dataclass
class Tally:
    passed: int = 0
    failures: list = dataclasses.field(default_factory=list)  # (name, output)
    skipped: list = dataclasses.field(default_factory=list)  # name and reason

    def add(self, other):
        self.passed += other.passed
        self.failures += other.failures
        self.skipped += other.skipped


def gtest_tally(program, output, succeeded):
    """Counts the cases in the output of a GoogleTest program."""
    tally = Tally()
    running, block = None, []
    for line in output.splitlines():
        if match := re.match(r"\[ RUN      \] (\S+)", line):
            running, block = match[1], []
        elif running and line.startswith(f"[       OK ] {running}"):
            tally.passed += 1
            running = None
        elif running and line.startswith(f"[  SKIPPED ] {running}"):
            tally.skipped.append(f"{program}: {running}")
            running = None
        elif running and line.startswith(f"[  FAILED  ] {running}"):
            tally.failures.append((f"{program}: {running}", "\n".join(block)))
            running = None
        else:
            block.append(line)
    if running:
        tally.failures.append((f"{program}: {running} did not end", "\n".join(block)))
    elif not succeeded and not tally.failures:
        tally.failures.append((f"{program}: ended badly", output))
    return tally


def test_tally(record):
    """Counts one test of meson's log."""
    name = record["name"].split(" / ")[-1]  # Without the project and the suite.
    output = (record.get("stdout") or "") + (record.get("stderr") or "")
    succeeded = record["result"] == "OK"
    if "[==========]" in output:
        return gtest_tally(name, output, succeeded)
    if record["result"] == "SKIP":
        return Tally(skipped=[f"{name}: {output.strip()}"])
    if succeeded:
        return Tally(passed=1)
    return Tally(failures=[(f"{name} ({record['result']})", output)])


def run_meson_tests(build, suites):
    log = build / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    command = ["meson", "test", "-C", str(build), "--no-rebuild"]
    for suite in suites:
        command += ["--suite", suite]
    # meson draws progress on a terminal; elsewhere its output would only repeat what follows here.
    result = subprocess.run(command, stdin=subprocess.DEVNULL, text=True,
                            capture_output=not sys.stdout.isatty())
    if not log.exists():
        return Tally(failures=[("meson test", (result.stdout or "") + (result.stderr or ""))])
    tally = Tally()
    for line in log.read_text(errors="replace").splitlines():
        tally.add(test_tally(json.loads(line)))
    return tally


def run_scenario(program, path):
    name = str(path.relative_to(ROOT))
    command = [str(program), "run", name]
    try:
        result = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, text=True,
                                errors="replace", timeout=SCENARIO_SECONDS_MAX,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except subprocess.TimeoutExpired:
        return Tally(failures=[(name, f"not done after {SCENARIO_SECONDS_MAX} s")])
    except OSError as error:
        return Tally(failures=[(name, f"cannot run {program}: {error}")])
    if result.returncode == 0:
        return Tally(passed=1)
    return Tally(failures=[(f"{name} (exit code {result.returncode})", result.stdout)])


def run_scenarios(build, count_max):
    program = (build / "tools" / "horde").resolve()
    paths = sorted(path for path in (ROOT / "scenarios").rglob("*.json") if "long" not in path.parts)
    paths = paths[::max(1, -(-len(paths) // count_max))]
    tally = Tally()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for one in pool.map(lambda path: run_scenario(program, path), paths):
            tally.add(one)
    return tally


def main():
    parser = argparse.ArgumentParser(description="Runs tests and counts single cases.")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--suite", action="append", default=[])
    parser.add_argument("--scenarios", metavar="N", type=int, default=sys.maxsize,
                        help="at most so many of them, spread over the list")
    options = parser.parse_args()

    stages = [("tests and checks", lambda: run_meson_tests(options.build, options.suite)),
              ("scenarios", lambda: run_scenarios(options.build, options.scenarios))]
    total = Tally()
    for title, stage in stages:
        start = time.monotonic()
        tally = stage()
        total.add(tally)
        for name, output in tally.failures:
            print(f"--- FAILED: {name}\n{output.rstrip()}\n")
        for reason in tally.skipped:
            print(f"skipped {reason}")
        print(f"{title}: {tally.passed} passed, {len(tally.failures)} failed "
              f"({time.monotonic() - start:.1f} s)")
    print(f"{total.passed} passed, {len(total.failures)} failed")
    return 1 if total.failures or total.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
