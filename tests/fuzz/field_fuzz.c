/* Values as people type them and as peers send them, for each field of the server's schema: what is accepted is in its
 * one form, so that it is printed and read back as the same value. */
#include "protocol/schema.h"
#include "server/schema/schema.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static const struct schema *schema(void)
{
	static bool built;
	struct error err = ERROR_INIT;

	if (!built) {
		fuzz_require(schema_build(&err) == STATUS_OK);
		built = true;
	}
	return schema_server();
}

static const struct field *pick(struct fuzz_input *input)
{
	const struct kind *kind = &schema()->kinds[fuzz_byte(input) % schema()->kind_count];

	return &kind->fields[fuzz_byte(input) % kind->field_count];
}

static void print_and_read(struct arena *arena, const struct field *field, const msgpack_object *value)
{
	const msgpack_object *again = NULL;
	struct error err = ERROR_INIT;
	struct buffer text;

	buffer_init(&text, FUZZ_BYTES);
	field_print(&text, field, value);
	fuzz_require(buffer_text(&text) != NULL);
	fuzz_require(strlen(buffer_text(&text)) == text.length);
	fuzz_require(field_parse(arena, schema(), field, buffer_text(&text), &again, &err) == STATUS_OK);
	fuzz_require(codec_same(value, again));
	buffer_release(&text);
}

static void typed(struct arena *arena, const struct field *field, const char *text)
{
	const msgpack_object *value = NULL;
	struct error err = ERROR_INIT;

	if (field_parse(arena, schema(), field, text, &value, &err) != STATUS_OK) {
		fuzz_require(err.message[0] != '\0');
		return;
	}
	/* Names are taken for references, and looked up on the server. */
	fuzz_require(codec_is_nil(value) || field_check(schema(), field, value, true, &err) == STATUS_OK);
	if (field->type != FIELD_REF && field->type != FIELD_REFS) {
		print_and_read(arena, field, value);
	}
}

static void sent(struct arena *arena, const struct field *field, struct span bytes)
{
	const msgpack_object *value = NULL;
	struct error err = ERROR_INIT;

	if (codec_decode(arena, bytes, &value, &err) != STATUS_OK) {
		return;
	}
	field_check(schema(), field, value, true, &err);
	if (field_check(schema(), field, value, false, &err) == STATUS_OK) {
		print_and_read(arena, field, value);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	struct arena *arena = fuzz_arena();
	bool text = (fuzz_byte(&input) & 1) == 0;
	const struct field *field = pick(&input);

	if (text) {
		typed(arena, field, fuzz_text(arena, &input));
	} else {
		sent(arena, field, (struct span){input.data, input.size});
	}
	arena_free(arena);
	return 0;
}
