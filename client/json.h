/* JSON out. Its shape is part of the contract: it does not change with versions.
 *
 * A decimal is a string with all its places ("12.50"), because a JSON number is read as binary floating point by
 * most programs; an unknown value is {"unknown": true}; what nobody has filled in is null; binary data is
 * hexadecimal. Keys keep the order in which the server or the schema has them. */
#ifndef SAFER_CLIENT_JSON_H
#define SAFER_CLIENT_JSON_H

#include "client/output.h"
#include "protocol/schema.h"

#include <jansson.h>

/* NULL without memory. The caller gives it back with json_decref. */
json_t *json_of_object(const msgpack_object *object);
json_t *json_of_value(const struct field *field,
		      const msgpack_object *value); /* field NULL: as json_of_object */
/* A map from field names to values, or to {from, to}. */
json_t *json_of_fields(const struct kind *kind, const msgpack_object *fields);
/* A map from field names to {mine, theirs} and what else stands with them: what was given up in a conflict. */
json_t *json_of_settled(const struct kind *kind, const msgpack_object *settled);
json_t *json_of_record(const struct kind *kind, const msgpack_object *record);

/* Prints and gives back `value`; indented, or one line with a line feed. NULL counts as no memory. */
enum status json_print(json_t *value, struct output *output, struct error *err);
enum status json_print_line(json_t *value, FILE *file, struct error *err);

/* The same for a whole result. */
enum status json_print_object(const msgpack_object *object, struct output *output, struct error *err);

#endif
