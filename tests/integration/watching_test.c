/* Watching as a person or a program does it: what is there first, then what changes, narrowed or not, until it is ended. */
#include "tests/support/partnership.h"

#include <jansson.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static struct {
	struct installation *it;
	struct person *ann, *paul, *clara, *sue;
} scene;

static int setup(void **state)
{
	(void)state;
	scene.it = installation_open(NULL);
	scene.ann = person_new(scene.it, "ann");
	scene.paul = person_new(scene.it, "paul");
	scene.clara = person_new(scene.it, "clara");
	scene.sue = person_new(scene.it, "sue");
	person_enrol(scene.ann, scene.it->invitation);
	partnership_make(scene.ann, scene.paul);
	partnership_share_action(scene.paul);
	person_joins(scene.ann, scene.clara, CHAIR);
	person_joins(scene.ann, scene.sue, SCRUTINY);
	person_gets(scene.paul, 0, "priority", "add", "title=Safer roads", "standing=priority",
		    "year=2014/15", "owner=B3");
	person_gets(scene.paul, 0, "milestone", "add", "title=First patrol", "action=A1", "due=2014-07-31",
		    "owner=B4");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	installation_close(scene.it);
	return 0;
}

/* ---- what is printed, put together ---- */

/* A map of id to record, as a program would keep it that reads nothing but the lines. */
static void take_line(json_t *records, const char *line, size_t length)
{
	json_t *json = json_loadb(line, length, 0, NULL);
	const char *type = json_string_value(json_object_get(json, "type"));
	const char *id = json_string_value(json_object_get(json, "id"));
	json_t *old = id ? json_object_get(records, id) : NULL;

	if (!json || !type) {
		fail_msg("this is no line of JSON with a type: %.*s", (int)length, line);
		return;
	}
	if (strcmp(type, "snapshot") == 0) {
		json_object_clear(records);
	} else if (strcmp(type, "record") == 0 ||
		   (strcmp(type, "changed") == 0 && json_is_true(json_object_get(json, "whole")))) {
		json_object_set(records, id, json);
	} else if (strcmp(type, "changed") == 0) {
		assert_non_null(old);
		json_object_update(json_object_get(old, "fields"), json_object_get(json, "fields"));
		json_object_set(old, "revision", json_object_get(json, "revision"));
	} else if (strcmp(type, "removed") == 0 || strcmp(type, "left") == 0 || strcmp(type, "lost") == 0) {
		json_object_del(records, id);
	} else {
		assert_true(strcmp(type, "ready") == 0 || strcmp(type, "resync") == 0);
	}
	json_decref(json);
}

/* Lines of JSON; what is said to people stands between them. */
static json_t *put_together(const char *text)
{
	json_t *records = json_object();

	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		size_t length = strcspn(line, "\n");

		if (line[0] == '{') {
			assert_int_equal(line[length], '\n');
			take_line(records, line, length);
		} else {
			assert_memory_equal(line, "safer: ", 7);
		}
	}
	return records;
}

/* Fields that are not there and fields without a value are the same. */
static void drop_nulls(json_t *fields)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(fields, next, name, value)
	{
		if (json_is_null(value)) {
			json_object_del(fields, name);
		}
	}
}

static void same_as_listed(const char *text, struct person *person, const char *const *kinds)
{
	json_t *records = put_together(text);
	size_t listed = 0;

	for (; *kinds; kinds++) {
		json_t *list;
		json_t *one;
		size_t i;

		person_gets(person, 0, *kinds, "list", "--json");
		list = json_loads(person->out, 0, NULL);
		assert_true(json_is_array(list));
		json_array_foreach(list, i, one)
		{
			json_t *kept =
				json_object_get(records, json_string_value(json_object_get(one, "id")));

			if (!kept) {
				fail_msg("%s was not told of", json_string_value(json_object_get(one, "id")));
			}
			drop_nulls(json_object_get(kept, "fields"));
			drop_nulls(json_object_get(one, "fields"));
			assert_true(
				json_equal(json_object_get(kept, "fields"), json_object_get(one, "fields")));
			assert_true(json_equal(json_object_get(kept, "revision"),
					       json_object_get(one, "revision")));
			listed++;
		}
		json_decref(list);
	}
	assert_int_equal(json_object_size(records), listed);
	json_decref(records);
}

/* ---- */

