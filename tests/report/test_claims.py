# SPDX-License-Identifier: MIT
"""The claims: every shipped rule can be read, a wrong rule is refused with its line and
the nearest name, conditions follow their truth table, and the page of stored results is
exactly the golden file.
"""

import json
import math
import re
import subprocess
import unittest
from unittest import mock
from pathlib import Path

import case
from case import ROOT, Case

from claims import conditions, rules
from claims.conditions import NO, NONE, UNSURE, YES

RULE = """[claim C90]
short = the loop gains
text = The loop gains 100 times over one worker.
source = 001
setup = a made-up run
law = C / D over 1 / D
refuted = it gains less than 80 times
speaks = event-loop, process-pool
against = serial
experiments = quick
quick = yes

[figure gain]
what = throughput over serial
form = ratio
metric = throughput_per_s
models = event-loop
to = serial
cells = fetch
law = stored

[figure rate]
what = requests per second
metric = throughput_per_s
models = event-loop, process-pool
cells = fetch
law = stored

[verdict CONFIRMED]
if = gain in 80..120 and some rate >= 1500/s
why = {gain}; {rate}.

[verdict REFUTED]
if = gain outside 80..120 or every rate < 1500/s
why = {gain}.
"""
# A verdict with both sides of a condition.
SIDES = """[verdict CONDITIONAL]
if = gain in 80..120 and every rate < 1500/s
holds = by the gain: {gain}
fails = by the rate: {rate}

[verdict REFUTED]
"""
# Text in the rule, its replacement, and the expected message.
WRONG = [
    ("short =", "shrt =", r"c90.ini:2: \[claim C90\] has no key “shrt”; did you mean short\?"),
    ("[claim C90]", "[claim loop]", r"c90.ini:1: \[claim loop\] needs a number"),
    ("[claim C90]\n", "[figure none]\n", r"c90.ini:1: \[figure none\]: no \[claim CNN\] stands above"),
    ("[figure rate]", "[fugure rate]", r"c90.ini:22: \[fugure rate\]: no section has this name"),
    ("[claim C90]\n", "[experiment]\n[claim C90]\n", r"c90.ini:1: a claim's experiment must be below"),
    ("experiments = quick\n", "", r"c90.ini:1: the file has no \[experiment\], and the claim lacks experiments"),
    ("source = 001", "source = 01", r"c90.ini:4: no source is named 01; did you mean 001\?"),
    ("speaks = event-loop, ", "speaks = event-lop, ", r"c90.ini:8: no model is named event-lop; did you mean"),
    ("speaks = event-loop, process-pool\n", "", r"c90.ini:1: \[claim C90\] lacks speaks"),
    ("= quick\n", "= quik\n", r"c90.ini:10: no experiment is named quik; did you mean quick\?"),
    ("form = ratio", "form = ration", r"c90.ini:15: no form is named ration; did you mean ratio"),
    ("throughput_per_s", "troughput_per_s", r"c90.ini:16: .*did you mean throughput_per_s\?"),
    ("= event-loop\n", "= event-lop\n", r"c90.ini:17: .*did you mean event-loop\?"),
    ("to = serial", "to = serail", r"c90.ini:18: no model is named serail; did you mean serial\?"),
    ("[figure rate]", "[figure gain]", r"c90.ini:22: \[figure gain\] stands above already; rename one"),
    ("cells = fetch", "cells = fech", r"c90.ini:19: no cell of quick .*did you mean fetch\?"),
    ("to = serial", "to = serial\nover = cpu", r"c90.ini:19: a figure of form ratio has no over"),
    ("if = gain", "if = gane", r"c90.ini:30: no figure is named gane; did you mean gain\?"),
    ("some rate >= 1500/s", "rate >= 1500ms", r"c90.ini:30: “1500ms” is a time, the figure is a rate"),
    ("some rate >= 1500/s", "rate ~ 1", r"c90.ini:30: “rate ~ 1” is no comparison"),
    ("some rate >= 1500/s", "rate >= 1500/s", r"c90.ini:30: rate has several models: write every rate or some rate"),
    ("80..120", "120..80", r"c90.ini:30: .*the first limit is the lower one"),
    ("[verdict REFUTED]", "[verdict WRONG]", r"c90.ini:33: no verdict is named WRONG"),
    ("[verdict REFUTED]", "[verdict UNDECIDED]", r"c90.ini:33: no verdict is named UNDECIDED"),
    ("[verdict REFUTED]", "[verdict otherwise]", r"c90.ini:33: no verdict is named otherwise"),
    ("why = {gain}.", "why = {gin}.", r"c90.ini:35: no figure is named gin; did you mean gain\?"),
    # A verdict that nothing leads to, and figures that lead to none.
    (
        "if = gain outside", "if = gain in 90..100 and every rate >= 1600/s\n\n[verdict REFUTED]\nif = gain outside",
        r"c90.ini:34: no figures can lead to this REFUTED",
    ),
    ("or every rate < 1500/s", "or every rate < 1400/s", r"c90.ini:1: no verdict holds where gain = 80, rate = 700 and 1400"),
    ("outside 80..120 or every rate", "outside 70..120 or every rate", r"c90.ini:1: no verdict holds where gain = 7"),
    # A verdict that rests on a model of which the claim does not speak.
    ("speaks = event-loop, process-pool", "speaks = event-loop", r"c90.ini:30: CONFIRMED rests on rate, a figure of"),
    ("against = serial\n", "", r"c90.ini:29: CONFIRMED rests on gain, a figure of event-loop, serial: the claim"),
    ("speaks = event-loop, process-pool", "speaks = process-pool", r"c90.ini:30: CONFIRMED rests on gain"),
    # A condition without two sides.
    ("[verdict REFUTED]\n", SIDES.replace("fails = ", "fail = "), r"c90.ini:36: .* has no key “fail”; did you mean"),
    ("[verdict REFUTED]\n", SIDES.replace("{rate}", "the rate"), r"c90.ini:36: fails shows no {figure}"),
    ("[verdict REFUTED]\n", SIDES.replace("{rate}", "{gain}"), r"c90.ini:36: gain stands on both sides"),
]

