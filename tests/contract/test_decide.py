#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""troika decide, run as a person runs it: from made-up constants and residuals to
an answer, its record, and what breaks either.
"""
import contextlib
import hashlib
import io
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "reports"))
sys.path.insert(0, str(ROOT / "tests" / "method"))
sys.path.insert(0, str(ROOT / "tests" / "contract"))
import decided  # noqa: E402
import test_forecast as forecast  # noqa: E402
from data.schema import read as schema  # noqa: E402
from test_results import errors  # noqa: E402

TROIKA = ROOT / os.environ.get("TROIKA_BUILD", "build/release") / "troika"
SERVICE = ("--wait", "20ms", "--cpu", "1500us", "--rate", "300", "--limit", "p99<150ms", "--memory", "256MiB",
           "--cores", "2")
PROFILES_OF = ROOT / "harness" / "profiles"
PRESETS = sorted(p.stem for p in PROFILES_OF.glob("*.ini"))


TOLD: dict = {}


class Deciding(unittest.TestCase):
    def setUp(self):
        folder = forecast.tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.machine = forecast.machine()
        self.validation = forecast.validation()
        self.store()

    def store(self):
        (self.folder / "machine.json").write_text(json.dumps(self.machine))
        (self.folder / "validation.json").write_text(json.dumps(self.validation))

    def troika(self, *words, code: int | None = 0, fresh: bool = False) -> subprocess.CompletedProcess:
        files = [self.folder / "machine.json", self.folder / "validation.json"]
        stores = "-o" in words or "--verify" in words
        done = forecast.run_once([TROIKA, *words], files, {} if fresh or stores else TOLD)
        if code is not None:
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def decide(self, *words, code: int | None = 0, fresh: bool = False) -> subprocess.CompletedProcess:
        quick = () if "--requests" in words else ("--requests", "1k")
        return self.troika("decide", "--machine", str(self.folder / "machine.json"), "--validation",
                           str(self.folder / "validation.json"), *quick, *words, code=code, fresh=fresh)

    def answer(self, *words, code: int | None = 0) -> dict:
        return json.loads(self.decide(*words, "--format", "json", code=code).stdout)


# Eight services in closed loops on one core, of which the rule that looked for the nearest measured cell let options in
# that break the limit, in 15 of 24 records: wait, CPU, connections, limit, memory; whether any option keeps the limits.
PROFILES = {
    "A": ("20ms", "1500us", 400, "100ms", None, False),
    "B": ("20ms", "1ms", 64, "50ms", None, False),
    "C": ("18ms", "900us", 60, "40ms", None, False),
    "D": ("100ms", "1500us", 200, "150ms", None, False),
    "E": ("10ms", "8ms", 16, "200ms", None, True),
    "F": ("50ms", "50us", 1000, "110ms", "64MiB", True),
    "G": ("0s", "200us", 16, "20ms", None, True),
    "H": ("300ms", "400us", 300, "450ms", None, True),
}


class Answers(Deciding):
    def test_eight_profiles(self):
        """No option is let in that must break the limit: N clients need N x CPU of the one core."""
        for name, (wait, cpu, clients, limit, memory, kept) in PROFILES.items():
            words = ["--wait", wait, "--cpu", cpu, "--connections", str(clients), "--limit", f"p99<{limit}", "--cv-wait", "0",
                     "--cv-cpu", "0", "--cores", "1"] + (["--memory", memory] if memory else [])
            with self.subTest(name):
                data = self.answer(*words, code=None)
                self.assertEqual(any(o["fate"] == "fits" for o in data["options"]), kept)
                if not kept:
                    self.assertIn(data["outcome"], ("none", "at risk"))

    def test_json_is_by_its_schema(self):
        data = self.answer(*SERVICE)
        self.assertEqual(list(errors(schema("decision"), data)), [])
        self.assertEqual([o["model"] for o in data["options"]], [m["name"] for m in self.machine["models"]])

    def test_text_begins_with_the_answer(self):
        said = self.decide(*SERVICE).stdout
        self.assertRegex(said.splitlines()[0], "^(recommended|it does not matter|toss-up|at risk): ")
        self.assertIn("would flip it: ", said)
        self.assertIn("at 390/s, the peak of 1.3 times the usual 300/s", said)

    def test_markdown_has_a_row_a_model(self):
        rows = [x for x in self.decide(*SERVICE, "--format", "markdown").stdout.splitlines() if x.startswith("| ")]
        self.assertEqual(len(rows), 1 + len(self.machine["models"]))

    def test_the_same_twice(self):
        self.assertEqual(self.decide(*SERVICE).stdout, self.decide(*SERVICE, fresh=True).stdout)

    def test_a_cheaper_model_wins_and_its_break_even_is_told(self):
        """50 us + x against 20 us + 1.2 x: equal at 150 us."""
        lean, plain = self.machine["models"][:2]
        lean["parallel"] = True
        for name, value, factor in ((lean, 20e3, 1.2), (plain, 50e3, 1)):
            for key, constant in (("request_ns", value), ("work_factor", factor), ("memory_connection_bytes", 4096),
                                  ("memory_flight_bytes", 0), ("growth_share", 0)):
                name["constants"][key] |= {"value": constant, "lo": constant, "hi": constant}
        self.store()
        data = self.answer("--cpu", "60us", "--rate", "3000", "--peak", "1", "--weight", "cpu=1", "--weight", "latency=0", "--weight",
                           "memory=0", "event-loop", "thread-per-connection")
        self.assertEqual(data["leader"], "event-loop")
        flip = next(f for f in data["flips"] if f["input"] == "cpu")
        self.assertEqual(flip["above"]["model"], "thread-per-connection")
        self.assertAlmostEqual(flip["above"]["value"] / 150e3, 1, delta=0.01)

    def test_near_a_limit_the_verbs_agree(self):
        """What few requests of a simulation show may lie on the other side of the limit."""
        service = ("--wait", "0s", "--cpu", "41us", "--cores", "1", "--cv-cpu", "3", "-c", "1233", "--think", "55ms",
                   "process-loops")
        seen = json.loads(self.ask_all("predict", *service).stdout)["models"]
        p99_ns = min(row["latency_p99_ns"]["value"] for row in seen)
        for share, code in ((0.97, 4), (1.03, 0)):
            limit = f"p99<{p99_ns * share / 1e6:.4f}ms"
            for verb in ("predict", "decide", "size"):
                with self.subTest(limit, verb=verb):
                    done = self.ask_all(verb, *service, "--limit", limit)
                    self.assertEqual(code, done.returncode, done.stdout)

    def ask_all(self, verb: str, *words: str) -> subprocess.CompletedProcess:
        return self.troika(verb, "--machine", "none", "--validation", "none", "--format", "json",
                           *words, code=None)

    def test_a_peak_that_the_connections_cannot_ask_is_refused(self):
        """As troika size does; 100/s can be asked by 40 connections, and 300/s cannot."""
        words = ("--wait", "300ms", "--cpu", "1ms", "--rate", "100", "--connections", "40")
        said = self.decide(*words, "--peak", "3", code=2).stderr
        self.assertIn("at the peak, 3 times the load (--peak): 40 connections", said)
        self.decide(*words, "--peak", "1")

    def test_flips_are_of_services_that_may_be(self):
        answer = self.answer("--wait", "200ms", "--cpu", "1ms", "--rate", "190", "--peak", "1", "--connections", "40",
                             "--limit", "p99<2s")
        flips = {f["input"]: f for f in answer["flips"]}
        for f in flips.values():
            self.assertFalse("too much to simulate" in str(answer["sentences"]), f)
        # 40 connections ask 199 times a second at most, and coefficients of variation end at 5.
        self.assertTrue(flips["rate"]["above"] is None or flips["rate"]["above"]["value"] <= 199)
        self.assertLessEqual(flips["rate"]["most"] or 0, 199)
        self.assertLessEqual(flips["wait"]["most"] or 0, 211e6)
        self.assertLessEqual(flips["cv-cpu"]["most"] or 0, 5)
        self.assertTrue(any("as far as there is such a service: calls (1 to 16)" in s for s in answer["sentences"]), answer["sentences"])

    def test_calls_vary_by_their_number(self):
        """A default of the variation is that of the calls that are looked at: one call alone breaks the limit."""
        words = ("--wait", "20ms", "--cpu", "500us", "--rate", "100", "--limit", "p99<80ms")
        flip = next(f for f in self.answer(*words, "--calls", "4")["flips"] if f["input"] == "calls")
        self.assertIn(flip["below"]["value"], (1, 2, 3))
        self.assertIsNone(flip["below"]["model"])
        there = self.answer(*words, "--calls", str(int(flip["below"]["value"])), code=None)
        self.assertFalse([o["model"] for o in there["options"] if o["fate"] == "fits"])

    def test_what_flips_nothing_is_not_worth_knowing(self):
        for words in (SERVICE, ("-c", "50", "--think", "500ms", "--wait", "50ms", "--cpu", "5ms", "--limit", "p99<400ms")):
            answer = self.answer(*words, code=None)
            said = " ".join(answer["sentences"])
            known = re.search(r"worth knowing: ([a-z-]+),", said)
            if known:
                flip = next(f for f in answer["flips"] if f["input"] == known[1])
                self.assertTrue(flip["below"] or flip["above"] or abs(flip["lead_high"] - flip["lead_low"]) >= 0.02, said)

    def test_the_commands_ask_about_this_service(self):
        """At its usual load, not at the peak."""
        for words in (SERVICE, (*SERVICE, "--peak", "2", "--weight", "memory=0.9", "--require", "isolation>=3"),
                      ("--wait", "5ms", "--connections", "64", "--think", "1s", "event-loop", "process-pool")):
            first = self.answer(*words)
            _, verb, *again = shlex.split(first["command"])
            self.assertEqual("decide", verb)
            second = self.answer(*again)
            for same in ("command", "service", "weights", "peak", "options", "sentences"):
                self.assertEqual(first[same], second[same], same)
            text = self.decide(*words).stdout
            size = re.search(r"troika size (.*)", text)
            self.assertTrue(size, text)
            load = json.loads(self.troika("size", "--machine", str(self.folder / "machine.json"), "--validation",
                                          str(self.folder / "validation.json"), "--requests", "1k", "--format", "json",
                                          *shlex.split(size[1])).stdout)["load"]
            given = first["service"]
            self.assertEqual(load["rate_per_s"], given["rate"]["value"] if "rate" in given else None)

    def test_workers_are_those_of_predict(self):
        """With bursts and a narrow backend the search takes long, and is not cut short for a guess."""
        service = ("--wait", "13766us", "--cpu", "14980us", "--cores", "8", "--backend-workers", "8", "--rate", "147.02",
                   "--burst", "31", "thread-pool")
        found = {}
        for verb, words in (("predict", ()), ("decide", ("--peak", "1")), ("size", ("--peak", "1"))):
            answer = json.loads(self.ask_all(verb, *service, *words).stdout)
            rows = {"predict": "models", "decide": "options", "size": "curves"}[verb]
            found[verb] = answer[rows][0]["workers"]
        self.assertEqual(1, len(set(found.values())), found)

    def test_sentences_are_about_the_peak(self):
        done = self.decide("--wait", "20ms", "--cpu", "1ms", "--rate", "300", "--peak", "1000", code=4)
        self.assertRegex(done.stdout, r"overload by [0-9]{3,} ")
        self.assertNotIn("worth knowing", done.stdout)

    def test_overload_is_no_choice(self):
        data = self.answer("--wait", "20ms", "--cpu", "1500us", "--rate", "3000", "--cores", "2", code=4)
        self.assertEqual(data["outcome"], "none")
        self.assertIsNone(data["leader"])

    def test_what_is_too_much_to_simulate_flips_nothing(self):
        said = self.decide("--rate", "1000", "--wait", "1s", "--cpu", "20us", "--limit", "p99<10s", "event-loop",
                           "thread-per-connection").stdout
        self.assertNotRegex(said, "would flip it: rate .*none of them fits")
        self.assertRegex(said, "not known how far it may move before it flips, since that is too much to simulate: .*rate")

    def test_overload_at_the_usual_rate_too(self):
        said = self.decide("--cpu", "10ms", "--rate", "100000", code=4).stdout
        self.assertNotIn("though some do", said)

    def test_the_peak_decides(self):
        near = ("--cpu", "1500us", "--cv-cpu", "0", "--rate", "1150", "--cores", "2", "thread-per-connection")
        self.assertEqual(self.answer(*near, code=4)["outcome"], "none")
        self.assertNotEqual(self.answer(*near, "--peak", "1")["outcome"], "none")

    def test_far_outside_is_refused(self):
        far = ("--wait", "10ms", "--cpu", "400ms", "--rate", "1")
        self.assertEqual(self.answer(*far)["outcome"], "refused")
        self.decide(*far, "--strict", code=5)

    def test_doubtful_constants_are_not_firm(self):
        data = self.answer(*SERVICE)
        self.assertFalse(data["firm"])  # made-up constants are of another machine
        self.assertTrue(any("another machine" in d for d in data["doubts"]))
        self.decide(*SERVICE, "--strict", code=5)

    def test_scores(self):
        self.assertEqual(self.answer(*SERVICE, "--require", "isolation>=4")["leader"], "process-pool")
        data = self.answer(*SERVICE, "--weight", "skills=3", "--score", "skills:thread-per-connection=5", "--score",
                           "skills:event-loop=1", "--score", "skills:process-pool=1")
        self.assertEqual(data["leader"], "thread-per-connection")

    def test_language(self):
        self.machine["models"].append(forecast.model("node", "loop", foreign=True))
        self.store()
        self.assertEqual([o["model"] for o in self.answer(*SERVICE, "--language", "node")["options"]], ["node"])
        self.assertEqual(len(self.answer(*SERVICE, "--language", "any")["options"]), 4)
        self.assertIn("calibrate --models cpython-threads,cpython-asyncio,cpython-processes --add",
                      self.decide(*SERVICE, "--language", "cpython", code=1).stderr)
        self.assertIn("doubt: CPython is not among the options", self.decide(*SERVICE, "--language", "any").stdout)

    def test_cpu_is_in_the_language_of_the_models(self):
        """An interpreter takes 60 times as long for what takes 2 ms in C, and a person says what theirs takes."""
        for name, factor in (("cpython-threads", 60), ("cpython-asyncio", 66)):
            made = forecast.model(name, "loop", foreign=True)
            made["constants"]["work_factor"] = {"value": factor, "lo": factor, "hi": factor, "n": 3}
            self.machine["models"].append(made)
        self.store()
        of = {o["model"]: o["busy_cores"] for o in self.answer(*SERVICE, "--language", "cpython")["options"]}
        own = {o["model"]: o["busy_cores"] for o in self.answer(*SERVICE)["options"]}
        self.assertLess(of["cpython-asyncio"] / own["event-loop"], 1.3)
        self.assertLess(1, of["cpython-asyncio"] / of["cpython-threads"])
        said = self.decide(*SERVICE, "--language", "any", code=None).stdout
        self.assertIn("the CPU time that is given is the handler's in C; of that these take: cpython-threads 60 x, cpython-asyncio "
                      "66 x", said)

    def test_a_profile_says_its_peak(self):
        place = self.folder / "mine.ini"
        place.write_text("[profile]\nwait = 20ms\ncpu = 1ms\nrate = 100\npeak = 2.5\n")
        found = self.answer(str(place))
        self.assertEqual((2.5, "given", "profile"), (found["peak"], found["peak_source"], found["service"]["wait"]["source"]))
        self.assertEqual(1.5, self.answer(str(place), "--peak", "1.5")["peak"])
        place.write_text("[profile]\nwait = 20ms\ncpu = 1ms\nrate = 100\npeak = 0.5\n")
        self.assertIn("mine.ini:5", self.decide(str(place), code=2).stderr)

    def test_presets(self):
        for name in PRESETS:
            with self.subTest(name):
                # Thousands of clients would take thousands of requests before the first is measured.
                fewer = ("--connections", "50") if "\nconnections" in (PROFILES_OF / f"{name}.ini").read_text() else ()
                self.assertTrue(self.answer(name, *fewer, code=None)["sentences"])

    def test_without_a_calibration(self):
        done = self.troika("decide", "--machine", "none", "--requests", "1k", *SERVICE, "--format", "json")
        self.assertTrue(any("another machine" in d for d in json.loads(done.stdout)["doubts"]))

    def test_wrong_words(self):
        for words, said in ((("--weight", "speed=1"), "there is throughput, latency"),
                            (("--weight", "latency"), "give latency=0.5"),
                            (("--require", "isolation"), "give isolation>=3"),
                            (("--require", "cpu>=3"), "there is isolation, libraries"),
                            (("--score", "skills=3"), "skills:event-loop=2"),
                            (("--score", "skills:event-loop=9"), "from 1 to 5"),
                            (("--require", "isolation>=6"), "up to 5"),
                            (("--require", "isolation>=5", "--require", "isolation>=1"), "it is given twice"),
                            (("--weight", "cpu=1", "--weight", "cpu=2"), "it is given twice"),
                            (("--weight", "cpu=1e308"), "up to 1000"),
                            (("--limit", "p99<1s", "--limit", "p50<1s"), "--limit is given twice"),
                            (("--peak", "0.5"), "1 to 1000"),
                            (("crude",), "did you mean"),
                            (("--seed", "0"), "from 1")):
            with self.subTest(words):
                self.assertIn(said, self.decide(*SERVICE, *words, code=2).stderr)


class Records(Deciding):
    stored = None  # one decision and its record, of which each test has a copy

    def setUp(self):
        super().setUp()
        self.place = self.folder / "decided"
        if not Records.stored:
            kept = forecast.tempfile.TemporaryDirectory()
            self.addClassCleanup(kept.cleanup)
            self.decide(*SERVICE, "-o", str(self.place))
            Records.stored = shutil.copytree(self.place, pathlib.Path(kept.name) / "decided")
        elif not self.place.exists():
            shutil.copytree(Records.stored, self.place)

    def record(self, *words, code: int = 0) -> subprocess.CompletedProcess:
        done = subprocess.run([sys.executable, ROOT / "reports" / "decided.py", *words, self.place],
                              capture_output=True, text=True, timeout=forecast.LIMIT_S, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def refused(self) -> str:
        """The program's main, in this process: an interpreter's start takes longer."""
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            code = decided.main(["--verify", str(TROIKA), str(self.place)])
        self.assertEqual(code, 4, said.getvalue())
        return said.getvalue()

    def verify(self, code: int) -> str:
        done = self.record("--verify", str(TROIKA), code=code)
        return done.stdout + done.stderr

    def test_a_record_verifies_elsewhere(self):
        self.record()
        other = self.folder / "elsewhere"
        shutil.copytree(self.place, other)
        (self.folder / "machine.json").unlink()
        (self.folder / "validation.json").unlink()
        self.place = other
        self.assertIn("agree", self.verify(0))
        text = (other / "record.md").read_text()
        self.assertIn('status: "proposed"', text)
        self.assertIn("| wait | 20.0 ms | given |", text)

    def test_a_changed_chart_is_caught(self):
        self.record()
        for path in sorted((self.place / "charts").glob("fates.*")):
            if path.suffix == ".png":
                continue
            with self.subTest(path.name):
                before = path.read_bytes()
                # Of a picture a letter that is read: the page does not hold all of an SVG.
                path.write_bytes(re.sub(rb"(>[^<]*)fits", rb"\1fit!", before, count=1) if path.suffix == ".svg" else
                                 before + b"# more\n")
                self.assertNotEqual(before, path.read_bytes())
                self.verify(4)
                path.write_bytes(before)
        self.verify(0)

    def test_people_may_decide(self):
        self.record()
        path = self.place / "record.md"
        path.write_text(path.read_text().replace('status: "proposed"', 'status: "accepted"'))
        self.verify(0)

    def test_a_changed_byte_is_caught(self):
        self.record()
        for name in ("asked.json", "machine.json", "validation.json", "size.json", "decision.json", "record.md"):
            path = self.place / name
            before = path.read_bytes()
            for place in range(len(before) // 5, len(before), len(before) // 3):
                at = next(i for i in range(place, len(before)) if chr(before[i]).isdigit())
                with self.subTest(name=name, at=at):
                    changed = bytearray(before)
                    changed[at] = ord("1") if chr(before[at]) != "1" else ord("2")
                    path.write_bytes(changed)
                    self.refused()
            path.write_bytes(before)
        self.verify(0)

    def test_a_changed_answer_does_not_follow(self):
        """Without the record: by deciding again."""
        path = self.place / "decision.json"
        data = json.loads(path.read_text())
        data["options"][0]["best"] = 0.5
        path.write_text(json.dumps(data))
        self.assertIn('"options" does not follow', self.troika("decide", "--verify", str(self.place), code=4).stderr)

    def test_workers_stand_in_record_and_page(self):
        """The curve of troika size, which says it of the same service alone."""
        self.record()
        curve = json.loads((self.place / "size.json").read_text())["curves"][0]
        alone = self.troika("size", "--machine", str(self.folder / "machine.json"), "--validation",
                            str(self.folder / "validation.json"), *SERVICE, "--requests", "1k", curve["model"], "--format", "json").stdout
        self.assertEqual(json.loads(alone)["curves"][0], curve)
        record, page = (self.place / "record.md").read_text(), (self.place / "index.html").read_text()
        for point in curve["points"]:
            for mark in point["marks"]:
                self.assertRegex(record.replace("\\", ""), rf"\| {point['workers']} \| [^|]*{re.escape(mark)}")
        self.assertIn("Goetz", page)
        self.assertIn("gunicorn --workers", record)
        self.assertIn("gunicorn --workers", page)

    def test_workers_that_do_not_follow(self):
        """Whoever changes them, and the hash, is found by sizing again."""
        path, answer = self.place / "size.json", self.place / "decision.json"
        data = json.loads(path.read_text())
        data["curves"][0]["workers"] += 1
        path.write_text(json.dumps(data))
        told = json.loads(answer.read_text())
        told["files"]["size.json"] = hashlib.sha256(path.read_bytes()).hexdigest()
        answer.write_text(json.dumps(told))
        self.assertIn("does not follow", self.troika("decide", "--verify", str(self.place), code=4).stderr)

    def test_what_is_missing_or_of_another_kind_does_not_follow(self):
        asked, sized, answer = (self.place / name for name in ("asked.json", "size.json", "decision.json"))
        before = {path: path.read_bytes() for path in (asked, sized, answer)}
        told = json.loads(before[answer])
        del told["files"]["size.json"]
        answer.write_text(json.dumps(told))
        sized.unlink()
        self.assertIn("it was removed", self.troika("decide", "--verify", str(self.place), code=4).stderr)
        for path, data in before.items():
            path.write_bytes(data)
        for member in ("profile", "experiment", "run"):
            asked.write_text(json.dumps(json.loads(before[asked]) | {member: 1}))
            told = json.loads(before[answer])
            told["files"]["asked.json"] = hashlib.sha256(asked.read_bytes()).hexdigest()
            answer.write_text(json.dumps(told))
            self.assertIn(f'"{member}"', self.troika("decide", "--verify", str(self.place), code=1).stderr)

    def test_a_decision_is_never_overwritten(self):
        self.assertIn("never overwritten", self.decide(*SERVICE, "-o", str(self.place), code=1).stderr)

    def test_damaged_folders(self):
        for name, content in (("asked.json", "{}"), ("machine.json", "no"), ("validation.json", "[]"), ("asked.json", None)):
            other = self.folder / f"damaged-{name}-{content}"
            shutil.copytree(self.place, other)
            if content is None:
                (other / name).unlink()
            else:
                (other / name).write_text(content)
            with self.subTest(name, content=content):
                self.assertIn(name, self.troika("decide", "--verify", str(other), code=4).stderr)
        # A file that was not there, one digit of a constant, of a time.
        for name, old, new in (("evidence.json", "", "{}"), ("machine.json", "3", "4"), ("asked.json", '"at_s": ', '"at_s": 1')):
            other = self.folder / f"changed-{name}"
            shutil.copytree(self.place, other)
            path = other / name
            text = path.read_text() if path.exists() else ""
            path.write_text(text.replace(old, new, 1) if old else new)
            with self.subTest(name, new=new):
                self.assertIn(name, self.troika("decide", "--verify", str(other), code=4).stderr)


class Measured(Deciding):
    """With --measure: a real run of real servers."""

    PROFILE = ("--wait", "2ms", "--cpu", "20us", "--rate", "400", "--peak", "1", "--limit", "p90<80ms", "--cores")
    FLAGS = ("--budget", "60s", "--wait-for-quiet", "0s", "--allow-any-build", "--requests", "2k")
    CORES = str(len(os.sched_getaffinity(0)))

    def setUp(self):
        super().setUp()
        self.machine["step_ns"] = 1.5
        self.store()

    def measured(self, *words, code: int | None = None) -> subprocess.CompletedProcess:
        return self.decide(*self.PROFILE, self.CORES, *self.FLAGS, "--runs", str(self.folder / "runs"), *words, code=code,
                           fresh=True)

    def test_what_is_in_question_is_measured_and_kept(self):
        place = self.folder / "measured"
        done = self.measured("--measure", "-f", "json", "-o", str(place), "event-loop", "thread-per-connection")
        self.assertIn(done.returncode, (0, 4), done.stderr)
        data = json.loads(done.stdout)
        self.assertEqual(list(errors(schema("decision"), data)), [])
        evidence = json.loads((place / "evidence.json").read_text())
        self.assertEqual(list(errors(schema("evidence"), evidence)), [])
        self.assertLessEqual({m["model"] for m in evidence["models"]}, {"event-loop", "thread-per-connection"}, done.stderr)
        if not any(m["trials"] for m in evidence["models"]):
            self.skipTest(f"this machine refused every trial: {evidence}")
        for model in evidence["models"]:
            self.assertGreaterEqual(len(model["trials"]) + model["invalid"], 3)
            for trial in model["trials"]:
                # Measured and forecast are of one kind: the constants are made up, but the wait is not.
                self.assertGreater(trial["forecast"]["latency_p99_ns"], 2e6)
                if (latency := trial["measured"]["latency_p99_ns"]) is not None:
                    self.assertGreater(latency, 2e6)
                self.assertIsNone(trial["measured"]["throughput_per_s"])
        self.assertEqual(data["evidence"]["runs"], evidence["runs"])
        for o in data["options"]:
            if o["measured"] and (ratio := o["measured"]["ratios"]["memory_total_bytes"]):
                self.assertGreater(ratio, 0)
        said = "\n".join(data["sentences"])
        self.assertIn("measured at the profile: ", said)
        self.assertIn("settled by measurement", said)
        self.check_record(place)

    def check_record(self, place: pathlib.Path):
        def made(*words):
            return subprocess.run([sys.executable, ROOT / "reports" / "decided.py", *words, place], capture_output=True,
                                  text=True, timeout=forecast.LIMIT_S, check=False)
        self.assertEqual(made().returncode, 0)
        self.assertIn("### Measured at the profile", (place / "record.md").read_text())
        again = made("--verify", str(TROIKA))
        self.assertEqual(again.returncode, 0, again.stderr)
        (place / "record.md").unlink()
        path = place / "evidence.json"
        data = json.loads(path.read_text())
        measured = next(t["measured"] for m in data["models"] for t in m["trials"])
        measured["cpu_per_request_ns"] = 1.5 * (measured["cpu_per_request_ns"] or 1e5)
        path.write_text(json.dumps(data))
        self.assertIn("evidence.json is not the file", self.troika("decide", "--verify", str(place), code=4).stderr)

    def test_what_cannot_be_sent_is_forecast(self):
        done = self.decide(*self.PROFILE, "64", "--measure", "--requests", "1k", fresh=True)
        self.assertIn("nothing is measured: the service has 64 cores", done.stderr)
        self.assertIn("headroom", done.stdout)
        done = self.measured("--measure", "--requests-per-connection", "5")
        self.assertIn("cannot close connections", done.stderr)

    def test_flags_of_measuring(self):
        for flag in (("--budget", "1m"), ("--wait-for-quiet", "5s"), ("--runs", "/tmp"), ("--allow-any-build",)):
            self.assertIn("no effect without --measure", self.decide(*SERVICE, *flag, code=2).stderr)


if __name__ == "__main__":
    unittest.main()
