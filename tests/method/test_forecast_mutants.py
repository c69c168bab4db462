#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The proofs of forecasts would see a mistake: each mutant of harness/predict/
is built with tests/unit/forecast.c, forecast_queues.c and effort.c, and the test
that is named for it fails.
"""
import pathlib
import re
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import mutants  # noqa: E402

# File, what stands there, what a mistake would make of it, the test that sees it.
MUTANTS = [
    ("a request costs nothing itself",
     "cost.c", "(constant_of(model, CONSTANT_REQUEST, 0) +", "(0 +",
     "test_cost"),
    ("the first call is one of many",
     "cost.c", "first + (calls - 1) * further : 0", "calls * further : 0",
     "test_cost"),
    ("bytes cost nothing",
     "cost.c", "p->payload_bytes * constant_of(model, CONSTANT_BYTE, 0)", "0",
     "test_cost"),
    ("each request opens a connection",
     "cost.c", "? 1 / p->requests_per_connection : 0", "? 1 : 0",
     "test_cost"),
    ("work costs what it costs alone",
     "cost.c", "p->cpu_ns * constant_of(model, CONSTANT_WORK_FACTOR, 1),", "p->cpu_ns,",
     "test_cost"),
    ("an interval of half the width",
     "cost.c", "(c->hi - c->lo) / 2", "(c->hi - c->lo) / 4",
     "test_cost"),
    ("many in flight cost no more",
     "cost.c", "fmax(GROWN_LEAST, 1 + growth);", "fmax(GROWN_LEAST, 1 + 0 * growth);",
     "test_cost_at_a_load"),
    ("a busy server is woken as often as an idle one",
     "cost.c", "double own = fmax(0, 1 - load) *", "double own =",
     "test_cost_at_a_load"),
    ("the answer to a call wakes nobody",
     "cost.c", "awake_ns + (1 + calls) * waking;", "awake_ns + waking;",
     "test_cost_at_a_load"),
    ("a busy server wakes nobody",
     "cost.c", "double peer = share *", "double peer = 0 * share *",
     "test_peers"),
    ("who just asked must be woken too",
     "cost.c", "return fmin(1, fmax(0, (gap_ns", "return 1 + 0 * fmin(1, fmax(0, (gap_ns",
     "test_peers"),
    ("clients who wait for their answers come by chance",
     "cost.c", "p->rate_per_s > 0 || p->think_ns > 0;", "true;",
     "test_peers"),
    ("a call that was not measured is free",
     "cost.c", "constant_of(model, CONSTANT_CALL, first)", "constant_of(model, CONSTANT_CALL, 0)",
     "test_unmeasured_calls"),
    ("workers need no memory",
     "memory.c", "workers * constant_of(model, CONSTANT_MEMORY_WORKER, more ? NAN : 0)", "0",
     "test_memory"),
    ("a further loop that was not measured is free",
     "memory.c", "more ? NAN : 0", "0",
     "test_memory_of_loops"),
    ("memory for the mean in flight, and for no more",
     "memory.c", "double peak = 1 + 3 / sqrt(fmax(in_flight, 1e-9));", "double peak = 1;",
     "test_memory"),
    ("workers are enough at twice the best time",
     "forecast.c", "WORKERS_WITHIN = 1.05;", "WORKERS_WITHIN = 2;",
     "test_workers_of_clients"),
    ("workers are enough by their p99 alone",
     "forecast.c", "times->p99_ns <= WORKERS_WITHIN * pool->best.p99_ns &&\n           times->mean_ns <=", "times->mean_ns * 0 + times->p99_ns <= WORKERS_WITHIN * pool->best.p99_ns &&\n           0 * times->mean_ns <=",
     "test_workers_by_mean"),
    ("workers limit models that have none",
     "forecast.c", "if (!model->has_workers)\n        workers = model->workers;\n    else if (workers", "if (workers",
     "test_workers_of_others"),
    ("a wait holds no worker",
     "laws.c", "in->holding_workers / held_s", "in->holding_workers / in->cpu_s",
     "test_laws"),
    ("one thread has all cores",
     "forecast.c", "if (!model->parallel || model->token)\n        return 1;", "",
     "test_laws"),
    ("the backend has no law",
     "laws.c", "in->backend_workers / in->backend_s", "INFINITY",
     "test_laws"),
    ("flights fit into the server's own memory too",
     "forecast.c", "p->memory_bytes - memory_of(p, model, f->workers, &before)", "p->memory_bytes",
     "test_laws"),
    ("clients do not think, by the law",
     "laws.c", "held_s + in->think_s;", "held_s;",
     "test_clients"),
    ("clients do not think, in the simulation",
     "forecast.c", ".think_ns = p->think_ns,", "",
     "test_clients"),
    ("the backend has no queue",
     "forecast.c", ".backend_servers = p->backend_workers,", "",
     "test_queues"),
    ("a loop takes answers that come together one by one",
     "forecast.c", ".resumed_first = loop && p->cpu_after_calls,", "",
     "test_convoy"),
    ("all work is on the loop",
     "forecast.c", ".offload_executors = model->offloads ? workers : 0,", "",
     "test_offload"),
    ("a burst comes one by one",
     "forecast.c", ".burst = p->burst,", ".burst = 1,",
     "test_bursts"),
    ("every limit is one of p99",
     "forecast.c", "if (p->limit_percent == 50)", "if (0)",
     "test_limit_percentile"),
    ("work does not vary",
     "forecast.c", ".compute = draw_of(p->cv_cpu),", ".compute = draw_of(0),",
     "test_limit_percentile"),
    ("a request has no path in the simulation",
     "forecast.c", ".path_ns = cost_path_ns(p, model),", "",
     "test_paths"),
    ("a CPU never dozes off",
     "cost.c", "exp(-each_per_s * (1 + calls) * doze_s);", "1;",
     "test_doze"),
    ("a request has no path, by the law",
     "forecast.c", "(p->think_ns + cost_path_ns(p, model))", "(p->think_ns)",
     "test_paths"),
    ("clients who ask again at once are woken by a clock",
     "cost.c", "(p->rate_per_s > 0 ? fmax(0, constant_of(model, CONSTANT_LAG, 0))\n                              : 0)",
     "fmax(0, constant_of(model, CONSTANT_LAG, 0))",
     "test_paths"),
    ("all calls of a request have one path",
     "cost.c", "p->wait_ns + p->calls * fmax(0, way_ns)", "p->wait_ns + fmax(0, way_ns)",
     "test_paths"),
    ("a path gives time back",
     "cost.c", "return fmax(0, constant_of(model, CONSTANT_PATH, 0))", "return constant_of(model, CONSTANT_PATH, 0)",
     "test_paths"),
    ("bytes of an answer are gone once they are sent",
     "memory.c", "crowd->answered * p->payload_bytes", "0 * p->payload_bytes",
     "test_memory_of_what_was_sent"),
    ("what was sent is held however seldom clients ask",
     "memory.c", "if (idle / rate_per_s * NS_PER_S < ACKNOWLEDGED_NS)", "",
     "test_memory_of_what_was_sent"),
    ("a request in flight has been answered, too",
     "memory.c", "fmax(0, crowd->connections - in_flight)", "crowd->connections",
     "test_memory_of_what_was_sent"),
    ("a long call is held like a short one",
     "memory.c", "if (p->wait_ns > 0 && p->wait_ns / p->calls < ACKNOWLEDGED_NS)", "",
     "test_memory_of_what_was_sent"),
    ("tasks that ended take no memory",
     "memory.c", "crowd->rate_per_s * constant_of(model, CONSTANT_MEMORY_ENDED, 0)", "0",
     "test_memory_of_ended_tasks"),
    ("children are as many as at a peak",
     "memory.c", "(most || !ends ? peak : 1)", "peak",
     "test_memory_of_ended_tasks"),
    ("a limit holds what is there on average",
     "forecast.c", "f->memory_most_bytes > p->memory_bytes", "f->memory_bytes > p->memory_bytes",
     "test_memory_of_ended_tasks"),
    ("an overload is simulated",
     "forecast.c", "f->load < FORECAST_OVERLOAD", "f->load < 98",
     "test_laws"),
    ("stalls take no time, by the law",
     "forecast.c", "double cpu_ns_per_s = awake_share(machine) * NS_PER_S;", "double cpu_ns_per_s = NS_PER_S;",
     "test_stalls"),
    ("a place of the backend is held on the way of the call",
     "forecast.c", ".call_path_ns = cost_calls_wait_ns(p, model) - p->wait_ns,", "",
     "test_backend_and_ways"),
    ("sixteen are in flight at full load",
     "cost.c", "fmin(in_flight, most)", "COST_FLIGHT_MEASURED + 0 * most",
     "test_full_in_flight"),
    ("a queue without end has a latency",
     "forecast.c", "result.behind_share > 0) {\n        notice_growth", "result.behind_share > 2) {\n        notice_growth",
     "test_queue_without_end"),
    ("the pool beside a loop is never full",
     "forecast.c", ".offload_workers = model->offloads ? f->workers : 0,", "",
     "test_offload"),
    ("the loop beside a pool is never full",
     "forecast.c", "return cost->total_ns - (f->workers > 0 ? cost->work_ns : 0);", "return 0;",
     "test_offload"),
    ("a warm-up counts requests, however long they wait",
     "effort.c", "+ settle;\n    double window", ";\n    double window",
     "test_long_waits"),
    ("no wait is longer than the mean",
     "effort.c", "return mean_ns * (1 + 3 * cv);", "return mean_ns / 10 + 0 * cv;",
     "test_long_waits"),
    ("what turned out to be too much has no measure",
     "forecast.c", "effort_seen(&simulation, result->ended)", "0",
     "test_too_much"),
    ("a limit is missed by what was not simulated",
     "forecast.c", "if (!f->simulated)\n        return KEPT_UNKNOWN;", "if (!f->simulated)\n        return KEPT_NOT;",
     "test_too_much"),
    ("pauses are equal",
     "forecast.c", ".draws = {[WIRING_DRAWS] = {SHAPE_EXPONENTIAL, 0}},", "",
     "test_pauses"),
    ("work is measured as often, however long it is",
     "effort.c", "fmax(REQUESTS_LEAST, afford)", "INFINITY + 0 * afford",
     "test_long_work"),
]


class Mutants(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.copies = {}
        for test in ("forecast", "forecast_queues", "effort"):
            folder = tempfile.TemporaryDirectory()
            cls.addClassCleanup(folder.cleanup)
            copy = mutants.Copy(
                pathlib.Path(folder.name), test, ["harness/predict", "harness/simulate"],
                ["harness/arithmetic/conformal.c", "harness/arithmetic/statistics.c", "harness/arithmetic/digits.c",
                 "harness/base/json.c"], ["-ljansson"])
            for name in re.findall(r"cmocka_unit_test\((\w+)\)", (ROOT / f"tests/unit/{test}.c").read_text()):
                cls.copies[name] = copy

    def test_mutants_are_seen(self):
        for what, file, right, wrong, seen_by in MUTANTS:
            with self.subTest(what):
                self.assertTrue(self.copies[seen_by].sees(f"harness/predict/{file}", right, wrong, seen_by),
                                f"{seen_by} did not see it")

    def test_without_a_mistake_they_pass(self):
        for name in sorted({seen_by for *_, seen_by in MUTANTS}):
            self.assertFalse(self.copies[name].fails(name), name)


if __name__ == "__main__":
    unittest.main()