# Other forms of figures, drawn as a heat map.
SWEPT = """[claim C90]
short = threads are as quick
text = Threads are as quick at any number.
source = 001
setup = a made-up run
law = none
refuted = they are not
speaks = thread-per-request, event-loop
experiments = connections
chart = surface

[figure gain]
what = throughput over the loop's
form = ratio
metric = throughput_per_s
models = thread-per-request
to = event-loop
cells = wait

[figure growth]
what = p50 over that with one connection
form = across
metric = latency_p50_ns
models = event-loop
cells = wait

[figure mean]
what = mean over p50
form = quotient
metric = latency_mean_ns
over = latency_p50_ns
models = event-loop
cells = wait-c10*

[figure memory]
what = memory of a connection over the loop's
form = slope ratio
models = thread-per-request
to = event-loop
per = busy_connection
kind = total_bytes
cells = wait

[verdict CONFIRMED]
if = every gain in 0.4..1.1 and every growth in 2.5..3.5 and memory in 2..5 and every mean in 0.5..2
why = {gain}; {growth}; {memory}.

[verdict REFUTED]
if = some gain outside 0.4..1.1 or some growth outside 2.5..3.5 or memory outside 2..5 or some mean outside 0.5..2
why = {gain}; {growth}; {memory}.
"""


