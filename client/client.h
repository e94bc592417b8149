/* What a command works with: the words typed, the profile, the connection, the schema, where output goes.
 *
 * A command asks for what it needs (client_connect, client_schema); each is had once and kept. Everything made on
 * the way lies in the arena, and goes when the program ends. */
#ifndef SAFER_CLIENT_CLIENT_H
#define SAFER_CLIENT_CLIENT_H

#include "client/arguments.h"
#include "client/call.h"
#include "client/output.h"
#include "client/profile.h"
#include "common/ids.h"
#include "protocol/methods.h"
#include "protocol/schema.h"

struct command_row;

/* What the server said in its answer to hello. */
struct greeting {
	const char *server; /* its version */
	int64_t protocol;
	const char *partnership;
	const char *person;  /* id of the person's record */
	const char *schema;  /* digest in hexadecimal */
	const char *expires; /* of this device's certificate */
	uint64_t entries;    /* the size of the verified head */
};

struct client {
	struct arena *arena;
	const struct arguments *arguments;
	const struct command_row *command;
	const char *const *names; /* the words after the command's own */
	size_t name_count;
	const struct kind *kind;             /* for commands of a kind */
	const struct transition *transition; /* for its verbs */
	struct output output;
	bool profile_loaded;
	struct profile profile;
	struct call *call; /* NULL until client_connect */
	struct greeting greeting;
	const struct schema *schema;   /* NULL until client_schema or client_schema_cached */
	const char *schema_digest;     /* of `schema`, in hexadecimal */
	const msgpack_object *details; /* of the last call that failed; NULL: none */
};

/* Borrows the arguments. */
enum status client_init(struct client *client, const struct arguments *arguments, struct error *err);
void client_release(struct client *client);

/* Each does its work at the first call only. client_connect says hello, and checks and saves the journal's head.
 * client_schema replaces a cached schema that the server no longer uses, and finds client->kind in the new one. */
enum status client_profile(struct client *client, struct error *err);
enum status client_connect(struct client *client, struct error *err);
enum status client_schema(struct client *client, struct error *err);

/* The schema that this profile used last, without asking the server. client->schema stays NULL when there is none. */
void client_schema_cached(struct client *client);

/* Closes the connection and makes a new one; for a connection that dropped. */
enum status client_reconnect(struct client *client, struct error *err);

/* One call, connecting first if need be. `params` is one packed map. The result lives in the client's arena. On an
 * error answer, client->details is what the server added. */
enum status client_call(struct client *client, enum method method, const struct buffer *params,
			const msgpack_object **result, struct error *err);

/* The same for `change`: when the connection drops before the answer comes, connects again and repeats the
 * request once, with the same request id, so that it cannot be applied twice. */
enum status client_call_change(struct client *client, const struct buffer *params,
			       const msgpack_object **result, struct error *err);

/* The kind of a record's id; STATUS_INVALID (with a suggestion) when it is no id, or its prefix is of no kind.
 * Writes the id in its canonical form. Needs the schema. */
enum status client_id(struct client *client, const char *text, const struct kind **kind, char out[ID_TEXT],
		      struct error *err);

/* Says on standard error why a command failed: the message, what to do, the rule; for a conflict, the table of what
 * collides. One line of JSON when --json was given. */
void client_complain(struct client *client, const struct error *err);

/* Entries of a list that came from the server; 0 for anything but a list. */
size_t list_size(const msgpack_object *list);
const msgpack_object *list_item(const msgpack_object *list, size_t index); /* index < list_size() */

/* The machine's time to the minute, as people read it: "2014-05-01 09:30". NULL without memory. */
const char *client_now(struct client *client);

/* A fresh buffer for params; released by client_release. NULL without memory. */
struct buffer *client_buffer(struct client *client);

#endif
