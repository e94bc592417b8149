/* The directory of a small partnership, as change-sets. */
#include "tests/support/partnership.h"

#include "common/digest.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CHANGES_BYTES (4 << 20)

/* ---- change-sets ---- */

void changes_begin(struct changes *changes)
{
	*changes = (struct changes){.count = 0};
	buffer_init(&changes->list, CHANGES_BYTES);
	assert_true(random_bytes(changes->request, sizeof(changes->request)));
}

static void put_value(struct buffer *out, const char *text, size_t length)
{
	char *end = NULL;
	char copy[4096];
	long number;

	assert_true(length < sizeof(copy));
	memcpy(copy, text, length);
	copy[length] = '\0';
	number = strtol(copy, &end, 10);
	if (length == 0) {
		codec_put_nil(out);
	} else if (*end == '\0') {
		codec_put_int(out, number);
	} else {
		codec_put_text(out, copy);
	}
}

static void put_fields(struct buffer *out, const char *fields)
{
	size_t header = 0;
	size_t count = 0;

	codec_put_text(out, "fields");
	header = codec_map_begin(out);
	for (const char *at = fields; *at != '\0'; count++) {
		size_t name = strcspn(at, "=");
		size_t whole = strcspn(at, "|");

		codec_put_span(out, (struct span){(const uint8_t *)at, name});
		put_value(out, at + name + 1, whole - name - 1);
		at += whole + (at[whole] == '|' ? 1 : 0);
	}
	codec_map_end(out, header, count);
}

void changes_create(struct changes *changes, const char *kind, const char *fields)
{
	codec_put_map(&changes->list, 3);
	codec_pair_text(&changes->list, "do", "create");
	codec_pair_text(&changes->list, "kind", kind);
	put_fields(&changes->list, fields);
	changes->count++;
}

void changes_do(struct changes *changes, const char *verb, const char *id, int64_t base, const char *fields)
{
	codec_put_map(&changes->list, 4);
	codec_pair_text(&changes->list, "do", verb);
	codec_pair_text(&changes->list, "id", id);
	codec_pair_int(&changes->list, "base", base);
	put_fields(&changes->list, fields);
	changes->count++;
}

void changes_send(struct changes *changes, struct raw_peer *peer, uint32_t id)
{
	struct buffer params;

	buffer_init(&params, CHANGES_BYTES);
	codec_put_map(&params, changes->reason != NULL ? 3 : 2);
	codec_put_text(&params, "request");
	codec_put_bin(&params, changes->request, sizeof(changes->request));
	codec_put_text(&params, "changes");
	codec_put_list(&params, changes->count);
	codec_put_raw(&params, buffer_span(&changes->list));
	if (changes->reason != NULL) {
		codec_pair_text(&params, "reason", changes->reason);
	}
	raw_ask_with(peer, id, "change", &params);
	buffer_release(&params);
}

void changes_release(struct changes *changes)
{
	buffer_release(&changes->list);
}

static const struct raw_reply *send_all(struct changes *changes, struct raw_peer *peer, uint32_t id)
{
	const struct raw_reply *reply = NULL;

	changes_send(changes, peer, id);
	changes_release(changes);
	reply = raw_reply(peer, id);
	assert_non_null(reply);
	if (reply->status != STATUS_OK) {
		fail_msg("the change was refused: %s %s %s", reply->error.message, reply->error.hint,
			 reply->error.rule);
	}
	return reply;
}

const struct raw_reply *change_one(struct raw_peer *peer, uint32_t id, const char *verb,
				   const char *kind_or_id, int64_t base, const char *fields)
{
	struct changes changes;

	changes_begin(&changes);
	if (strcmp(verb, "create") == 0) {
		changes_create(&changes, kind_or_id, fields);
	} else {
		changes_do(&changes, verb, kind_or_id, base, fields);
	}
	return send_all(&changes, peer, id);
}

/* ---- the partnership ---- */

struct row {
	const char *kind;
	const char *fields;
};

