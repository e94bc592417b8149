/* From a certificate to rights: credential, account, person, and the appointments that hold today. */
#include "server/session.h"

#include "common/clock.h"
#include "server/records/engine.h"
#include "server/schema/schema.h"

#include <string.h>

#define POSTS_MAX    32 /* posts of one person at once */
#define RIGHTS_BYTES ((size_t)1 << 20)

struct gathering {
	struct context context; /* only what record_load needs */
	struct arena *arena;
	struct session *session;
	struct post *posts;
	size_t post_count;
};

bool appointment_covers(struct arena *arena, const struct record *appointment, day_t day)
{
	const char *from = record_text(arena, appointment, "from");
	const char *to = record_text(arena, appointment, "to");
	day_t first = 0;
	day_t last = 0;

	if (!date_parse(from, strlen(from), &first) || day < first) {
		return false;
	}
	return to[0] == '\0' || (date_parse(to, strlen(to), &last) && day <= last);
}

/* The name of a record that an appointment refers to; "" when it refers to none. */
static enum status look_up(struct gathering *g, const struct record *appointment, const char *field,
			   struct record *out, const char **id, const char **name, struct error *err)
{
	*id = record_text(g->arena, appointment, field);
	*name = "";
	if ((*id)[0] == '\0') {
		return STATUS_OK;
	}
	if (record_load(&g->context, g->arena, g->session->partnership, *id, strlen(*id), out, err) !=
	    STATUS_OK) {
		return err->status;
	}
	*name = record_text(g->arena, out, "name");
	return STATUS_OK;
}

static enum status visit_appointment(void *payload, const struct record_row *row, struct error *err)
{
	struct gathering *g = payload;
	const struct kind *kind = schema_kind(schema_server(), "appointment", strlen("appointment"));
	struct record appointment;
	struct record body;
	struct record organisation;
	struct post *post = NULL;

	if (strcmp(row->state, "confirmed") != 0) {
		return STATUS_OK;
	}
	if (record_decode(g->arena, kind, row, &appointment, err) != STATUS_OK) {
		return err->status;
	}
	if (strcmp(record_text(g->arena, &appointment, "person"), g->session->person_id) != 0 ||
	    !appointment_covers(g->arena, &appointment, g->session->today) || g->post_count == POSTS_MAX) {
		return STATUS_OK;
	}
	post = &g->posts[g->post_count++];
	post->appointment = arena_text(g->arena, appointment.id, strlen(appointment.id));
	post->post = record_text(g->arena, &appointment, "post");
	post->from = record_text(g->arena, &appointment, "from");
	post->to = record_text(g->arena, &appointment, "to");
	if (post->appointment == NULL) {
		return error_memory(err);
	}
	if (look_up(g, &appointment, "body", &body, &post->body, &post->body_name, err) != STATUS_OK ||
	    look_up(g, &appointment, "organisation", &organisation, &post->organisation,
		    &post->organisation_name, err) != STATUS_OK) {
		return err->status;
	}
	if (post->body[0] != '\0') {
		post->roles = roles_of_post(record_text(g->arena, &body, "type"), post->post);
	}
	g->session->roles |= post->roles;
	return STATUS_OK;
}

/* Adds each authority of an organisation that one of the posts is for. */
static enum status visit_body(void *payload, const struct record_row *row, struct error *err)
{
	struct gathering *g = payload;
	const struct kind *kind = schema_kind(schema_server(), "body", strlen("body"));
	struct record body;
	struct owned owned = {0};
	struct owned *list = NULL;

	if (record_decode(g->arena, kind, row, &body, err) != STATUS_OK) {
		return err->status;
	}
	for (size_t i = 0; i < g->post_count; i++) {
		const struct post *post = &g->posts[i];
		bool same_organisation =
			post->organisation[0] != '\0' &&
			strcmp(record_text(g->arena, &body, "type"), "authority") == 0 &&
			strcmp(record_text(g->arena, &body, "organisation"), post->organisation) == 0;

		if (same_organisation || strcmp(post->body, body.id) == 0) {
			owned.roles |= post->roles;
		}
	}
	if (owned.roles == 0) {
		return STATUS_OK;
	}
	owned.body = arena_text(g->arena, body.id, strlen(body.id));
	list = arena_array(g->arena, g->session->owned_count + 1, sizeof(*list));
	if (owned.body == NULL || list == NULL) {
		return error_memory(err);
	}
	if (g->session->owned_count > 0) {
		memcpy(list, g->session->owned, g->session->owned_count * sizeof(*list));
	}
	list[g->session->owned_count++] = owned;
	g->session->owned = list;
	return STATUS_OK;
}

static enum status signed_out(struct error *err, const char *what)
{
	error_set(err, STATUS_SIGNED_OUT, "%s", what);
	return error_hint(err, "Ask an administrator for a new invitation and enrol again.");
}

static enum status load_credential(struct store *store, struct arena *arena, const struct digest *fingerprint,
				   struct session *session, struct error *err)
{
	enum status status = store_credential_find(store, arena, fingerprint, &session->credential, err);

