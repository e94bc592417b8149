/* A watch goes on after a lost connection without gap or repeat, wherever the connection was lost. */
#include "client/watch_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct notice {
	int64_t entry;
	const char *id;
	int64_t revision;
};

/* What a server tells, in order: entries that changed one record, many, the same record, and a word to look again. */
static const struct notice told[] = {
	{5, "A1", 2}, {6, "A1", 3}, {6, "A2", 1}, {6, "P3", 9},
	{6, "", 0},   {8, "A2", 2}, {9, "A1", 4}, {9, "A11", 4},
};
#define TOLD (sizeof(told) / sizeof(told[0]))

static bool take(struct watch_place *place, const struct notice *notice)
{
	struct error err = ERROR_INIT;
	bool fresh = false;

	assert_int_equal(watch_place_take(place, notice->entry, notice->id, notice->revision, &fresh, &err),
			 STATUS_OK);
	return fresh;
}

/* What the server tells after `since`, up to `most` notices. Counts each that is shown. */
static void listen(struct watch_place *place, size_t most, int *shown)
{
	int64_t since = place->since;

	for (size_t i = 0; i < TOLD && most > 0; i++) {
		if (told[i].entry > since) {
			shown[i] += take(place, &told[i]);
			most--;
		}
	}
}

static void each_notice_is_shown_once_wherever_the_connection_is_lost(void **state)
{
	(void)state;
	for (size_t first = 0; first <= TOLD; first++) {
		for (size_t second = 0; second <= TOLD; second++) {
			struct watch_place place;
			int shown[TOLD] = {0};

			watch_place_init(&place, 4);
			listen(&place, first, shown);
			listen(&place, second, shown);
			listen(&place, TOLD, shown);
			for (size_t i = 0; i < TOLD; i++) {
				assert_int_equal(shown[i], 1);
			}
			watch_place_release(&place);
		}
	}
}

static void it_goes_on_behind_the_last_entry_that_is_whole(void **state)
{
	struct watch_place place;

	(void)state;
	watch_place_init(&place, 4);
	assert_int_equal(place.since, 4);
	assert_true(take(&place, &told[0]));
	assert_int_equal(place.since, 4);
	assert_true(take(&place, &told[1]));
	assert_int_equal(place.since, 5);
	assert_false(take(&place, &told[0]));
	assert_true(take(&place, &told[5]));
	assert_int_equal(place.since, 7);
	watch_place_release(&place);
}

static void an_entry_may_change_many_records(void **state)
{
	struct watch_place place;
	char id[ID_TEXT];

	(void)state;
	watch_place_init(&place, 0);
	for (int round = 0; round < 2; round++) {
		for (int i = 1; i <= 500; i++) {
			const struct notice notice = {1, id, 1};

			snprintf(id, sizeof(id), "A%d", i);
			assert_int_equal(take(&place, &notice), round == 0);
		}
	}
	watch_place_release(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_notice_is_shown_once_wherever_the_connection_is_lost),
		cmocka_unit_test(it_goes_on_behind_the_last_entry_that_is_whole),
		cmocka_unit_test(an_entry_may_change_many_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
