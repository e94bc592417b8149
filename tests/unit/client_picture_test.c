/* A picture follows what is told of its records, and shows what the server would list. */
#include "client/picture.h"
#include "tests/unit/client_small_schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct scene {
	struct picture *picture;
	struct arena *arena;
	bool moved;
};

static int setup(void **state)
{
	static struct scene scene;

	scene = (struct scene){.picture = picture_new(), .arena = arena_new()};
	assert_non_null(scene.picture);
	*state = &scene;
	return 0;
}

static int teardown(void **state)
{
	struct scene *scene = *state;

	picture_free(scene->picture);
	arena_free(scene->arena);
	return 0;
}

static void take(struct scene *scene, struct follow_event event)
{
	struct error err = ERROR_INIT;

	event.arena = scene->arena;
	assert_int_equal(picture_take(scene->picture, &event, &scene->moved, &err), STATUS_OK);
}

/* A record as it travels: the id, its revision, and "title=Patrols progress=10"; nothing behind the = clears. */
static const msgpack_object *record(struct scene *scene, const char *id, int64_t revision, const char *fields)
{
	const msgpack_object *map = NULL;
	struct error err = ERROR_INIT;
	struct buffer out;
	size_t header = 0;
	size_t count = 0;

	buffer_init(&out, 10000);
	codec_put_map(&out, 7);
	codec_pair_text(&out, "id", id);
	codec_pair_int(&out, "revision", revision);
	codec_pair_int(&out, "entry", 100 + revision);
	codec_pair_text(&out, "by", "Paul Police");
	codec_pair_text(&out, "at", "2014-05-01T09:00:00.000000Z");
	codec_put_text(&out, "changed");
	codec_put_map(&out, 1);
	codec_pair_text(&out, "by", "Clara Chair");
	codec_put_text(&out, "fields");
	header = codec_map_begin(&out);
	while (fields[0]) {
		size_t length = strcspn(fields, " ");
		const char *sign = strchr(fields, '=');
		char name[40];
		char value[40];

		assert_non_null(sign);
		(void)snprintf(name, sizeof(name), "%.*s", (int)(sign - fields), fields);
		(void)snprintf(value, sizeof(value), "%.*s", (int)(fields + length - sign - 1), sign + 1);
		codec_pair_text(&out, name, value[0] ? value : NULL);
		count++;
		fields += length + (fields[length] == ' ');
	}
	codec_map_end(&out, header, count);
	assert_int_equal(
		codec_decode(scene->arena,
			     (struct span){arena_copy(scene->arena, out.data, out.length), out.length}, &map,
			     &err),
		STATUS_OK);
	buffer_release(&out);
	return map;
}

static const struct kind *kind_of(const char *id)
{
	return &small_kinds[id[0] == 'B'];
}

static void shows(struct scene *scene, const char *id, const char *fields)
{
	take(scene, (struct follow_event){.type = FOLLOW_RECORD,
					  .entry = 9,
					  .kind = kind_of(id),
					  .map = record(scene, id, 1, fields)});
}

static void changes(struct scene *scene, const char *id, int64_t revision, bool whole, const char *fields)
{
	take(scene, (struct follow_event){.type = FOLLOW_CHANGE,
					  .entry = 100 + revision,
					  .kind = kind_of(id),
					  .whole = whole,
					  .map = record(scene, id, revision, fields)});
}

static void goes(struct scene *scene, const char *id, enum follow_change change)
{
	take(scene, (struct follow_event){.type = FOLLOW_CHANGE,
					  .entry = 200,
					  .kind = kind_of(id),
					  .change = change,
					  .map = record(scene, id, 5, "")});
}

static void begins(struct scene *scene)
{
	take(scene, (struct follow_event){.type = FOLLOW_PICTURE, .entry = 9});
}

static void is_ready(struct scene *scene)
{
	take(scene, (struct follow_event){.type = FOLLOW_READY, .entry = 9});
}

/* "A1 title=Patrols; B2 name=Board", of all that is in it. */
static const char *all(struct scene *scene)
{
	const char *text = "";

	for (size_t i = 0; i < picture_count(scene->picture); i++) {
		const struct picture_record *one = picture_at(scene->picture, i);
		const msgpack_object *fields = picture_fields(one, scene->arena);

		assert_ptr_equal(picture_find(scene->picture, one->id), one);
		text = arena_printf(scene->arena, "%s%s%s", text, i > 0 ? "; " : "", one->id);
		for (size_t f = 0; f < codec_count(fields); f++) {
			const msgpack_object_kv *pair = &fields->via.map.ptr[f];

			text = arena_printf(scene->arena, "%s %.*s=%.*s", text, (int)pair->key.via.str.size,
					    pair->key.via.str.ptr, (int)pair->val.via.str.size,
					    pair->val.via.str.ptr);
		}
	}
	return text;
}

