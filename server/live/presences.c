/* A table of pointers, and the list that was made of it last. Lists share the presences: to hand one out copies
 * nothing but pointers, and only when somebody has come or gone since the last. */
#include "server/live/presences.h"

#include "server/session.h"

#include <stdlib.h>
#include <string.h>

struct presences {
	struct connections *connections;
	const struct limits *limits;
	struct presence **table; /* in the order in which they were announced */
	size_t count;
	size_t room;
	struct presence_list *list; /* of the table as it is; NULL: not made yet */
	uint64_t version;           /* of the table */
	void (*changed)(void *payload);
	void *payload;
};

/* ---- lists ---- */

static void let_go(struct presence *presence)
{
	if (--presence->holders == 0) {
		free(presence);
	}
}

void presences_give_back(struct presence_list *list)
{
	if (!list || --list->holders > 0) {
		return;
	}
	for (size_t i = 0; i < list->count; i++) {
		let_go(list->presences[i]);
	}
	free(list);
}

static struct presence_list *make_list(const struct presences *presences)
{
	struct presence_list *list = malloc(sizeof(*list) + presences->count * sizeof(struct presence *));

	if (!list) {
		return NULL;
	}
	*list = (struct presence_list){
		.holders = 1, .version = presences->version, .count = presences->count};
	for (size_t i = 0; i < presences->count; i++) {
		presences->table[i]->holders++;
		list->presences[i] = presences->table[i];
	}
	return list;
}

struct presence_list *presences_take(struct presences *presences)
{
	if (!presences->list) {
		presences->list = make_list(presences);
	}
	if (presences->list) {
		presences->list->holders++;
	}
	return presences->list;
}

static void table_changed(struct presences *presences)
{
	presences_give_back(presences->list);
	presences->list = NULL;
	presences->version++;
	if (presences->changed) {
		presences->changed(presences->payload);
	}
}

/* ---- life ---- */

enum status presences_new(struct connections *connections, const struct limits *limits,
			  struct presences **out, struct error *err)
{
	struct presences *presences = calloc(1, sizeof(*presences));

	if (!presences) {
		return error_memory(err);
	}
	presences->connections = connections;
	presences->limits = limits;
	*out = presences;
	return STATUS_OK;
}

void presences_free(struct presences *presences)
{
	if (!presences) {
		return;
	}
	presences_give_back(presences->list);
	for (size_t i = 0; i < presences->count; i++) {
		let_go(presences->table[i]);
	}
	free(presences->table);
	free(presences);
}

void presences_on_change(struct presences *presences, void (*changed)(void *payload), void *payload)
{
	presences->changed = changed;
	presences->payload = payload;
}

/* ---- coming and going ---- */

static struct presence *presence_new(const struct connection *connection, const struct request *request,
				     const struct editing_item *item)
{
	const char *const texts[] = {request->session->name, item->organisation, item->by};
	size_t lengths[] = {strlen(texts[0]) + 1, strlen(texts[1]) + 1, strlen(texts[2]) + 1};
	struct presence *presence = malloc(sizeof(*presence) + lengths[0] + lengths[1] + lengths[2]);
	char *text = (char *)(presence + 1);

	if (!presence) {
		return NULL;
	}
	*presence = (struct presence){
		.holders = 1,
		.connection = connection_number(connection),
		.credential = request->session->credential.number,
		.partnership = request->session->partnership,
		.fingerprint = request->fingerprint,
		.since = request->session->now,
		.name = text,
		.organisation = text + lengths[0],
		.by = text + lengths[0] + lengths[1],
	};
	for (size_t i = 0; i < 3; i++) {
		memcpy(text, texts[i], lengths[i]);
		text += lengths[i];
	}
	memcpy(presence->id, item->id, sizeof(presence->id));
	memcpy(presence->person, request->session->person_id, sizeof(presence->person));
	return presence;
}

static bool is_at(const struct presence *presence, const struct connection *connection)
{
	return presence->connection == connection_number(connection);
}

