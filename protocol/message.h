/* The three messages of MessagePack-RPC (github.com/msgpack-rpc/msgpack-rpc, spec.md):
 * request [0, id, method, [params]], reply [1, id, error, result], notice [2, method, [params]].
 * params is always one map; an error is a map (see message_put_error). */
#ifndef SAFER_PROTOCOL_MESSAGE_H
#define SAFER_PROTOCOL_MESSAGE_H

#include "protocol/codec.h"

enum message_type { MESSAGE_REQUEST = 0, MESSAGE_REPLY = 1, MESSAGE_NOTICE = 2 };

struct message {
	enum message_type type;
	uint32_t id;                  /* requests and replies */
	struct span method;           /* requests and notices */
	const msgpack_object *params; /* the one map, or an empty map; requests and notices */
	const msgpack_object *error;  /* replies: NULL when nil */
	const msgpack_object *result; /* replies */
};

/* Decodes one whole message. Some libraries send notices of their own: one whose method is not a text has an empty
 * method here, and one whose params are not one map has an empty map. A request that is not as above is refused. */
enum status message_decode(struct arena *arena, struct span bytes, struct message *out, struct error *err);

/* Each packs everything up to the params or the result; the caller appends exactly one map. */
void message_put_request(struct buffer *out, uint32_t id, const char *method);
void message_put_reply(struct buffer *out, uint32_t id);
void message_put_notice(struct buffer *out, const char *method);

/* The map of an error alone: {code, name, message, hint, rule, retry, details}. */
void message_put_error_map(struct buffer *out, const struct error *err, struct span details);

/* A whole reply that carries an error: {code, name, message, hint, rule, retry, details}.
 * details is one packed value (a conflict's fields, for instance) or an empty span. */
void message_put_error(struct buffer *out, uint32_t id, const struct error *err, struct span details);

/* The error map of a reply back into a struct error. */
void message_read_error(const msgpack_object *map, struct error *out);

#endif
