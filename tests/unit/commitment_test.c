/* Commitments: the bytes that are hashed, and that each part counts. */
#include "protocol/commitment.h"

#include "rows.h"

static const uint8_t salt[SALT_BYTES] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
static const uint8_t other_salt[SALT_BYTES] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16};

struct row {
	const char *name;
	const uint8_t *salt;
	const char *kind;
	const char *id;
	const char *field;
	const uint8_t *value;
	size_t value_length;
};

static const struct row first = {"", salt, "action", "A12", "title", BYTES("\xa5hello")};

static const struct row others[] = {
	{"the salt counts", other_salt, "action", "A12", "title", BYTES("\xa5hello")},
	{"the kind counts", salt, "actions", "A12", "title", BYTES("\xa5hello")},
	{"the id counts", salt, "action", "A13", "title", BYTES("\xa5hello")},
	{"the field counts", salt, "action", "A12", "titel", BYTES("\xa5hello")},
	{"the value counts", salt, "action", "A12", "title", BYTES("\xa5hallo")},
	{"names do not run together", salt, "actionA", "12", "title", BYTES("\xa5hello")},
	{"a field does not run into its value", salt, "action", "A12", "title\xa5", BYTES("hello")},
};

static void make(const struct row *row, struct digest *out)
{
	commitment_make(row->salt, row->kind, row->id, row->field,
			(struct span){row->value, row->value_length}, out);
}

static void differs(void **state)
{
	struct digest a;
	struct digest b;

	make(&first, &a);
	make(*state, &b);
	assert_false(digest_equal(&a, &b));
}

/* Made with another program. */
static void a_known_commitment_comes_out(void **state)
{
	struct digest digest;
	char hex[2 * DIGEST_BYTES + 1];

	(void)state;
	make(&first, &digest);
	hex_format(digest.bytes, DIGEST_BYTES, hex);
	assert_string_equal(hex, "e1ee498bb2ebe763fdd8d6ca1bc33e4b7c112eb2e0880757b3d9d70638128c9c");
}

int main(void)
{
	struct rows tests = {.count = 0};

	rows_add(&tests, "a known commitment comes out", a_known_commitment_comes_out, NULL);
	rows_add_table(&tests, others, differs);
	return rows_run(&tests, "commitment");
}