static void the_lines_alone_are_enough_to_keep_a_copy(void **state)
{
	struct running watch;
	json_t *records;
	json_t *fields;

	(void)state;
	person_starts(scene.paul, &watch, "watch", "under=P1", "--json", NULL);
	running_until(&watch, "\"ready\"");
	assert_says(watch.text, "{\"type\":\"snapshot\",\"entry\":");
	assert_says(watch.text, "\"records\":4}");
	person_gets(scene.paul, 0, "action", "set", "A1", "progress=31", "description=New words");
	person_gets(scene.paul, 0, "action", "set", "A1", "progress=");
	person_gets(scene.paul, 0, "action", "add", "title=Short lived", "priority=P1", "status=on-track",
		    "owner=B3");
	running_until(&watch, "Short lived");
	person_gets(scene.paul, 0, "action", "remove", "A3", "--yes");
	running_line(&watch, 0, "\"type\":\"removed\"");
	records = put_together(watch.text);
	assert_int_equal(json_object_size(records), 4); /* P1, A1, A2, MS1 */
	fields = json_object_get(json_object_get(records, "A1"), "fields");
	assert_string_equal(json_string_value(json_object_get(fields, "description")), "New words");
	assert_true(json_is_null(json_object_get(fields, "progress")));
	json_decref(records);
	assert_int_equal(running_end(&watch, SIGINT), 130);
}

static void a_record_that_moves_away_leaves_and_what_is_under_it_is_shown_afresh(void **state)
{
	struct running watch;
	size_t end;

	(void)state;
	person_starts(scene.paul, &watch, "watch", "priority=safer roads", "--json", NULL);
	end = running_line(&watch, 0, "\"records\":1}");
	person_gets(scene.paul, 0, "action", "set", "A1", "priority=P2");
	end = running_line(&watch, end, "\"type\":\"resync\"");
	end = running_line(&watch, end, "\"records\":3}"); /* P2, A1, and MS1, which was not touched */
	person_gets(scene.paul, 0, "milestone", "set", "MS1", "due=2014-08-31");
	end = running_line(&watch, end, "2014-08-31");
	person_gets(scene.paul, 0, "action", "set", "A1", "priority=P1");
	end = running_line(&watch, end, "\"type\":\"left\"");
	running_line(&watch, end, "\"records\":1}");
	assert_int_equal(running_end(&watch, SIGINT), 130);
}

static void a_watch_of_a_body_is_asked_for_by_its_name(void **state)
{
	struct running watch;

	(void)state;
	person_starts(scene.paul, &watch, "action", "watch", "owner=police authority", NULL);
	running_until(&watch, "control-C ends");
	assert_says(watch.text, "Patrols in Stratford");
	assert_says(watch.text, "watching actions of B4 after");
	assert_false(says(watch.text, "Street lighting"));
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=12");
	person_gets(scene.paul, 0, "action", "set", "A1", "progress=61");
	running_until(&watch, "progress=61");
	assert_false(says(watch.text, "progress=12"));
	assert_int_equal(running_end(&watch, SIGINT), 130);
}

static void a_watch_since_an_entry_begins_with_what_changed(void **state)
{
	struct running watch;

	(void)state;
	person_starts(scene.paul, &watch, "action", "watch", "--since", "0", "--json", NULL);
	running_until(&watch, "Street lighting");
	assert_memory_equal(watch.text, "{\"type\":\"ready\",\"entry\":0", 25);
	assert_false(says(watch.text, "\"type\":\"record\""));
	assert_int_equal(running_end(&watch, SIGINT), 130);
}

static void who_comes_to_see_more_is_shown_it_afresh(void **state)
{
	struct running watch;
	size_t end;

	(void)state;
	person_starts(scene.sue, &watch, "watch", "--json", NULL);
	running_until(&watch, "\"ready\"");
	assert_false(says(watch.text, "Fewer burglaries"));
	person_gets(scene.paul, 0, "priority", "set", "P1", "lead=O1");
	person_gets(scene.paul, 0, "priority", "submit", "P1");
	person_gets(scene.clara, 0, "priority", "adopt", "P1");
	running_until(&watch, "\"type\":\"resync\"");
	running_until(&watch, "First patrol");
	person_gets(scene.paul, 0, "action", "set", "A1", "progress=62", "risks=None that scrutiny sees");
	running_until(&watch, "\"progress\":62");
	assert_false(says(watch.text, "None that scrutiny sees"));
	person_gets(scene.paul, 0, "action", "set", "A1", "marking=restricted");
	end = running_line(&watch, 0, "\"type\":\"lost\"");
	end = running_line(&watch, end, "\"type\":\"ready\""); /* the picture after the loss */
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=63");
	running_line(&watch, end, "\"progress\":63");
	{
		static const char *const kinds[] = {"organisation", "body",   "person",    "appointment",
						    "priority",     "action", "milestone", NULL};

		same_as_listed(watch.text, scene.sue, kinds);
	}
	assert_int_equal(running_end(&watch, SIGINT), 130);
}

