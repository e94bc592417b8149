/* The change-set in hand: kept on the disk as it is, and one thing said of each record. */
#include "client/kept.h"
#include "client/kept_json.h"
#include "tests/unit/client_every_type.h"
#include "tests/unit/client_home.h"

static const struct arguments no_arguments = {0};

static struct client *make_client(struct home *home)
{
	struct client *client = arena_alloc(home->arena, sizeof(*client));

	assert_non_null(client);
	(void)home_profile(home, "default");
	assert_int_equal(client_init(client, &no_arguments, &home->err), STATUS_OK);
	client->schema = &every_schema;
	return client;
}

static struct kept begin(struct client *client)
{
	struct kept kept;

	assert_int_equal(kept_new(client, &kept, NULL), STATUS_OK);
	assert_int_equal(folder_make(client->profile.state, NULL), STATUS_OK);
	return kept;
}

static enum status join(struct client *client, struct kept *kept, const char *verb, const char *id,
			int64_t base, const char *fields)
{
	struct kept_item item = {
		.verb = verb,
		.kind = "action",
		.id = id,
		.base = base,
		.fields = fields ? every_record(client->arena, fields) : NULL,
	};

	struct error err = ERROR_INIT;

	return kept_join(client->arena, kept, &item, false, false, &err);
}

static bool has(struct client *client, const struct kept_item *item, const char *fields)
{
	return codec_same(item->fields, every_record(client->arena, fields));
}

/* ---- one thing of each record ---- */

static void later_values_of_a_record_join_the_earlier_ones(void **state)
{
	struct client *client = make_client(*state);
	struct kept kept = begin(client);

	assert_int_equal(join(client, &kept, "edit", "A12", 7, "title=x|progress=10"), STATUS_OK);
	assert_int_equal(join(client, &kept, "edit", "A3", 1, "title=z"), STATUS_OK);
	assert_int_equal(join(client, &kept, "edit", "A12", 9, "progress=20|due=2014-05-01"), STATUS_OK);
	assert_int_equal(kept.count, 2);
	assert_true(has(client, &kept.items[0], "title=x|progress=20|due=2014-05-01"));
	client_release(client);
}

static void the_revision_that_was_seen_first_stands_unless_another_is_said_to_be_seen(void **state)
{
	struct client *client = make_client(*state);
	struct kept kept = begin(client);
	struct kept_item item = {.verb = "edit", .kind = "action", .id = "A12", .base = 9};

	item.fields = every_record(client->arena, "progress=20");
	assert_int_equal(join(client, &kept, "edit", "A12", 7, "title=x"), STATUS_OK);
	assert_int_equal(kept_join(client->arena, &kept, &item, false, false, NULL), STATUS_OK);
	assert_int_equal(kept.items[0].base, 7);
	assert_int_equal(kept_join(client->arena, &kept, &item, true, false, NULL), STATUS_OK);
	assert_int_equal(kept.items[0].base, 9);
	client_release(client);
}

static void a_new_record_is_filled_in_by_its_name_and_taken_out_by_removing_it(void **state)
{
	struct client *client = make_client(*state);
	struct kept kept = begin(client);

	assert_int_equal(join(client, &kept, "create", NULL, 0, "title=x"), STATUS_OK);
	assert_int_equal(join(client, &kept, "create", NULL, 0, "title=y"), STATUS_OK);
	assert_string_equal(kept.items[1].ref, "@2");
	assert_int_equal(join(client, &kept, "edit", "@2", 0, "progress=5"), STATUS_OK);
	assert_true(has(client, &kept.items[1], "title=y|progress=5"));
	assert_string_equal(kept.items[1].verb, "create");
	assert_int_equal(join(client, &kept, "remove", "@2", 0, NULL), STATUS_OK);
	assert_int_equal(kept.count, 1);
	assert_int_equal(join(client, &kept, "create", NULL, 0, "title=z"), STATUS_OK);
	assert_string_equal(kept.items[1].ref, "@3"); /* a name is not given twice */
	assert_int_equal(join(client, &kept, "edit", "@2", 0, "progress=5"), STATUS_INVALID);
	client_release(client);
}

