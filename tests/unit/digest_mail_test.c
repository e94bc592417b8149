/* The daily digest as a message: who gets one, what stands in it, and that it never says what the person may not see. The
 * clock stands at 2014-05-01. */
#include "tests/support/plan_fixture.h"

#include "server/report/digest.h"

#include <stdio.h>
#include <string.h>

#define test(function) cmocka_unit_test_setup_teardown(function, plan_setup, plan_teardown)

static struct buffer message;

/* The message for somebody, who has an address; "" when there is none. */
static const char *digest(struct plan *plan, enum who who, int64_t since)
{
	struct server_fixture *server = plan->server;
	struct digest_order order = {
		.partnership = server->partnership,
		.account = plan_device(plan, who)->account,
		.person = who,
		.since = since,
	};
	struct error err = ERROR_INIT;
	const char *to = NULL;
	enum status status = STATUS_OK;

	snprintf(server->settings.digest_from, sizeof(server->settings.digest_from), "safer@example.org");
	buffer_release(&message);
	buffer_init(&message, 49152);
	fixture_begin(server);
	status = digest_write(&server->context, fixture_arena(server), &order, &message, &to, &err);
	fixture_commit(server);
	if (status != STATUS_OK) {
		fail_msg("digest: %s", err.message);
	}
	assert_int_equal(to != NULL, message.length > 0);
	return message.length > 0 ? buffer_text(&message) : "";
}

static void give_address(struct plan *plan, enum who who)
{
	struct arena *arena = fixture_arena(plan->server);

	plan_must(plan, ADMINISTRATOR, "edit", arena_printf(arena, "PE%d", (int)who),
		  arena_printf(arena, "email=who%d@example.org", (int)who));
}

static bool says(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

/* ---- who gets one ---- */

static void nothing_to_say_is_no_message(void **state)
{
	struct plan *plan = *state;

	give_address(plan, SCRUTINY);
	assert_string_equal(digest(plan, SCRUTINY, plan_newest(plan)), "");
}

static void without_an_address_a_device_or_a_post_there_is_none(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "due=2014-04-30");
	assert_string_equal(digest(plan, POLICE, 0), "");
	give_address(plan, POLICE);
	assert_string_not_equal(digest(plan, POLICE, 0), "");
	plan_must(plan, SECRETARY, "end", "AP5", NULL);
	assert_string_equal(digest(plan, POLICE, 0), "");
	give_address(plan, REPRESENTATIVE);
	assert_string_not_equal(digest(plan, REPRESENTATIVE, 0), "");
	fixture_wait(plan->server, 100 * FIXTURE_DAY); /* the certificate is over */
	assert_string_equal(digest(plan, REPRESENTATIVE, 0), "");
}

static void what_is_no_address_gets_nothing(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "due=2014-04-30");
	plan_must(plan, ADMINISTRATOR, "edit", "PE5", "email=a@b.example, everybody@b.example");
	assert_string_equal(digest(plan, POLICE, 0), "");
}

/* ---- what stands in it ---- */

static void it_says_what_needs_the_person_and_what_to_type(void **state)
{
	struct plan *plan = *state;
	const char *text = NULL;

	give_address(plan, REPRESENTATIVE);
	plan_action(plan, "due=2014-04-30");
	text = digest(plan, REPRESENTATIVE, plan_newest(plan));
	assert_true(says(text, "From: Safer <safer@example.org>\nTo: who8@example.org\n"));
	assert_true(says(text, "Subject: " FIXTURE_PARTNERSHIP ": 1 to do, 0 changed\n"));
	assert_true(says(text, "\n1 thing needs you:\n\n  2014-04-30  A1 Patrols: is due: 1 day late\n"
			       "              safer action set A1 progress=... status=...\n\n"));
	assert_false(says(text, "changed by others"));
}

static void it_says_what_others_changed_in_what_is_theirs(void **state)
{
	struct plan *plan = *state;
	int64_t before = 0;
	const char *text = NULL;

	give_address(plan, REPRESENTATIVE);
	plan_action(plan, "");
	before = plan_newest(plan);
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "progress=20");
	assert_string_equal(digest(plan, REPRESENTATIVE, before), "");
	plan_must(plan, POLICE, "edit", "A1", "progress=30");
	text = digest(plan, REPRESENTATIVE, before);
	assert_true(says(text, "1 record of your bodies was changed by others"));
	if (!says(text, "  2014-05-01  A1 Patrols: edit, by Paul Police,")) {
		fail_msg("%s", text);
	}
	assert_string_equal(digest(plan, REPRESENTATIVE, plan_newest(plan)), "");
}

static void of_too_much_it_shows_a_beginning(void **state)
{
	struct plan *plan = *state;
	const char *text = NULL;

	give_address(plan, REPRESENTATIVE);
	plan_priority(plan, "adopted");
	for (int i = 0; i < 60; i++) {
		plan_create(plan, "action", NULL,
			    "title=Patrols|priority=P1|status=not-started|due=2014-05-20|owner=B4");
	}
	plan_send(plan, POLICE);
	text = digest(plan, REPRESENTATIVE, 0);
	assert_true(says(text, "60 things need you:"));
	assert_true(says(text, "  and 40 more: safer inbox\n"));
	assert_true(says(text, "  and 40 more\n"));
}