/* ---- */

static void records_stand_by_kind_and_number(void **state)
{
	struct scene *scene = *state;

	begins(scene);
	shows(scene, "B2", "name=Board");
	shows(scene, "A10", "title=Ten");
	shows(scene, "A9", "title=Nine");
	assert_false(picture_whole(scene->picture));
	is_ready(scene);
	assert_true(picture_whole(scene->picture));
	assert_string_equal(all(scene), "A9 title=Nine; A10 title=Ten; B2 name=Board");
	assert_int_equal(picture_entry(scene->picture), 9);
	assert_null(picture_find(scene->picture, "A11"));
	assert_null(picture_find(scene->picture, "C1"));
	assert_null(picture_find(scene->picture, "no id"));
	assert_string_equal(picture_find(scene->picture, "A9")->by, "Clara Chair");
}

static void a_change_goes_over_what_was_there(void **state)
{
	struct scene *scene = *state;

	begins(scene);
	shows(scene, "A1", "title=Patrols status=on-track progress=1");
	is_ready(scene);
	changes(scene, "A1", 2, false, "status=off-track progress=");
	assert_true(scene->moved);
	assert_string_equal(all(scene), "A1 title=Patrols status=off-track");
	assert_string_equal(picture_title(scene->picture, "A1"), "Patrols");
	assert_string_equal(picture_find(scene->picture, "A1")->by, "Paul Police");
	assert_int_equal(picture_find(scene->picture, "A1")->revision, 2);
	changes(scene, "A1", 3, false, "title=Vans");
	assert_string_equal(picture_title(scene->picture, "A1"), "Vans");
	changes(scene, "A1", 4, false, "title=");
	assert_string_equal(picture_title(scene->picture, "A1"), "");
	assert_int_equal(picture_entry(scene->picture), 104);
}

static void a_whole_record_takes_the_place_of_what_was_there(void **state)
{
	struct scene *scene = *state;

	begins(scene);
	shows(scene, "A1", "title=Patrols status=on-track");
	is_ready(scene);
	changes(scene, "A1", 2, true, "progress=3");
	changes(scene, "A2", 1, true, "title=New");
	assert_string_equal(all(scene), "A1 progress=3; A2 title=New");
	assert_string_equal(picture_title(scene->picture, "A1"), "");
}

static void what_is_removed_lost_or_left_goes(void **state)
{
	static const enum follow_change ways[] = {FOLLOW_REMOVED, FOLLOW_LOST, FOLLOW_LEFT};
	struct scene *scene = *state;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		begins(scene);
		shows(scene, "A1", "title=One");
		shows(scene, "A2", "title=Two");
		is_ready(scene);
		goes(scene, "A1", ways[i]);
		assert_true(scene->moved);
		assert_string_equal(all(scene), "A2 title=Two");
		goes(scene, "A7", ways[i]); /* which it never had */
		assert_false(scene->moved);
		assert_string_equal(all(scene), "A2 title=Two");
	}
}

static void a_fresh_picture_begins_with_nothing(void **state)
{
	struct scene *scene = *state;

	begins(scene);
	shows(scene, "A1", "title=One");
	is_ready(scene);
	take(scene, (struct follow_event){.type = FOLLOW_RESYNC, .entry = 12});
	assert_string_equal(all(scene), "A1 title=One");
	begins(scene);
	assert_true(scene->moved);
	assert_false(picture_whole(scene->picture));
	shows(scene, "A2", "title=Two");
	is_ready(scene);
	assert_string_equal(all(scene), "A2 title=Two");
}

static void a_long_picture_keeps_its_order_whatever_comes_and_goes(void **state)
{
	struct scene *scene = *state;
	char id[ID_TEXT];

	begins(scene);
	is_ready(scene);
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(id, sizeof(id), "A%d", 1 + i * 7 % 1000);
		changes(scene, id, 1, true, "title=x");
	}
	for (int i = 1; i <= 1000; i += 2) {
		(void)snprintf(id, sizeof(id), "A%d", i);
		goes(scene, id, FOLLOW_LOST);
	}
	assert_int_equal(picture_count(scene->picture), 500);
	for (size_t i = 0; i < 500; i++) {
		assert_int_equal(picture_at(scene->picture, i)->number, 2 * i + 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(records_stand_by_kind_and_number, setup, teardown),
		cmocka_unit_test_setup_teardown(a_change_goes_over_what_was_there, setup, teardown),
		cmocka_unit_test_setup_teardown(a_whole_record_takes_the_place_of_what_was_there, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_is_removed_lost_or_left_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(a_fresh_picture_begins_with_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_long_picture_keeps_its_order_whatever_comes_and_goes, setup,
						teardown),
	};

	return cmocka_run_group_tests_name("picture", tests, NULL, NULL);
}
