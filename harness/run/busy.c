/* SPDX-License-Identifier: MIT
 *
 * Quiet is what the doctor calls quiet, twice in a row: a compiler pauses
 * between two files.
 */
#include "busy.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "harness/base/hint.h"
#include "harness/base/json.h"
#include "harness/machine/noise.h"
#include "models/runtime/base/clock.h"

static const int64_t LOST_NS = INT64_C(60000000000);
static const char GATE[] = "foreign_cpu";

bool busy_was(const json_t *trial)
{
    const json_t *gate;
    size_t i;

    json_array_foreach (json_object_get(trial, "gates"), i, gate) {
        const char *id = json_string_of(gate, "id");

        if (id && !strcmp(id, GATE))
            return json_is_false(json_object_get(gate, "ok"));
    }
    return false;
}

static void say_busy(struct run *run, const struct noise *noise)
{
    char culprits[256];

    results_say(&run->results,
                "machine too busy: other processes use %.0f %% of its CPUs "
                "(limit %.0f %%). Top: %s. Waiting for quiet, up to %.0f s",
                100 * noise->foreign_share, 100 * QUIET_FOREIGN_SHARE,
                noise_culprits(noise, culprits, sizeof culprits),
                (double)run->options->wait_ns / 1e9);
}

static int give_up(struct run *run, const struct noise *noise, const char *why)
{
    char culprits[256], command[8192];

    results_say(&run->results,
                "stopped: %s. Others use %.0f %% of the CPUs: %s. End them, "
                "then go on: %s",
                why, 100 * noise->foreign_share,
                noise_culprits(noise, culprits, sizeof culprits),
                hint_resume(run->results.directory, command, sizeof command));
    return -EBUSY;
}

int busy_wait(struct run *run, int64_t attempt_ns)
{
    int64_t start_ns = clock_now_ns(), most_ns = plan_eta_ns(&run->plan, 0) / 2;
    struct noise noise;
    int quiet = 0;

    if (run->options->wait_ns == 0)
        return 0;
    most_ns = most_ns > LOST_NS ? most_ns : LOST_NS;
    for (bool told = false; quiet < 2;) {
        if (noise_measure(&noise) < 0)
            return 0;
        quiet = noise.foreign_share <= QUIET_FOREIGN_SHARE ? quiet + 1 : 0;
        if (*run->stop != 0)
            return -EINTR;
        if (quiet == 0 && !told)
            say_busy(run, &noise);
        told |= quiet == 0;
        if (quiet == 0 && clock_now_ns() - start_ns >= run->options->wait_ns)
            return give_up(
                run, &noise,
                "the machine did not become quiet (--wait-for-quiet)");
        if (!told && quiet > 0)
            break;
    }
    run->busy_ns += clock_now_ns() - start_ns + attempt_ns;
    if (run->busy_ns <= most_ns)
        return 0;
    return give_up(run, &noise,
                   "other processes came and went and cost more than half of "
                   "the announced time");
}
