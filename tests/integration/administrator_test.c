/* An administrator looks after accounts and the directory and sees no plan data: the test makes a record of every kind
 * with a word in it that is nowhere else, and then walks everything that the client can ask for as the administrator.
 * The word must not come back, and a record that is hidden must read like one that was never made. */
#include "tests/support/partnership.h"

#include "server/schema/schema.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECRET "Xyzzy"

enum maker { BY_POLICE, BY_CHAIR, BY_ANALYST, MAKERS };

/* One of each kind that is plan data; P1 and A1 are there already. */
static const struct secret {
	enum maker by;
	const char *kind;
	const char *id;
	const char *fields;
} secrets[] = {
	{BY_POLICE, "meeting", "M1", "title=" SECRET " meeting|body=B3|date=2014-05-01|owner=B3"},
	{BY_ANALYST, "assessment", "SA1", "title=" SECRET " assessment|year=2014/15|owner=B3"},
	{BY_ANALYST, "finding", "FN1",
	 "title=" SECRET " finding|assessment=SA1|type=change|topic=burglary|owner=B3"},
	{BY_POLICE, "plan", "PP1", "title=" SECRET " plan|year=2014/15|level=partnership|owner=B3"},
	{BY_POLICE, "priority", "P2", "title=" SECRET " priority|standing=priority|year=2014/15|owner=B3"},
	{BY_POLICE, "action", "A2", "title=" SECRET " action|priority=P2|status=on-track|owner=B4"},
	{BY_POLICE, "milestone", "MS1", "title=" SECRET " milestone|action=A2|due=2014-06-30|owner=B4"},
	{BY_POLICE, "note", "N1", "title=" SECRET " note|action=A2|date=2014-04-30|owner=B4"},
	{BY_POLICE, "indicator", "I1",
	 "name=" SECRET " offences|unit=offences|direction=lower-is-better|frequency=year|"
	 "baseline_period=2013/14|baseline=250|owner=B3"},
	{BY_ANALYST, "observation", "OB1",
	 "indicator=I1|period=2013/14|value=240|comment=" SECRET " figure|owner=B3"},
	{BY_CHAIR, "grant", "G1", "title=" SECRET " fund|funder=O1|year=2014/15|amount=1000|owner=B2"},
	{BY_CHAIR, "decision", "D1",
	 "title=" SECRET " decision|body=B2|date=2014-04-30|text=" SECRET " it be.|reasons=It is needed.|"
	 "owner=B2"},
	{BY_POLICE, "referral", "F1",
	 "title=" SECRET " referral|to=B2|about=A2|ground=more-resource|text=It costs more.|owner=B4"},
	{BY_POLICE, "comment", "C1", "about=A2|text=" SECRET " remark|owner=B4"},
};
#define SECRETS (sizeof(secrets) / sizeof(secrets[0]))

static struct {
	struct installation *it;
	struct person *ann; /* the administrator */
	struct person *makers[MAKERS];
	unsigned first; /* journal entry of the plan */
	unsigned last;
} scene;

/* The administrator proposes the analyst, and the chair, who is another person, agrees. */
static void appoint_analyst(void)
{
	struct raw_peer *ann = raw_connect_as(scene.ann);
	struct raw_peer *chair = raw_connect_as(scene.makers[BY_CHAIR]);

	change_one(ann, 1, "create", "appointment", 0,
		   "person=PE4|body=B3|post=analyst|organisation=O2|from=2014-04-01|owner=B1");
	change_one(chair, 1, "confirm", "AP6", 1, "");
	raw_close(ann);
	raw_close(chair);
}

static void make_secrets(void)
{
	struct raw_peer *peers[MAKERS];

	for (size_t i = 0; i < MAKERS; i++) {
		peers[i] = raw_connect_as(scene.makers[i]);
	}
	for (size_t i = 0; i < SECRETS; i++) {
		const struct raw_reply *reply = change_one(peers[secrets[i].by], (uint32_t)i, "create",
							   secrets[i].kind, 0, secrets[i].fields);
		const msgpack_object *change = &codec_get(reply->result, "changes")->via.array.ptr[0];

		assert_true(codec_text_is(codec_get(change, "id"), secrets[i].id));
		scene.last = (unsigned)codec_get_int(reply->result, "entry", 0);
		scene.first = i == 0 ? scene.last : scene.first;
	}
	for (size_t i = 0; i < MAKERS; i++) {
		raw_close(peers[i]);
	}
}

