/* Every outcome that a caller tells apart, and struct error that says why.
 *
 * The list is statuses.def: from its rows come the enum, the names on the wire, the exit codes of the client
 * and the table in docs/PROTOCOL.md. */
#ifndef SAFER_COMMON_STATUS_H
#define SAFER_COMMON_STATUS_H

#include <stdbool.h>
#include <stddef.h>

enum status {
#define STATUS(symbol, name, exit_code, retry, meaning) STATUS_##symbol,
#include "common/statuses.def"
#undef STATUS
	STATUS_COUNT
};

/* Why something failed. Written once, by the first function that knows; nobody on the way up rewrites it. */
struct error {
	enum status status;
	char message[600]; /* one or two sentences, UTF-8: what is wrong and where */
	char hint[400];    /* one sentence: what to do; empty when there is nothing to add */
	char rule[64];     /* the rule that refused, such as "action.edit.own"; empty when no rule did */
};

#define ERROR_INIT                  \
	{                           \
		.status = STATUS_OK \
	}

/* Writes status and a printf-style message into err (which may be NULL) and returns status, so that a failing
 * line reads `return error_set(err, STATUS_NOT_FOUND, "there is no action %s", id);`. Clears hint and rule. */
enum status error_set(struct error *err, enum status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds what to do about it; returns err->status (STATUS_FAILED if err is NULL). */
enum status error_hint(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Names the rule that refused; returns err->status (STATUS_FAILED if err is NULL). */
enum status error_rule(struct error *err, const char *rule);

/* For memory that could not be had: sets STATUS_FAILED and says so. */
enum status error_memory(struct error *err);

const char *status_name(enum status status);                   /* the name on the wire, such as "conflict" */
const char *status_meaning(enum status status);                /* one sentence for people */
int status_exit_code(enum status status);                      /* the client's exit code */
bool status_retry(enum status status);                         /* whether asking again later may help */
enum status status_from_name(const char *name, size_t length); /* STATUS_FAILED for an unknown name */

#endif
