/* The journal as people read it: which entries, how much of each, and the proofs, checked as a stranger would. */
#include "tests/support/plan_fixture.h"

#include "protocol/commitment.h"

#include <stdio.h>
#include <string.h>

#define test(function) cmocka_unit_test_setup_teardown(function, plan_setup, plan_teardown)

/* ---- helpers ---- */

static const msgpack_object *result(struct plan *plan, const char *key)
{
	return codec_get(plan->server->result, key);
}

static int64_t hidden(struct plan *plan)
{
	return codec_get_int(result(plan, "entry"), "hidden", -1);
}

/* The ids of the records that the shown entry changed. */
static const char *changed(struct plan *plan)
{
	const msgpack_object *changes = codec_get(result(plan, "entry"), "changes");
	const char *text = "";

	for (size_t i = 0; i < codec_count(changes); i++) {
		struct span id = codec_get_text(&changes->via.array.ptr[i], "id");

		text = arena_printf(fixture_arena(plan->server), "%s%s%.*s", text, i > 0 ? " " : "",
				    (int)id.length, (const char *)id.data);
		assert_non_null(text);
	}
	return text;
}

/* The entries of the last journal.list, "12 change; 11 enrolment". */
static const char *entries(struct plan *plan)
{
	struct arena *arena = fixture_arena(plan->server);
	const msgpack_object *list = result(plan, "entries");
	const char *text = "";

	for (size_t i = 0; i < codec_count(list); i++) {
		const msgpack_object *map = &list->via.array.ptr[i];

		text = arena_printf(arena, "%s%s%lld %s", text, i > 0 ? "; " : "",
				    (long long)codec_get_int(map, "entry", -1),
				    codec_get_string(arena, map, "what"));
	}
	return text;
}

static size_t entries_of(struct plan *plan, enum who who, const char *what)
{
	struct fixture_device *device = plan_device(plan, who);
	size_t count = 0;
	const msgpack_object *list = NULL;

	fixture_ask(plan->server);
	fixture_int(plan->server, "limit", 1000);
	fixture_call(plan->server, device, METHOD_journal_list, handle_journal_list);
	plan_expect(plan, STATUS_OK, NULL);
	list = result(plan, "entries");
	for (size_t i = 0; i < codec_count(list); i++) {
		count += codec_text_is(codec_get(&list->via.array.ptr[i], "what"), what) ? 1 : 0;
	}
	return count;
}

static enum status journal_list(struct plan *plan, enum who who, int64_t before, int64_t limit)
{
	struct fixture_device *device = plan_device(plan, who);

	fixture_ask(plan->server);
	if (before > 0) {
		fixture_int(plan->server, "before", before);
	}
	fixture_int(plan->server, "limit", limit);
	return fixture_call(plan->server, device, METHOD_journal_list, handle_journal_list);
}

/* The signed head of the last answer, opened with the key that the server gives. */
static struct checkpoint open_head(struct plan *plan, const char *note)
{
	struct checkpoint head;
	struct error err = ERROR_INIT;
	char key[CHECKPOINT_KEY];
	struct partnership partnership;

	assert_int_equal(store_partnership_get(plan->server->reader, fixture_arena(plan->server),
					       plan->server->partnership, &partnership, &err),
			 STATUS_OK);
	assert_int_equal(checkpoint_key(partnership.origin, plan->server->context.journal_public, key, &err),
			 STATUS_OK);
	if (checkpoint_open(note, strlen(note), key, &head, &err) != STATUS_OK) {
		fail_msg("%s", err.message);
	}
	return head;
}

static struct merkle_proof proof_of(struct plan *plan)
{
	const msgpack_object *list = result(plan, "proof");
	struct merkle_proof proof = {.count = codec_count(list)};

	assert_true(proof.count <= MERKLE_PROOF_MAX);
	for (size_t i = 0; i < proof.count; i++) {
		struct span hash;

		assert_true(codec_bin(&list->via.array.ptr[i], &hash));
		assert_int_equal(hash.length, DIGEST_BYTES);
		memcpy(proof.hashes[i].bytes, hash.data, DIGEST_BYTES);
	}
	return proof;
}

