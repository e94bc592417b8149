/* Drafts: on disk from the first moment, and there until they are dropped. */
#include "client/drafts.h"
#include "client/commands.h"
#include "tests/unit/client_every_type.h"
#include "tests/unit/client_home.h"

/* A client with a profile, as each test begins. */
static struct client *make_client(struct home *home, const struct arguments *arguments)
{
	struct client *client = arena_alloc(home->arena, sizeof(*client));

	assert_non_null(client);
	(void)home_profile(home, "default");
	assert_int_equal(client_init(client, arguments, &home->err), STATUS_OK);
	return client;
}

static struct draft begin(struct client *client, const char *id, const char *form)
{
	struct draft draft = {
		.kind = "action",
		.id = id,
		.base = id ? 7 : 0,
		.fields = id ? every_record(client->arena, "title=x|due=2014-05-01|cost=?") : NULL,
		.reason = "they asked",
	};

	assert_int_equal(draft_begin(client, &draft, form, NULL), STATUS_OK);
	return draft;
}

static void a_draft_is_found_again_by_another_run_of_the_program(void **state)
{
	const struct arguments arguments = {0};
	struct client *client = make_client(*state, &arguments);
	struct draft draft = begin(client, "A12", "title: x\n");
	struct draft found;
	struct client later;
	const char *form = NULL;

	client_release(client);
	assert_int_equal(draft.number, 1);
	assert_int_equal(client_init(&later, &arguments, NULL), STATUS_OK);
	assert_int_equal(draft_load(&later, 1, &found, NULL), STATUS_OK);
	assert_string_equal(found.kind, "action");
	assert_string_equal(found.id, "A12");
	assert_int_equal(found.base, 7);
	assert_true(codec_same(found.fields, every_record(later.arena, "title=x|due=2014-05-01|cost=?")));
	assert_string_equal(found.reason, "they asked");
	assert_null(found.why);
	assert_int_equal(found.pending.length, 0);
	assert_int_equal(draft_form(&later, &found, &form, NULL), STATUS_OK);
	assert_string_equal(form, "title: x\n");
	client_release(&later);
}

static void what_was_sent_without_an_answer_is_kept_with_its_request(void **state)
{
	const struct arguments arguments = {0};
	struct client *client = make_client(*state, &arguments);
	struct draft draft = begin(client, NULL, "title: x\n");
	struct draft found;

	draft.pending = (struct span){(const uint8_t *)"\x81\xa1x\x01", 4};
	draft.pending_count = 1;
	draft.why = "the server cannot be reached";
	memcpy(draft.request, "0123456789abcdef", 16);
	assert_int_equal(draft_save(client, &draft, NULL), STATUS_OK);
	assert_int_equal(draft_load(client, 1, &found, NULL), STATUS_OK);
	assert_null(found.id);
	assert_int_equal(found.pending.length, 4);
	assert_memory_equal(found.pending.data, "\x81\xa1x\x01", 4);
	assert_int_equal(found.pending_count, 1);
	assert_memory_equal(found.request, "0123456789abcdef", 16);
	assert_string_equal(found.why, "the server cannot be reached");
	assert_string_equal(draft_subject(client, &found), "a new action");
	client_release(client);
}

static void drafts_have_numbers_of_their_own_and_are_listed_by_them(void **state)
{
	const struct arguments arguments = {0};
	struct client *client = make_client(*state, &arguments);
	struct draft *drafts = NULL;
	struct draft gone;
	struct error err = ERROR_INIT;
	size_t count = 0;

	for (int i = 0; i < 11; i++) {
		(void)begin(client, "A1", "title: x\n");
	}
	assert_int_equal(draft_load(client, 4, &gone, NULL), STATUS_OK);
	draft_remove(&gone);
	assert_int_equal(draft_load(client, 4, &gone, &err), STATUS_NOT_FOUND);
	assert_int_equal(draft_all(client, &drafts, &count, NULL), STATUS_OK);
	assert_int_equal(count, 10);
	assert_int_equal(drafts[2].number, 3);
	assert_int_equal(drafts[3].number, 5);
	assert_int_equal(drafts[9].number, 11);
	client_release(client);
}

static void nobody_else_may_read_them(void **state)
{
	const struct arguments arguments = {0};
	struct client *client = make_client(*state, &arguments);
	struct draft draft = begin(client, "A1", "title: x\n");

	assert_int_equal(file_check_private(draft.form, NULL), STATUS_OK);
	assert_int_equal(file_check_private(draft.about, NULL), STATUS_OK);
	client_release(client);
}

static void a_spoiled_file_hides_no_other_draft_and_names_the_text(void **state)
{
	const struct arguments arguments = {0};
	struct client *client = make_client(*state, &arguments);
	struct draft spoiled = begin(client, "A1", "title: x\n");
	struct draft *drafts = NULL;
	struct error err = ERROR_INIT;
	size_t count = 0;

	(void)begin(client, "A2", "title: y\n");
	assert_int_equal(file_write(spoiled.about, "\x80", 1, 0600, NULL), STATUS_OK);
	assert_int_equal(draft_all(client, &drafts, &count, NULL), STATUS_OK);
	assert_int_equal(count, 1);
	assert_string_equal(drafts[0].id, "A2");
	assert_int_equal(draft_load(client, 1, &spoiled, &err), STATUS_FAILED);
	assert_non_null(strstr(err.message, "1.form"));
	client_release(client);
}

static void a_draft_is_dropped_only_when_that_is_confirmed(void **state)
{
	struct arguments arguments = {.flags = {[FLAG_NO_INPUT] = ""}, .given = FLAG_BIT(NO_INPUT)};
	struct client *client = make_client(*state, &arguments);
	struct error err = ERROR_INIT;
	struct draft draft = begin(client, "A1", "title: x\n");

	client->output.mode = OUTPUT_JSON; /* says nothing */
	assert_int_equal(command_draft_drop(client, &err), STATUS_INVALID);
	assert_true(file_exists(draft.form));
	arguments.flags[FLAG_YES] = "";
	arguments.given |= FLAG_BIT(YES);
	assert_int_equal(command_draft_drop(client, &err), STATUS_OK);
	assert_false(file_exists(draft.form));
	assert_false(file_exists(draft.about));
	client_release(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOME(a_draft_is_found_again_by_another_run_of_the_program),
		HOME(what_was_sent_without_an_answer_is_kept_with_its_request),
		HOME(drafts_have_numbers_of_their_own_and_are_listed_by_them),
		HOME(nobody_else_may_read_them),
		HOME(a_spoiled_file_hides_no_other_draft_and_names_the_text),
		HOME(a_draft_is_dropped_only_when_that_is_confirmed),
	};

	return cmocka_run_group_tests_name("drafts", tests, NULL, NULL);
}