/* B1, PE1 and AP1 are there already: the administration and its administrator. */
static const struct row organisations[] = {
	{"organisation", "name=Warwickshire Police|type=police|status=responsible-authority|owner=B1"},
	{"organisation",
	 "name=Stratford Council|type=district-council|status=responsible-authority|owner=B1"},
};
static const struct row bodies[] = {
	{"body", "name=Strategic Board|type=board|owner=B1"},
	{"body", "name=Operational Group|type=operational-group|owner=B1"},
	{"body", "name=Police authority|type=authority|organisation=O1|owner=B1"},
	{"body", "name=Council authority|type=authority|organisation=O2|owner=B1"},
	{"body", "name=Scrutiny Committee|type=scrutiny-committee|owner=B1"},
	{"person", "name=" CHAIR "|owner=B1"},
	{"person", "name=" POLICE "|owner=B1"},
	{"person", "name=" COUNCIL "|owner=B1"},
	{"person", "name=" SCRUTINY "|owner=B1"},
	{"person", "name=" OUTSIDER "|owner=B1"},
};
static const struct row posts[] = {
	{"appointment", "person=PE2|body=B2|post=chair|from=2014-04-01|owner=B1"},
	{"appointment", "person=PE3|body=B3|post=member|organisation=O1|from=2014-04-01|owner=B1"},
	{"appointment", "person=PE4|body=B3|post=member|organisation=O2|from=2014-04-01|owner=B1"},
	{"appointment", "person=PE5|body=B6|post=member|organisation=O2|from=2014-04-01|owner=B1"},
};

#define MAKE(peer, id, rows) make_rows((peer), (id), (rows), sizeof(rows) / sizeof((rows)[0]))

static void make_rows(struct raw_peer *peer, uint32_t id, const struct row *rows, size_t count)
{
	struct changes changes;

	changes_begin(&changes);
	for (size_t i = 0; i < count; i++) {
		changes_create(&changes, rows[i].kind, rows[i].fields);
	}
	send_all(&changes, peer, id);
}

static void confirm(struct raw_peer *peer, uint32_t id)
{
	struct changes changes;

	changes_begin(&changes);
	for (int i = 0; i < (int)(sizeof(posts) / sizeof(posts[0])); i++) {
		char appointment[16];

		snprintf(appointment, sizeof(appointment), "AP%d", i + 2);
		changes_do(&changes, "confirm", appointment, 1, "");
	}
	send_all(&changes, peer, id);
}

void partnership_make(struct person *administrator, struct person *officer)
{
	struct raw_peer *peer = raw_connect_as(administrator);

	MAKE(peer, 1, organisations);
	MAKE(peer, 2, bodies);
	MAKE(peer, 3, posts);
	confirm(peer, 4);
	raw_close(peer);
	person_joins(administrator, officer, POLICE);
	peer = raw_connect_as(officer);
	change_one(peer, 1, "create", "priority", 0,
		   "title=Fewer burglaries|standing=priority|year=2014/15|owner=B3");
	change_one(peer, 2, "create", "action", 0,
		   "title=Patrols in Stratford|priority=P1|status=on-track|due=2014-12-31|owner=B4");
	raw_close(peer);
}

struct installation *partnership_of_two(struct person **ann, struct person **paul, struct person **colin)
{
	struct installation *it = installation_open(NULL);

	*ann = person_new(it, "ann");
	*paul = person_new(it, "paul");
	*colin = person_new(it, "colin");
	person_enrol(*ann, it->invitation);
	partnership_make(*ann, *paul);
	person_joins(*ann, *colin, COUNCIL);
	return it;
}

void partnership_share_action(struct person *officer)
{
	struct raw_peer *peer = raw_connect_as(officer);

	change_one(peer, 1, "create", "action", 0,
		   "title=Street lighting|priority=P1|status=on-track|progress=10|due=2014-12-31|owner=B3");
	raw_close(peer);
}