class Rules(Case):
    def write(self, text):
        path = self.run_path.parent / "c90.ini"
        path.write_text(text, encoding="utf-8")
        return path

    def rule(self, text=RULE):
        (rule,) = rules.read(self.write(text), rules.sources())
        return rule

    def test_shipped_rules_can_be_read(self):
        found = rules.read_all()
        self.assertTrue(any(r.quick for r in found))
        for rule in found:
            self.assertRegex(rule.id, r"^C\d\d$")
            self.assertRegex(rule.path.read_text(encoding="utf-8"), r"\A# SPDX")

    def test_a_file_may_hold_several_claims(self):
        folder = self.write(RULE + RULE.replace("C90", "C91")).parent
        self.assertEqual([r.id for r in rules.read_all(folder)], ["C90", "C91"])
        (folder / "c91.ini").write_text(RULE, encoding="utf-8")
        with self.assertRaisesRegex(rules.RuleError, r"c91.ini:1: \[claim C90\] stands in c90.ini already"):
            rules.read_all(folder)

    def test_what_has_to_be_run(self):
        for flag, claims, words in (
            ("--experiments", "C23", ["claims/c28-complexity"]),
            ("--primitives", "C23", ["primitives"]),
            ("--primitives", "full", ["primitives"]),
            ("--primitives", "C01,C07", []),
        ):
            command = ["/usr/bin/python3", "-B", str(ROOT / "reports" / "judge.py"), flag, "--claims", claims]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120)
            self.assertEqual((done.returncode, done.stdout.split()), (0, words), done.stderr)

    def test_a_wrong_rule_is_refused(self):
        self.assertEqual(self.rule().id, "C90")
        for old, new, message in WRONG:
            with self.subTest(new), self.assertRaisesRegex(rules.RuleError, message):
                self.rule(RULE.replace(old, new, 1))

    def test_a_rule_that_is_no_text_is_refused(self):
        path = self.write(RULE)
        path.write_bytes(RULE.replace("a made-up run", "un essai à part", 1).encode("latin-1"))
        with self.assertRaisesRegex(rules.RuleError, r"c90.ini:5: the line is no UTF-8"):
            rules.read(path, rules.sources())

    def test_an_experiment_without_a_cell_has_no_figure(self):
        folder = self.run_path.parent / "experiments"
        folder.mkdir()
        (folder / "quick.ini").write_text("[experiment]\ntitle = no cell\n", encoding="utf-8")
        rule = RULE.replace("cells = fetch\n", "", 1)
        with mock.patch.object(rules, "EXPERIMENTS", folder):
            with self.assertRaisesRegex(rules.RuleError, r"c90.ini:13: no cell of quick is named \*"):
                self.rule(rule)

    def test_the_program_tells_the_error(self):
        self.write(RULE.replace("if = gain", "if = gane", 1))
        folder = self.run_path.parent
        command = ["/usr/bin/python3", "-B", str(ROOT / "reports" / "judge.py"), "--experiments"]
        done = subprocess.run([*command, "--rules", folder], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("claims: c90.ini:30: no figure is named gane", done.stderr)


class Conditions(unittest.TestCase):
    LOW, HIGH, ACROSS, NOT = (1.0, 1.1), (3.0, 3.1), (1.9, 2.1), None

    def truth(self, text, **figures):
        parsed = conditions.parse(text, dict.fromkeys(figures, "number"))
        return parsed.truth(figures)

    def test_one_interval(self):
        for text, low, high, across in (
            ("x < 2", YES, NO, UNSURE),
            ("x <= 2", YES, NO, UNSURE),
            ("x > 2", NO, YES, UNSURE),
            ("x >= 2", NO, YES, UNSURE),
            ("x in 0.5..2", YES, NO, UNSURE),
            ("x outside 0.5..2", NO, YES, UNSURE),
        ):
            for interval, truth in ((self.LOW, low), (self.HIGH, high), (self.ACROSS, across), (self.NOT, NONE)):
                with self.subTest(text, interval=interval):
                    self.assertEqual(self.truth(text, x=[interval]), truth)

    def test_at_the_limit(self):
        at = [(2.0, 2.0)]
        found = [self.truth(f"x {sign} 2", x=at) for sign in ("<", "<=", ">", ">=")]
        self.assertEqual(found, [NO, YES, NO, YES])
        self.assertEqual(self.truth("x in 2..3", x=at), YES)

    def test_a_bound_alone(self):
        at_least = [(3.0, float("inf"))]
        self.assertEqual(self.truth("x > 2", x=at_least), YES)
        self.assertEqual(self.truth("x < 4", x=at_least), UNSURE)

    def test_elements(self):
        low, high, across, no = self.LOW, self.HIGH, self.ACROSS, self.NOT
        for values, every, some in (
            ([low, low], YES, YES),
            ([low, high], NO, YES),
            ([low, across], UNSURE, YES),
            ([high, across], NO, UNSURE),
            ([high, high], NO, NO),
            ([low, no], NONE, YES),
            ([high, no], NO, NONE),
            ([across, no], NONE, NONE),
            ([], NO, NO),
        ):
            with self.subTest(values):
                self.assertEqual(self.truth("every x < 2", x=values), every)
                self.assertEqual(self.truth("x < 2", x=values), every)
                self.assertEqual(self.truth("some x < 2", x=values), some)

    def test_joined(self):
        values = {YES: [self.LOW], NO: [self.HIGH], UNSURE: [self.ACROSS], NONE: [None]}
        for a, b, both, either in (
            (YES, YES, YES, YES),
            (YES, NO, NO, YES),
            (YES, UNSURE, UNSURE, YES),
            (YES, NONE, NONE, YES),
            (NO, NO, NO, NO),
            (NO, UNSURE, NO, UNSURE),
            (NO, NONE, NO, NONE),
            (UNSURE, UNSURE, UNSURE, UNSURE),
            (UNSURE, NONE, NONE, NONE),
            (NONE, NONE, NONE, NONE),
        ):
            for left, right in ((a, b), (b, a)):
                with self.subTest(left + right):
                    figures = {"x": values[left], "y": values[right]}
                    self.assertEqual(self.truth("x < 2 and y < 2", **figures), both)
                    self.assertEqual(self.truth("x < 2 or y < 2", **figures), either)

    def test_an_optional_figure_says_nothing(self):
        self.assertEqual(self.truth("x < 2 and y < 2", x=[self.LOW], y=[]), YES)
        self.assertEqual(self.truth("x > 2 or y < 2", x=[self.LOW], y=[]), NO)

    def test_quantities(self):
        for text, kind, value in (("3.15s", "time", 3.15e9), ("64KiB", "size", 65536.0), ("50%", "number", 0.5)):
            self.assertEqual(conditions.quantity(text, kind), value)


class Page(Case):
    def judged(self, *rule_texts, change=lambda run, trials: None, stored=(), then=None):
        """The claims.json of rules C90, C91, ... for a stored run, to which `change` is
        applied before and `then` after it is summarised."""
        self.store(change, *stored)
        if then:
            then(self.run_path)
        folder = self.run_path.parent
        for i, text in enumerate(rule_texts):
            (folder / f"c9{i}.ini").write_text(text.replace("C90", f"C9{i}"), encoding="utf-8")
        self.page = folder / f"claims-{len(list(folder.glob('claims-*')))}"
        command = ["/usr/bin/python3", "-B", str(ROOT / "reports" / "judge.py"), "--rules", folder]
        done = subprocess.run(
            [*command, "--output", self.page, self.run_path], capture_output=True, text=True, timeout=120
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.said = done.stdout
        return json.loads((self.page / "claims.json").read_text(encoding="utf-8"))

    def spoil(self, model, blocks):
        def change(run, trials):
            for t in trials:
                if t["load_point"] == "fetch" and t["cell"]["model"] == model and t["block"] in blocks:
                    t["valid"], t["reason"] = False, "the backend's waits were late"

        return change

    def test_the_page(self):
        other = RULE.replace("= event-loop\n", "= process-pool\n").replace("short = the loop", "short = the pool")
        data = self.judged(RULE, other)
        self.assertEqual([c["verdict"] for c in data["claims"]], ["CONFIRMED", "REFUTED"])
        text = (self.page / "claims.md").read_text(encoding="utf-8")
        self.golden("claims.md", re.sub(r"Made \S+", "Made NOW", text))
        page, own = case.without_own_script((self.page / "claims.html").read_text(encoding="utf-8"))
        self.assertEqual(own, 1)
        self.assertNotRegex(page, r"(?i)<script|<link|@import|src=|url\(http|href=.http")
        for target in re.findall(r'href="([^"#]+)"', page):
            self.assertTrue((self.page / target).exists(), target)

    def test_an_invalid_cell_is_not_measurable(self):
        data = self.judged(RULE, change=self.spoil("event-loop", {1, 2}))
        claim = data["claims"][0]
        self.assertEqual(claim["verdict"], "NOT MEASURABLE HERE")
        self.assertIn("the backend's waits were late", claim["why"])

    def test_a_block_that_was_not_run_is_not_measurable(self):
        def change(run, trials):
            trials[:] = [t for t in trials if (t["load_point"], t["block"]) != ("fetch", 6)]

        claim = self.judged(RULE, change=change)["claims"][0]
        self.assertEqual(claim["verdict"], "NOT MEASURABLE HERE")
        self.assertIn("5 of 6 blocks were run", claim["why"])

    def test_what_another_verdict_above_might_take_is_not_told(self):
        level = self.judged(RULE)["claims"][0]["figures"][0]["elements"][0]["value"]
        for above, verdict in ((f"gain < {level:.4f}", "UNDECIDED"), ("gain < 2", "CONFIRMED")):
            rule = RULE.replace("if = gain in 80..120 and some", f"if = {above}\n\n[verdict CONFIRMED]\nif = some")
            rule = rule.replace("[verdict CONFIRMED]", "[verdict REFUTED]", 1)
            rule = rule.replace("gain outside 80..120 or every rate < 1500/s", "every rate < 1500/s")
            claim = self.judged(rule)["claims"][0]
            self.assertEqual(claim["verdict"], verdict)

    def test_what_was_not_run_is_not_measurable(self):
        other = RULE.replace("experiments = quick", "experiments = io").replace("cells = fetch", "cells = fetch*")
        claim = self.judged(other)["claims"][0]
        self.assertEqual(claim["verdict"], "NOT MEASURABLE HERE")
        self.assertIn("the experiment io was not run", claim["why"])

    def test_an_optional_figure_takes_no_part(self):
        optional = RULE.replace("experiments = quick", "experiments = quick, io")
        optional = optional.replace("[figure rate]", "[figure rate]\nexperiment = io\noptional = yes")
        data = self.judged(optional.replace("cells = fetch\nlaw = stored\n\n[verdict", "cells = fetch*\n\n[verdict"))
        self.assertEqual(data["claims"][0]["verdict"], "CONFIRMED")
        text = (self.page / "claims.md").read_text(encoding="utf-8")
        self.assertIn("Without: event-loop, process-pool: the experiment io was not run", text)
        run = optional.replace("experiment = io\n", "").replace("some rate", "each rate")
        run = run.replace("every rate", "some rate").replace("each rate", "every rate")
        claim = self.judged(run, change=self.spoil("process-pool", {1, 2}))["claims"][0]
        self.assertEqual(claim["verdict"], "NOT MEASURABLE HERE")
        self.assertIn("the backend's waits were late", claim["why"])

    def test_other_forms_and_a_heat_map(self):
        def change(run, trials):
            experiment = run["experiments"][0]
            experiment["base"] = "wait-c1"
            run["across"] = [
                {
                    "experiment": "connections", "metric": "latency_p50_ns", "model": "event-loop",
                    "load_point": p["id"], "base": "wait-c1", "n": 6, "ratio": 3.0, "lo": 2.9,
                    "hi": 3.1, "generator_bound": False, "trials": [],
                }
                for p in experiment["load_points"][1:]
            ]

        claim = self.judged(SWEPT, change=change, stored=["sweep"])["claims"][0]
        self.assertEqual(claim["verdict"], "CONFIRMED", claim["why"])
        growth, mean, memory = (f["elements"] for f in claim["figures"][1:])
        self.assertTrue(all(e["lo"] < e["value"] < e["hi"] for e in mean))
        self.assertEqual([e["load_point"] for e in growth], [f"wait-c{n}" for n in (10, 100, 1000, 10000)])
        self.assertLess(memory[0]["lo"], memory[0]["value"])
        self.assertTrue((self.page / "charts" / "c90.svg").is_file())
        drawn = (self.page / "charts" / "c90.dat").read_text(encoding="utf-8")
        fields = re.findall(r'^\d+ \d+ (\S+) "?([\d.]+)"?$', drawn, re.M)
        self.assertEqual(len(fields), len(claim["figures"][0]["elements"]))
        for colour, number in fields:
            self.assertAlmostEqual(float(colour), math.log10(float(number)), places=2)

    def test_memory_that_is_estimated_has_its_error(self):
        """Memory as measured without privileges."""
        def estimated(run_path, lower):
            path = run_path / "run.json"
            run = json.loads(path.read_text())
            for row in run["summary"]:
                if row["metric"].startswith("memory_"):
                    row.update(error_share=0.15, lower_bound=lower)
            path.write_text(json.dumps(run))

        rule = RULE.replace("metric = throughput_per_s\nmodels = event-loop, process-pool",
                            "metric = memory_total_bytes\nmodels = event-loop, process-pool")
        rule = rule.replace("cells = fetch\nlaw = stored\n\n[verdict", "cells = fetch\n\n[verdict")
        rule = rule.replace("some rate >= 1500/s", "some rate <= 100GiB").replace(
            "every rate < 1500/s", "every rate > 100GiB")
        exact, about, least = (
            self.judged(rule, then=then)["claims"][0]["figures"][1]["elements"][0]
            for then in (None, lambda run: estimated(run, False), lambda run: estimated(run, True)))
        self.assertAlmostEqual(exact["lo"] / 1.15, about["lo"])
        self.assertAlmostEqual(exact["hi"] * 1.15, about["hi"])
        self.assertEqual([None, None, "at least"], [e["bound"] for e in (exact, about, least)])
        ratio = rule.replace("metric = throughput_per_s", "metric = memory_total_bytes")
        ratio = ratio.replace("law = stored\n", "")
        claim = self.judged(ratio, then=lambda run: estimated(run, True))["claims"][0]
        self.assertEqual("NOT MEASURABLE HERE", claim["verdict"])
        self.assertIn("is a lower bound: no ratio", claim["why"])

    def test_an_interval_across_a_limit_is_undecided(self):
        level = self.judged(RULE)["claims"][0]["figures"][0]["elements"][0]["value"]
        across = RULE.replace("80..120", f"80..{level * 1.002:.4f}")
        claim = self.judged(across)["claims"][0]
        self.assertEqual(claim["verdict"], "UNDECIDED")
        self.assertIn("cannot be told from", claim["why"])
        self.assertIn("C90 was CONFIRMED, is UNDECIDED", self.said)
        self.assertEqual(claim["undecided"]["between"], ["CONFIRMED", "REFUTED"])
        row = claim["undecided"]["across"][0]
        self.assertEqual((row["figure"], row["label"], row["blocks"]), ("gain", "event-loop", 6))
        self.assertGreater(row["blocks_needed"], 6)
        text = (self.page / "claims.md").read_text(encoding="utf-8")
        self.assertIn(f"about {row['blocks_needed']} would tell them apart", text)
        self.judged(across)
        self.assertIn("no verdict has changed since claims-1", self.said)

    def test_a_wide_distance_names_the_command(self):
        level = self.judged(RULE)["claims"][0]["figures"][0]["elements"][0]
        limit = (level["value"] + level["hi"]) / 2
        claim = self.judged(RULE.replace("80..120", f"80..{limit:.4f}"))["claims"][0]
        blocks = claim["undecided"]["across"][0]["blocks_needed"]
        self.assertIn(f"make claims CLAIMS=C90 ARGS='--blocks {blocks}'", (self.page / "claims.md").read_text())

    def test_both_sides_of_a_condition(self):
        sides = RULE.replace("[verdict REFUTED]\n", SIDES).replace("1500/s", "1980/s")
        sides = sides.replace("every rate", "some rate").replace("and some rate >=", "and every rate >=")
        claim = self.judged(sides)["claims"][0]
        self.assertEqual(claim["verdict"], "CONDITIONAL")
        self.assertIn("by the gain: 100", claim["holds"])
        self.assertIn("process-pool 317/s", claim["fails"])
        self.assertIn("- Fails: by the rate: event-loop", (self.page / "claims.md").read_text())


if __name__ == "__main__":
    unittest.main()
