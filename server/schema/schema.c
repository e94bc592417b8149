/* Gathers the chapters into the one schema, and keeps its packed form, which every client asks for once. */
#include "server/schema/schema.h"

#include "server/policy/modes.h"
#include "server/schema/rows.h"

#include <stdlib.h>
#include <string.h>

static struct {
	struct kind *kinds;
	struct mode *modes;
	struct schema schema;
	struct buffer packed;
	struct digest digest;
} built;

static void add(const struct kind *kinds, size_t count)
{
	memcpy(built.kinds + built.schema.kind_count, kinds, count * sizeof(*kinds));
	built.schema.kind_count += count;
}

enum status schema_build(struct error *err)
{
	size_t count = 0;

	if (built.kinds != NULL) {
		return STATUS_OK;
	}
#define COUNT(chapter) count += chapter##_kind_count;
	CHAPTERS(COUNT)
#undef COUNT
	built.kinds = calloc(count, sizeof(*built.kinds));
	built.modes = calloc(mode_row_count, sizeof(*built.modes));
	if (built.kinds == NULL || built.modes == NULL) {
		schema_release();
		return error_memory(err);
	}
#define ADD(chapter) add(chapter##_kinds, chapter##_kind_count);
	CHAPTERS(ADD)
#undef ADD
	for (size_t i = 0; i < mode_row_count; i++) {
		built.modes[i] = (struct mode){.name = mode_rows[i].name, .help = mode_rows[i].help};
	}
	built.schema.kinds = built.kinds;
	built.schema.modes = built.modes;
	built.schema.mode_count = mode_row_count;

	buffer_init(&built.packed, 1 << 20);
	schema_put(&built.packed, &built.schema);
	if (built.packed.failed) {
		schema_release();
		return error_memory(err);
	}
	digest_bytes(built.packed.data, built.packed.length, &built.digest);
	return STATUS_OK;
}

void schema_release(void)
{
	free(built.kinds);
	free(built.modes);
	buffer_release(&built.packed);
	memset(&built, 0, sizeof(built));
}

const struct schema *schema_server(void)
{
	return &built.schema;
}

struct span schema_packed(void)
{
	return buffer_span(&built.packed);
}

const struct digest *schema_digest(void)
{
	return &built.digest;
}
