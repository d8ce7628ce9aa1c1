#!/usr/bin/env python3
"""The check scripts find what they are for, and leave alone what is right."""

import importlib.machinery
import importlib.util
import pathlib
import sys
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOOLS))
sys.dont_write_bytecode = True  # The scripts have no suffix, and would leave odd files beside them.

from support import sources  # noqa: E402 (its folder is on the path only now)


def load(script):
    loader = importlib.machinery.SourceFileLoader(script.replace("-", "_"), str(TOOLS / script))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


class InATree(unittest.TestCase):
    """Each test writes files into a tree of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        root, sources.ROOT = sources.ROOT, pathlib.Path(folder.name)
        self.addCleanup(setattr, sources, "ROOT", root)

    def write(self, path, text):
        (sources.ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (sources.ROOT / path).write_text(text)
        return path


class Layers(InATree):
    check = load("check-layers")

    def allows(self, path, include):
        self.write(path, f'#include "{include}"\n')
        return not list(self.check.problems(path))

    def test_a_folder_includes_itself_and_what_stands_below(self):
        self.assertTrue(self.allows("src/wire/a.hpp", "wire/b.hpp"))
        self.assertTrue(self.allows("src/wire/a.hpp", "base/ids.hpp"))
        self.assertTrue(self.allows("src/node/a.cpp", "members/a.hpp"))

    def test_never_above_and_never_sideways(self):
        self.assertFalse(self.allows("src/base/a.hpp", "wire/a.hpp"))
        self.assertFalse(self.allows("src/crdt/a.hpp", "faults/a.hpp"))
        self.assertFalse(self.allows("src/members/a.hpp", "process/a.hpp"))
        self.assertFalse(self.allows("src/node/a.hpp", "sim/core/a.hpp"))

    def test_the_simulator_and_io_never_include_each_other(self):
        self.assertFalse(self.allows("sim/world/a.hpp", "io/a.hpp"))
        self.assertFalse(self.allows("src/io/a.hpp", "sim/core/a.hpp"))
        self.assertTrue(self.allows("tools/a.cpp", "io/a.hpp"))
        self.assertTrue(self.allows("tools/a.cpp", "sim/core/a.hpp"))

    def test_the_simulators_core_knows_no_protocol(self):
        self.assertTrue(self.allows("sim/core/a.hpp", "faults/a.hpp"))
        self.assertFalse(self.allows("sim/core/a.hpp", "wire/a.hpp"))
        self.assertFalse(self.allows("sim/core/a.hpp", "sim/world/a.hpp"))
        self.assertTrue(self.allows("sim/world/a.hpp", "scenario/a.hpp"))

    def test_paths_are_whole_and_folders_are_known(self):
        self.assertFalse(self.allows("src/wire/a.cpp", "b.hpp"))
        self.assertFalse(self.allows("src/wire/a.cpp", "../base/ids.hpp"))
        self.assertFalse(self.allows("src/new_folder/a.cpp", "base/ids.hpp"))


class DeterminismBans(unittest.TestCase):
    check = load("check-determinism-bans")

    def finds(self, text, path="src/wire/a.cpp"):
        names = sorted(self.check.unordered_names(sources.code_only(text)))
        return bool(list(self.check.problems(path, text, names)))

    def test_each_banned_construct_is_found(self):
        for text in ("std::hash<int>{}(1);", "#include <random>", "std::shuffle(a, b, c);",
                     "std::chrono::steady_clock::now();", "std::time(nullptr);", "#include <thread>",
                     "thread_local int a;", "std::map<Peer*, int> a;", "std::set<const Peer *> a;",
                     "const char* a = __DATE__;", "double ratio = 0.5;", 'std::getenv("A");'):
            self.assertTrue(self.finds(text), text)

    def test_comments_strings_and_lookalikes_are_left_alone(self):
        for text in ("// std::hash differs", 'auto a = "double std::thread";', "/* <random> */",
                     "Time time(Now now);", "std::map<NodeId, Peer*> a;", "doubled = 1'000 + 2'000;"):
            self.assertFalse(self.finds(text), text)

    def test_an_unordered_container_may_be_used_but_not_iterated(self):
        member = "std::unordered_map<Key, std::vector<int>> index_;\n"
        self.assertFalse(self.finds(member + "index_.find(key);"))
        self.assertTrue(self.finds(member + "for (const auto& [a, b] : index_) {}"))
        self.assertTrue(self.finds(member + "auto it = index_.begin();"))

    def test_two_draws_need_two_statements(self):
        self.assertTrue(self.finds("f(rng.next(), rng.next());"))
        self.assertTrue(self.finds("g(rng_.below(3),\n  rng_.below(4));"))
        self.assertFalse(self.finds("auto a = rng.next(); auto b = rng.next();"))
        self.assertFalse(self.finds("rng.chance(1, 2) ? rng.below(3) : 0;"))

    def test_a_reason_excuses_its_line(self):
        self.assertFalse(self.finds("double a = 0;  // determinism: shown to people only"))

    def test_floats_are_banned_only_where_decisions_are_made(self):
        self.assertFalse(self.finds("double percentile = 0;", path="sim/core/metrics.cpp"))
        self.assertFalse(self.finds("double share = 0;", path="src/faults/network_test.cpp"))


class Words(InATree):
    check = load("check-words")

    def finds(self, text):
        return bool(list(self.check.problems(self.write("docs/a.md", text))))

    def test_what_exists_on_one_machine_is_found(self):
        for text in ("see /roo" + "t/x", "in /home" + "/joe/x", "/wor" + "k/main", "issu" + "e 12",
                     "http://cache.interna" + "l/x"):
            self.assertTrue(self.finds(text), text)

    def test_what_exists_everywhere_is_left_alone(self):
        for text in ("build/work/a", "/usr/bin/env", "https://example.org/home/a", "the issue is 2 MB"):
            self.assertFalse(self.finds(text), text)


class Behaviours(InATree):
    page = load("support/behaviours.py")

    def setUp(self):
        super().setUp()
        self.write("docs/behaviours.json", """{"not_yet": ["a.later"], "areas": [
            {"id": "a", "title": "A", "rows": {"one": "It does.", "later": "It will."}}]}""")
        self.show("// Shows: a.one\nTEST(Suite, Name) {}\n")
        self.assertEqual(self.page.run(check=False), [])

    def show(self, text):
        self.write("src/a/a_test.cpp", text)

    def refuses(self, what):
        wrong = self.page.run(check=True)
        return len(wrong) == 1 and what in wrong[0]

    def test_a_page_that_agrees_is_accepted_and_links_what_shows_a_row(self):
        self.assertEqual(self.page.run(check=True), [])
        text = (sources.ROOT / "docs/behaviours.md").read_text()
        self.assertIn("| It does. | [Suite.Name](../src/a/a_test.cpp) |", text)
        self.assertIn("| It will. | not yet there |", text)

    def test_ids_that_are_not_in_the_list_are_refused(self):
        self.show("// Shows: a.one, a.two\nTEST_F(Suite, Name) {}\n")
        self.assertTrue(self.refuses("src/a/a_test.cpp:1: 'a.two' is not in"))

    def test_a_behaviour_that_nothing_shows_is_refused(self):
        self.show("// It does.\nTEST(Suite, Name) {}\n")
        self.assertTrue(self.refuses("nothing shows 'a.one': It does."))

    def test_a_comment_above_no_test_is_refused(self):
        self.show("// Shows: a.one\nTEST(Suite, Name) {}\n// Shows: a.one\nint a;\n")
        self.assertTrue(self.refuses("src/a/a_test.cpp:3: 'Shows:' stands above no test"))

    def test_what_is_there_is_not_to_come(self):
        self.show("// Shows: a.one, a.later\nTEST(Suite, Name) {}\n")
        self.assertTrue(self.refuses("'a.later' is there now"))

    def test_a_page_that_is_not_up_to_date_is_refused(self):
        self.show("// Shows: a.one\n// And more.\nTEST_P(Suite,\n       Other) {}\n")
        self.assertTrue(self.refuses("is not up to date"))
        self.assertEqual(self.page.run(check=False), [])
        self.write("scenarios/s.json", "// Shows: a.one\n{}\n")
        self.assertTrue(self.refuses("is not up to date"))


if __name__ == "__main__":
    unittest.main()