	if (status == STATUS_NOT_FOUND) {
		return signed_out(err, "The server does not know this device's certificate.");
	}
	if (status != STATUS_OK) {
		return status;
	}
	if (session->credential.revoked_at != 0) {
		return signed_out(err, "This device's certificate was revoked.");
	}
	if (session->credential.expires_at <= clock_machine()) {
		return signed_out(err, "This device's certificate has expired.");
	}
	return STATUS_OK;
}

/* Who the person is, and what they hold today. STATUS_NOT_FOUND: they are no longer in the directory. */
static enum status load_person(struct gathering *g, int64_t partnership_number, int64_t number,
			       struct error *err)
{
	struct session *session = g->session;
	struct store *store = g->context.store;
	struct partnership partnership;
	struct record person;
	size_t refused = arena_refused(g->arena);

	g->posts = arena_array(g->arena, POSTS_MAX, sizeof(*g->posts));
	if (g->posts == NULL) {
		return error_memory(err);
	}
	session->now = clock_now();
	session->today = day_of_time(session->now);
	session->partnership = partnership_number;
	session->person = number;
	id_format("PE", number, session->person_id);
	if (store_partnership_get(store, g->arena, partnership_number, &partnership, err) != STATUS_OK ||
	    record_load(&g->context, g->arena, partnership_number, session->person_id,
			strlen(session->person_id), &person, err) != STATUS_OK) {
		return err->status;
	}
	session->partnership_name = partnership.name;
	session->name = record_text(g->arena, &person, "name");
	if (store_record_each(store, partnership_number, "appointment", 0, visit_appointment, g, err) !=
		    STATUS_OK ||
	    store_record_each(store, partnership_number, "body", 0, visit_body, g, err) != STATUS_OK) {
		return err->status;
	}
	if (arena_refused(g->arena) != refused) {
		return error_memory(err);
	}
	session->posts = g->posts;
	session->post_count = g->post_count;
	return session_digest_rights(session) ? STATUS_OK : error_memory(err);
}

enum status session_load(struct store *store, struct arena *arena, const struct digest *fingerprint,
			 struct session **out, struct error *err)
{
	struct gathering g = {.arena = arena, .context = {.store = store, .schema = schema_server()}};
	struct session *session = arena_alloc(arena, sizeof(*session));
	struct account_row account;
	enum status status = STATUS_OK;

	if (session == NULL) {
		return error_memory(err);
	}
	g.session = session;
	if (load_credential(store, arena, fingerprint, session, err) != STATUS_OK ||
	    store_account_get(store, session->credential.account, &account, err) != STATUS_OK) {
		return err->status;
	}
	session->account = account.number;
	status = load_person(&g, account.partnership, account.person, err);
	if (status == STATUS_NOT_FOUND) {
		return signed_out(err,
				  "The person whom this device belongs to is no longer in the directory.");
	}
	if (status == STATUS_OK) {
		*out = session;
	}
	return status;
}

enum status session_of_person(struct store *store, struct arena *arena, int64_t partnership, int64_t person,
			      struct session **out, struct error *err)
{
	struct gathering g = {.arena = arena, .context = {.store = store, .schema = schema_server()}};
	enum status status = STATUS_OK;

	g.session = arena_alloc(arena, sizeof(*g.session));
	if (g.session == NULL) {
		return error_memory(err);
	}
	status = load_person(&g, partnership, person, err);
	if (status == STATUS_OK) {
		*out = g.session;
	}
	return status;
}

const struct post *session_post(const struct session *session, unsigned roles)
{
	for (size_t i = 0; i < session->post_count; i++) {
		if ((session->posts[i].roles & roles) != 0) {
			return &session->posts[i];
		}
	}
	return session->post_count > 0 ? &session->posts[0] : NULL;
}

unsigned session_roles_for(const struct session *session, const char *body_id)
{
	for (size_t i = 0; i < session->owned_count; i++) {
		if (strcmp(session->owned[i].body, body_id) == 0) {
			return session->owned[i].roles;
		}
	}
	return 0;
}

bool session_digest_rights(struct session *session)
{
	struct buffer rights;
	bool whole;

	buffer_init(&rights, RIGHTS_BYTES);
	codec_put_int(&rights, session->partnership);
	codec_put_int(&rights, session->roles);
	codec_put_map(&rights, session->owned_count);
	for (size_t i = 0; i < session->owned_count; i++) {
		codec_pair_int(&rights, session->owned[i].body, session->owned[i].roles);
	}
	whole = !rights.failed;
	if (whole) {
		digest_bytes(rights.data, rights.length, &session->rights);
	}
	buffer_release(&rights);
	return whole;
}

const char *session_describe(struct arena *arena, const struct session *session, const struct post *post)
{
	bool for_other = post != NULL && post->organisation_name[0] != '\0';

	if (post == NULL) {
		return arena_text(arena, session->name, strlen(session->name));
	}
	return arena_printf(arena, "%s, %s of %s%s%s", session->name, post->post, post->body_name,
			    for_other ? " for " : "", for_other ? post->organisation_name : "");
}