static bool has_leaf(struct plan *plan)
{
	struct span leaf;

	return codec_bin(result(plan, "leaf"), &leaf);
}

/* Whether the shown entry is in the tree that the shown head signs; by its leaf if it is there, else by its hash. */
static bool proven(struct plan *plan, int64_t entry)
{
	struct checkpoint head = open_head(plan, fixture_result(plan->server, "head"));
	struct merkle_proof proof = proof_of(plan);
	struct digest hash;
	struct span bytes;

	assert_true(codec_bin(result(plan, "hash"), &bytes));
	assert_int_equal(bytes.length, DIGEST_BYTES);
	memcpy(hash.bytes, bytes.data, DIGEST_BYTES);
	if (codec_bin(result(plan, "leaf"), &bytes)) {
		merkle_leaf(bytes, &hash);
	}
	return merkle_check_inclusion(&hash, (uint64_t)entry, head.size, &proof, &head.root);
}

/* How many of the shown openings open commitments of the leaf, which an other session was given. */
static size_t opened(struct plan *plan, struct span leaf_bytes, const char *id)
{
	struct arena *arena = fixture_arena(plan->server);
	const msgpack_object *openings = result(plan, "openings");
	const msgpack_object *leaf = NULL;
	const msgpack_object *changes = NULL;
	struct error err = ERROR_INIT;
	size_t count = 0;

	assert_int_equal(codec_decode(arena, leaf_bytes, &leaf, &err), STATUS_OK);
	changes = codec_get(leaf, "changes");
	for (size_t i = 0; i < codec_count(openings); i++) {
		const msgpack_object *opening = &openings->via.array.ptr[i];
		const char *field = codec_get_string(arena, opening, "field");
		struct digest digest;
		struct span salt;
		struct span committed;
		struct buffer packed;

		if (!codec_text_is(codec_get(opening, "id"), id)) {
			continue;
		}
		assert_true(codec_bin(codec_get(opening, "salt"), &salt));
		assert_int_equal(salt.length, SALT_BYTES);
		buffer_init(&packed, 1 << 20);
		codec_put_object(&packed, codec_get(opening, "value"));
		for (size_t k = 0; k < codec_count(changes); k++) {
			const msgpack_object *change = &changes->via.array.ptr[k];

			if (!codec_text_is(codec_get(change, "id"), id)) {
				continue;
			}
			assert_true(codec_bin(codec_get(codec_get(change, "fields"), field), &committed));
			commitment_make(salt.data, codec_get_string(arena, change, "kind"), id, field,
					buffer_span(&packed), &digest);
			assert_int_equal(committed.length, DIGEST_BYTES);
			assert_memory_equal(digest.bytes, committed.data, DIGEST_BYTES);
			count++;
		}
		buffer_release(&packed);
	}
	return count;
}

static struct span leaf_of(struct plan *plan, enum who who, int64_t entry)
{
	struct span leaf;
	struct arena *arena = fixture_arena(plan->server);

	plan_ask_entry(plan, who, entry);
	plan_expect(plan, STATUS_OK, NULL);
	assert_true(codec_bin(result(plan, "leaf"), &leaf));
	return (struct span){arena_copy(arena, leaf.data, leaf.length), leaf.length};
}

/* ---- one entry ---- */

static void an_entry_is_shown_with_its_leaf_to_who_may_see_all_of_it(void **state)
{
	struct plan *plan = *state;
	int64_t entry = 0;

	plan_action(plan, "risks=Verysecret|progress=10");
	entry = plan_newest(plan);
	plan_ask_entry(plan, POLICE, entry);
	plan_expect(plan, STATUS_OK, NULL);
	assert_true(has_leaf(plan));
	assert_int_equal(hidden(plan), 0);
	plan_ask_entry(plan, SCRUTINY, entry);
	plan_expect(plan, STATUS_OK, NULL);
	assert_false(has_leaf(plan));
	assert_int_equal(hidden(plan), 1);
	assert_false(plan_sent_has(plan, "Verysecret"));
	assert_false(plan_sent_has(plan, "risks"));
}

