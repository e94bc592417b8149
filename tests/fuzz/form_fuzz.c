/* What a person left in the editor: read or refused with the line, and never changed where the person typed. */
#include "client/form.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/client_every_type.h"

#include <string.h>

static void read_values(struct arena *arena, const char *text)
{
	const msgpack_object **values = arena_array(arena, every_action->field_count, sizeof(*values));
	bool *given = arena_array(arena, every_action->field_count, sizeof(*given));
	struct error err = ERROR_INIT;

	fuzz_require(values && given);
	if (form_read(arena, &every_schema, every_action, text, values, given, &err) != STATUS_OK) {
		fuzz_require(err.message[0] != '\0');
		return;
	}
	for (size_t i = 0; i < every_action->field_count; i++) {
		const struct field *field = &every_action->fields[i];

		fuzz_require(!given[i] || codec_is_nil(values[i]) ||
			     field_check(&every_schema, field, values[i], true, &err) == STATUS_OK);
	}
}

static bool same_entries(const struct form_entry *a, size_t a_count, const struct form_entry *b,
			 size_t b_count)
{
	for (size_t i = 0; i < a_count && a_count == b_count; i++) {
		if (a[i].field != b[i].field || strcmp(a[i].value, b[i].value) != 0) {
			return false;
		}
	}
	return a_count == b_count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct fuzz_input input = {data, size};
	struct arena *arena = fuzz_arena();
	const char *text = fuzz_text(arena, &input);
	struct form_entry *entries = NULL;
	struct form_entry *noted = NULL;
	size_t count = 0;
	size_t noted_count = 0;
	struct error err = ERROR_INIT;

	read_values(arena, text);
	form_is_empty(text);
	if (form_scan(arena, every_action, text, &entries, &count, &err) == STATUS_OK) {
		const char *with_note =
			form_note(arena, every_action, text, &every_action->fields[1], "a\nb");
		const char *without = form_strip(arena, with_note);

		fuzz_require(form_scan(arena, every_action, with_note, &noted, &noted_count, &err) ==
			     STATUS_OK);
		fuzz_require(same_entries(entries, count, noted, noted_count));
		fuzz_require(form_scan(arena, every_action, without, &noted, &noted_count, &err) ==
			     STATUS_OK);
		fuzz_require(same_entries(entries, count, noted, noted_count));
		form_replace(arena, every_action, text, &every_action->fields[0], "another title");
	}
	arena_free(arena);
	return 0;
}