static const struct pair {
	const char *name;
	const char *first, *second;
	const char *stands; /* NULL: they cannot both be */
	bool fields;        /* are left */
} pairs[] = {
	{"a step takes up an edit", "edit", "close", "close", true},
	{"an edit joins a step", "close", "edit", "close", true},
	{"a step is the same step", "close", "close", "close", true},
	{"a step is not another one", "close", "reopen", NULL, true},
	{"a removal takes the place of an edit", "edit", "remove", "remove", false},
	{"a removal takes the place of a step", "close", "remove", "remove", false},
	{"what is to be removed is not edited", "remove", "edit", NULL, false},
	{"what is to be removed is not moved", "remove", "close", NULL, false},
};

static void pair_is_judged(void **state)
{
	const struct pair *pair = *state;
	struct arena *arena = arena_new();
	const msgpack_object *fields = every_record(arena, "title=x");
	struct kept kept = {.next = 1};
	struct kept_item first = {.verb = pair->first, .kind = "action", .id = "A1", .base = 1};
	struct kept_item second = {.verb = pair->second, .kind = "action", .id = "A1", .base = 1};
	struct error err = ERROR_INIT;

	first.fields = strcmp(pair->first, "remove") == 0 ? NULL : fields;
	second.fields = strcmp(pair->second, "edit") == 0 ? fields : NULL;
	assert_int_equal(kept_join(arena, &kept, &first, false, false, &err), STATUS_OK);
	assert_int_equal(kept_join(arena, &kept, &second, false, false, &err),
			 pair->stands ? STATUS_OK : STATUS_INVALID);
	assert_int_equal(kept.count, 1);
	assert_string_equal(kept.items[0].verb, pair->stands ? pair->stands : pair->first);
	assert_int_equal(codec_count(kept.items[0].fields) > 0, pair->fields);
	if (!pair->stands) {
		assert_non_null(strstr(err.hint, "change drop A1"));
	}
	arena_free(arena);
}

static void a_new_record_cannot_be_moved_in_the_set_that_makes_it(void **state)
{
	struct client *client = make_client(*state);
	struct kept kept = begin(client);

	assert_int_equal(join(client, &kept, "create", NULL, 0, "title=x"), STATUS_OK);
	assert_int_equal(join(client, &kept, "close", "@1", 0, NULL), STATUS_INVALID);
	assert_string_equal(kept.items[0].verb, "create");
	client_release(client);
}

static void fields_are_taken_out_one_by_one_and_an_edit_of_nothing_is_gone(void **state)
{
	struct client *client = make_client(*state);
	struct kept kept = begin(client);

	assert_int_equal(join(client, &kept, "edit", "A1", 1, "title=x|progress=1|due=2014-05-01"),
			 STATUS_OK);
	assert_true(kept_take_field(client->arena, &kept, &kept.items[0], "progress"));
	assert_true(has(client, &kept.items[0], "title=x|due=2014-05-01"));
	assert_false(kept_take_field(client->arena, &kept, &kept.items[0], "progress"));
	assert_true(kept_take_field(client->arena, &kept, &kept.items[0], "title"));
	assert_true(kept_take_field(client->arena, &kept, &kept.items[0], "due"));
	assert_int_equal(kept.count, 0);
	client_release(client);
}

static void what_an_editor_leaves_is_all_that_is_wanted(void **state)
{
	struct client *client = make_client(*state);
	struct kept kept = begin(client);
	struct kept_item item = {.verb = "edit", .kind = "action", .id = "A1", .base = 2};

	assert_int_equal(join(client, &kept, "edit", "A1", 1, "title=x|progress=1"), STATUS_OK);
	item.fields = every_record(client->arena, "progress=2");
	assert_int_equal(kept_join(client->arena, &kept, &item, false, true, NULL), STATUS_OK);
	assert_true(has(client, &kept.items[0], "progress=2"));
	assert_int_equal(kept.items[0].base, 1);
	item.fields = NULL;
	assert_int_equal(kept_join(client->arena, &kept, &item, false, true, NULL), STATUS_OK);
	assert_int_equal(kept.count, 0);
	client_release(client);
}

/* ---- collisions ---- */

