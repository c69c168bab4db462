/* SPDX-License-Identifier: MIT
 *
 * Values that are sent and must neither be stored nor shown, such as a token: a
 * service may repeat them in an answer that a message quotes.
 */
#pragma once

/* Keeps a copy of the value until the program ends. One of fewer than four
 * letters is no secret. */
void secret_note(const char *value);

/* Overwrites each such value in the text with asterisks. Returns text. */
char *secret_hide(char *text);