static void an_entry_without_hidden_fields_is_shown_whole_to_scrutiny(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "progress=10");
	plan_ask_entry(plan, SCRUTINY, plan_newest(plan));
	plan_expect(plan, STATUS_OK, NULL);
	assert_true(has_leaf(plan));
}

static void a_leaf_that_names_a_hidden_record_is_kept_back(void **state)
{
	struct plan *plan = *state;
	int64_t entry = 0;

	plan_priority(plan, "adopted");
	plan_create(plan, "action", NULL, "title=Open|priority=P1|status=not-started|owner=B4");
	plan_create(plan, "action", NULL,
		    "title=Verysecret|priority=P1|status=not-started|owner=B4|marking=restricted");
	plan_send(plan, POLICE);
	entry = plan_newest(plan);
	plan_ask_entry(plan, SCRUTINY, entry);
	plan_expect(plan, STATUS_OK, NULL);
	assert_false(has_leaf(plan));
	assert_int_equal(hidden(plan), 1);
	assert_false(plan_sent_has(plan, "Verysecret"));
	assert_string_equal(changed(plan), "A1");
	assert_true(proven(plan, entry));
}

static void an_entry_is_proven_to_everybody_who_sees_it(void **state)
{
	struct plan *plan = *state;
	static const enum who readers[] = {CHAIR, POLICE, SCRUTINY, AUDITOR};
	int64_t entry = 0;

	plan_action(plan, "risks=Verysecret");
	entry = plan_newest(plan);
	plan_must(plan, POLICE, "edit", "A1", "progress=10");
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
		plan_ask_entry(plan, readers[i], entry);
		plan_expect(plan, STATUS_OK, NULL);
		assert_true(proven(plan, entry));
		assert_false(proven(plan, entry - 1));
	}
}

static void an_opening_opens_the_commitment_in_the_leaf(void **state)
{
	struct plan *plan = *state;
	struct span leaf;
	int64_t entry = 0;

	plan_action(plan, "risks=Verysecret|progress=10|partners=O1; O2|due=2014-09-30");
	entry = plan_newest(plan);
	leaf = leaf_of(plan, POLICE, entry);
	assert_int_equal(opened(plan, leaf, "A1"), 9);
	plan_ask_entry(plan, SCRUTINY, entry);
	assert_int_equal(opened(plan, leaf, "A1"), 8);
}

static void a_cleared_and_an_unknown_value_are_opened_too(void **state)
{
	struct plan *plan = *state;
	struct span leaf;

	plan_make(plan, SECRETARY, "grant", "title=x|funder=O1|year=2014/15|amount=?|purpose=y|owner=B2");
	leaf = leaf_of(plan, CHAIR, plan_newest(plan));
	assert_int_equal(opened(plan, leaf, "G1"), 6);
	plan_must(plan, SECRETARY, "edit", "G1", "purpose=|approximate=no");
	leaf = leaf_of(plan, CHAIR, plan_newest(plan));
	assert_int_equal(opened(plan, leaf, "G1"), 2);
}

static void an_entry_tells_what_when_who_and_why(void **state)
{
	struct plan *plan = *state;
	const msgpack_object *entry = NULL;
	const msgpack_object *change = NULL;

	plan_action(plan, "");
	plan_edit(plan, "A1", NOW, "progress=20");
	plan->reason = "It goes well.";
	plan_send(plan, POLICE);
	plan_ask_entry(plan, CHAIR, plan_newest(plan));
	entry = result(plan, "entry");
	assert_true(codec_text_is(codec_get(entry, "what"), "change"));
	assert_true(codec_text_is(codec_get(entry, "person"), "PE5"));
	assert_true(codec_text_is(codec_get(entry, "body"), "B3"));
	assert_true(codec_text_is(codec_get(entry, "post"), "member"));
	assert_true(codec_text_is(codec_get(entry, "reason"), "It goes well."));
	change = codec_get(entry, "changes");
	assert_int_equal(codec_count(change), 1);
	change = &change->via.array.ptr[0];
	assert_true(codec_text_is(codec_get(change, "id"), "A1"));
	assert_true(codec_text_is(codec_get(change, "verb"), "edit"));
	assert_true(codec_text_is(codec_get(change, "title"), "Patrols"));
	assert_int_equal(codec_get_int(change, "revision", -1), 2);
	assert_int_equal(codec_get_int(codec_get(change, "fields"), "progress", -1), 20);
	assert_int_equal(codec_count(codec_get(change, "fields")), 1);
}