static const msgpack_object *collision(struct arena *arena, const char *id, const char *field,
				       int64_t revision)
{
	static struct buffer packed;
	const msgpack_object *map = NULL;
	const void *copy;

	buffer_init(&packed, 1000);
	codec_put_map(&packed, 3);
	codec_pair_text(&packed, "id", id);
	codec_pair_text(&packed, "field", field);
	codec_pair_int(&packed, "revision", revision);
	copy = arena_copy(arena, packed.data, packed.length);
	assert_int_equal(codec_decode(arena, (struct span){copy, packed.length}, &map, NULL), STATUS_OK);
	buffer_release(&packed);
	return map;
}

static void a_collision_is_settled_by_record_or_by_field(void **state)
{
	struct client *client = make_client(*state);
	struct arena *arena = client->arena;
	struct kept kept = begin(client);

	kept.collides = codec_make_list(arena,
					(const msgpack_object *[]){
						collision(arena, "A1", "title", 4),
						collision(arena, "A1", "progress", 6),
						collision(arena, "A2", "progress", 9),
						collision(arena, "A1", "due", 5),
					},
					4);
	assert_int_equal(kept_settle(arena, &kept, "A1", "title"), 4);
	assert_int_equal(codec_count(kept.collides), 3);
	assert_int_equal(kept_settle(arena, &kept, "A1", NULL), 6); /* the newest of what was shown */
	assert_int_equal(codec_count(kept.collides), 1);
	assert_int_equal(kept_settle(arena, &kept, "A1", NULL), 0);
	assert_int_equal(kept_settle(arena, &kept, "A2", NULL), 9);
	assert_null(kept.collides);
	client_release(client);
}

/* ---- on the disk ---- */

static void it_is_found_again_as_it_was_by_another_run_of_the_program(void **state)
{
	struct client *client = make_client(*state);
	struct kept kept = begin(client);
	struct kept found;

	assert_false(kept_begun(client));
	assert_int_equal(join(client, &kept, "edit", "A12", 7, "title=x|cost=?"), STATUS_OK);
	assert_int_equal(join(client, &kept, "create", NULL, 0, "title=new"), STATUS_OK);
	assert_int_equal(join(client, &kept, "remove", "A3", 2, NULL), STATUS_OK);
	kept.items[0].why = "somebody was quicker";
	kept.reason = "they asked";
	kept.sent = true;
	memcpy(kept.request, "0123456789abcdef", 16);
	kept.collides = codec_make_list(
		client->arena, (const msgpack_object *[]){collision(client->arena, "A12", "title", 8)}, 1);
	assert_int_equal(kept_save(client, &kept, NULL), STATUS_OK);
	assert_true(kept_begun(client));
	assert_int_equal(file_check_private(kept.path, NULL), STATUS_OK);
	assert_int_equal(kept_load(client, &found, NULL), STATUS_OK);
	assert_int_equal(found.count, 3);
	assert_true(has(client, &found.items[0], "title=x|cost=?"));
	assert_int_equal(found.items[0].base, 7);
	assert_string_equal(found.items[0].why, "somebody was quicker");
	assert_string_equal(found.items[1].ref, "@1");
	assert_null(found.items[1].id);
	assert_string_equal(found.items[2].verb, "remove");
	assert_null(found.items[2].fields);
	assert_string_equal(found.reason, "they asked");
	assert_true(found.sent);
	assert_memory_equal(found.request, "0123456789abcdef", 16);
	assert_int_equal(found.next, 2);
	assert_int_equal(codec_count(found.collides), 1);
	kept_remove(&found);
	assert_false(kept_begun(client));
	client_release(client);
}

static void what_is_sent_again_is_packed_byte_for_byte_as_it_was(void **state)
{
	struct client *client = make_client(*state);
	struct kept kept = begin(client);
	struct kept found;
	struct changeset first;
	struct changeset second;

	assert_int_equal(join(client, &kept, "edit", "A12", 7, "title=x|cost=?"), STATUS_OK);
	assert_int_equal(join(client, &kept, "create", NULL, 0, "title=new|lead=@7"), STATUS_OK);
	assert_int_equal(kept_save(client, &kept, NULL), STATUS_OK);
	assert_int_equal(kept_load(client, &found, NULL), STATUS_OK);
	assert_int_equal(changeset_init(client, &first, NULL), STATUS_OK);
	assert_int_equal(changeset_init(client, &second, NULL), STATUS_OK);
	kept_put(&kept, NULL, &first);
	kept_put(&found, NULL, &second);
	assert_int_equal(first.count, 2);
	assert_int_equal(first.changes.length, second.changes.length);
	assert_memory_equal(first.changes.data, second.changes.data, first.changes.length);
	changeset_release(&first);
	changeset_release(&second);
	client_release(client);
}

