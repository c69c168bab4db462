/* SPDX-License-Identifier: MIT
 *
 * The password of a private data server: drawn anew for each, 128 random bits.
 */
#pragma once

#include <stddef.h>

enum { STORE_SECRET_SIZE = 40, STORE_VERIFIER_SIZE = 192 };

/* Draws a password of letters and digits. Returns 0 or a negative errno. */
int store_secret_draw(char secret[STORE_SECRET_SIZE]);

/* What PostgreSQL keeps of a password for scram-sha-256 (RFC 5802, section 3,
 * and RFC 7677), in the form that CREATE ROLE takes. One iteration: many make
 * the guessing of weak passwords expensive, and each new connection of a
 * server under test with it; nobody guesses 128 bits. Returns 0 or a negative
 * errno. */
int store_secret_scram(const char *secret, char verifier[STORE_VERIFIER_SIZE]);
