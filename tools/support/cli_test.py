#!/usr/bin/env python3
"""What the horde program promises on the command line: exit codes, output, replay.

    cli_test.py PROGRAM [unittest arguments]
"""

import json
import os
import pathlib
import pty
import shlex
import subprocess
import sys
import tempfile
import unittest

PROGRAM = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None
HELD, FAILED, UNSETTLED, BAD, NEVER_SEEN = 0, 1, 2, 4, 5

GOOD = """{"version": 1, "nodes": 3, "timeline": [
  {"at": "0s", "put_many": {"count": 20, "via": "all", "over": "1s"}},
  {"at": "2s", "expect": {"keys": 20, "converged": true}}]}"""
# Holds for about half of all seeds.
SOMETIMES = """{"nodes": 2, "timeline": [
  {"at": "1s", "put": {"via": "random", "key": "k", "value": "v"}},
  {"at": "1s", "get": {"via": "n1", "key": "k", "value": "v"}}]}"""
FAILS = """{"nodes": 2, "timeline": [{"at": "1s", "expect": {"keys": 7}}]}"""
# 2,000 keys do not reach the others within a millisecond.
DOES_NOT_SETTLE = """{"nodes": 3, "timeline": [
  {"at": "1s", "put_many": {"count": 2000, "via": "n1"}}, {"at": "1s", "settle": "1ms"}]}"""
NEVER = """{"nodes": 2, "sometimes": ["truncated_sync"]}"""

# What is wrong with a file, and what must stand in the message: the JSON pointer (or line and
# column), what is wrong, and what would be right.
BROKEN = [
    ("", "the file is empty; the smallest scenario is"),
    ("{", ":1:2: not JSON"),
    ("[1, 2", ":1:6: not JSON"),
    ("hello", ":1:1: not JSON"),
    ("\x7fELF\x02", ":1:1: not JSON"),
    ("[]", ": here stands an empty list; write an object"),
    ('{"version": 2}', "/version: version 2 is newer than this program"),
    ('{"nodez": 3}', '/nodez: unknown key "nodez"; did you mean "nodes"?'),
    ('{"nodes": 0}', "/nodes: 0 is out of range; write a whole number from 1"),
    ('{"nodes": 99999999999999999999}', "/nodes: here stands the number"),
    ('{"nodes": ["a", "a"]}', '/nodes/1: "a" stands here twice; name each node once'),
    ('{"seed": -1}', "/seed: here stands the number -1; write a whole number"),
    ('{"horde": {"sync_interval": "300"}}', '/horde/sync_interval: "300" has no unit; the units'),
    ('{"horde": {"sync_interval": "300sec"}}', "/horde/sync_interval: "),
    ('{"network": {"loss": "5ms"}}', '/network/loss: "5ms" has an unknown unit; the units are %'),
    ('{"network": {"loss": "200%"}}', '/network/loss: "200%" is out of range; write a share'),
    ('{"network": {"latency": {"uniform": {"min": "9ms", "max": "1ms"}}}}',
     "/network/latency/uniform: min is above max"),
    ('{"timeline": [{"at": "-1s", "heal": "all"}]}', '/timeline/0/at: "-1s" is negative; write'),
    ('{"timeline": [{"at": "1s"}]}', "/timeline/0: does not say what; write one of"),
    ('{"timeline": [{"crash": "n9"}]}', '/timeline/0/crash: unknown node "n9"; did you mean "n1"?'),
    ('{"timeline": [{"cut": [["n1"], ["n1", "n2"]]}]}', '/timeline/0/cut/1/0: "n1" is in this cut'),
    ('{"timeline": [{"restart": "n1"}]}', '/timeline/0/restart: "n1" has not crashed'),
    ('{"timeline": [{"heal": "x"}]}', '/timeline/0/heal: no cut is named "x"'),
    ('{"timeline": [{"at": "9s", "heal": "all"}], "duration": "1s"}', "/timeline/0/at: 9s is after"),
    ('{"timeline": [{"expect": {}}]}', "/timeline/0/expect: expects nothing; add one of values"),
    ('{"timeline": [{"expect": {"metrics": {"speed": 1}}}]}', "unknown metric \"speed\""),
    ('{"timeline": [{"put": {"key": "k"}, "every": "1s"}]}', "/timeline/0/every: repeats without"),
    ('{"always": ["E1"]}', '/always/0: "E1" does not belong here; move it to "eventually"'),
    ("[" * 100_000, "more than 32 objects and lists in one another"),
    ('{"seed": 1, "seed": 2}', '/seed: the key "seed" stands here twice; keep one of them'),
]


