/* One call on its way through the server: from the bytes of a peer to the bytes of its answer.
 *
 * connection.c makes it, dispatch.c carries it through the gate, a worker runs its handler on the method's lane,
 * and the loop sends the answer, if the connection still lives. Everything that it needs lies in its arena. */
#ifndef SAFER_SERVER_REQUEST_H
#define SAFER_SERVER_REQUEST_H

#include "common/arena.h"
#include "common/buffer.h"
#include "common/digest.h"
#include "protocol/limits.h"
#include "protocol/message.h"
#include "protocol/methods.h"
#include "protocol/schema.h"
#include "server/journal/journal.h"
#include "server/store/store.h"

struct authority;
struct metrics_sample;
struct presence_list;
struct session;
struct sessions;
struct recent;
struct settings;
struct views;
struct watchers;

/* What a worker lends to the work that it runs. */
struct context {
	struct store *store;         /* the worker's connection, inside a transaction */
	struct journal *journal;     /* NULL on a reader */
	struct sessions *sessions;   /* those that the worker has loaded; NULL: load each time */
	struct recent *recent;       /* records that a reader has read; NULL: read each time */
	struct views *views;         /* lists that a reader has answered; NULL: made each time */
	struct authority *authority; /* issues certificates; used on the writer only */
	const struct schema *schema;
	const struct settings *settings;
	const struct limits *limits;
	EVP_PKEY *
		journal_public; /* the key that heads are checked with; checkpoint_key() gives its text form */
	uint16_t port;          /* the port that the server really listens on; for invitations */
	struct watchers *watchers; /* for the handlers of the loop's lane; NULL on a worker */
};

/* What a watch wants; set by its handler, registered by the loop once the answer is under way. What is told hangs on all
 * of it: feed_key() names each field. */
struct watch_wish {
	bool begin;
	int64_t number; /* the watch's number on its connection; given by the loop before the handler runs */
	int64_t since;  /* entries after this one */
	int64_t partnership;
	bool presence;       /* be told of who is editing what; nothing that feed_put_scope() need know */
	char kind[41];       /* "" any, as in those that follow */
	char id[ID_TEXT];    /* this record alone */
	char owner[ID_TEXT]; /* what belongs to this body */
	char under[ID_TEXT]; /* this record and what stands under it */
};

/* What a connection is editing; set by the handler of `editing`, noted by the loop before the answer leaves. */
struct editing {
	struct editing_item {
		char id[ID_TEXT];
		const char *organisation; /* that the person speaks for there */
		const char *by;           /* the person, with the post that lets them */
	} * items;
	size_t count;
};

struct request {
	struct arena *arena;
	uint64_t
		connection; /* the connection's number, never reused; it may be gone by the time of the answer */
	uint32_t id;        /* the peer's message id */
	enum method method;
	struct span bytes; /* the whole message */
	const msgpack_object *params;
	bool has_certificate;
	struct digest fingerprint;   /* of the peer's certificate */
	int64_t certificate_expires; /* microseconds; the end of its validity */
	const char *address;         /* of the peer, for the log */

	struct context *context; /* set by the worker */
	struct session *session; /* set by the gate; NULL behind DOOR_ENROL */

	struct buffer reply; /* the whole answer; the gate has put its beginning, the handler puts one map */
	struct buffer details; /* packed `details` of an error, when there are any */
	struct watch_wish watch;
	struct editing editing;
	struct metrics_sample
		*sample; /* for admin.status, taken by the loop before the handler runs; else NULL */
	struct presence_list
		*presences; /* for editing and presence: the same; the call gives it back. NULL: nobody */
	int64_t moved;      /* a partnership whose journal grew; 0 none. The loop wakes its watchers */
	int64_t close_credential; /* a credential that ended; the loop closes its connections. 0 none */
	bool undo; /* a dry run: nothing of what the handler does stays, and a refusal is not journalled */

	/* Set by a handler that fails: called by the writer once its work was undone, in the same group, to write what
	 * must outlive the refusal (the remembered answer). NULL: nothing. */
	enum status (*afterwards)(struct request *request, const struct error *failure, struct error *err);

	bool keep; /* the answer is an error, but what was done stays: the writer releases the savepoint instead of
	              reverting to it, so that a wrong try at an invitation counts. `moved` is honoured as well */
};

/* Each method's handler, named after its row. Puts one result map into request->reply. On failure it writes err
 * (and details if there are any); the gate makes the answer, and on the writer undoes what was done, unless the handler
 * set request->keep. */
#define METHOD(symbol, name, door, who, lane, help) \
	enum status handle_##symbol(struct request *request, struct error *err);
#define PARAM(method, name, type, required, max, help)
#define RESULT(method, name, type, help)
#include "protocol/methods.def"
#undef METHOD
#undef PARAM
#undef RESULT

#endif