static bool announces(const struct request *request, const char *id)
{
	for (size_t i = 0; i < request->editing.count; i++) {
		if (strcmp(request->editing.items[i].id, id) == 0) {
			return true;
		}
	}
	return false;
}

static const struct presence *find(const struct presences *presences, const struct connection *connection,
				   const char *id)
{
	for (size_t i = 0; i < presences->count; i++) {
		if (is_at(presences->table[i], connection) && strcmp(presences->table[i]->id, id) == 0) {
			return presences->table[i];
		}
	}
	return NULL;
}

/* Whether there is room for what the connection announces, in place of what it did. */
static enum status check_limits(struct presences *presences, const struct connection *connection,
				const struct request *request, struct error *err)
{
	const struct limits *limits = presences->limits;
	int64_t all = (int64_t)request->editing.count;
	int64_t device = all;

	if (all == 0) {
		return STATUS_OK;
	}
	for (size_t i = 0; i < presences->count; i++) {
		if (!is_at(presences->table[i], connection)) {
			all++;
			device += presences->table[i]->credential == request->session->credential.number;
		}
	}
	if (device > limits->presences_per_credential) {
		connections_limit(presences->connections, LIMITED_presences_per_credential);
		return error_set(err, STATUS_REFUSED,
				 "this device may announce %lld records as being edited, and not more",
				 (long long)limits->presences_per_credential);
	}
	if (all > limits->presences) {
		connections_limit(presences->connections, LIMITED_presences);
		error_set(err, STATUS_REFUSED, "too many records are announced as being edited just now");
		return error_hint(err, "edit it all the same: that is advice for others, and nothing more");
	}
	return STATUS_OK;
}

/* Room for so many more, before anything is changed. */
static bool make_room(struct presences *presences, size_t more)
{
	size_t room = presences->room > 0 ? presences->room : 16;
	struct presence **table;

	while (room < presences->count + more) {
		room *= 2;
	}
	if (room == presences->room) {
		return true;
	}
	table = realloc(presences->table, room * sizeof(struct presence *));
	if (!table) {
		return false;
	}
	presences->table = table;
	presences->room = room;
	return true;
}

/* Adds what is new. Without memory none of it is added. */
static bool add(struct presences *presences, const struct connection *connection,
		const struct request *request)
{
	size_t before = presences->count;

	for (size_t i = 0; i < request->editing.count; i++) {
		const struct editing_item *item = &request->editing.items[i];
		struct presence *presence;

		if (find(presences, connection, item->id)) {
			continue;
		}
		presence = presence_new(connection, request, item);
		if (!presence) {
			while (presences->count > before) {
				let_go(presences->table[--presences->count]);
			}
			return false;
		}
		presences->table[presences->count++] = presence;
	}
	return true;
}

/* Takes away what the connection announced; except, unless it is NULL, what that request announces again. */
static size_t take_away(struct presences *presences, const struct connection *connection,
			const struct request *except)
{
	size_t kept = 0;
	size_t gone = 0;

	for (size_t i = 0; i < presences->count; i++) {
		struct presence *presence = presences->table[i];

		if (is_at(presence, connection) && !(except && announces(except, presence->id))) {
			let_go(presence);
			gone++;
		} else {
			presences->table[kept++] = presence;
		}
	}
	presences->count = kept;
	return gone;
}

enum status presences_say(struct presences *presences, struct connection *connection,
			  const struct request *request, struct error *err)
{
	size_t before = presences->count;
	size_t added = 0;

	if (check_limits(presences, connection, request, err) != STATUS_OK) {
		return err->status;
	}
	if (!make_room(presences, request->editing.count) || !add(presences, connection, request)) {
		return error_memory(err);
	}
	added = presences->count - before;
	if (take_away(presences, connection, request) + added > 0) {
		table_changed(presences);
	}
	connection_edits_set(connection, request->editing.count > 0);
	return STATUS_OK;
}

void presences_gone(struct presences *presences, const struct connection *connection)
{
	if (take_away(presences, connection, NULL) > 0) {
		table_changed(presences);
	}
}