class Horde(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def file(self, text, name="scenario.json"):
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def horde(self, *words, code=HELD):
        result = subprocess.run([PROGRAM, *words], cwd=self.folder, stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, code, f"{words}\n{result.stdout}\n{result.stderr}")
        return result

    def lines(self, *words, code=HELD):
        """The JSON objects that a command prints, one a line."""
        return [json.loads(line) for line in self.horde(*words, code=code).stdout.splitlines()]


class BrokenFiles(Horde):
    def test_each_is_refused_with_file_place_reason_and_remedy(self):
        self.assertGreaterEqual(len(BROKEN), 25)
        for text, message in BROKEN:
            with self.subTest(text=text[:80]):
                for command in ("validate", "run"):
                    result = self.horde(command, self.file(text), code=BAD)
                    self.assertIn(message, result.stderr)
                    self.assertTrue(result.stderr.startswith(str(self.folder)), result.stderr)
                    self.assertEqual(result.stdout, "")

    def test_a_missing_file_and_a_folder_are_refused_too(self):
        self.assertIn("cannot be read", self.horde("run", "nowhere.json", code=BAD).stderr)
        self.assertIn("is a folder", self.horde("run", str(self.folder), code=BAD).stderr)

    def test_one_bad_file_among_good_ones_is_told_and_the_good_ones_are_checked(self):
        result = self.horde("validate", self.file(GOOD), self.file("{", "bad.json"), code=BAD)
        self.assertIn("scenario.json: ok, 3 nodes, 2 steps", result.stdout)
        self.assertIn("bad.json:1:2", result.stderr)


class Run(Horde):
    def test_a_scenario_that_holds_exits_with_0_and_says_so(self):
        output = self.horde("run", self.file(GOOD)).stdout
        self.assertIn("seed      1, 3 nodes", output)
        self.assertIn("HELD", output)
        self.assertNotIn("replay:", output)

    def test_an_expectation_that_fails_exits_with_1_and_can_be_replayed(self):
        file = self.file(FAILS)
        output = self.horde("run", file, "--set", "horde.sync_interval=50ms", "--seed", "12",
                            code=FAILED).stdout
        self.assertIn("7 were expected", output)
        replay = output.splitlines()[-1]
        self.assertTrue(replay.startswith("replay: horde run "), replay)
        self.assertIn("--seed 12", replay)
        again = self.horde(*shlex.split(replay)[2:], code=FAILED).stdout
        self.assertEqual(again, output)

    def test_what_does_not_settle_exits_with_2(self):
        output = self.horde("run", self.file(DOES_NOT_SETTLE), code=UNSETTLED).stdout
        self.assertIn("DID NOT SETTLE", output)

    def test_several_files_exit_with_the_gravest_code(self):
        files = [self.file(GOOD), self.file(DOES_NOT_SETTLE, "b.json"), self.file(FAILS, "c.json")]
        self.horde("run", *files[:2], code=UNSETTLED)
        self.horde("run", *files, code=FAILED)
        self.horde("run", *files, "nowhere.json", code=BAD)

    def test_json_has_one_object_a_run_and_says_what_the_text_says(self):
        good, bad = self.lines("run", "--json", self.file(GOOD), self.file(FAILS, "b.json"),
                               code=FAILED)
        self.assertEqual((good["verdict"], good["seed"]), ("held", 1))
        self.assertIn("A4", good["checked"])
        self.assertIn("bytes total", [metric["name"] for metric in good["metrics"]])
        self.assertEqual(bad["verdict"], "failed")
        self.assertEqual(bad["failures"][0]["id"], "expect")

    def test_a_seed_means_the_same_run_and_another_seed_another(self):
        file = self.file(GOOD)
        hashes = [self.lines("run", "--json", file, "--seed", seed)[0]["hash"]
                  for seed in ("5", "5", "6")]
        self.assertEqual(hashes[0], hashes[1])
        self.assertNotEqual(hashes[0], hashes[2])

    def test_set_changes_one_field_and_is_shown(self):
        output = self.horde("run", self.file(GOOD), "--set", "network.latency=3ms").stdout
        self.assertIn("network.latency", output)
        self.assertIn("3ms", output)

    def test_a_set_that_is_wrong_is_told_like_a_file_that_is(self):
        file = self.file(GOOD)
        for setting, message in [("seed", "has no '='"), ("nodez=3", "did you mean \"nodes\"?"),
                                 ("network.loss=1s", "unknown unit")]:
            with self.subTest(setting=setting):
                self.assertIn(message, self.horde("run", file, "--set", setting, code=BAD).stderr)

    def test_colours_are_for_terminals_only(self):
        file = self.file(GOOD)
        self.assertNotIn("\x1b[", self.horde("run", file).stdout)
        with_colours = on_a_terminal([str(PROGRAM), "run", file], {})
        self.assertIn("\x1b[", with_colours)
        self.assertNotIn("\x1b[", on_a_terminal([str(PROGRAM), "run", file], {"NO_COLOR": "1"}))


class Sweep(Horde):
    def test_failing_seeds_come_first_in_json_and_each_can_be_replayed(self):
        file = self.file(SOMETIMES)
        seeds = self.lines("sweep", file, "--seeds", "1..40", "--jobs", "2", "--json", code=FAILED)
        verdicts = [each["verdict"] for each in seeds]
        self.assertEqual(sorted(each["seed"] for each in seeds), list(range(1, 41)))
        self.assertEqual(verdicts, sorted(verdicts, key=lambda verdict: verdict == "held"))
        self.assertLess(0, verdicts.count("held"))
        self.assertLess(verdicts.count("held"), 40)
        self.horde("run", file, "--seed", str(seeds[0]["seed"]), code=FAILED)
        self.horde("run", file, "--seed", str(seeds[-1]["seed"]), code=HELD)

    def test_the_number_of_jobs_changes_nothing(self):
        file = self.file(SOMETIMES)
        one, two = (self.horde("sweep", file, "--seeds", "1..10", "--jobs", jobs, "--json",
                               code=FAILED).stdout for jobs in ("1", "2"))
        self.assertEqual(one, two)

    def test_people_see_the_failing_seeds_with_their_replay_lines(self):
        output = self.horde("sweep", self.file(SOMETIMES), "--seeds", "1..20", code=FAILED).stdout
        self.assertIn("of 20 seeds", output.splitlines()[0])
        self.assertIn("replay: horde run", output)

    def test_for_ends_by_itself(self):
        output = self.horde("sweep", self.file(GOOD), "--for", "300ms", "--jobs", "2").stdout
        self.assertRegex(output.splitlines()[-1], r"^HELD  [1-9][0-9]* seeds in [0-9.]+s")

    def test_a_sometimes_that_was_never_seen_exits_with_5(self):
        file = self.file(NEVER)
        output = self.horde("sweep", file, "--seeds", "1..3", code=NEVER_SEEN).stdout
        self.assertIn("NEVER SEEN truncated_sync", output)
        self.horde("run", file)  # One run alone need not show it.

    def test_output_goes_to_a_file_that_can_be_written(self):
        file = self.file(GOOD)
        self.horde("sweep", file, "--seeds", "1..3", "-o", "out.jsonl")
        self.assertEqual(len((self.folder / "out.jsonl").read_text().splitlines()), 3)
        self.assertIn("cannot be written",
                      self.horde("sweep", file, "-o", "no/such/folder", code=BAD).stderr)

    def test_seeds_that_are_no_range_are_refused(self):
        for seeds in ("x", "5..1", "1..", "-1..3", "1...3"):
            with self.subTest(seeds=seeds):
                self.horde("sweep", self.file(GOOD), f"--seeds={seeds}", code=BAD)


class TheRest(Horde):
    def test_verify_says_deterministic_for_two_runs_of_one_program(self):
        output = self.horde("verify", self.file(GOOD), "--seed", "3").stdout
        self.assertTrue(output.startswith("deterministic  "), output)

    def test_verify_says_so_when_the_other_program_gives_no_result(self):
        result = self.horde("verify", self.file(GOOD), "--against", "/bin/true", code=BAD)
        self.assertIn("/bin/true gave no result", result.stderr)

    def test_a_recorded_run_can_be_printed(self):
        self.horde("run", self.file(GOOD), "--trace", "trace.jsonl")
        output = self.horde("trace", "trace.jsonl", "--as", "text").stdout
        self.assertIn("n1 call put", output)
        self.assertIn("sent #", output)

    def test_what_is_no_trace_is_refused(self):
        self.file("nonsense\n", "trace.jsonl")
        self.assertIn("trace.jsonl:1: ", self.horde("trace", "trace.jsonl", code=BAD).stderr)
        self.horde("trace", "nowhere.jsonl", code=BAD)

    def test_the_schema_is_json(self):
        self.assertIn("timeline", json.loads(self.horde("schema").stdout)["$defs"]["scenario"]["properties"])

    def test_unknown_flags_and_commands_exit_with_4(self):
        for words in (["run", "--sede", "3"], ["dance"], [], ["run"], ["sweep", "--jobs", "0", "x"],
                      ["run", "--seed", "minus", "x"], ["trace", "x", "--as", "opera"]):
            with self.subTest(words=words):
                self.assertNotEqual(self.horde(*words, code=BAD).stderr, "")

    def test_help_exits_with_0_and_names_the_exit_codes(self):
        self.assertIn("Exit codes", self.horde("--help").stdout)
        self.assertIn("--seeds", self.horde("sweep", "--help").stdout)


def on_a_terminal(command, environment):
    """What `command` writes when its output is a terminal."""
    master, slave = pty.openpty()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=slave, stderr=slave,
                             env={**os.environ, "TERM": "xterm", **environment})
    os.close(slave)
    chunks = []
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:  # The child has closed its side.
            break
        if not chunk:
            break
        chunks.append(chunk)
    child.wait(timeout=60)
    os.close(master)
    return b"".join(chunks).decode()


if __name__ == "__main__":
    if PROGRAM is None or not os.access(PROGRAM, os.X_OK):
        sys.exit(f"usage: {sys.argv[0]} PROGRAM")
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
