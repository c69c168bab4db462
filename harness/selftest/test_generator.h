/* SPDX-License-Identifier: MIT
 *
 * A generator that is slow, starved or asked too much, and a server that lets
 * nobody in: the trial must be called invalid, not the server slow. And a
 * trial in which nothing is wrong, on which every gate must be silent.
 */
#pragma once

#include "outcome.h"

void test_generator_good_open(struct outcome *outcome);
void test_generator_good_closed(struct outcome *outcome);
void test_generator_slow(struct outcome *outcome);
void test_generator_starved(struct outcome *outcome);
void test_generator_saturated(struct outcome *outcome);
void test_mutant_outliers(struct outcome *outcome);
void test_generator_stopped(struct outcome *outcome);
void test_generator_backlog(struct outcome *outcome);
void test_generator_ports(struct outcome *outcome);
