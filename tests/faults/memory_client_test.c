/* What the client reads, with every allocation refused once: a schema, a CSV file, a form from an editor. Nothing is
 * taken for empty because there was no memory for it: what is read well is read whole. */
#include "tests/faults/memory_steps.h"

#include "client/form.h"
#include "client/import.h"
#include "client/sheet.h"
#include "tests/unit/client_small_schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char table[] = "id,revision,title,status,progress,cost,urgent\r\n"
			    "A1,3,\"Patrols, on foot\",on-track,20,1200.50,yes\r\n"
			    ",,New lamps,off-track,0,?,no\r\n";
static const char form[] = "# an action\n"
			   "title: Patrols on foot\n"
			   "\n"
			   "status: on-track\n"
			   "progress: 20\n"
			   "cost: 1200.50\n"
			   "urgent: yes\n";
static struct buffer packed;

#define KIND        (&small_kinds[0])
#define SHOULD_HAVE 5 /* fields, in the first row and in the form */

static size_t values_there(const msgpack_object *const *values)
{
	size_t count = 0;

	for (size_t i = 0; i < KIND->field_count; i++) {
		count += !codec_is_nil(values[i]);
	}
	return count;
}

/* What was read when nothing is missing; set by each step for `sound`. */
static size_t there;

static bool whole(bool done)
{
	return !done || there == SHOULD_HAVE;
}

static bool run_import(void)
{
	struct arena *arena = arena_new();
	struct sheet sheet;
	struct import_row *rows = NULL;
	struct changeset_field *fields = NULL;
	struct error err = ERROR_INIT;
	size_t count = 0;
	size_t changed = 0;
	bool done = arena != NULL &&
		    sheet_read(arena, "actions.csv", (struct span){(const uint8_t *)table, sizeof(table) - 1},
			       &sheet, &err) == STATUS_OK &&
		    import_read(arena, &small_schema, KIND, &sheet, &rows, &count, &err) == STATUS_OK &&
		    import_compare(arena, &rows[0], NULL, NULL, &fields, &changed, &err) == STATUS_OK;

	/* The client sends nothing from an arena that had to refuse: client_call(). */
	done = done && arena_refused(arena) == 0;
	there = done ? (count == 2 ? values_there(rows[0].values) : 0) : 0;
	there = done && changed != SHOULD_HAVE ? 0 : there;
	arena_free(arena);
	return done;
}

static bool run_form(void)
{
	struct arena *arena = arena_new();
	const msgpack_object *values[16] = {NULL};
	bool given[16] = {false};
	struct error err = ERROR_INIT;
	bool done = arena != NULL &&
		    form_read(arena, &small_schema, KIND, form, values, given, &err) == STATUS_OK &&
		    arena_refused(arena) == 0;

	there = done ? values_there(values) : 0;
	arena_free(arena);
	return done;
}

static bool run_schema(void)
{
	struct arena *arena = arena_new();
	const struct schema *schema = NULL;
	struct error err = ERROR_INIT;
	bool done = arena != NULL && schema_decode(arena, buffer_span(&packed), &schema, &err) == STATUS_OK;

	there = done && schema->kind_count == 2 && schema->kinds[0].field_count == KIND->field_count
			? SHOULD_HAVE
			: 0;
	arena_free(arena);
	return done;
}

static const struct memory_step steps[] = {
	{"reading a schema", NULL, run_schema, whole, 1},
	{"reading a CSV file", NULL, run_import, whole, 1},
	{"reading a form", NULL, run_form, whole, 1},
};

static void what_is_read_well_is_read_whole(void **state)
{
	(void)state;
	buffer_init(&packed, 1 << 20);
	schema_put(&packed, &small_schema);
	assert_false(packed.failed);
	memory_steps_play("reading on the client's side", steps, sizeof(steps) / sizeof(steps[0]));
	buffer_release(&packed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_read_well_is_read_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