static void an_entry_that_is_not_shown_is_like_one_that_is_not_there(void **state)
{
	struct plan *plan = *state;
	char message[600];
	int64_t entry = 0;

	plan_priority(plan, "draft");
	entry = plan_newest(plan);
	assert_int_equal(plan_ask_entry(plan, SCRUTINY, entry), STATUS_NOT_FOUND);
	snprintf(message, sizeof(message), "There is no journal entry %lld that you may see.",
		 (long long)entry);
	assert_string_equal(plan->server->err.message, message);
	assert_int_equal(plan_ask_entry(plan, SCRUTINY, 99999), STATUS_NOT_FOUND);
	assert_string_equal(plan->server->err.message, "There is no journal entry 99999 that you may see.");
}

/* ---- by the rights of today ---- */

static void what_was_marked_since_is_not_shown_in_old_entries(void **state)
{
	struct plan *plan = *state;
	int64_t entry = 0;

	plan_action(plan, "");
	entry = plan_newest(plan);
	plan_ask_entry(plan, SCRUTINY, entry);
	plan_expect(plan, STATUS_OK, NULL);
	plan_must(plan, POLICE, "edit", "A1", "marking=restricted");
	assert_int_equal(plan_ask_entry(plan, SCRUTINY, entry), STATUS_NOT_FOUND);
	plan_must(plan, POLICE, "remove", "A1", NULL);
	assert_int_equal(plan_ask_entry(plan, SCRUTINY, entry), STATUS_NOT_FOUND);
	assert_int_equal(plan_ask_entry(plan, SCRUTINY, plan_newest(plan)), STATUS_NOT_FOUND);
	assert_int_equal(plan_ask_entry(plan, AUDITOR, entry), STATUS_OK);
}

static void a_removal_is_shown_to_who_saw_the_record(void **state)
{
	struct plan *plan = *state;
	int64_t entry = 0;

	plan_action(plan, "");
	plan_must(plan, POLICE, "remove", "A1", NULL);
	entry = plan_newest(plan);
	plan_ask_entry(plan, SCRUTINY, entry);
	plan_expect(plan, STATUS_OK, NULL);
	assert_true(has_leaf(plan));
	assert_true(plan_sent_has(plan, "remove"));
	assert_int_equal(codec_count(result(plan, "openings")), 0);
}

static void the_drafts_of_a_decision_are_not_shown_once_it_is_made(void **state)
{
	struct plan *plan = *state;
	int64_t draft = 0;

	plan_standing(plan, "decision", "draft");
	draft = plan_newest(plan);
	plan_must(plan, SECRETARY, "submit", "D1", NULL);
	plan_must(plan, CHAIR, "make", "D1", NULL);
	assert_int_equal(plan_ask_entry(plan, SCRUTINY, draft), STATUS_NOT_FOUND);
	assert_int_equal(plan_ask_entry(plan, SCRUTINY, plan_newest(plan)), STATUS_OK);
}

/* ---- account events ---- */

static void an_administrator_sees_account_events_and_no_change_of_the_plan(void **state)
{
	struct plan *plan = *state;
	int64_t entry = 0;
	size_t enrolments = 0;

	plan_device(plan, POLICE);
	plan_device(plan, SCRUTINY);
	enrolments = entries_of(plan, ADMINISTRATOR, "enrolment");
	assert_int_equal(enrolments, fixture_entries(plan->server, plan->server->partnership, "enrolment"));
	assert_true(enrolments >= 3);
	plan_action(plan, "risks=Verysecret");
	entry = plan_newest(plan);
	assert_int_equal(plan_ask_entry(plan, ADMINISTRATOR, entry), STATUS_NOT_FOUND);
	journal_list(plan, ADMINISTRATOR, 0, 1000);
	assert_false(plan_sent_has(plan, "Patrols"));
	assert_false(plan_sent_has(plan, "\xa2"
					 "A1")); /* as a text: digests may have the letters by chance */
}