static int setup(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	scene.it = installation_open(NULL);
	scene.ann = person_new(scene.it, "ann");
	scene.makers[BY_POLICE] = person_new(scene.it, "paul");
	scene.makers[BY_CHAIR] = person_new(scene.it, "clara");
	scene.makers[BY_ANALYST] = person_new(scene.it, "colin");
	person_enrol(scene.ann, scene.it->invitation);
	partnership_make(scene.ann, scene.makers[BY_POLICE]);
	person_joins(scene.ann, scene.makers[BY_CHAIR], CHAIR);
	person_joins(scene.ann, scene.makers[BY_ANALYST], COUNCIL);
	appoint_analyst();
	make_secrets();
	assert_int_equal(schema_build(&err), STATUS_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	schema_release();
	installation_close(scene.it);
	return 0;
}

/* ---- the walk ---- */

#define RUNS(...)                                          \
	do {                                               \
		person_runs(scene.ann, __VA_ARGS__, NULL); \
		assert_no_secret();                        \
	} while (0)

static void assert_no_secret(void)
{
	if (says(scene.ann->out, SECRET) || says(scene.ann->err, SECRET)) {
		fail_msg("the administrator was told: %s%s", scene.ann->out, scene.ann->err);
	}
}

static void every_kind_of_plan_data_is_walked(void **state)
{
	const struct schema *schema = schema_server();
	size_t walked = 0;

	(void)state;
	for (size_t i = 0; i < schema->kind_count; i++) {
		bool found = schema->kinds[i].directory;

		for (size_t j = 0; j < SECRETS && !found; j++) {
			found = strcmp(secrets[j].kind, schema->kinds[i].name) == 0;
			walked += found;
		}
		if (!found) {
			fail_msg("add a record of the kind %s to the table of this test",
				 schema->kinds[i].name);
		}
	}
	assert_int_equal(walked, SECRETS);
}

static void whoever_may_see_the_records_sees_the_word(void **state)
{
	(void)state;
	for (size_t i = 0; i < SECRETS; i++) {
		person_gets(scene.makers[BY_POLICE], 0, secrets[i].kind, "show", secrets[i].id);
		assert_says(scene.makers[BY_POLICE]->out, SECRET);
	}
}

static void no_list_shows_a_record(void **state)
{
	static const char *const formats[] = {"--json", "--csv", "--plain"};

	(void)state;
	for (size_t i = 0; i < SECRETS; i++) {
		const char *kind = secrets[i].kind;

		person_gets(scene.ann, 0, kind, "list");
		assert_no_secret();
		person_gets(scene.ann, 0, kind, "list", formats[i % 3]);
		assert_false(says(scene.ann->out, secrets[i].id));
		RUNS(kind, "list", strcmp(kind, "indicator") == 0 ? "name~" SECRET : "title~" SECRET,
		     "--sort", "-owner", "--as-of", "2200-01-01");
	}
}

/* What can be asked about a record. The words of a refusal come from few places, so not every pair is compared. */
static const struct question {
	const char *words[4]; /* KIND and ID stand for themselves */
	size_t each;          /* asked of each so-manieth kind */
} questions[] = {
	{{"KIND", "show", "ID", NULL}, 1},     {{"KIND", "history", "ID", NULL}, 1},
	{{"KIND", "watch", "ID", NULL}, 1},    {{"KIND", "edit", "ID", NULL}, 4},
	{{"KIND", "set", "ID", "notes=x"}, 2}, {{"KIND", "remove", "ID", "--yes"}, 4},
	{{"why", "ID", NULL, NULL}, 2},        {{"can", "see", "ID", NULL}, 2},
};
#define COMPARED  4 /* each fourth is compared with a record that was never made */
#define QUESTIONS (sizeof(questions) / sizeof(questions[0]))

static int ask(const struct question *question, const char *kind, const char *id)
{
	const char *words[4] = {NULL};

	for (size_t i = 0; i < 4 && question->words[i] != NULL; i++) {
		words[i] = strcmp(question->words[i], "KIND") == 0 ? kind
			   : strcmp(question->words[i], "ID") == 0 ? id
								   : question->words[i];
	}
	person_runs(scene.ann, words[0], words[1], words[2], words[3], NULL);
	assert_no_secret();
	return scene.ann->exit_code;
}

/* Replaces the id by a sign, in place. */
static void blank(char *text, const char *id)
{
	size_t length = strlen(id);

	for (char *at = strstr(text, id); at != NULL; at = strstr(at + 1, id)) {
		*at = '#';
		memmove(at + 1, at + length, strlen(at + length) + 1);
	}
}

static void a_hidden_record_reads_like_one_that_was_never_made(void **state)
{
	(void)state;
	for (size_t i = 0; i < SECRETS; i++) {
		char never[16];

		snprintf(never, sizeof(never), "%.*s999", (int)strcspn(secrets[i].id, "123456789"),
			 secrets[i].id);
		for (size_t j = 0; j < QUESTIONS; j++) {
			int code = 0;
			char *hidden = NULL;

			if ((i + j) % questions[j].each != 0) {
				continue;
			}
			code = ask(&questions[j], secrets[i].kind, secrets[i].id);
			hidden = strdup(scene.ann->err);
			assert_non_null(hidden);
			assert_int_not_equal(code, 0);
			if ((i + j) % COMPARED == 0) {
				assert_int_equal(ask(&questions[j], secrets[i].kind, never), code);
				blank(hidden, secrets[i].id);
				blank(scene.ann->err, never);
				assert_string_equal(hidden, scene.ann->err);
			}
			free(hidden);
		}
	}
}

static void the_journal_shows_no_plan_data(void **state)
{
	(void)state;
	person_gets(scene.ann, 0, "journal", "list", "--limit", "1000");
	assert_no_secret();
	person_gets(scene.ann, 0, "journal", "list", "--limit", "1000", "--json");
	assert_no_secret();
	for (size_t i = 0; i < SECRETS; i++) {
		char quoted[20];

		snprintf(quoted, sizeof(quoted), "\"%s\"", secrets[i].id);
		assert_false(says(scene.ann->out, quoted));
	}
	for (unsigned entry = scene.first; entry <= scene.last; entry++) {
		char number[16];

		snprintf(number, sizeof(number), "%u", entry);
		RUNS("journal", "show", number, "--json");
	}
	person_gets(scene.ann, 0, "journal", "check", "--all");
	assert_no_secret();
}

static void the_overview_counts_nothing_of_the_plan(void **state)
{
	(void)state;
	person_gets(scene.ann, 0, "status", "--json");
	assert_no_secret();
	for (size_t i = 0; i < SECRETS; i++) {
		char count[40];

		snprintf(count, sizeof(count), "\"%s\": 1", secrets[i].kind);
		assert_false(says(scene.ann->out, count));
	}
	RUNS("status");
}

static void an_export_holds_the_directory_alone(void **state)
{
	char path[PROGRAM_PATH];
	DIR *folder = NULL;
	struct dirent *entry = NULL;
	size_t files = 0;

	(void)state;
	installation_path(scene.it, "export", path);
	person_gets(scene.ann, 0, "export", path);
	assert_no_secret();
	folder = opendir(path);
	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL) {
		char file[PROGRAM_PATH + 300];
		char *text = NULL;

		if (entry->d_name[0] == '.') {
			continue;
		}
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		text = file_text(file);
		assert_false(says(text, SECRET));
		free(text);
		files++;
	}
	closedir(folder);
	assert_true(files > 0);
}

