#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""troika bench when things go wrong: interrupted, killed, its server killed, a
server that never gets ready or ends at once, a full disk, an unwritable place,
too few descriptors. Each time the message is clear, measured trials are kept,
the run can be finished, and no process is left behind.

No test judges speed.
"""
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import time
import unittest

from bench import BUILD, LIMIT_S, Bench


class Faults(Bench):
    def interrupt(self, number, code):
        self.start("-o", self.results, self.experiment(blocks=4))
        self.wait_for_trials(1)
        self.running.send_signal(number)
        ended, out, err = self.finish()
        self.assertEqual(code, ended, err)
        self.assertIn("INCOMPLETE", out)
        self.assertRegex(out, r"next: .* (--resume=|resume RUN=)")
        run = self.run_json()
        self.assertFalse(run["complete"])
        self.assertEqual(number.name, run["interrupted"])
        self.assertTrue(run["summary"])
        self.assert_nothing_left()
        return self.trials()

    def test_ctrl_c_keeps_what_is_there_and_resume_finishes(self):
        self.assert_resumes(self.interrupt(signal.SIGINT, 130))

    def test_what_is_printed_can_be_pasted(self):
        """The commands that resume and report the run, even if the name of the
        results' folder has characters that a shell interprets."""
        self.results = self.directory / "my 'results' $x;&*"
        self.interrupt(signal.SIGINT, 130)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
        log = self.results / "latest/log.txt"
        for words in ("resume|--resume", "report"):
            pasted = [line[6:] for line in log.read_text().splitlines() if line.startswith("next: ")][-1]
            self.assertRegex(pasted, words)
            if BUILD.name == "release":
                self.assertRegex(pasted, r"^make ")
            done = subprocess.run(["sh", "-c", pasted], capture_output=True, text=True,
                                  stdin=subprocess.DEVNULL, timeout=LIMIT_S, env=environment)
            self.assertIn(done.returncode, (0, 2, 3), done.stdout + done.stderr)
            self.assertNotIn("No rule", done.stderr)
        self.assertTrue(self.run_json()["complete"])
        self.assertTrue((self.results / "latest/report/index.html").exists(), done.stderr)

    def test_sigterm(self):
        self.interrupt(signal.SIGTERM, 143)

    def test_second_ctrl_c_ends_at_once(self):
        self.start("-o", self.results, self.experiment())
        os.kill(self.server(), signal.SIGSTOP)
        self.running.send_signal(signal.SIGINT)
        time.sleep(0.2)
        self.running.send_signal(signal.SIGINT)
        self.assertEqual(130, self.running.wait(10))
        self.assert_nothing_left()

    def test_harness_killed_leaves_nothing_and_resume_finishes(self):
        self.start("-o", self.results, self.experiment(blocks=3))
        self.wait_for_trials(1)
        self.server()
        kept = self.trials()
        self.running.kill()
        self.running.wait(10)
        self.assert_nothing_left()
        self.assertFalse(self.run_json()["complete"])
        self.assert_resumes(kept)

    def test_damaged_trial_is_measured_again(self):
        self.bench("-o", self.results, self.experiment(models="serial"))
        victim = sorted((self.results / "latest/trials").glob("*.json"))[0]
        victim.write_text(victim.read_text()[:100])
        self.assert_resumes({})

    def test_killed_server_makes_the_attempt_invalid(self):
        self.kill_server("serial")

    @unittest.skipUnless((BUILD / "models/cpython-processes").exists(), "it was not built")
    def test_killed_foreign_server_likewise(self):
        self.kill_server("cpython-processes")

    def kill_server(self, model):
        path = pathlib.Path(self.experiment(model, 1))
        path.write_text(path.read_text().replace("window = 300ms", "window = 1s"))
        self.start("-o", self.results, str(path))
        pid = self.server()
        self.wait_for_load(pid)
        os.kill(pid, signal.SIGKILL)
        code, out, err = self.finish()
        self.assertIn("INVALID", err)
        first = json.loads(next((self.results / "latest/trials").glob(
            "*.attempt1.json")).read_text())
        self.assertFalse(first["valid"])
        self.assertRegex(first["reason"], "server|checked request")
        self.assertGreater(next(iter(self.trials().values()))["attempt"], 1)
        self.assert_nothing_left()

    def with_model(self, name, script):
        """A copy of the program beside which there is one more model."""
        place = self.directory / "build"
        (place / "models").mkdir(parents=True)
        shutil.copy(BUILD / "troika", place / "troika")
        for model in ("serial", "event-loop"):
            (place / "models" / model).symlink_to(BUILD / "models" / model)
        described = ('{"model":"%s","summary":"broken","task":"thread",'
                     '"flags":[],"yardstick":false,"workers_default":null,'
                     '"only":null,"parameters":[]}' % name)
        path = place / "models" / name
        path.write_text("#!/bin/sh\nif [ \"$1\" = --describe ]; then\n"
                        f"echo '{described}'; exit 0; fi\n{script}\n")
        path.chmod(0o755)
        self.troika = place / "troika"

    def assert_cell_is_invalid(self, words):
        code, out, err = self.finish()
        self.assertEqual(3, code, err)
        for word in words:
            self.assertIn(word, err)
        self.assertIn("no figure", out)
        self.assertTrue(self.run_json()["complete"])
        rows = [r for r in self.run_json()["summary"] if r["model"] == "broken"]
        self.assertTrue(rows)
        for row in rows:
            self.assertIsNone(row["value"])
            self.assertTrue(row["why"])
        self.assert_nothing_left()

    def test_server_that_ends_at_once(self):
        self.with_model("broken", "echo 'listening on 127.0.0.1:80 failed: "
                        "Address already in use; choose another port' >&2; "
                        "exit 1")
        self.start("-o", self.results, self.experiment("serial, broken", 1))
        self.assert_cell_is_invalid(["Address already in use"])

    def test_server_that_never_gets_ready(self):
        self.with_model("broken", "echo still thinking >&2; exec sleep 1000")
        self.start("-o", self.results, self.experiment("serial, broken", 1))
        self.assert_cell_is_invalid(["still thinking"])

    def attempts(self):
        return list((self.results / "latest/trials").glob("*.attempt*.json"))

    def test_wrong_answer_is_not_asked_for_again(self):
        """Another attempt would get the same wrong answer."""
        self.with_model("broken", """exec /usr/bin/python3 -u -c '
import socket
s = socket.create_server(("127.0.0.1", 0))
print("{\\"ready\\":true,\\"port\\":%d}" % s.getsockname()[1])
while True:
    c, _ = s.accept()
    c.recv(65536)
    c.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nno")
    c.close()
'""")
        self.start("-o", self.results, self.experiment("serial, broken", 1))
        self.assert_cell_is_invalid(["wrong answer"])
        self.assertEqual([], self.attempts())
        self.assertEqual(0, self.run_json()["tally"]["retried"])

    def test_ctrl_c_in_a_drain_does_not_wait_for_it(self):
        """If a server stops answering in the window of an open loop, the drain
        lasts until the requests' timeout, which is a minute here."""
        path = self.directory / "short.ini"
        path.write_text("[experiment]\ntitle = Short\nblocks = 1\n"
                        "models = thread-per-connection\n"
                        "[cell wait]\nworkload = wait\ndelay = 5ms\n"
                        "mode = open\nrate = 100\ntimeout = 60s\n"
                        "warmup = 1s\nwindow = 1s\n")
        self.start("-o", self.results, str(path))
        server = self.server()
        time.sleep(1)
        os.kill(server, signal.SIGSTOP)
        time.sleep(2)
        self.running.send_signal(signal.SIGINT)
        begun = time.monotonic()
        code, out, err = self.finish()
        self.assertLess(time.monotonic() - begun, 30)
        self.assertEqual(130, code, err)
        self.assertEqual("SIGINT", self.run_json()["interrupted"])
        self.assert_nothing_left()

    def test_resume_counts_the_attempts_before_it(self):
        """If a run ends between two attempts at a trial, the resumed run counts
        the first one."""
        self.bench("-o", self.results, self.experiment(models="serial"))
        victim = sorted((self.results / "latest/trials").glob("*.json"))[0]
        trial = json.loads(victim.read_text())
        trial["valid"] = False
        victim.unlink()
        victim.with_suffix(".attempt1.json").write_text(json.dumps(trial))
        self.assert_resumes({})
        self.assertEqual(len(self.attempts()),
                         self.run_json()["tally"]["retried"])
        self.assertGreaterEqual(self.trials()[victim.name]["attempt"], 2)

    def test_resume_elsewhere_warns(self):
        self.bench("-o", self.results, self.experiment(models="serial"))
        run = self.run_json()
        run["environment"]["kernel"] = "another"
        (self.results / "latest/run.json").write_text(json.dumps(run))
        code, out, err = self.bench("-o", self.results, "--resume")
        self.assertIn(code, (0, 3), err)
        self.assertEqual(1, err.count("of the environment is not"), err)
        self.assertIn('"kernel"', err)

    def test_too_few_rounds_leave_no_latency_behind(self):
        path = self.directory / "short.ini"
        path.write_text("[experiment]\ntitle = Short\nblocks = 1\n"
                        "models = thread-per-connection\n"
                        "[cell wait]\nworkload = wait\ndelay = 200ms\n"
                        "connections = 8\nwarmup = 100ms\n"
                        "window = 300ms\n")
        self.bench("-o", self.results, str(path))
        trial = next(iter(self.trials().values()))
        self.assertFalse(trial["latency"]["turned_over"])
        self.assertEqual([], list(self.results.glob("latest/trials/*.hgrm")))

    def test_results_not_writable(self):
        blocker = self.directory / "file"
        blocker.write_text("")
        code, out, err = self.bench("-o", blocker / "results",
                                    self.experiment())
        self.assertEqual(1, code)
        self.assertIn("--output", err)
        self.assertEqual("", out)
        self.assert_nothing_left()

    def test_too_little_space_is_refused_at_the_start(self):
        self.tmpfs("1m")
        code, out, err = self.bench("-o", self.results, self.experiment())
        self.assertEqual(1, code)
        self.assertRegex(err, "[KM]iB free, and this run may need [0-9.,]+ [KMG]iB;")
        self.assert_nothing_left()

    def test_disk_full_keeps_finished_trials(self):
        self.tmpfs("6m")
        self.start("-o", self.results, self.experiment(blocks=8))
        self.wait_for_trials(1)
        with open(self.results / "junk", "wb", buffering=0) as junk:
            try:
                while True:
                    junk.write(b"x" * 4096)
            except OSError:
                pass
        code, out, err = self.finish()
        self.assertEqual(1, code, err)
        self.assertIn("No space left", err)
        self.assertRegex(err, "make resume RUN=|bench --resume=")
        kept = self.trials()
        self.assertTrue(kept)
        self.assert_nothing_left()
        (self.results / "junk").unlink()
        self.assert_resumes(kept)

    def test_too_few_descriptors(self):
        code, out, err = self.bench(
            "-o", self.results, self.experiment(),
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE,
                                                  (66, 66)))
        self.assertEqual(2, code, err)
        self.assertIn("open files", err)
        self.assertIn("ulimit", err)
        self.assertFalse(self.results.exists())

    def test_two_troikas_do_not_share_a_run(self):
        self.start("-o", self.results, self.experiment(blocks=4))
        self.wait_for_trials(1)
        other = subprocess.run(
            [BUILD / "troika", "bench", "--allow-any-build", "-o",
             self.results, "--resume"], capture_output=True, text=True,
            timeout=LIMIT_S, stdin=subprocess.DEVNULL)
        self.assertEqual(1, other.returncode)
        self.assertIn("another troika", other.stderr)
        self.running.send_signal(signal.SIGINT)
        self.finish()
        self.assert_nothing_left()

    def test_a_gate_that_is_switched_off_is_told_everywhere(self):
        """The run can be resumed only with the same gates switched off."""
        os.environ["TROIKA_DISABLE_GATE"], old = "steal,clock", os.environ.get("TROIKA_DISABLE_GATE")
        self.addCleanup(os.environ.__setitem__, "TROIKA_DISABLE_GATE", old or "")
        code, out, err = self.bench("-o", self.results, "--wait-for-quiet", "0s", self.experiment("serial", 1))
        self.assertIn(code, (1, 3), err)  # 1: others use this machine
        words = "NOT TO BE TRUSTED: TROIKA_DISABLE_GATE=steal,clock"
        self.assertTrue(err.startswith(words), err)
        self.assertEqual(1, out.count(words))
        self.assertTrue(out.startswith(words), out)
        run = self.run_json()
        self.assertIn(words, run["untrusted"])
        self.assertEqual("steal,clock", run["environment"]["variables"]["TROIKA_DISABLE_GATE"])
        again = subprocess.run([self.troika, "summarise", self.results / "latest"], capture_output=True, text=True,
                               stdin=subprocess.DEVNULL, timeout=60)
        self.assertEqual(3, again.returncode)
        self.assertIn(words, again.stdout)
        os.environ["TROIKA_DISABLE_GATE"] = ""
        code, out, err = self.bench("-o", self.results, "--resume")
        self.assertEqual(2, code)
        self.assertIn("TROIKA_DISABLE_GATE=steal,clock then, not set now", err)
        os.environ["TROIKA_DISABLE_GATE"] = "steal,clokc"
        code, out, err = self.bench("-o", self.results, self.experiment("serial", 1))
        self.assertEqual(2, code)
        self.assertIn('no gate is named "clokc"; did you mean clock?', err)

    def test_a_machine_that_others_use_stops_the_run(self):
        """The run stops after the first attempt that other processes spoil, not
        after three attempts in each cell, and names them and the way to go on."""
        burners = [subprocess.Popen(["/usr/bin/python3", "-c", "while True: pass"]) for _ in range(2)]
        try:
            os.environ["TROIKA_DISABLE_GATE"], old = "steal,clock", os.environ.get("TROIKA_DISABLE_GATE")
            self.addCleanup(os.environ.__setitem__, "TROIKA_DISABLE_GATE", old or "")
            code, out, err = self.bench("-o", self.results, "--wait-for-quiet", "1s", self.experiment(blocks=4))
        finally:
            for burner in burners:
                burner.kill()
                burner.wait()
        if "the CPU time of the server or of the machine is unknown" in json.dumps(self.trials()):
            self.skipTest("the machine's use of its CPUs is unknown here")
        self.assertEqual(1, code, err)
        self.assertEqual(1, err.count("INVALID"), err)
        self.assertRegex(err, r"machine too busy: other processes use \d+ % of its CPUs \(limit 5 %\). Top: \S+ \(pid \d+, ")
        self.assertRegex(err, r"stopped: .* End them, then go on: .*resume")
        self.assertFalse(self.run_json()["complete"])
        self.assert_nothing_left()

    def test_no_trial_is_lost_when_all_are_invalid_and_measured_once_more(self):
        """The last attempt becomes the trial, valid or not."""
        os.environ["TROIKA_DISABLE_GATE"], old = "steal,clock", os.environ.get("TROIKA_DISABLE_GATE")
        self.addCleanup(os.environ.__setitem__, "TROIKA_DISABLE_GATE", old or "")
        burners = [subprocess.Popen(["/usr/bin/python3", "-c", "while True: pass"]) for _ in range(2)]
        try:
            code, out, err = self.bench("-o", self.results, "--wait-for-quiet", "0s",
                                        self.experiment(models="serial, event-loop", blocks=3))
        finally:
            for burner in burners:
                burner.kill()
                burner.wait()
        run = self.run_json()
        self.assertTrue(run["complete"], err)
        self.assertEqual({row["trial_id"] + ".json" for row in run["plan"]}, set(self.trials()))
        self.assertEqual(len(run["plan"]), run["tally"]["done"])
        done = subprocess.run([self.troika, "summarise", self.results / "latest"], text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
        self.assertNotIn("INCOMPLETE", done.stdout)

    def test_invalid_trials_are_measured_once_more_at_the_end(self):
        """A stored invalid trial, as an interrupted run may leave it."""
        self.bench("-o", self.results, self.experiment(models="serial"))
        victim = sorted((self.results / "latest/trials").glob("*.json"))[0]
        trial = json.loads(victim.read_text())
        attempt = trial["attempt"]
        victim.write_text(json.dumps(trial | {"valid": False, "reason": "made so"}))
        code, out, err = self.bench("-o", self.results, "--resume")
        self.assertIn("once more", err)
        self.assertGreater(self.trials()[victim.name]["attempt"], attempt)
        self.assertEqual("made so", json.loads(
            victim.with_suffix(f".attempt{attempt}.json").read_text())["reason"])
        # One whose second chance fails as well is there all the same.
        burner = subprocess.Popen(["/usr/bin/python3", "-c", "while True: pass"])
        try:
            victim.write_text(json.dumps(self.trials()[victim.name] | {"valid": False, "attempt": 1}))
            for path in self.attempts():
                path.unlink()
            os.environ["TROIKA_DISABLE_GATE"], old = "", os.environ.get("TROIKA_DISABLE_GATE")
            self.addCleanup(os.environ.__setitem__, "TROIKA_DISABLE_GATE", old or "")
            run = self.run_json()
            run["environment"]["variables"].pop("TROIKA_DISABLE_GATE", None)
            (self.results / "latest/run.json").write_text(json.dumps(run))
            code, out, err = self.bench("-o", self.results, "--wait-for-quiet", "0s", "--resume")
        finally:
            burner.kill()
            burner.wait()
        self.assertEqual(2, self.trials()[victim.name]["attempt"], err)
        self.assertEqual([victim.stem + ".attempt1.json"], [p.name for p in self.attempts()
                                                            if p.name.startswith(victim.stem)])
        lasting = self.trials()[victim.name] | {"valid": False, "lasting": True}
        victim.write_text(json.dumps(lasting))
        code, out, err = self.bench("-o", self.results, "--resume")
        self.assertEqual(lasting, self.trials()[victim.name])

    def test_usage(self):
        known = self.experiment()
        for arguments, words in (
                ((), "name an experiment"),
                (("nonsuch",), "nonsuch"),
                ((known, known), "twice"),
                (("--models", "sreial", known), "serial"),
                (("--models", "null", known), "nothing is to be done"),
                (("--blocks", "0", known), "--blocks"),
                (("--window", "5", known), "--duration 5: give a time"),
                (("--window", "4ms", known), "shorter than the wait"),
                (("--threshold", "p98<5ms", known), "p99<50ms"),
                (("--threshold", "p99<5", known), "p99<50ms"),
                (("--seed", "x", known), "--seed")):
            with self.subTest(arguments=arguments):
                code, out, err = self.bench("-o", self.results, *arguments)
                self.assertEqual(2, code, err)
                self.assertIn(words, err)
                self.assertEqual("", out)
        code, out, err = self.bench("-o", self.results, "--resume=nowhere")
        self.assertEqual(1, code)
        self.assertIn("nowhere", err)

    def test_a_threshold_that_is_not_met_ends_with_4(self):
        code, out, err = self.bench(
            "-o", self.results, "--threshold", "rps>1M", "--threshold",
            "mem<1GiB", self.experiment(models="serial", blocks=1))
        self.assertEqual(4, code, err)
        self.assertIn("threshold rps>1M: NOT MET in 1 of 1 cells", out)
        self.assertIn("  short wait serial: ", out)
        self.assertIn("threshold mem<1GiB: ", out)
        stored = json.loads((self.results / "latest/run.json").read_text())["thresholds"]
        self.assertEqual(["rps>1M", "mem<1GiB"], [one["text"] for one in stored])
        self.assertEqual([False, 1], [stored[0]["met"], stored[0]["cells"]])
        self.assertEqual("serial", stored[0]["missed"][0]["model"])
        again = subprocess.run(
            [BUILD / "troika", "summarise", self.results / "latest"], capture_output=True,
            text=True, stdin=subprocess.DEVNULL, timeout=60)
        self.assertEqual(4, again.returncode, again.stderr)
        self.assertIn("threshold rps>1M: NOT MET in 1 of 1 cells", again.stdout)

    def test_dry_run_prints_the_order_and_runs_nothing(self):
        arguments = ("--dry-run", "--seed", "5", self.experiment())
        code, out, err = self.bench(*arguments)
        self.assertEqual(0, code, err)
        self.assertEqual(4, out.count("short-b"))
        self.assertIn("4 trials, about", out)
        self.assertEqual(out, self.bench(*arguments)[1])
        self.assertFalse(self.results.exists())


if __name__ == "__main__":
    unittest.main()