static void an_administrator_sees_the_changes_of_the_directory(void **state)
{
	struct plan *plan = *state;

	plan_device(plan, ADMINISTRATOR);
	plan_must(plan, SECRETARY, "edit", "PE5", "job=Superintendent");
	plan_ask_entry(plan, ADMINISTRATOR, plan_newest(plan));
	plan_expect(plan, STATUS_OK, NULL);
	assert_true(has_leaf(plan));
	assert_true(plan_sent_has(plan, "Superintendent"));
}

static void an_auditor_sees_every_account_event_others_only_their_own(void **state)
{
	struct plan *plan = *state;
	size_t all = 0;

	plan_device(plan, POLICE);
	plan_device(plan, CHAIR);
	plan_device(plan, AUDITOR);
	all = fixture_entries(plan->server, plan->server->partnership, "enrolment");
	assert_int_equal(entries_of(plan, AUDITOR, "enrolment"), all);
	assert_int_equal(entries_of(plan, CHAIR, "enrolment"), 1);
	assert_int_equal(entries_of(plan, POLICE, "enrolment"), 1);
}

static void an_outsider_sees_their_own_entries_and_no_others(void **state)
{
	struct plan *plan = *state;
	const msgpack_object *list = NULL;

	plan_device(plan, OUTSIDER);
	plan_action(plan, "");
	journal_list(plan, OUTSIDER, 0, 1000);
	plan_expect(plan, STATUS_OK, NULL);
	list = result(plan, "entries");
	assert_int_equal(codec_count(list), 1);
	assert_true(codec_text_is(codec_get(&list->via.array.ptr[0], "person"), "PE12"));
}

static void who_acted_and_lost_the_right_since_sees_that_they_acted_but_not_on_what(void **state)
{
	struct plan *plan = *state;
	int64_t entry = 0;

	plan_action(plan, "risks=Verysecret");
	entry = plan_newest(plan);
	plan_must(plan, CHAIR, "end", "AP5", NULL);
	plan_ask_entry(plan, POLICE, entry);
	plan_expect(plan, STATUS_OK, NULL);
	assert_false(has_leaf(plan));
	assert_string_equal(changed(plan), "");
	assert_false(plan_sent_has(plan, "Verysecret"));
	assert_int_equal(hidden(plan), 1);
}

/* ---- the list ---- */

static void the_list_goes_from_the_newest_back_in_pages(void **state)
{
	struct plan *plan = *state;
	int64_t newest = 0;
	char expected[100];

	plan_device(plan, CHAIR);
	plan_action(plan, "");
	for (int i = 1; i <= 4; i++) {
		char fields[24];

		snprintf(fields, sizeof(fields), "progress=%d", i);
		plan_must(plan, POLICE, "edit", "A1", fields);
	}
	newest = plan_newest(plan);
	journal_list(plan, CHAIR, 0, 2);
	snprintf(expected, sizeof(expected), "%lld change; %lld change", (long long)newest,
		 (long long)newest - 1);
	assert_string_equal(entries(plan), expected);
	journal_list(plan, CHAIR, newest - 1, 2);
	snprintf(expected, sizeof(expected), "%lld change; %lld change", (long long)newest - 2,
		 (long long)newest - 3);
	assert_string_equal(entries(plan), expected);
}

static void a_page_is_filled_with_entries_that_may_be_seen(void **state)
{
	struct plan *plan = *state;
	int64_t seen = 0;
	char expected[24];

	plan_device(plan, SCRUTINY);
	plan_action(plan, "");
	seen = plan_newest(plan);
	plan_standing(plan, "decision", "submitted"); /* hidden from scrutiny, and newer */
	journal_list(plan, SCRUTINY, 0, 1);
	snprintf(expected, sizeof(expected), "%lld change", (long long)seen);
	assert_string_equal(entries(plan), expected);
}