static void a_watch_is_not_told_of_the_plan(void **state)
{
	struct running watch;
	struct raw_peer *paul = raw_connect_as(scene.makers[BY_POLICE]);

	(void)state;
	person_starts(scene.ann, &watch, "watch", "--since", "0", NULL);
	running_until(&watch, "control-C ends");
	change_one(paul, 1, "edit", "A2", 1, "description=" SECRET " again");
	change_one(paul, 2, "remove", "MS1", 1, "");
	person_gets(scene.ann, 0, "organisation", "add", "name=Fire Service", "type=fire",
		    "status=responsible-authority", "owner=B1");
	running_until(&watch, "Fire Service");
	assert_false(says(watch.text, SECRET));
	assert_false(says(watch.text, "A2"));
	assert_false(says(watch.text, "MS1"));
	assert_int_not_equal(running_end(&watch, SIGINT), 1);
	raw_close(paul);
}

static void nobody_becomes_administrator_and_officer_at_once(void **state)
{
	(void)state;
	person_gets(scene.ann, 7, "appointment", "add", "person=PE1", "body=B3", "post=member",
		    "organisation=O1", "from=2014-04-01", "owner=B1");
	assert_says(scene.ann->err, "appointment.administrator");
	person_gets(scene.ann, 7, "appointment", "add", "person=PE3", "body=B1", "post=administrator",
		    "from=2014-04-01", "owner=B1");
	assert_says(scene.ann->err, "Nobody is administrator and holds another role");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_plan_data_is_walked),
		cmocka_unit_test(whoever_may_see_the_records_sees_the_word),
		cmocka_unit_test(no_list_shows_a_record),
		cmocka_unit_test(a_hidden_record_reads_like_one_that_was_never_made),
		cmocka_unit_test(the_journal_shows_no_plan_data),
		cmocka_unit_test(the_overview_counts_nothing_of_the_plan),
		cmocka_unit_test(an_export_holds_the_directory_alone),
		cmocka_unit_test(a_watch_is_not_told_of_the_plan),
		cmocka_unit_test(nobody_becomes_administrator_and_officer_at_once),
	};

	return cmocka_run_group_tests_name("administrator", tests, setup, teardown);
}
