#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""troika decide, run as a person runs it: from made-up constants and residuals to
an answer, its record, and what breaks either.
"""
import contextlib
import io
import json
import os
import pathlib
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
        self.assertIn("calibrate", self.decide(*SERVICE, "--language", "cpython", code=1).stderr)

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
                            (("--peak", "0.5"), "1 to 1000"),
                            (("crude",), "did you mean"),
                            (("--rate", "0"), "above 0")):
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

    def test_people_may_decide(self):
        self.record()
        path = self.place / "record.md"
        path.write_text(path.read_text().replace('status: "proposed"', 'status: "accepted"'))
        self.verify(0)

    def test_a_changed_byte_is_caught(self):
        self.record()
        for name in ("asked.json", "machine.json", "validation.json", "decision.json", "record.md"):
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
                self.assertIn(name, self.troika("decide", "--verify", str(other), code=1).stderr)


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
        self.assertIn("does not follow", self.troika("decide", "--verify", str(place), code=4).stderr)

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