static void a_spoiled_file_is_told_and_not_taken_for_an_empty_one(void **state)
{
	static const char *const spoiled[] = {"", "\x80", "\x81\xa2\x61t\x01"};
	struct client *client = make_client(*state);
	struct kept kept = begin(client);

	for (size_t i = 0; i < 3; i++) {
		struct error err = ERROR_INIT;
		struct kept found;

		assert_int_equal(file_write(kept.path, spoiled[i], strlen(spoiled[i]), 0600, NULL),
				 STATUS_OK);
		assert_int_equal(kept_load(client, &found, &err), STATUS_FAILED);
		assert_non_null(strstr(err.message, kept.path));
		assert_true(kept_begun(client));
	}
	client_release(client);
}

static void without_one_what_to_do_is_said(void **state)
{
	struct client *client = make_client(*state);
	struct error err = ERROR_INIT;
	struct kept found;

	assert_int_equal(kept_load(client, &found, &err), STATUS_NOT_FOUND);
	assert_non_null(strstr(err.hint, "safer change begin"));
	client_release(client);
}

/* ---- JSON ---- */

static enum status read_json(struct client *client, const char *text, struct kept *out, struct error *err)
{
	return kept_read_json(client, "x.json", (struct span){(const uint8_t *)text, strlen(text)}, out, err);
}

static void json_holds_values_of_every_type(void **state)
{
	struct client *client = make_client(*state);
	struct kept kept;
	struct error err = ERROR_INIT;

	assert_int_equal(
		read_json(client,
			  "{\"reason\": \"why\", \"changes\": [{\"do\": \"edit\", \"id\": \"a12\", "
			  "\"base\": 7, \"fields\": {\"title\": \"?\", \"text\": \"one\\ntwo\", "
			  "\"progress\": 60, \"cost\": \"1200.50\", \"due\": null, "
			  "\"start\": \"2014-05-01\", \"year\": \"2014/15\", \"status\": \"on-track\", "
			  "\"urgent\": true, \"lead\": \"B1\", \"partners\": [\"B1\", \"B2\"]}}]}",
			  &kept, &err),
		STATUS_OK);
	assert_string_equal(kept.reason, "why");
	assert_string_equal(kept.items[0].id, "A12");
	assert_int_equal(kept.items[0].base, 7);
	/* a title of "?" is one: the signs of a typed line mean nothing in JSON */
	assert_true(codec_text_is(codec_get(kept.items[0].fields, "title"), "?"));
	assert_true(codec_text_is(codec_get(kept.items[0].fields, "text"), "one\ntwo"));
	assert_int_equal(codec_get_int(kept.items[0].fields, "cost", 0), 120050);
	assert_true(codec_is_nil(codec_get(kept.items[0].fields, "due")));
	assert_int_equal(codec_count(kept.items[0].fields), 11);
	assert_int_equal(codec_count(codec_get(kept.items[0].fields, "partners")), 2);
	client_release(client);
}

static void whole_amounts_and_what_is_unknown_are_taken(void **state)
{
	struct client *client = make_client(*state);
	struct kept kept;

	assert_int_equal(
		read_json(client,
			  "[{\"do\": \"edit\", \"id\": \"A1\", \"fields\": {\"cost\": 12}}, {\"do\": "
			  "\"edit\", \"id\": \"A2\", \"fields\": {\"cost\": {\"unknown\": true}}}]",
			  &kept, NULL),
		STATUS_OK);
	assert_int_equal(codec_get_int(kept.items[0].fields, "cost", 0), 1200);
	assert_true(codec_is_unknown(codec_get(kept.items[1].fields, "cost")));
	assert_int_equal(kept.items[0].base, 0);
	client_release(client);
}

