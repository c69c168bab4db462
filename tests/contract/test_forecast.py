#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""troika predict, run as a person runs it: answers from stored constants, how
sure they are, and what it refuses.
"""
import datetime
import json
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "reports"))
sys.path.insert(0, str(ROOT / "tests" / "method"))
from data.schema import read as schema  # noqa: E402
from test_results import errors  # noqa: E402

BUILD = ROOT / os.environ.get("TROIKA_BUILD", "build/release")
LIMIT_S = 120
CONSTANTS = {
    "request_ns": 10000, "call_first_ns": 10000, "call_ns": 5000, "byte_ns": 0, "connection_ns": 30000,
    "growth_share": 0, "wake_ns": 0, "peer_ns": 0, "doze_ns": 0, "work_factor": 1, "path_ns": 0, "lag_ns": 0, "call_path_ns": 0,
    "memory_bytes": 2 << 20,
    "memory_connection_bytes": 4096, "memory_flight_bytes": 8192, "memory_queued_bytes": 4096,
    "memory_worker_bytes": 65536, "memory_sent_bytes": 0, "memory_payload_share": 0, "memory_ended_byte_s": 0,
}


def model(name: str, discipline: str, **more) -> dict:
    facts = {"has_workers": False, "parallel": False, "offloads": False, "foreign": False, "dispatches": False,
             "token": False, "workers": 0} | more
    return {"name": name, "discipline": discipline, **facts,
            "constants": {key: {"value": value, "lo": value, "hi": value, "n": 3}
                          for key, value in CONSTANTS.items()}}


def machine() -> dict:
    return {
        "schema_version": 1, "run_id": "made-up", "at": "2026-01-01T00:00:00Z", "tool_version": "t",
        "fingerprint": "f", "cores": 2, "quantum_ns": 3e6, "stall_share": 0, "stall_ns": 0, "step_ns": 1.6, "noisy": False,
        "models": [model("event-loop", "loop"), model("thread-per-connection", "thread", parallel=True),
                   model("process-pool", "worker", has_workers=True, parallel=True)],
    }


def residual(service: int, name: str, discipline: str, quantity: str, error: float) -> dict:
    return {"service": service, "model": name, "discipline": discipline, "workers": 0, "quantity": quantity,
            "percentile": None, "forecast": 100, "measured": 100 * math.exp(error), "judged": True, "not_judged": "",
            "load": None, "cause": ""}


def validation(count: int = 20) -> dict:
    """Services from 1 to 100 ms; the error of number i is i thousandths, below for throughput."""
    signs = {"throughput_per_s": -1, "cpu_per_request_ns": 1, "memory_total_bytes": 1, "latency_p50_ns": 1,
             "latency_p99_ns": 10}
    share = [i / (count - 1) for i in range(count)]
    return {
        "schema_version": 1, "seed": 7, "machine": "made-up", "fingerprint": "f", "at": "2026-11-01T00:00:00Z",
        "run_id": "validated", "baselines": [],
        "services": [{"service": i + 1, "wait_ns": 1e6 * 100 ** x, "calls": 1, "cpu_ns": 1e5 * 50 ** x, "cv_wait": i % 2,
                      "cv_cpu": i % 2, "payload_bytes": 20, "connections": round(8 * 50 ** x), "share": 0.7}
                     for i, x in enumerate(share)],
        "residuals": [residual(i + 1, name, discipline, quantity, sign * (i + 1) / 1000) for i in range(count)
                      for name, discipline in (("event-loop", "loop"), ("process-pool", "worker"))
                      for quantity, sign in signs.items()],
    }


def run_once(command: list[str], files: list, told: dict, **more) -> subprocess.CompletedProcess:
    """One run of the program for all tests that ask with the same words and files: equal questions have equal answers,
    which test_equal_seeds_give_equal_bytes proves with `fresh`."""
    words = [str(word) for word in command]
    contents = tuple(pathlib.Path(f).read_bytes() if pathlib.Path(f).is_file() else None for f in files)
    key = (tuple("FILE" if any(str(f) in word for f in files) else word for word in words), contents)
    others = (word for word in key[0][1:] if pathlib.Path(word).is_file())
    if key not in told or any(others):
        told[key] = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT_S, check=False, **more)
    return told[key]


TOLD: dict = {}
# Enough for what is asserted here; more where a test says so.
QUICK = "--requests=5k"


def quick(words: tuple) -> tuple:
    return () if any(word.startswith(("--requests", "--laws")) for word in words) else (QUICK,)


def once(words: tuple) -> list:
    """The words with the last one of each flag: the program refuses a flag that is given twice."""
    found, rest, at = {}, [], 0
    while at < len(words):
        name, has_value, _ = words[at].partition("=")
        many = name.startswith("--") and not has_value and at + 1 < len(words) and not words[at + 1].startswith("-")
        many &= name not in ("--laws", "--strict", "--measure")
        if name.startswith("--"):
            found[name] = words[at:at + 1 + many]
        else:
            rest.append(words[at])
        at += 1 + many
    return [word for flag in found.values() for word in flag] + rest


class Asking(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.file = self.folder / "machine.json"
        self.file.write_text(json.dumps(machine()))
        self.validation = "none"

    VERB = "predict"

    def ask(self, *words: str, fresh: bool = False, whole: bool = False) -> subprocess.CompletedProcess:
        """`whole`: with the program's own number of requests."""
        command = [BUILD / "troika", self.VERB, f"--machine={self.file}", f"--validation={self.validation}",
                   *once((*(() if whole else quick(words)), *words))]
        return run_once(command, [self.file, self.validation], {} if fresh else TOLD)

    def answer(self, *words: str) -> dict:
        done = self.ask("--format", "json", *words)
        self.assertEqual("", done.stderr)
        return json.loads(done.stdout)

    def write(self, name: str, text: str) -> pathlib.Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def rows(self, *words: str) -> dict:
        return {row["model"]: row for row in self.answer(*words)["models"]}

    def refused(self, words: str, code: int, *flags: str) -> None:
        done = self.ask(*flags)
        self.assertEqual((code, ""), (done.returncode, done.stdout), done.stderr)
        self.assertIn(words, done.stderr)