static void a_title_brings_no_header_and_no_line_of_its_own(void **state)
{
	struct plan *plan = *state;
	const char *text = NULL;

	give_address(plan, REPRESENTATIVE);
	plan_priority(plan, "adopted");
	plan_make(
		plan, POLICE, "action",
		"title=. From: x Bcc: y@example.org|priority=P1|status=not-started|due=2014-04-30|owner=B4");
	text = digest(plan, REPRESENTATIVE, 0);
	assert_true(says(text, "Bcc"));
	assert_false(says(text, "\nBcc"));
	assert_false(says(text, "\n.\n"));
	assert_true(strstr(text, "Bcc") > strstr(text, "\n\n"));
}

/* ---- what it never says ---- */

#define SECRETS_MAX 20

struct secret {
	const char *token, *id;
	bool marked; /* not in anybody's mail */
};

static void never_what_the_person_may_not_see(void **state)
{
	struct plan *plan = *state;
	struct secret secrets[SECRETS_MAX];
	size_t count = 0;
	size_t told = 0;

#define HIDE(token_, marked_, who, kind, fields)                    \
	secrets[count++] = (struct secret)                          \
	{                                                           \
		token_, plan_make(plan, who, kind, fields), marked_ \
	}
	for (enum who who = ADMINISTRATOR; who < WHO_COUNT; who++) {
		give_address(plan, who);
	}
	plan_action(plan, "due=2014-04-30");
	HIDE("Zq1exempt", true, POLICE, "action",
	     "title=Zq1exempt|priority=P1|status=not-started|due=2014-04-30|owner=B4|marking=exempt|"
	     "marking_reason=crime|marking_review=2014-05-01");
	HIDE("Zq2restricted", true, POLICE, "action",
	     "title=Zq2restricted|priority=P1|status=not-started|due=2014-04-30|owner=B3|marking=restricted");
	HIDE("Zq3milestone", true, POLICE, "milestone",
	     "title=Zq3milestone|action=A3|due=2014-05-02|owner=B3");
	HIDE("Zq4draft", false, POLICE, "priority",
	     "title=Zq4draft|standing=priority|year=2014/15|lead=O1|owner=B3");
	HIDE("Zq5referral", false, POLICE, "referral",
	     "title=Zq5referral|to=B2|about=A1|ground=more-resource|text=It costs.|owner=B4");
	HIDE("Zq6decision", false, SECRETARY, "decision",
	     "title=Zq6decision|body=B2|date=2014-04-30|text=So be it.|reasons=Need.|owner=B2");
	HIDE("Zq7assessment", false, ANALYST, "assessment", "title=Zq7assessment|year=2013/14|owner=B8");
	HIDE("Zq8calls", true, POLICE, "comment",
	     "about=A1|marking=restricted|text=Zq8calls @\"Strategic Board\" @probation|owner=B3");
	HIDE("Zq9words", false, POLICE, "comment",
	     "about=A1|text=Zq9words @\"Strategic Board\" @\"Scrutiny Committee\"|owner=B3");
	plan_must(plan, SECRETARY, "submit", "D1", NULL);
	plan_must(plan, ANALYST, "submit", "SA1", NULL);

	for (enum who who = ADMINISTRATOR; who < WHO_COUNT; who++) {
		const char *text = digest(plan, who, -1);

		for (size_t i = 0; i < count; i++) {
			bool knows = plan_read(plan, who, secrets[i].id, NULL) == STATUS_OK &&
				     plan_sent_has(plan, secrets[i].token);

			if (says(text, secrets[i].token) && (!knows || secrets[i].marked)) {
				fail_msg("%s is told %s:\n%s", who == SCRUTINY ? "scrutiny" : "somebody",
					 secrets[i].token, text);
			}
			told += says(text, secrets[i].token) ? 1 : 0;
		}
	}
	assert_true(told >= 8); /* those who know are told */
	assert_true(says(digest(plan, CHAIR, -1), "Zq6decision"));
	assert_true(says(digest(plan, SCRUTINY, plan_newest(plan)), "Zq9words"));
	assert_true(
		says(digest(plan, REPRESENTATIVE, plan_newest(plan)), "A2: a marked record; Safer shows it"));
	assert_false(says(digest(plan, ADMINISTRATOR, -1), "Zq"));
	assert_string_equal(digest(plan, OUTSIDER, -1), "");
}

static const struct CMUnitTest tests[] = {
	test(nothing_to_say_is_no_message),
	test(without_an_address_a_device_or_a_post_there_is_none),
	test(what_is_no_address_gets_nothing),
	test(it_says_what_needs_the_person_and_what_to_type),
	test(it_says_what_others_changed_in_what_is_theirs),
	test(of_too_much_it_shows_a_beginning),
	test(a_title_brings_no_header_and_no_line_of_its_own),
	test(never_what_the_person_may_not_see),
};

int main(void)
{
	static struct plan_rows rows;
	int failed = plan_rows_run(&rows, "digest mail", tests, sizeof(tests) / sizeof(tests[0]));

	buffer_release(&message);
	return failed;
}