static void new_records_without_a_name_get_one_that_nobody_else_has(void **state)
{
	struct client *client = make_client(*state);
	struct kept kept;

	assert_int_equal(
		read_json(client,
			  "[{\"do\": \"create\", \"kind\": \"action\", \"fields\": {\"title\": \"a\"}},"
			  "{\"do\": \"create\", \"kind\": \"action\", \"ref\": \"@1\"},"
			  "{\"do\": \"create\", \"kind\": \"actions\", \"ref\": \"@lamps\"}]",
			  &kept, NULL),
		STATUS_OK);
	assert_string_equal(kept.items[0].ref, "@2");
	assert_string_equal(kept.items[1].ref, "@1");
	assert_string_equal(kept.items[2].ref, "@lamps");
	assert_string_equal(kept.items[2].kind, "action");
	client_release(client);
}

#define EDIT_OF(fields) "[{\"do\": \"edit\", \"id\": \"A1\", \"fields\": {" fields "}}]"

static const struct wrong {
	const char *name;
	const char *text;
	const char *says;
} wrongs[] = {
	{"what is no JSON is told with its line", "[\n{]", "x.json line 2"},
	{"a key twice is refused", "{\"changes\": [], \"changes\": []}", "duplicate"},
	{"no changes are no change-set", "{\"changes\": []}", "holds no changes"},
	{"a number is no change-set", "12", "not JSON"},
	{"an unknown key is told", "{\"change\": []}", "there is no \"change\""},
	{"a change is an object", "[1]", "change 1: it is not an object"},
	{"a change says what to do", "[{\"id\": \"A1\"}]", "does not say what to do"},
	{"an unknown key of a change is told", "[{\"do\": \"edit\", \"id\": \"A1\", \"field\": {}}]",
	 "there is no \"field\""},
	{"a verb is one of the kind", "[{\"do\": \"fly\", \"id\": \"A1\"}]", "no way to fly actions"},
	{"an edit needs an id", "[{\"do\": \"edit\", \"kind\": \"action\"}]", "needs an id"},
	{"a new record has none", "[{\"do\": \"create\", \"kind\": \"action\", \"id\": \"A1\"}]",
	 "given its id by the server"},
	{"a new record is of a kind", "[{\"do\": \"create\", \"kind\": \"dog\"}]", "called \"dog\""},
	{"an id is of a kind", "[{\"do\": \"edit\", \"id\": \"ZZ1\"}]", "ZZ"},
	{"a record is there once",
	 "[{\"do\": \"edit\", \"id\": \"A1\", \"fields\": {\"progress\": 1}},"
	 "{\"do\": \"edit\", \"id\": \"a1\", \"fields\": {\"progress\": 2}}]",
	 "change 2: A1 is there twice"},
	{"a name is there once",
	 "[{\"do\": \"create\", \"kind\": \"action\", \"ref\": \"@a\"},"
	 "{\"do\": \"create\", \"kind\": \"action\", \"ref\": \"@a\"}]",
	 "called @a already"},
	{"a name begins with @", "[{\"do\": \"create\", \"kind\": \"action\", \"ref\": \"a\"}]", "such as"},
	{"a base is a revision", "[{\"do\": \"edit\", \"id\": \"A1\", \"base\": 0}]", "base is the revision"},
	{"a new record has no base", "[{\"do\": \"create\", \"kind\": \"action\", \"base\": 1}]",
	 "base is the revision"},
	{"fields are an object", "[{\"do\": \"edit\", \"id\": \"A1\", \"fields\": []}]", "must be an object"},
	{"a field is one of the kind", EDIT_OF("\"progres\": 1"), "no field \"progres\""},
	{"a number with a point is not exact", EDIT_OF("\"cost\": 12.5"), "not exact"},
	{"an object is no value", EDIT_OF("\"cost\": {\"unknown\": false}"), "no value"},
	{"a number is in its bounds", EDIT_OF("\"progress\": 101"), "progress"},
	{"a choice is one of those there are", EDIT_OF("\"status\": \"fine\""), "status"},
	{"a date is one", EDIT_OF("\"due\": \"2014-02-30\""), "due"},
	{"a text is clean", EDIT_OF("\"title\": \"a\\u0000b\""), "NUL"},
	{"a line is one line", EDIT_OF("\"title\": \"a\\nb\""), "not clean"},
	{"a list has texts", EDIT_OF("\"partners\": [1]"), "entry 1"},
	{"what is required is not emptied", EDIT_OF("\"title\": null"), "title"},
};

