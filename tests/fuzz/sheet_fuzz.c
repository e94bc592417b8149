/* A CSV file that somebody wants to import: rows and cells, their values, and the changes that they come to. */
#include "client/import.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/client_every_type.h"

#include <string.h>

/* A sheet that was written from a sheet reads as the same cells. */
static void write_again(struct arena *arena, const struct sheet *sheet)
{
	struct sheet again;
	struct error err = ERROR_INIT;
	struct buffer text;

	memset(&again, 0, sizeof(again));
	buffer_init(&text, FUZZ_BYTES);
	buffer_append(&text, "\xef\xbb\xbf",
		      3); /* so that one in the first column is not taken for the file's */
	sheet_put_row(&text, sheet->columns, sheet->column_count);
	for (size_t i = 0; i < sheet->row_count; i++) {
		const char **cells = arena_array(arena, sheet->column_count, sizeof(*cells));

		fuzz_require(cells != NULL);
		for (size_t k = 0; k < sheet->column_count; k++) {
			cells[k] = sheet->rows[i].cells[k].text;
		}
		sheet_put_row(&text, cells, sheet->column_count);
	}
	fuzz_require(!text.failed);
	fuzz_require(sheet_read(arena, "again.csv", buffer_span(&text), &again, &err) == STATUS_OK);
	fuzz_require(again.column_count == sheet->column_count && again.row_count == sheet->row_count);
	for (size_t i = 0; i < sheet->row_count; i++) {
		for (size_t k = 0; k < sheet->column_count; k++) {
			fuzz_require(strcmp(again.rows[i].cells[k].text, sheet->rows[i].cells[k].text) == 0);
		}
	}
	buffer_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = fuzz_arena();
	struct sheet sheet;
	struct import_row *rows = NULL;
	struct changeset_field *fields = NULL;
	size_t count = 0;
	struct error err = ERROR_INIT;

	memset(&sheet, 0, sizeof(sheet));
	if (sheet_read(arena, "action.csv", (struct span){data, size}, &sheet, &err) != STATUS_OK) {
		fuzz_require(err.message[0] != '\0');
		goto out;
	}
	write_again(arena, &sheet);
	if (import_read(arena, &every_schema, every_action, &sheet, &rows, &count, &err) != STATUS_OK) {
		fuzz_require(strncmp(err.message, "action.csv line ", 16) == 0);
		goto out;
	}
	fuzz_require(count == sheet.row_count);
	for (size_t i = 0; i < count; i++) {
		size_t changed = 0;

		if (import_compare(arena, &rows[i], NULL, NULL, &fields, &changed, &err) == STATUS_OK) {
			fuzz_require(changed <= every_action->field_count);
		}
	}
out:
	arena_free(arena);
	return 0;
}
