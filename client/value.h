/* A value as it stands in a file: in a CSV cell, in the form that an editor opens. What one of these writes, the
 * other reads back as the same value. */
#ifndef SAFER_CLIENT_VALUE_H
#define SAFER_CLIENT_VALUE_H

#include "common/arena.h"
#include "protocol/schema.h"

/* As field_print, but that references in a list are parted by "; ", since titles have commas. In the arena; NULL
 * without memory. */
const char *value_write(struct arena *arena, const struct field *field, const msgpack_object *value);

/* As field_parse, but that a list of references without a semicolon, and not of ids alone, is one title with commas
 * in it. */
enum status value_read(struct arena *arena, const struct schema *schema, const struct field *field,
		       const char *text, const msgpack_object **out, struct error *err);

/* What a field holds, for people who are to fill it in: "a date such as 2014-05-01". In the arena. */
const char *value_describe(struct arena *arena, const struct field *field);

#endif
