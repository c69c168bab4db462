#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The flags of all verbs: a letter and a name mean one thing everywhere, and
whoever gives a flag that a verb does not have is told which one to give.
"""
import collections
import os
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TROIKA = ROOT / os.environ.get("TROIKA_BUILD", "build/release") / "troika"
LIMIT_S = 60
USAGE = 2
# A refusal asks the tables of all verbs. With a sanitizer that takes half a second of
# CPU, and the code is one for all flags: every eighth is enough there.
STEP = 8 if TROIKA.parent.name == "asan" else 1
# What a letter stands for. -n counts what is measured, or stores nothing.
LETTERS = {
    "c": {"connections"}, "d": {"duration"}, "z": {"duration"}, "D": {"body-file"}, "f": {"format"}, "H": {"header"}, "l": {"list"},
    "m": {"method"}, "X": {"method"}, "n": {"requests", "services", "no-store"}, "o": {"output"}, "O": {"only"},
    "q": {"quiet"}, "r": {"repetitions"}, "R": {"rate"}, "t": {"threads"}, "v": {"verbose"}, "?": {"help"},
}
# Other names of a flag, each beside the one name.
ALIASES = {"window": "duration", "step": "duration", "slo": "limit", "data": "body", "request": "method"}
TIMED = ("bench", "search", "load", "probe")  # verbs with a time of load
# A verb's words, and what the refusal says. serve hands its flags to a model.
REFUSED = (
    ("bench -t 4 quick", "-d (--duration), -o (--output)"),
    ("bench -qz quick", "give --duration"),
    ("bench --limit p99<5ms quick", "give --threshold"),
    ("bench --window 5 quick", "--duration 5: give a time"),
    ("search --models serial", "models are words"),
    ("decide --model=serial", "models are words"),
    ("search --time 5s", "give --duration"),
    ("search --step x", "--duration x: give a time"),
    ("search event-loop --workload hello --slo p99>5ms", "--limit is"),
    ("search --concurrency 5", "give --connections"),
    ("predict --qps 5", "give --rate"),
    ("predict --slo p99<5ms", "give --limit"),
    ("size --clients 5", "give --connections"),
    ("map --json", "give --format"),
    ("doctor -o x", "> FILE"),
    ("report --format json", "prints text alone"),
    ("list --quiet", "2>/dev/null"),
    ("claims C07 --from x --blocks 3", "no effect with --from"),
    ("claims --full C07", "--full are all claims"),
    ("claims --minutes 5", "give --budget"),
    ("stores -x", "no flag has a letter"),
    ("runs -h", "--help lists"),
    ("compare -V", "troika --version"),
    ("bench --rate 5 quick", "troika load -R N URL"),
    ("bench --json quick", "run.json"),
    ("bench -f json quick", "run.json"),
    ("bench -c 5 quick", "connections = N"),
    ("calibrate --language cpython", "--models node,cpython-threads --add"),
    ("doctor --connections 5", "it is a flag of "),
    ("report --json", "prints text alone"),
    ("stores --insecure", "TLS is not supported"),
    ("bench --url http://h/ --models serial", "--model says"),
    ("bench --url http://h/ --resume", "--resume=RUN, without --url"),
    ("bench --url http://h/ --dry-run", "troika target init"),
    ("bench --url http://h/ -v", "troika summarise"),
    ("bench --url http://h/ --until 3", "a share in percent"),
    ("bench --url http://h/ --until 3% --max-blocks 7", "give 8 or more"),
    ("bench --url http://h/ --max-blocks 9", "no effect without --until"),
    ("bench --url http://h/ --threshold p99>5ms", "is p99<5ms meant?"),
    ("bench --output", "requires an argument"),
    ("map --output", "requires an argument"),
    ("compare --format", "requires an argument"),
    ("predict --threshold p99<5ms", "give --limit"),
    ("search --threshold p99<5ms", "give --limit"),
    ("bench --repeats 3 quick", "give --blocks"),
    ("bench --results x quick", "give --output"),
    ("load --output-format json http://x/", "give --format"),
    ("load -t 10s http://x/", "(a time limit: --timeout TIME)"),
    ("load -d {} http://x/", "(a body: --body TEXT)"),
    ("load -q 50 http://x/", "give -R"),
    ("load -k http://x/", "TLS is not supported"),
    ("load -s x.lua http://x/", "there are no scripts"),
    ("load --fail http://x/", "not 2xx"),
    ("load -z 5 http://x/", "--duration 5: give a time"),
    ("load -n x http://x/", "--requests x: give a whole number"),
    ("load -R x http://x/", "number of requests per second"),
    ("load -X get http://x/", "in capitals"),
    ("judge --wait 5 -", "give a time with its unit"),
    ("judge -f csv -", "text|json"),
    ("load -f xml http://x/", "text|json|csv|markdown"),
)


def run(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run([TROIKA, *words], capture_output=True, text=True, timeout=LIMIT_S, check=False)


def verbs() -> list[str]:
    told = run("--help").stdout
    return re.findall(r"^  ([a-z]+) +[^-]", told.split("\n\n")[1] + "\n", re.M)


def flags(verb: str) -> list[tuple[set, list]]:
    """The letters and names of each flag, as --help has them."""
    rows = []
    for line in run(verb, "--help").stdout.split("\n"):
        if re.match(r"^ {2,6}-", line):
            given = re.split(r" {3,}", line.strip())[0]
            letters = re.findall(r"(?<![\w-])-([\w?])(?![\w-])", given)
            rows.append((set(letters), re.findall(r"--([a-z][\w-]*)", given)))
    return rows


class Flags(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.verbs = verbs()
        cls.flags = {verb: flags(verb) for verb in cls.verbs if verb != "serve"}

    def test_all_verbs_are_read(self):
        self.assertGreater(len(self.verbs), 20)
        self.assertLessEqual({"bench", "claims", "report", "record", "runs", "load"}, set(self.verbs))
        self.assertGreater(sum(len(rows) for rows in self.flags.values()), 150)

    def test_help(self):
        for words in (["--help"], *([v, "--help"] for v in self.verbs)):
            done = run(*words)
            self.assertEqual(0, done.returncode, words)
            self.assertEqual([], [line for line in done.stdout.split("\n") if len(line) > 80], words)
        for verb in self.verbs:
            self.assertEqual(run(verb, "--help").stdout, run("help", verb).stdout, verb)
        self.assertEqual(run("--help").stdout, run("help").stdout)
        self.assertEqual(USAGE, run("help", "nothing").returncode)

    def test_a_letter_means_one_thing(self):
        for verb, rows in self.flags.items():
            for letters, names in rows:
                for letter in letters:
                    self.assertIn(letter, LETTERS, verb)
                    self.assertTrue(LETTERS[letter] & set(names), (verb, letter, names))

    def test_a_thing_has_one_name(self):
        for verb, rows in self.flags.items():
            for _, names in rows:
                for name in names:
                    if name in ALIASES:
                        self.assertIn(ALIASES[name], names, verb)
        for verb in TIMED:
            self.assertIn("duration", [n for _, names in self.flags[verb] for n in names], verb)
            for given in (["-d", "x"], ["--duration=x"]):
                done = run(verb, *given)
                self.assertEqual(USAGE, done.returncode, done)
                self.assertIn("--duration x: give a time", done.stderr)

    def test_common_flags_have_their_letter(self):
        letter_of = collections.defaultdict(set)
        for verb, rows in self.flags.items():
            for letters, names in rows:
                for name in ("output", "format", "connections", "duration", "quiet", "rate"):
                    if name in names:
                        letter_of[name] |= {min(letters) if letters else f"none ({verb})"}
        self.assertEqual({"output": {"o"}, "format": {"f"}, "connections": {"c"}, "duration": {"d"}, "quiet": {"q"}, "rate": {"R"}},
                         dict(letter_of))

    def test_a_misspelt_flag_is_recognised(self):
        for verb, rows in self.flags.items():
            for _, names in rows[::STEP]:
                for name in names:
                    known = {n for _, every in rows for n in every}
                    typo = name[:2] + name[3:] + "q"
                    if len(name) < 6 or name == "usage" or any(k.startswith(typo) for k in known):
                        continue
                    done = run(verb, f"--{typo}")
                    self.assertEqual(USAGE, done.returncode, (verb, name, done))
                    self.assertIn("--", done.stderr.partition("unrecognized option")[2].partition(";")[2], (verb, typo, done.stderr))
                    self.assertIn(f"troika {verb} --help", done.stderr)

    def test_an_unknown_letter_is_answered(self):
        for verb in self.flags:
            done = run(verb, "-Y")
            self.assertEqual(USAGE, done.returncode, (verb, done))
            self.assertRegex(done.stderr, rf"troika {verb}: unrecognized option '-Y'; (the letters are -|no flag has a letter)")

    def test_refusals_say_what_to_give(self):
        for words, said in REFUSED:
            done = run(*words.split())
            self.assertEqual(USAGE, done.returncode, (words, done))
            self.assertIn(said, done.stderr, words)
            self.assertEqual("", done.stdout, words)

    def test_a_flag_of_another_verb_is_answered(self):
        """By a flag of this verb, or by the verbs that have it; never by --help."""
        names = {verb: {n for _, every in rows for n in every} for verb, rows in self.flags.items()}
        for verb in ("bench", "doctor"):  # one with many flags, one with few
            own = names[verb]
            for name in sorted(set().union(*names.values()) - own)[::STEP]:
                if any(known.startswith(name) for known in own):
                    continue
                done = run(verb, f"--{name}")
                self.assertEqual(USAGE, done.returncode, (verb, name, done))
                said = done.stderr.split("\n")[0].removesuffix(f" (troika {verb} --help)")
                self.assertNotRegex(said, "--help|--usage", (verb, name))
                self.assertNotRegex(said, "did you mean|the nearest are|there is --", (verb, name))

    def test_a_body_file_by_its_letter(self):
        done = run("load", "-D", "/nowhere/body", "http://127.0.0.1:9/")
        self.assertEqual(1, done.returncode)
        self.assertIn("reading --body-file /nowhere/body", done.stderr)


if __name__ == "__main__":
    unittest.main()