static void the_list_ends_at_the_first_entry(void **state)
{
	struct plan *plan = *state;

	journal_list(plan, AUDITOR, 1, 10);
	plan_expect(plan, STATUS_OK, NULL);
	assert_string_equal(entries(plan), "0 change");
}

/* ---- heads ---- */

static void the_head_is_signed_and_grows_from_the_one_before(void **state)
{
	struct plan *plan = *state;
	struct checkpoint old;
	struct checkpoint new;
	struct merkle_proof proof;
	struct fixture_device *device = plan_device(plan, CHAIR);

	plan_ask(plan, CHAIR, METHOD_journal_head, handle_journal_head, NULL);
	plan_expect(plan, STATUS_OK, NULL);
	old = open_head(plan, fixture_result(plan->server, "head"));
	assert_int_equal(old.size, plan_newest(plan) + 1);
	plan_action(plan, "");
	plan_must(plan, POLICE, "edit", "A1", "progress=10");
	fixture_ask(plan->server);
	fixture_int(plan->server, "from", (int64_t)old.size);
	fixture_call(plan->server, device, METHOD_journal_head, handle_journal_head);
	plan_expect(plan, STATUS_OK, NULL);
	new = open_head(plan, fixture_result(plan->server, "head"));
	proof = proof_of(plan);
	assert_true(new.size > old.size);
	assert_true(merkle_check_consistency(old.size, &old.root, new.size, &new.root, &proof));
	old.root.bytes[0] ^= 1;
	assert_false(merkle_check_consistency(old.size, &old.root, new.size, &new.root, &proof));
}

static void the_same_head_needs_no_proof(void **state)
{
	struct plan *plan = *state;
	struct fixture_device *device = plan_device(plan, CHAIR);

	fixture_ask(plan->server);
	fixture_int(plan->server, "from", plan_newest(plan) + 1);
	fixture_call(plan->server, device, METHOD_journal_head, handle_journal_head);
	plan_expect(plan, STATUS_OK, NULL);
	assert_int_equal(codec_count(result(plan, "proof")), 0);
}

static void a_head_that_the_server_never_had_is_not_answered(void **state)
{
	struct plan *plan = *state;
	struct fixture_device *device = plan_device(plan, CHAIR);

	fixture_ask(plan->server);
	fixture_int(plan->server, "from", plan_newest(plan) + 2);
	assert_int_equal(fixture_call(plan->server, device, METHOD_journal_head, handle_journal_head),
			 STATUS_UNVERIFIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(an_entry_is_shown_with_its_leaf_to_who_may_see_all_of_it),
		test(an_entry_without_hidden_fields_is_shown_whole_to_scrutiny),
		test(a_leaf_that_names_a_hidden_record_is_kept_back),
		test(an_entry_is_proven_to_everybody_who_sees_it),
		test(an_opening_opens_the_commitment_in_the_leaf),
		test(a_cleared_and_an_unknown_value_are_opened_too),
		test(an_entry_tells_what_when_who_and_why),
		test(an_entry_that_is_not_shown_is_like_one_that_is_not_there),
		test(what_was_marked_since_is_not_shown_in_old_entries),
		test(a_removal_is_shown_to_who_saw_the_record),
		test(the_drafts_of_a_decision_are_not_shown_once_it_is_made),
		test(an_administrator_sees_account_events_and_no_change_of_the_plan),
		test(an_administrator_sees_the_changes_of_the_directory),
		test(an_auditor_sees_every_account_event_others_only_their_own),
		test(an_outsider_sees_their_own_entries_and_no_others),
		test(who_acted_and_lost_the_right_since_sees_that_they_acted_but_not_on_what),
		test(the_list_goes_from_the_newest_back_in_pages),
		test(a_page_is_filled_with_entries_that_may_be_seen),
		test(the_list_ends_at_the_first_entry),
		test(the_head_is_signed_and_grows_from_the_one_before),
		test(the_same_head_needs_no_proof),
		test(a_head_that_the_server_never_had_is_not_answered),
	};

	return cmocka_run_group_tests_name("journal reading", tests, NULL, NULL);
}
