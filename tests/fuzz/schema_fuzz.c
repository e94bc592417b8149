/* A schema as a client reads it from a server that it need not trust: what is taken can be written again and read as
 * the same bytes, and nothing in it is missing that the client leans on. */
#include "protocol/schema.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void walk(const struct schema *schema)
{
	for (size_t i = 0; i < schema->kind_count; i++) {
		const struct kind *kind = &schema->kinds[i];

		fuzz_require(kind->name && kind->plural && kind->prefix && kind->chapter && kind->help);
		fuzz_require(schema_kind(schema, kind->name, strlen(kind->name)) != NULL);
		for (size_t k = 0; k < kind->field_count; k++) {
			const struct field *field = &kind->fields[k];

			fuzz_require(field->name && field->see && field->edit && field->help);
			fuzz_require(field->type < FIELD_TYPE_COUNT);
			fuzz_require(field_group(field) && field_type_name(field->type));
			fuzz_require(kind_field(kind, field->name, strlen(field->name)) != NULL);
		}
		for (size_t k = 0; k < kind->transition_count; k++) {
			fuzz_require(kind->transitions[k].verb && kind->transitions[k].from &&
				     kind->transitions[k].to);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = fuzz_arena();
	const struct schema *schema = NULL;
	const struct schema *again = NULL;
	struct error err = ERROR_INIT;
	struct buffer first;
	struct buffer second;

	buffer_init(&first, FUZZ_BYTES);
	buffer_init(&second, FUZZ_BYTES);
	if (schema_decode(arena, (struct span){data, size}, &schema, &err) != STATUS_OK) {
		fuzz_require(err.message[0] != '\0');
		goto out;
	}
	walk(schema);
	schema_put(&first, schema);
	fuzz_require(!first.failed);
	fuzz_require(schema_decode(arena, buffer_span(&first), &again, &err) == STATUS_OK);
	schema_put(&second, again);
	fuzz_require(first.length == second.length && memcmp(first.data, second.data, first.length) == 0);
out:
	buffer_release(&first);
	buffer_release(&second);
	arena_free(arena);
	return 0;
}