static void who_lost_a_post_overnight_while_the_connection_was_lost_is_shown_less(void **state)
{
	struct person *olive = person_new(scene.it, "olive");
	struct running watch;
	time_t tomorrow = time(NULL) + 86400; /* so that a midnight meanwhile ends nothing */
	struct tm day;
	char to[32];
	char sql[160];

	(void)state;
	assert_non_null(gmtime_r(&tomorrow, &day));
	assert_true(strftime(to, sizeof(to), "to=%Y-%m-%d", &day) > 0);
	person_gets(scene.ann, 0, "appointment", "add", "person=" OUTSIDER, "body=B2", "post=member",
		    "from=2014-04-01", to, "owner=B1");
	person_gets(scene.clara, 0, "appointment", "confirm", "AP6");
	person_joins(scene.ann, olive, OUTSIDER);
	person_starts(olive, &watch, "watch", "--json", NULL);
	running_until(&watch, "\"ready\"");
	assert_says(watch.text, "Street lighting");
	installation_stop(scene.it);
	(void)snprintf(sql, sizeof(sql),
		       "INSERT OR REPLACE INTO fact (name, value) VALUES ('training_offset', '%lld')",
		       3 * 86400000000LL);
	installation_sql(scene.it, sql);
	installation_start(scene.it);
	running_until(&watch, "\"resync\"");
	running_until(&watch, "\"records\":0}");
	assert_int_equal(running_end(&watch, SIGINT), 130);
	installation_stop(scene.it);
	installation_sql(scene.it, "DELETE FROM fact WHERE name = 'training_offset'");
	installation_start(scene.it);
}

static void a_watch_ends_between_two_lines(void **state)
{
	static const int signals[] = {SIGTERM, SIGINT};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct running watch;
		json_t *records;

		person_starts(scene.paul, &watch, "watch", "--json", NULL);
		running_until(&watch, "\"ready\"");
		kill(watch.pid, signals[i]);
		running_rest(&watch);
		records = put_together(watch.text);
		assert_true(json_object_size(records) > 10);
		json_decref(records);
		assert_int_equal(running_end(&watch, 0), 128 + signals[i]);
	}
}

static void a_watch_that_nobody_reads_ends_by_itself(void **state)
{
	struct running watch;

	(void)state;
	person_starts(scene.paul, &watch, "watch", "--json", NULL);
	running_until(&watch, "\"ready\"");
	(void)close(watch.fd);
	assert_int_equal(program_wait(watch.pid), 128 + SIGPIPE);
	free(watch.text);
}

static void what_a_watch_cannot_be_is_said(void **state)
{
	(void)state;
	person_gets(scene.paul, 2, "watch", "status=on-track");
	assert_says(scene.paul->err, "cannot be narrowed by status=on-track");
	person_gets(scene.paul, 2, "watch", "priority!=P1");
	person_gets(scene.paul, 2, "watch", "A1", "owner=B4");
	assert_says(scene.paul->err, "one record already");
	person_gets(scene.paul, 2, "watch", "priority=P1", "under=A1");
	person_gets(scene.paul, 2, "watch", "owner=Nobody of the name");
	assert_says(scene.paul->err, "no body that you may see is called");
	person_gets(scene.paul, 2, "watch", "owner=P1");
	assert_says(scene.paul->err, "is no body");
	person_gets(scene.paul, 3, "watch", "A77");
	person_gets(scene.paul, 3, "watch", "under=A77");
	person_gets(scene.ann, 3, "watch", "A1");
	person_gets(scene.ann, 3, "watch", "under=P1");
	person_gets(scene.paul, 2, "watch", "--csv");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_lines_alone_are_enough_to_keep_a_copy),
		cmocka_unit_test(a_record_that_moves_away_leaves_and_what_is_under_it_is_shown_afresh),
		cmocka_unit_test(a_watch_of_a_body_is_asked_for_by_its_name),
		cmocka_unit_test(a_watch_since_an_entry_begins_with_what_changed),
		cmocka_unit_test(who_comes_to_see_more_is_shown_it_afresh),
		cmocka_unit_test(who_lost_a_post_overnight_while_the_connection_was_lost_is_shown_less),
		cmocka_unit_test(a_watch_ends_between_two_lines),
		cmocka_unit_test(a_watch_that_nobody_reads_ends_by_itself),
		cmocka_unit_test(what_a_watch_cannot_be_is_said),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
