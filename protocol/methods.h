/* The methods of the protocol: methods.def has a row for each, with its parameters and results. The enum, the
 * table, the server's prototypes, the gate in dispatch and the tables of docs/PROTOCOL.md come from those rows. */
#ifndef SAFER_PROTOCOL_METHODS_H
#define SAFER_PROTOCOL_METHODS_H

#include "protocol/codec.h"

/* Which ALPN name serves it. */
enum method_door {
	DOOR_ENROL,
	DOOR_MEMBER,
};

/* Who may call it at all; what they may do with which record is policy's business. */
enum method_who {
	WHO_ANYONE,        /* only behind DOOR_ENROL */
	WHO_SIGNED_IN,     /* any known, unrevoked certificate */
	WHO_CONTENT,       /* holds a post today that is not only administrator */
	WHO_ADMINISTRATOR, /* is an administrator today */
};

/* Where it runs. */
enum method_lane {
	LANE_LOOP,  /* in the event loop: needs no store */
	LANE_READ,  /* on the reader's thread */
	LANE_WRITE, /* on the writer's thread, in the transaction of its group */
};

enum param_type { PARAM_TEXT, PARAM_INT, PARAM_FLAG, PARAM_BIN, PARAM_MAP, PARAM_LIST, PARAM_ANY };

struct param_row {
	const char *name;
	enum param_type type;
	bool required;
	int64_t max; /* bytes of a text or binary, largest integer, entries of a list or map */
	const char *help;
};

enum method {
#define METHOD(symbol, name, door, who, lane, help) METHOD_##symbol,
#define PARAM(method, name, type, required, max, help)
#define RESULT(method, name, type, help)
#include "protocol/methods.def"
#undef METHOD
#undef PARAM
#undef RESULT
	METHOD_COUNT
};

struct method_row {
	const char *name;
	enum method_door door;
	enum method_who who;
	enum method_lane lane;
	const char *help;
};

extern const struct method_row method_rows[METHOD_COUNT];

/* The parameters and results of one method, in the order of methods.def. */
size_t method_params(enum method method, const struct param_row **rows);
size_t method_results(enum method method, const struct param_row **rows);

/* METHOD_COUNT when there is none of that name. */
enum method method_find(const char *name, size_t length);
const char *method_nearest(const char *name); /* for "did you mean", or NULL */

/* Checks params against the rows: required ones there, types and bounds kept, no key that has no row. */
enum status method_check(enum method method, const msgpack_object *params, struct error *err);

const char *param_type_name(enum param_type type);
const char *method_door_name(enum method_door door);
const char *method_who_name(enum method_who who);
const char *method_lane_name(enum method_lane lane);

#endif