class Predict(Asking):
    def test_constants_keep_the_schema(self):
        self.assertEqual([], list(errors(schema("machine"), machine())))

    def test_constants_of_an_older_version_are_refused(self):
        older = machine()
        del older["models"][0]["constants"]["path_ns"]
        self.file.write_text(json.dumps(older))
        done = self.ask("--cpu", "1ms", "--rate", "10")
        self.assertEqual((1, ""), (done.returncode, done.stdout))
        self.assertIn('"path_ns" of models[0] is missing', done.stderr)
        self.assertIn("troika calibrate", done.stderr)

    def test_a_service(self):
        rows = self.rows("--wait", "20ms", "--cpu", "1ms", "--rate", "300", "--payload", "1B", "--seed", "7")
        self.assertEqual(3, len(rows))
        loop, threads, pool = rows["event-loop"], rows["thread-per-connection"], rows["process-pool"]
        self.assertAlmostEqual(1e9 / 1.02e6, loop["capacity_per_s"]["value"], delta=0.01)
        self.assertAlmostEqual(2e9 / 1.02e6, threads["capacity_per_s"]["value"], delta=0.01)
        self.assertEqual("cpu", loop["law"])
        # 300 x 21.02 ms are 6.3 in flight: fewer workers cannot be enough.
        self.assertGreater(pool["workers"], 6)
        self.assertLess(pool["workers"], 40)
        self.assertAlmostEqual(300 * 1.02e6 / 1e9, threads["busy_cores"], delta=0.02)
        self.assertGreater(loop["latency_p99_ns"]["value"], loop["latency_p50_ns"]["value"])

    def test_equal_seeds_give_equal_bytes(self):
        words = ("--cpu", "1ms", "--rate", "500", "--format", "json", "--requests", "10k")
        first, again = self.ask(*words, "--seed=3"), self.ask(*words, "--seed=3", fresh=True)
        other = self.ask(*words, "--seed=4")
        self.assertEqual(first.stdout, again.stdout)
        self.assertNotEqual(first.stdout, other.stdout)

    def test_defaults_are_listed(self):
        done = self.ask("--wait", "20ms", "--cpu", "1ms", "--rate", "300", "event-loop")
        self.assertEqual(0, done.returncode)
        for words in ("calls 1", "cv-wait 1", "cv-cpu 1", "cores 2", "payload 1.00 KiB", "connections are kept",
                      "no forecast of this machine has been"):
            self.assertIn(words, done.stdout)
        self.assertNotIn("process-pool", done.stdout)

    def test_constants_of_another_machine_are_doubted(self):
        done = self.ask("--cpu", "1ms", "--rate", "10")
        self.assertIn("of another machine, kernel or build", done.stdout)
        self.assertIn("of another machine", self.answer("--cpu", "1ms", "--rate", "10")["doubt"])

    def test_old_constants_and_those_of_a_noisy_machine_are_doubted(self):
        here = self.answer("--cpu", "1ms", "--rate", "10", "--laws")["fingerprint"]
        now = datetime.datetime.now(datetime.timezone.utc)
        for days, noisy in ((29, False), (31, False), (0, True)):
            at = (now - datetime.timedelta(days=days, minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
            self.file.write_text(json.dumps(machine() | {"fingerprint": here, "at": at, "noisy": noisy}))
            done = self.ask("--cpu", "1ms", "--rate", "10", "--laws")
            self.assertEqual(0, done.returncode)
            self.assertEqual(days > 30, "they are 31 days old: troika calibrate" in done.stdout, done.stdout)
            self.assertEqual(noisy, "a noisy machine" in done.stdout)
            self.assertNotIn("of another machine", done.stdout)

    def test_no_model_keeps_the_limit(self):
        done = self.ask("--wait", "20ms", "--cpu", "1500us", "--connections", "400", "--limit", "p99<100ms")
        self.assertEqual(4, done.returncode)
        self.assertEqual(3, done.stdout.count("misses the limit"))

    def test_overload_has_no_latency(self):
        rows = self.rows("--cpu", "1ms", "--rate", "5000")
        self.assertTrue(all(row["latency_p99_ns"] is None and row["load"] > 1 for row in rows.values()))

    def test_what_is_too_much_has_no_latency_and_a_reason(self):
        asked = {("--wait=1h", "--rate=30000"): "108000000 requests are in flight",
                 ("--wait=20ms", "--connections=1000000"): "there are 1000000 clients"}
        for words, reason in asked.items():
            done = self.ask("--cpu=10us", "--limit=p99<1s", "--format=json", *words)
            answer = json.loads(done.stdout)
            self.assertEqual((1, ""), (done.returncode, done.stderr))
            row = next(row for row in answer["models"] if row["model"] == "thread-per-connection")
            self.assertEqual((False, None, None, None),
                             (row["simulated"], row["latency_p50_ns"], row["latency_p99_ns"], row["keeps_limit"]))
            sentence = next(words for words in answer["sentences"] if "no latency of" in words)
            self.assertRegex(sentence, f"{re.escape(reason)}.*times the events.*give .*the limit is not judged")

    def test_refusals(self):
        self.refused("nothing is said of the load", 2, "--wait", "20ms")
        self.refused("nothing is said of a request", 2, "--rate", "10")
        self.refused("give one of rate and connections", 2, "--wait", "1s", "--rate", "100", "--connections", "10")
        self.refused("give two of rate", 2, "--wait", "20ms", "--rate", "10", "--connections", "400", "--think", "1s")
        self.refused("a pause is one of clients", 2, "--cpu", "1ms", "--rate", "10", "--think", "1s")
        self.refused("no model can", 2, "--wait", "20ms", "--rate", "10", "--limit", "p99<10ms", "--cv-wait", "0",
                     "--cv-cpu", "0")
        self.refused("--cv-wait 5.5 is more than 5", 2, "--wait", "20ms", "--rate", "10", "--cv-wait", "5.5")
        self.refused("--cv-cpu 6 is more than 5", 2, "--cpu", "20ms", "--rate", "10", "--cv-cpu", "6")
        self.refused("no constants of \"evnt-loop\"", 2, "evnt-loop", "--cpu", "1ms", "--rate", "10")
        for flag, value in (("--limit", "p98<1ms"), ("--cv-cpu", "six"), ("--limit", "p99<0ms"), ("--limit", "100ms"), ("--rate", "0"),
                            ("--rate", "300/h"), ("--cv-cpu", "-1"), ("--cv-wait", "nan"), ("--memory", "256"),
                            ("--cores", "0"), ("--calls", "17")):
            self.refused(flag, 2, "--cpu", "1ms", "--rate", "10", flag, value)

    def test_damaged_constants(self):
        words = ("--cpu", "1ms", "--rate", "10")
        self.file.write_text(json.dumps(machine() | {"cores": 0}))
        self.refused('"cores" is 0, and should be a whole number from 1 to 1024; measure', 1, *words)
        for key in ("quantum_ns", "stall_share", "stall_ns", "step_ns"):
            self.file.write_text(json.dumps({k: v for k, v in machine().items() if k != key}))
            self.refused(f'"{key}" is missing', 1, *words)
        damaged = machine()
        del damaged["models"][0]["constants"]["byte_ns"]
        self.file.write_text(json.dumps(damaged))
        self.refused('"byte_ns" of models[0] is missing', 1, *words)
        self.file.write_text("{")
        self.refused("no constants", 1, *words)
        self.file.unlink()
        self.refused("troika calibrate", 1, *words)


SERVICE = ("--wait", "20ms", "--cpu", "1ms", "--connections", "40", "--requests", "10k")


class Bands(Asking):
    """Of 20 residuals, the 19th is the band: 19 thousandths, and ten times that for p99."""

    def setUp(self):
        super().setUp()
        self.validation = self.write("validation.json", json.dumps(validation()))

    def store(self, **more) -> None:
        self.validation.write_text(json.dumps(validation() | more))

    def test_bands_stand_in_the_answer(self):
        answer = self.answer(*SERVICE)
        rows = {row["model"]: row["bands"] for row in answer["models"]}
        open_ns = {row["model"]: row for row in answer["models"]}

        def simulated(name: str, quantity: str) -> float:
            """What the simulation leaves open of a latency, in logarithms."""
            figure = open_ns[name][quantity] if "latency" in quantity else {"value": 1, "hi": 1}
            return math.log(figure["hi"] / figure["value"])

        for quantity, factor in (("throughput_per_s", 0.019), ("cpu_per_request_ns", 0.019), ("latency_p50_ns", 0.019),
                                 ("memory_total_bytes", 0.019), ("latency_p99_ns", 0.19)):
            band = rows["event-loop"][quantity]
            self.assertAlmostEqual(factor + simulated("event-loop", quantity), math.log(band["factor"]), places=9)
            self.assertEqual((20, False, False), (band["n"], band["pooled"], band["widened"]))
            # No thread was measured: the band of all, the 37th of 40, which are pairs.
            band = rows["thread-per-connection"][quantity]
            self.assertAlmostEqual(factor + simulated("thread-per-connection", quantity), math.log(band["factor"]), places=9)
            self.assertEqual((40, True), (band["n"], band["pooled"]))
        self.assertEqual((20, 1, False), tuple(answer["validation"][key] for key in ("services", "outside_factor", "far")))

    def test_bands_stand_in_the_table(self):
        said = self.ask(*SERVICE).stdout
        self.assertIn("[-2 +2 %]", said)
        factor = self.answer(*SERVICE)["models"][0]["bands"]["latency_p99_ns"]["factor"]
        self.assertGreater(factor, math.exp(0.19))
        self.assertIn(f"[-{100 * (1 - 1 / factor):.0f} +{100 * (factor - 1):.0f} %]", said)
        self.assertIn("[bands] hold nine measurements in ten, by the validation of 2026-11-01T00:00:00Z on 20 services", said)
        self.assertNotIn("has been compared", said)
        self.assertLessEqual(max(map(len, said.split("cpu binds")[0].splitlines())), 120)

    def test_too_few_services(self):
        self.validation.write_text(json.dumps(validation(9)))
        said = self.ask(*SERVICE).stdout
        self.assertNotIn("[-", said)
        self.assertIn("too few services for a band, which needs 19 residuals (services: capacity 9, cpu 9", said)

    def test_the_nearest_measured_service(self):
        said = self.ask(*SERVICE).stdout
        self.assertRegex(said, r"nearest measured: wait 1\d\.\d ms, cpu \d{3} us, \d\d connections; throughput against its "
                               r"forecast: event-loop -1 %, process-pool -1 %")
        answer = self.answer(*SERVICE)
        number = answer["validation"]["nearest"]["service"]
        rows = {row["model"]: row["nearest_throughput_ratio"] for row in answer["models"]}
        self.assertAlmostEqual(math.exp(-number / 1000), rows["event-loop"], places=9)
        self.assertIsNone(rows["thread-per-connection"])

    def test_outside_of_what_was_measured(self):
        answer = self.answer("--wait", "300ms", "--cpu", "1ms", "--connections", "40", "--requests", "10k")
        band = answer["models"][0]["bands"]["throughput_per_s"]
        self.assertAlmostEqual(0.038, math.log(band["factor"]), places=9)
        self.assertTrue(band["widened"])
        said = "\n".join(answer["sentences"])
        self.assertIn("extrapolated, so the bands are twice as wide: wait 300 ms is 3 times above what was measured "
                      "(1.00 ms to 100 ms)", said)
        said = self.ask("--wait", "2s", "--cpu", "1ms", "--connections", "40", "--requests", "10k").stdout
        self.assertIn("no bands, because nothing is known so far outside of what was validated: wait 2.00 s is 20 times", said)
        self.assertNotIn("[-", said)
        said = self.ask(*SERVICE, "--cores", "4").stdout
        self.assertIn("no bands, because nothing is known of what was not validated: cores was never varied in a validation", said)
        self.assertNotIn("[-", said)

    def test_no_band_of_what_was_not_validated(self):
        # Made-up residuals are of clients who ask again, and did not pause.
        said = self.ask(*SERVICE, "--think", "1s").stdout
        self.assertIn("nothing is known of what was not validated: think was never varied in a validation", said)
        self.assertNotIn("[-", said)
        at_rate = ("--wait", "20ms", "--cpu", "1ms", "--rate", "900", "--requests", "20k")
        answer = self.answer(*at_rate)
        self.assertIn("no band of memory, p50, p99: the validation has none at a rate", answer["sentences"])
        bands = answer["models"][0]["bands"]
        self.assertEqual({"throughput_per_s", "cpu_per_request_ns"}, {key for key, band in bands.items() if band})
        self.store(residuals=[row | {"load": 0.7} for row in validation()["residuals"]])
        answer = self.answer(*at_rate, "event-loop", "thread-per-connection")
        self.assertIn("no band of p50 and p99 above a load of 70 %, the most that was validated: event-loop 92 %",
                      answer["sentences"])
        loop, threads = (row["bands"] for row in answer["models"][:2])
        self.assertEqual((None, None), (loop["latency_p50_ns"], loop["latency_p99_ns"]))
        self.assertIsNotNone(loop["memory_total_bytes"])
        self.assertIsNotNone(threads["latency_p99_ns"])
        self.assertIn("no band of memory, p50, p99: the validation has none of clients who ask again",
                      self.answer(*SERVICE)["sentences"])

    def test_a_validation_of_something_else_is_not_used(self):
        for more, words in (({"machine": "other"}, "is of the constants other, and these are made-up"),
                            ({"fingerprint": "g"}, "is of another machine, kernel or build than the constants")):
            self.store(**more)
            said = self.ask(*SERVICE).stdout
            self.assertIn(words, said)
            self.assertNotIn("[-", said)
            self.assertNotIn("nearest measured", said)
            answer = self.answer(*SERVICE)
            self.assertIsNone(answer["validation"])
            self.assertIn(words, answer["validation_unused"])

    def test_a_damaged_validation(self):
        damaged = validation()
        del damaged["residuals"][3]["measured"]
        self.validation.write_text(json.dumps(damaged))
        self.refused('"measured" of residuals[3] is missing', 1, *SERVICE)
        self.validation.write_text("{")
        self.refused("no residuals", 1, *SERVICE)


class Words(Asking):
    def test_the_law_that_binds(self):
        said = self.ask("--wait", "20ms", "--cpu", "1ms", "--rate", "100", "--workers", "4", "--requests", "10k").stdout
        self.assertIn("cpu binds all models but process-pool: 1 to 2 cores / 1.02 ms of CPU a request", said)
        self.assertIn("workers bind process-pool: 4 workers / 21.0 ms that a request holds one", said)
        said = self.ask("--wait", "20ms", "--cpu", "1ms", "--rate", "100", "--backend-workers", "3", "--requests", "10k").stdout
        self.assertIn("backend binds all models: its 3 workers / 20.0 ms of wait a request", said)
        said = self.ask("--cpu", "1ms", "--connections", "10", "--think", "1s", "--requests", "10k").stdout
        self.assertIn("the clients ask less than all models can: 10 clients / 1.00 s of wait, CPU and pause are 9.99/s", said)

    def test_overload(self):
        said = self.ask("--cpu", "1ms", "--rate", "5000").stdout
        # 5000 x 1.01 ms / 0.98 are 5.15 cores; 0.98 / 5000 are 196 us.
        self.assertIn("overload by 5.05 x (event-loop): needs less than 196 us of CPU a request", said)
        self.assertIn("overload by 2.53 x (all models but event-loop): needs 6 cores, or less than 392 us", said)
        carried = self.rows("--cpu", "1ms", "--rate", "5000", "--cores", "6", "--requests", "10k")
        self.assertIsNotNone(carried["thread-per-connection"]["latency_p99_ns"])
        self.assertIsNone(carried["event-loop"]["latency_p99_ns"])

    def test_an_overload_names_what_is_full(self):
        fixed = model("fixed-pool", "worker", parallel=True, workers=2)
        self.file.write_text(json.dumps(machine() | {"models": machine()["models"] + [
            model("thread-per-request", "thread", parallel=True, dispatches=True), model("serial", "alone"), fixed]}))
        for words, said in (
                # 0.38 of 10 us are the dispatcher's.
                (("--cpu=0s", "--rate=300k", "--cores=64", "thread-per-request"),
                 "one thread, which every request passes, is full, and more cores or workers do not help"),
                (("--cpu=10us", "--rate=270k", "thread-per-request"),
                 "needs 6 cores, or less than 7.26 us of CPU a request; that alone is not enough, since then one thread binds "
                 "at 263,000/s"),
                (("--wait=20ms", "--cpu=1ms", "--rate=100", "serial"),
                 "needs requests that hold its one worker for less than 9.80 ms, since that number is fixed"),
                (("--wait=20ms", "--cpu=1ms", "--rate=100", "fixed-pool"),
                 "needs requests that hold its workers for less than 19.6 ms, since that number is fixed"),
                (("--cpu=1ms", "--rate=2500", "--cores=4", "fixed-pool"),
                 "needs less than 784 us of CPU a request, since its number of workers is fixed"),
                (("--cpu=1ms", "--rate=1500", "--cores=4", "--workers=1", "process-pool"),
                 "needs 2 workers, since each uses one core"),
                (("--cpu=1ms", "--rate=975", "--cores=4", "event-loop"), "needs less than 1.01 ms of CPU a request")):
            answer = self.ask(*words, "--laws").stdout
            self.assertIn(said, answer)
            self.assertEqual("cores, or" in said, bool(re.search(r"needs \d+ cores", answer)), answer)

    def test_beyond_what_constants_were_measured_with(self):
        for size, words in (("48KiB", None), ("10MiB", "payload 10.0 MiB is 213 times the largest answer")):
            said = self.ask("--cpu=1ms", "--rate=10", "--laws", "--payload", size).stdout
            self.assertEqual(words is not None, "the largest answer that the constants were measured with" in said)
            self.assertIn(words or "", said)
        said = self.ask("--wait=10s", "--cpu=1ms", "--rate=100", "--laws").stdout
        self.assertIn("1000 requests in flight are 1.95 times the most that the constants were measured with (512)", said)

    def test_what_is_not_settled(self):
        words = ("--cpu=1ms", "--rate=930", "event-loop")
        self.assertRegex(self.ask(*words, "--requests=2k").stdout, r"not settled: p50 of event-loop \+-\d+ % ")
        # More requests near full load, unless their number is given.
        light = ("--cpu=1ms", "--rate=300", "event-loop")
        for near, requests in ((words, "300k"), (light, "100k")):
            self.assertEqual(self.ask(*near, f"--requests={requests}").stdout, self.ask(*near, whole=True).stdout)
        self.assertNotIn("not settled", self.ask(*light, whole=True).stdout)

    def test_what_would_keep_the_limit_does(self):
        words = ["--wait", "20ms", "--cpu", "1500us", "--cv-wait", "0", "--limit", "p99<100ms"]
        answer = self.answer(*words, "--connections", "400")
        said = "\n".join(answer["sentences"])
        self.assertIn("no model keeps p99<100 ms: 400 requests in flight x 1.52 ms of CPU / 2 cores are 304 ms", said)
        self.assertIn("in flight instead of 400 (or a queue limit there)", said)
        found = answer["remedies"]
        self.assertEqual({"connections", "rate", "think", "cores", "cpu"} | {"model", "workers", "alone_ns"}, set(found))
        self.assertIsNone(found["rate"])
        value = {key: found[key]["value"] for key in ("connections", "think", "cores", "cpu")}
        # Two cores give 1,316/s: 100 ms hold some 130 requests, less what varies.
        self.assertTrue(50 < value["connections"] < 130, value)
        for key, flags in (("connections", [f"--connections={value['connections']:.0f}"]),
                           ("think", ["--connections=400", f"--think={value['think']:.0f}ns"]),
                           ("cores", ["--connections=400", f"--cores={value['cores']:.0f}"]),
                           ("cpu", ["--connections=400", f"--cpu={value['cpu']:.0f}ns"])):
            if found["workers"] and found[key]["model"] == found["model"]:
                flags.append(f"--workers={found['workers']}")
            self.assertEqual(0, self.ask(*words, *flags, found[key]["model"]).returncode, flags)
        self.assertEqual(4, self.ask(*words, f"--connections={2 * value['connections']:.0f}").returncode)

    def test_a_request_alone_is_over_the_limit(self):
        done = self.ask("--wait", "20ms", "--cpu", "1ms", "--rate", "10", "--limit", "p99<60ms")
        self.assertEqual(4, done.returncode)
        self.assertRegex(done.stdout, r"no model keeps p99<60.0 ms: p99 of a request without any queue is [\d.]+ ms, since wait "
                                      r"and CPU vary \(cv-wait 1, cv-cpu 1\)")
        self.assertNotIn("would keep it", done.stdout)

    def test_why_a_request_alone_is_over_the_limit(self):
        for words, said in ((("--limit=p50<15ms",), ", of which it waits and computes for 21.0 ms on average; only shorter times would"),
                            (("--limit=p99<15ms",), ", of which it waits and computes for 21.0 ms on average; only shorter"),
                            (("--limit=p99<60ms", "--cv-cpu=0"), ", since the wait varies (cv-wait 1); only shorter or steadier"),
                            (("--limit=p99<21010us", "--cv-cpu=0", "--cv-wait=0"), ", of which it waits and computes for 21.0 ms; only")):
            answer = self.ask("--wait=20ms", "--cpu=1ms", "--rate=10", "--requests=20k", *words).stdout
            self.assertIn(said, answer)

    def test_no_model_fits_into_the_memory(self):
        done = self.ask("--cpu", "1ms", "--rate", "10", "--memory", "1MiB")
        self.assertEqual(4, done.returncode)
        self.assertRegex(done.stdout, r"no model fits into 1\.00 MiB: \S+ needs the least that carries the load, 2\.\d+ MiB")

    def test_connections_that_are_nearly_all_in_use(self):
        words = ("--wait=200ms", "--cpu=1ms", "event-loop")
        self.assertRegex(self.ask(*words, "--rate=190", "--connections=40").stdout, r"requests need 3\d\.\d of the 40 connections on average")
        self.assertNotIn("requests need", self.ask(*words, "--rate=190", "--connections=80").stdout)
        # No pool has more workers than connections.
        pool = json.loads(self.ask("--wait=200ms", "--cpu=1ms", "--rate=190", "--connections=40", "process-pool", "--format=json").stdout)
        self.assertLessEqual(pool["models"][0]["workers"], 40)

    def test_the_least_memory_is_enough(self):
        """Of a pool with as few workers as carry the load; and what is told can be given."""
        words = ("--wait=20ms", "--cpu=1ms", "--rate=260")
        done = self.ask(*words, "--memory=1228KiB", "process-pool")
        self.assertEqual(4, done.returncode)
        told = re.search(r"process-pool with (\d+) workers needs the least that carries the load, ([\d.]+) MiB", done.stdout)
        self.assertTrue(told, done.stdout)
        more = float(told[2]) * 1.02
        self.assertEqual(0, self.ask(*words, f"--memory={more:.4f}MiB", f"--workers={told[1]}", "process-pool").returncode)

    def test_markdown_says_what_the_text_says(self):
        self.validation = self.write("validation.json", json.dumps(validation()))
        text = self.ask(*SERVICE).stdout.splitlines()
        marked = self.ask(*SERVICE, "--format", "markdown").stdout.replace("\\", "").splitlines()
        self.assertEqual("| model | workers | capacity | p50 | p99 | cpu | memory | bound by |", marked[0])
        self.assertEqual(8, marked[1].count("|") - 1)
        rows = [line for line in marked[2:] if line.startswith("| ")]
        self.assertEqual(3, len(rows))
        self.assertRegex(rows[0], r"^\| event-loop \| 0 \| \d+/s \[-2 \+2 %\] \|")
        sentences = [line[2:] for line in marked if line.startswith("- ")]
        self.assertGreater(len(sentences), 4)
        self.assertEqual(text[-len(sentences):], sentences)
        for row, cells in zip(text[1:7:2], rows):
            figures = re.split(r"  +", row)[1:]
            for figure in figures:
                self.assertIn(figure.strip(), cells)


class Laws(Asking):
    def test_no_latency_and_the_same_capacity(self):
        whole = self.answer(*SERVICE)["models"]
        limited = str(self.write("limited.ini", "[profile]\nlimit = p99<1s\n"))
        answer = self.answer(limited, *SERVICE[:-2], "--laws")
        self.assertTrue(answer["laws_alone"])
        self.assertIn("so the limit is not judged", answer["sentences"][0])
        for row, full in zip(answer["models"], whole):
            self.assertIsNone(row["latency_p99_ns"])
            self.assertIsNone(row["keeps_limit"])
            if row["workers"] == full["workers"]:
                self.assertEqual(full["capacity_per_s"], row["capacity_per_s"])
        header = self.ask(*SERVICE[:-2], "--laws").stdout.splitlines()[0]
        self.assertEqual(["model", "workers", "capacity", "cpu", "memory", "bound", "by"], header.split())


class Verdicts(Asking):
    """What cannot be told is neither kept nor missed, and the exit code says so."""

    LIMITS = (*SERVICE, "--limit", "p99<1s", "--memory", "1GiB", "--requests", "20k")

    def verdicts(self, code: int, *words: str) -> dict:
        done = self.ask("--format", "json", *self.LIMITS, *words)
        self.assertEqual(code, done.returncode, done.stderr)
        return {row["model"]: (row["keeps_limit"], row["keeps_memory"]) for row in json.loads(done.stdout)["models"]}

    def change(self, **more) -> None:
        """Of event-loop."""
        made = machine()
        made["models"][0] |= more
        self.file.write_text(json.dumps(made))

    def test_memory_that_was_not_measured(self):
        none = {"memory_bytes": {"value": None, "lo": None, "hi": None, "n": 0}}
        self.change(constants=machine()["models"][0]["constants"] | none)
        self.assertEqual({"event-loop": (True, None)}, self.verdicts(1, "event-loop"))
        self.assertEqual((True, True), self.verdicts(0)["process-pool"])
        said = self.ask(*self.LIMITS, "event-loop").stdout
        self.assertIn("memory not judged", said)
        self.assertIn("whether event-loop fits into 1.00 GiB cannot be told: the memory at rest was not measured; troika "
                      "calibrate --models event-loop --add", said)
        self.assertNotIn("no model", said)

    def test_a_discipline_that_is_not_known(self):
        self.change(discipline="unknown")
        self.assertEqual({"event-loop": (None, None)}, self.verdicts(1, "event-loop"))
        said = self.ask(*self.LIMITS, "event-loop").stdout
        self.assertIn("limit not judged, memory not judged", said)
        self.assertIn("whether limits are kept cannot be told", said)
        # One that is known to miss and one of which nothing is known: nobody knows whether one keeps.
        missed = self.ask(*SERVICE, "--limit", "p99<21ms", "--requests", "20k", "event-loop", "thread-per-connection")
        self.assertEqual(1, missed.returncode)
        self.assertNotIn("no model keeps", missed.stdout)

    def test_the_peak_and_the_percentile_that_are_judged(self):
        said = self.ask(*SERVICE, "--memory", "1GiB", "--limit", "p90<1s", "--requests", "20k").stdout.splitlines()
        self.assertEqual("model workers capacity p50 p90 p99 cpu memory at a peak bound by", " ".join(said[0].split()))
        self.assertLessEqual(max(map(len, said[:4])), 140)
        answer = self.answer(*SERVICE, "--memory", "1GiB", "--limit", "p90<1s", "--requests", "20k")
        self.assertEqual(90, answer["limit_percentile"])
        for row in answer["models"]:
            self.assertLess(row["latency_p50_ns"]["value"], row["latency_limit_ns"]["value"])
            self.assertLess(row["latency_limit_ns"]["value"], row["latency_p99_ns"]["value"])
            self.assertGreaterEqual(row["memory_most_bytes"], row["memory_bytes"])
        self.assertIsNone(self.answer(*SERVICE, "--requests", "20k")["limit_percentile"])

    def test_flags_without_effect(self):
        for words, said in ((("--cpu", "1ms", "--rate", "9", "--calls", "2"), "--calls has no effect"),
                            (("--cpu", "1ms", "--rate", "9", "--backend-workers", "2"), "--backend-workers has no effect"),
                            (("--cpu", "1ms", "--rate", "9", "--cv-wait", "2"), "--cv-wait has no effect"),
                            (("--wait", "1ms", "--rate", "9", "--cv-cpu", "2"), "--cv-cpu has no effect"),
                            (("--cpu", "1ms", "--connections", "9", "--burst", "2"), "--burst has no effect"),
                            ((*SERVICE, "--workers", "4", "event-loop"), "--workers has no effect: event-loop has no worker setting"),
                            ((*SERVICE[:-2], "--laws", "--limit", "p99<1s"), "--limit has no effect with --laws"),
                            ((*SERVICE[:-2], "--laws", "--seed", "2"), "--seed has no effect with --laws"),
                            ((*SERVICE, "--memory", "0B"), "give at least 1B")):
            self.refused(said, 2, *words)
        path = str(self.write("idle.ini", "[profile]\ncpu = 1ms\nrate = 9\ncalls = 2\n"))
        self.refused("--calls has no effect", 2, path)
        # A flag may leave a key of the profile without a part.
        path = str(self.write("waits.ini", "[profile]\nwait = 5ms\ncpu = 1ms\nrate = 9\ncalls = 2\ncv_wait = 0\n"))
        self.assertEqual(0, self.ask(path, "--wait", "0s", "--laws").returncode)
        self.assertIn("not given, so taken as: wait 0,", self.ask("--cpu", "1ms", "--rate", "9", "--laws").stdout)
        self.assertIn("not given, so taken as: calls 1, cpu 0,", self.ask("--wait", "1ms", "--rate", "9", "--laws").stdout)


class Profile(Asking):
    FLAGS = ("--wait", "20ms", "--calls", "2", "--cpu", "1ms", "--rate", "200", "--cv-wait", "0.5", "--cv-cpu", "0",
             "--payload", "2KiB", "--burst", "2", "--limit", "p99<1s", "--memory", "64MiB", "--cores", "2",
             "--backend-workers", "50", "--requests-per-connection", "10")

    def profile(self, **more) -> str:
        pairs = dict(zip((flag[2:].replace("-", "_") for flag in self.FLAGS[::2]), self.FLAGS[1::2])) | more
        return "[profile]\n" + "".join(f"{key} = {value}\n" for key, value in pairs.items() if value)

    def test_a_file_says_what_flags_say(self):
        path = str(self.write("my.ini", self.profile(name="mine")))
        by_flags = self.ask(*self.FLAGS, "--format", "json", "--requests", "10k")
        self.assertEqual(0, by_flags.returncode, by_flags.stderr)
        for words in ([path], ["--profile", path], [path, "event-loop", "thread-per-connection", "process-pool"]):
            self.assertEqual(by_flags.stdout, self.ask(*words, "--format", "json", "--requests", "10k").stdout)

    def test_flags_win(self):
        path = str(self.write("my.ini", self.profile(cpu="5ms", limit="p99<1ms")))
        self.assertEqual(self.ask(*self.FLAGS, "--format", "json").stdout, self.ask(path, *self.FLAGS, "--format", "json").stdout)

    def test_keys_of_an_experiment(self):
        path = str(self.write("my.ini", "[experiment]\nmodels = serial\n[profile]\nname = x\nwait = 20ms\ncpu = 1ms\n"
                                        "concurrency = 40\nlatency_limit = p99<1s\n[cell a]\nworkload = hello\n"))
        self.assertEqual(self.ask("--wait=20ms", "--cpu=1ms", "--connections=40", "--limit=p99<1s").stdout, self.ask(path).stdout)
        self.assertEqual(0, self.ask(str(ROOT / "harness/experiments/mixed.ini"), "--laws").returncode)

    def test_errors_name_file_line_and_key(self):
        for text, words in (("[profile]\nwait = 20ms\ncup = 1ms\n", ':3: unknown key "cup"; did you mean cpu?'),
                            ("[profle]\nwait = 20ms\n", ":1: unknown section [profle]; did you mean profile?"),
                            ("wait = 20ms\n", ':1: "wait" is in no section'),
                            ("[experiment]\nblocks = 6\n", ":1: there is no [profile] section"),
                            ("[profile]\nwait = 20\n", ':2: "wait" is "20"; a time needs a unit'),
                            ("[profile]\nrate = 5/h\n", ':2: "rate" is "5/h"'),
                            ("[profile]\nlimit = p95<1s\n", ':2: "limit" is "p95<1s"; p50, p90 and p99 are forecast'),
                            ("[profile]\ncv_cpu = -1\n", ':2: "cv_cpu" is "-1"'),
                            ("[profile]\ncalls = 17\n", ':2: "calls" is 17; allowed is 0 to 16'),
                            ("[profile]\ncpu = 1ms\n\ncpu = 2ms\n", ':4: "cpu" was given on line 2 already'),
                            ("[profile]\nconnections = 4\nconcurrency = 5\n", ':3: "concurrency" says again'),
                            ("[profile]\n[profile]\n", ":2: [profile] was given on line 1 already")):
            path = self.write("bad.ini", text)
            self.refused(f"{path}{words}", 2, str(path))
        self.refused("cannot be read", 2, str(self.folder / "none.ini"))
        self.refused("give one profile", 2, "a.ini", "b.ini")

    def test_the_shipped_examples(self):
        for name in ("users", "gateway"):
            done = self.ask(str(ROOT / f"harness/profiles/{name}.ini"), "--requests", "10k")
            self.assertEqual((0, ""), (done.returncode, done.stderr))
            self.assertIn(f"troika predict {name}", (ROOT / f"harness/profiles/{name}.ini").read_text())


class Shipped(unittest.TestCase):
    """A tree without constants of its own, with those of another machine."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "build/release").mkdir(parents=True)
        (self.root / "results").mkdir()
        (self.root / "harness/predict").mkdir(parents=True)
        self.program = shutil.copy(BUILD / "troika", self.root / "build/release/troika")
        self.shipped = self.root / "harness/predict/shipped.json"

    def ask(self, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run([self.program, "predict", "--cpu=1ms", "--rate=10", "--laws", *words], cwd=self.root,
                              capture_output=True, text=True, timeout=LIMIT_S, check=False)

    def test_it_answers_from_another_machine_s(self):
        self.shipped.write_text(json.dumps(machine()))
        for words in ((), ("--machine=none",)):
            done = self.ask(*words)
            self.assertEqual((0, ""), (done.returncode, done.stderr))
            self.assertIn("they came with this program and are another machine's", done.stdout)
            self.assertNotIn("of this machine has been compared", done.stdout)
        (self.root / "results/machine.json").write_text(json.dumps(machine()))
        self.assertNotIn("another machine's", self.ask().stdout)
        self.assertIn("another machine's", self.ask("--machine=none").stdout)
        # What is named, or damaged, is not replaced by another.
        self.assertEqual(1, self.ask("--machine=else.json").returncode)
        (self.root / "results/machine.json").write_text("{")
        self.assertEqual(1, self.ask().returncode)

    def test_what_is_shipped(self):
        """Eight models in C, as the schema wants them."""
        shipped = ROOT / "harness/predict/shipped.json"
        shutil.copy(shipped, self.shipped)
        done = self.ask()
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertEqual(8, len(json.loads(shipped.read_text())["models"]))
        self.assertEqual([], list(errors(schema("machine"), json.loads(shipped.read_text()))))

    def test_nothing_is_there(self):
        done = self.ask()
        self.assertEqual((1, ""), (done.returncode, done.stdout))
        self.assertIn("troika calibrate", done.stderr)

    def test_the_standard_validation(self):
        (self.root / "results/machine.json").write_text(json.dumps(machine()))
        self.assertIn("no forecast of this machine has been compared", self.ask().stdout)
        (self.root / "results/validation.json").write_text(json.dumps(validation()))
        said = self.ask("--wait=20ms").stdout
        self.assertIn("[bands] hold nine", said)
        self.assertNotIn("has been compared", said)
        self.assertIn("has been compared", self.ask("--wait=20ms", "--validation=none").stdout)


if __name__ == "__main__":
    unittest.main()