static void json_is_refused(void **state)
{
	const struct wrong *wrong = *state;
	struct arena *arena = arena_new();
	struct client client = {.arena = arena, .schema = &every_schema, .profile_loaded = true};
	struct error err = ERROR_INIT;
	struct kept kept;

	client.profile.state = "/nowhere";
	assert_int_equal(read_json(&client, wrong->text, &kept, &err), STATUS_INVALID);
	if (!strstr(err.message, wrong->says)) {
		fail_msg("\"%s\" does not say \"%s\"", err.message, wrong->says);
	}
	arena_free(arena);
}

static void what_is_printed_is_what_is_read(void **state)
{
	struct client *client = make_client(*state);
	struct kept kept = begin(client);
	struct kept found;
	struct error err = ERROR_INIT;
	char *text = NULL;
	size_t length = 0;

	assert_int_equal(join(client, &kept, "close", "A12", 7, "title=x|cost=1200.50|due=|partners=B1, B2"),
			 STATUS_OK);
	assert_int_equal(join(client, &kept, "create", NULL, 0, "title=?|cost=?|lead=@7|urgent=yes"),
			 STATUS_OK);
	assert_int_equal(join(client, &kept, "remove", "A3", 2, NULL), STATUS_OK);
	kept.reason = "they asked";
	kept.items[0].why = "no";
	client->output.mode = OUTPUT_JSON;
	client->output.file = open_memstream(&text, &length);
	assert_int_equal(kept_print_json(client, &kept, NULL), STATUS_OK);
	(void)fclose(client->output.file);
	client->output.file = NULL;
	if (read_json(client, text, &found, &err) != STATUS_OK) {
		fail_msg("%s\n%s", err.message, text);
	}
	assert_int_equal(found.count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(kept_name(&found.items[i]), kept_name(&kept.items[i]));
		assert_string_equal(found.items[i].verb, kept.items[i].verb);
		assert_int_equal(found.items[i].base, kept.items[i].base);
		assert_true(codec_same(found.items[i].fields, kept.items[i].fields));
	}
	free(text);
	client_release(client);
}

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

int main(void)
{
	const struct CMUnitTest others[] = {
		HOME(later_values_of_a_record_join_the_earlier_ones),
		HOME(the_revision_that_was_seen_first_stands_unless_another_is_said_to_be_seen),
		HOME(a_new_record_is_filled_in_by_its_name_and_taken_out_by_removing_it),
		HOME(a_new_record_cannot_be_moved_in_the_set_that_makes_it),
		HOME(fields_are_taken_out_one_by_one_and_an_edit_of_nothing_is_gone),
		HOME(what_an_editor_leaves_is_all_that_is_wanted),
		HOME(a_collision_is_settled_by_record_or_by_field),
		HOME(it_is_found_again_as_it_was_by_another_run_of_the_program),
		HOME(what_is_sent_again_is_packed_byte_for_byte_as_it_was),
		HOME(a_spoiled_file_is_told_and_not_taken_for_an_empty_one),
		HOME(without_one_what_to_do_is_said),
		HOME(json_holds_values_of_every_type),
		HOME(whole_amounts_and_what_is_unknown_are_taken),
		HOME(new_records_without_a_name_get_one_that_nobody_else_has),
		HOME(what_is_printed_is_what_is_read),
	};
	struct CMUnitTest tests[COUNT(pairs) + COUNT(wrongs) + COUNT(others)];
	size_t count = 0;

	for (size_t i = 0; i < COUNT(pairs); i++) {
		tests[count++] = (struct CMUnitTest){.name = pairs[i].name,
						     .test_func = pair_is_judged,
						     .initial_state = (void *)(uintptr_t)&pairs[i]};
	}
	for (size_t i = 0; i < COUNT(wrongs); i++) {
		tests[count++] = (struct CMUnitTest){.name = wrongs[i].name,
						     .test_func = json_is_refused,
						     .initial_state = (void *)(uintptr_t)&wrongs[i]};
	}
	memcpy(tests + count, others, sizeof(others));
	return cmocka_run_group_tests_name("kept", tests, NULL, NULL);
}
