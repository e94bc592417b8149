/* Who is editing what: advice for people who look at the same record, never a lock.
 *
 * A presence is here and nowhere else, in memory on the loop's thread, and belongs to the connection that announced it:
 * when that goes, however it goes, the presence goes. Nothing of it is stored or journalled. Who may be told of one
 * is decided on a reader (live/presence_view.h), to which a list of them all goes with the work. */
#ifndef SAFER_SERVER_LIVE_PRESENCES_H
#define SAFER_SERVER_LIVE_PRESENCES_H

#include "server/connections.h"
#include "server/request.h"

struct presences;

/* One person at one record. Nothing in it changes once it is made. */
struct presence {
	unsigned holders; /* lists that have it, and the table; the loop's */
	uint64_t connection;
	int64_t credential;
	int64_t partnership;
	struct digest fingerprint; /* of the device's certificate */
	int64_t since;             /* microseconds */
	char id[ID_TEXT];
	char person[ID_TEXT];
	const char *name; /* "Debra Tedds"; this and the next two lie behind the struct */
	const char
		*organisation; /* "Warwickshire Police"; the body's name for who speaks for no organisation */
	const char *by;        /* as the journal names who acts */
};

/* All that there were at one moment, in the order in which they were announced. May be read on any thread while it is held. */
struct presence_list {
	unsigned holders;
	uint64_t version; /* no two lists that differ have the same */
	size_t count;
	struct presence *presences[]; /* whose holders are counted on the loop alone */
};

enum status presences_new(struct connections *connections, const struct limits *limits,
			  struct presences **out, struct error *err);
void presences_free(struct presences *presences); /* NULL is fine */

/* Called whenever somebody has come to a record or left one. */
void presences_on_change(struct presences *presences, void (*changed)(void *payload), void *payload);

/* After the handler of `editing` ran: what the connection announces from now on is request->editing, and nothing else.
 * STATUS_REFUSED when there are as many as may be, of the device or in all; then all is as it was. */
enum status presences_say(struct presences *presences, struct connection *connection,
			  const struct request *request, struct error *err);
void presences_gone(struct presences *presences, const struct connection *connection);

/* The list of now, to be given back on the same thread. NULL without memory. */
struct presence_list *presences_take(struct presences *presences);
void presences_give_back(struct presence_list *list); /* NULL is fine */

#endif
