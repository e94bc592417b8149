/* Rows of a CSV file as changes of records. What an export wrote, an import takes back as no change at all. */
#ifndef SAFER_CLIENT_IMPORT_H
#define SAFER_CLIENT_IMPORT_H

#include "client/changeset.h"
#include "client/sheet.h"

struct import_row {
	const char *file; /* name and line, for messages */
	size_t line;
	const struct kind *kind;
	char id[ID_TEXT];              /* "" for a new record */
	int64_t revision;              /* that the row was made from; 0: not said */
	const msgpack_object **values; /* of each field of the kind; nil for an empty cell */
	const size_t *lines;           /* on which each value stands; 0 for a field without a column */
};

/* Reads all rows of a sheet. STATUS_INVALID names file, line, column and value: a column that is no field, a value
 * that a field does not take, an id of another kind or there twice, a revision that is no number. */
enum status import_read(struct arena *arena, const struct schema *schema, const struct kind *kind,
			const struct sheet *sheet, struct import_row **out, size_t *count, struct error *err);

/* The fields that a row changes: those whose cells differ from what the row was made from (`base`), unless the record
 * has (`present`) that value already. Both are maps, NULL for a new record. What the server alone sets may be repeated,
 * but not changed: STATUS_INVALID says which verb moves a state. */
enum status import_compare(struct arena *arena, const struct import_row *row, const msgpack_object *base,
			   const msgpack_object *present, struct changeset_field **out, size_t *count,
			   struct error *err);

#endif
