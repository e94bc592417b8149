/* Writes the seeds of the fuzz targets, made by the code that makes the real thing, and dictionaries of the words that
 * it uses: fuzz_seeds FOLDER fills FOLDER/corpus and FOLDER/dictionary. What the fuzzers found stands beside the seeds
 * and is not touched. */
#include "common/ids.h"
#include "protocol/checkpoint.h"
#include "protocol/invitation.h"
#include "protocol/message.h"
#include "protocol/methods.h"
#include "server/schema/schema.h"
#include "server/settings.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SEED_BYTES (1 << 20)
#define PATH_BYTES 512
#define PEOPLE     13 /* of the plan fixture */

static const char *root;
static struct buffer seed; /* being made */

static void must(bool good, const char *what)
{
	if (!good) {
		fprintf(stderr, "fuzz_seeds: %s\n", what);
		exit(EXIT_FAILURE);
	}
}

static void write_file(const char *path, const void *data, size_t length)
{
	FILE *file = fopen(path, "we");

	must(file && fwrite(data, 1, length, file) == length && fclose(file) == 0, path);
}

/* Writes what is in `seed`, and empties it. */
static void save(const char *target, const char *name)
{
	char path[PATH_BYTES];

	must(!seed.failed, target);
	snprintf(path, sizeof(path), "%s/corpus/%s", root, target);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/corpus/%s/seed-%s", root, target, name);
	write_file(path, seed.data, seed.length);
	buffer_clear(&seed);
}

static void save_text(const char *target, const char *name, const char *text)
{
	buffer_append_text(&seed, text);
	save(target, name);
}

/* ---- params that make sense ---- */

static void put_condition(void)
{
	codec_put_list(&seed, 1);
	codec_put_map(&seed, 3);
	codec_pair_text(&seed, "field", "status");
	codec_pair_text(&seed, "is", "=");
	codec_pair_text(&seed, "value", "on-track");
}

static void put_changes(void)
{
	codec_put_list(&seed, 2);
	codec_put_map(&seed, 4);
	codec_pair_text(&seed, "do", "edit");
	codec_pair_text(&seed, "id", "A1");
	codec_pair_int(&seed, "base", 1);
	codec_put_text(&seed, "fields");
	codec_put_map(&seed, 2);
	codec_pair_int(&seed, "progress", 60);
	codec_pair_text(&seed, "due", "2014-09-30");
	codec_put_map(&seed, 4);
	codec_pair_text(&seed, "do", "create");
	codec_pair_text(&seed, "kind", "action");
	codec_pair_text(&seed, "ref", "@new");
	codec_put_text(&seed, "fields");
	codec_put_map(&seed, 4);
	codec_pair_text(&seed, "title", "Patrols at night");
	codec_pair_text(&seed, "priority", "P1");
	codec_pair_text(&seed, "status", "not-started");
	codec_pair_text(&seed, "owner", "B4");
}

/* Values by the name of a parameter; the rest by its type. */
static const struct {
	const char *name;
	const char *value;
} samples[] = {
	{"id", "A1"},       {"kind", "action"},      {"verb", "edit"},          {"target", "A1"},
	{"field", "title"}, {"as_of", "2014-05-01"}, {"sort", "-due"},          {"body", "B2"},
	{"person", "PE2"},  {"device", "laptop"},    {"client", "safer 0.1.0"}, {"reason", "it was needed"},
};

static void put_sample(const struct param_row *row)
{
	static const uint8_t bytes[16] = {1, 2, 3, 4};

	codec_put_text(&seed, row->name);
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		if (strcmp(samples[i].name, row->name) == 0) {
			codec_put_text(&seed, samples[i].value);
			return;
		}
	}
	if (strcmp(row->name, "changes") == 0) {
		put_changes();
	} else if (row->type == PARAM_LIST) {
		put_condition();
	} else if (row->type == PARAM_INT) {
		codec_put_int(&seed, 1);
	} else if (row->type == PARAM_FLAG) {
		codec_put_flag(&seed, false);
	} else if (row->type == PARAM_BIN) {
		codec_put_bin(&seed, bytes, row->max < 16 ? (size_t)row->max : 16);
	} else {
		codec_put_text(&seed, "x");
	}
}

static void put_params(enum method method, bool all)
{
	const struct param_row *rows = NULL;
	size_t count = method_params(method, &rows);
	size_t header = codec_map_begin(&seed);
	size_t put = 0;

	for (size_t i = 0; i < count; i++) {
		if (all || rows[i].required) {
			put_sample(&rows[i]);
			put++;
		}
	}
	codec_map_end(&seed, header, put);
}

static void make_messages(void)
{
	struct error err = ERROR_INIT;

	for (int method = 0; method < METHOD_COUNT; method++) {
		message_put_request(&seed, (uint32_t)method, method_rows[method].name);
		put_params((enum method)method, true);
		save("message", method_rows[method].name);
		buffer_append(&seed, "\x07\x40\x40", 3);
		message_put_request(&seed, (uint32_t)method, method_rows[method].name);
		put_params((enum method)method, false);
		save("scanner", method_rows[method].name);
	}
	error_set(&err, STATUS_CONFLICT, "somebody was faster");
	error_hint(&err, "look again");
	error_rule(&err, "change.conflict");
	message_put_error(&seed, 7, &err, (struct span){(const uint8_t *)"\x81\xa1x\x90", 4});
	save("message", "error");
	message_put_notice(&seed, "change");
	put_params(METHOD_watch, true);
	save("message", "notice");
}

static void make_requests(void)
{
	for (int method = 0; method < METHOD_COUNT; method++) {
		for (uint8_t who = 0; who < PEOPLE; who += 3) {
			char name[80];
			uint8_t head[4] = {(uint8_t)(who + (uint8_t)method % 3), (uint8_t)method, 0, 0};
			size_t start;

			buffer_append(&seed, head, sizeof(head));
			start = seed.length;
			put_params((enum method)method, who != 0);
			seed.data[2] = (uint8_t)((seed.length - start) >> 8);
			seed.data[3] = (uint8_t)(seed.length - start);
			snprintf(name, sizeof(name), "%s-%u", method_rows[method].name, (unsigned)who);
			save("gate", name);
		}
	}
}

static void put_record(void)
{
	codec_put_map(&seed, 4);
	codec_pair_text(&seed, "id", "A1");
	codec_pair_int(&seed, "revision", 3);
	codec_pair_text(&seed, "at", "2014-05-01T09:30:00.000000Z");
	codec_put_text(&seed, "fields");
	codec_put_map(&seed, 8);
	codec_pair_text(&seed, "title", "Patrols");
	codec_pair_text(&seed, "text", "One.\nTwo.");
	codec_pair_int(&seed, "cost", 12345);
	codec_pair_text(&seed, "due", "2014-09-30");
	codec_pair_text(&seed, "year", "2014/15");
	codec_pair_flag(&seed, "urgent", true);
	codec_pair_text(&seed, "lead", "B1");
	codec_put_text(&seed, "partners");
	codec_put_list(&seed, 1);
	codec_put_text(&seed, "B2");
}

static void put_titles(void)
{
	codec_put_text(&seed, "titles");
	codec_put_map(&seed, 1);
	codec_pair_text(&seed, "B1", "Board");
}

static void make_replies(void)
{
	static const char *const modes[] = {"table", "json", "csv", "plain"};

	for (uint8_t mode = 0; mode < 4; mode++) {
		char name[40];

		buffer_append(&seed, &mode, 1);
		message_put_reply(&seed, 1);
		codec_put_map(&seed, 2);
		codec_put_text(&seed, "record");
		put_record();
		put_titles();
		snprintf(name, sizeof(name), "read-%s", modes[mode]);
		save("reply", name);
		buffer_append(&seed, &mode, 1);
		message_put_reply(&seed, 1);
		codec_put_map(&seed, 2);
		codec_put_text(&seed, "records");
		codec_put_list(&seed, 2);
		put_record();
		put_record();
		put_titles();
		snprintf(name, sizeof(name), "list-%s", modes[mode]);
		save("reply", name);
	}
}

/* ---- schema and values ---- */

static void make_schemas(void)
{
	static const char *const kinds[] = {"note", "organisation", "grant"};
	const struct schema *whole = schema_server();

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct schema part = *whole;

		part.kinds = schema_kind(whole, kinds[i], strlen(kinds[i]));
		part.kind_count = 1;
		part.mode_count = 2;
		schema_put(&seed, &part);
		save("schema", kinds[i]);
	}
}

static const char *const typed[FIELD_TYPE_COUNT][4] = {
	[FIELD_TEXT] = {"Patrols at night", "?", "  x  ", ""},
	[FIELD_LONG_TEXT] = {"One.\nTwo.", "?", " ", "\xc3\xa9t\xc3\xa9"},
	[FIELD_INTEGER] = {"42", "-1", "1,000", "60%"},
	[FIELD_DECIMAL] = {"\xc2\xa3"
			   "1,234.50",
			   "0.5", "-3", "?"},
	[FIELD_DATE] = {"2014-05-01", "1 May 2014", "2014-02-30", "tomorrow"},
	[FIELD_PERIOD] = {"2014/15", "2014/15 Q1", "2014-05", "2014"},
	[FIELD_CHOICE] = {"on-track", "Off track", "low", "open"},
	[FIELD_FLAG] = {"yes", "no", "true", "perhaps"},
	[FIELD_REF] = {"B1", "@new", "Strategic Board", "a1"},
	[FIELD_REFS] = {"A1, A2", "Board; Group, the", "B1", ";"},
};

static void make_values(void)
{
	const struct schema *schema = schema_server();
	unsigned seen = 0;

	for (size_t kind = 0; kind < schema->kind_count; kind++) {
		for (size_t i = 0; i < schema->kinds[kind].field_count; i++) {
			const struct field *field = &schema->kinds[kind].fields[i];
			uint8_t head[3] = {0, (uint8_t)kind, (uint8_t)i};

			if (seen & 1U << field->type) {
				continue;
			}
			seen |= 1U << field->type;
			for (int k = 0; k < 4; k++) {
				char name[40];

				buffer_append(&seed, head, sizeof(head));
				buffer_append_text(&seed, typed[field->type][k]);
				snprintf(name, sizeof(name), "%s-%d", field_type_name(field->type), k);
				save("field", name);
			}
			head[0] = 1;
			buffer_append(&seed, head, sizeof(head));
			codec_put_text(&seed, typed[field->type][0]);
			save("field", field_type_name(field->type));
		}
	}
}

/* ---- files and texts ---- */

static void make_settings(void)
{
	settings_write_default(&seed);
	save("settings", "default");
	save_text("settings", "some",
		  "listen = ::1\nport = 0\nnames = safer.example\n  127.0.0.1\nlog_level = debug\n"
		  "limit_connections = 10\nsetup_without_second_person = no\n");
	save_text("settings", "wrong", "[section]\nport = many\n; a comment\nport : 1\nx\n");
}

static void make_invitations(void)
{
	static const struct invitation invitations[] = {
		{.host = "localhost", .port = 7443, .fingerprint = {1, 2}, .id = {3}, .secret = {4, 5}},
		{.host = "safer.example.org", .port = 1, .fingerprint = {0xff}, .id = {0xff}, .secret = {9}},
		{.host = "2001:db8::1", .port = 65535, .fingerprint = {0x80}, .id = {7}, .secret = {0x7f}},
	};

	for (size_t i = 0; i < sizeof(invitations) / sizeof(invitations[0]); i++) {
		char text[INVITATION_TEXT];
		char name[8];
		struct error err = ERROR_INIT;

		must(invitation_format(&invitations[i], text, &err) == STATUS_OK, err.message);
		snprintf(name, sizeof(name), "%zu", i);
		save_text("invitation", name, text);
		buffer_printf(&seed, " %.20s\n %s \r\n", text, text + 20);
		snprintf(name, sizeof(name), "%zu-pasted", i);
		save("invitation", name);
	}
}

static void make_certificate(const char *name, EVP_PKEY *key)
{
	X509_REQ *request = X509_REQ_new();
	unsigned char *der = NULL;
	int length;

	must(key && request && X509_REQ_set_pubkey(request, key) == 1, name);
	X509_REQ_sign(request, key, EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256());
	length = i2d_X509_REQ(request, &der);
	must(length > 0, name);
	buffer_append(&seed, der, (size_t)length);
	save("certificate", name);
	OPENSSL_free(der);
	X509_REQ_free(request);
	EVP_PKEY_free(key);
}

static void make_certificates(void)
{
	make_certificate("ed25519", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	make_certificate("p256", EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"));
	make_certificate("p384", EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"));
	make_certificate("rsa", EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024));
}

static void make_checkpoints(void)
{
	static const uint8_t bytes[32] = {7};
	static const uint64_t sizes[] = {0, 1, 1042, UINT64_C(9007199254740993)};
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, bytes, sizeof(bytes));
	char verifier[CHECKPOINT_KEY];
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct checkpoint checkpoint = {.origin = "safer.test/p1", .size = sizes[i]};
		char name[8];

		snprintf(name, sizeof(name), "%zu", i);
		must(checkpoint_sign(&checkpoint, key, &seed, &err) == STATUS_OK, err.message);
		save("checkpoint", name);
		must(checkpoint_key("safer.test/p1", key, verifier, &err) == STATUS_OK, err.message);
		buffer_printf(&seed, "key %s\n", verifier);
		must(checkpoint_sign(&checkpoint, key, &seed, &err) == STATUS_OK, err.message);
		snprintf(name, sizeof(name), "%zu-key", i);
		save("checkpoint", name);
	}
	EVP_PKEY_free(key);
}

static void make_client_files(void)
{
	save_text("sheet", "rows",
		  "\xef\xbb\xbfid,revision,title,text,cost,due,partners\r\n"
		  "A1,3,Patrols,\"One, \"\"two\"\"\nthree\",12.50,2014-05-01,B1; B2\r\n"
		  ",,New,,?,,\r\n");
	save_text("sheet", "quotes", "title,text\n\"a\"\"b\",\"c\nd\"\n\"\",x\n\n");
	save_text("sheet", "state", "id,title,state,score\nA1,x,open,3\n,y,closed,\n");
	save_text("form", "whole",
		  "# A1 Patrols\n\n#! title: it was taken\n# title: one line\ntitle: Patrols\n\n"
		  "text: |\n  One.\n\n  Two.\n\tThree.\n\ncost: 12.50\ndue: 2014-05-01\nurgent: yes\n"
		  "partners: B1; B2\nlead:\n");
	save_text("form", "wrong", "titel: x\ntitle: y\n  stray\ntitle: z\ndue: soon\n");
	save_text("form", "empty", "# only a comment\n\n");
}

/* ---- dictionaries ---- */

static FILE *open_dictionary(const char *target)
{
	char path[PATH_BYTES];
	FILE *file;

	snprintf(path, sizeof(path), "%s/dictionary/%s", root, target);
	file = fopen(path, "we");
	must(file != NULL, path);
	return file;
}

/* A word as it is, or as MessagePack packs it. */
static void put_word(FILE *file, const char *word, bool packed)
{
	size_t length = strlen(word);

	if (packed && length > 31) {
		return;
	}
	if (packed) {
		fprintf(file, "\"\\x%02x%s\"\n", 0xa0U | (unsigned)length, word);
	} else {
		fprintf(file, "\"%s\"\n", word);
	}
}

static void put_names(FILE *file, bool packed)
{
	const struct schema *schema = schema_server();

	for (int method = 0; method < METHOD_COUNT; method++) {
		const struct param_row *rows = NULL;
		size_t count = method_params((enum method)method, &rows);

		put_word(file, method_rows[method].name, packed);
		for (size_t i = 0; i < count; i++) {
			put_word(file, rows[i].name, packed);
		}
	}
	for (size_t i = 0; i < schema->kind_count; i++) {
		const struct kind *kind = &schema->kinds[i];
		char id[ID_TEXT];

		id_format(kind->prefix, 1, id);
		put_word(file, kind->name, packed);
		put_word(file, id, packed);
		for (size_t k = 0; k < kind->field_count; k++) {
			put_word(file, kind->fields[k].name, packed);
		}
		for (size_t k = 0; k < kind->transition_count; k++) {
			put_word(file, kind->transitions[k].verb, packed);
		}
	}
}

static void make_dictionaries(void)
{
	static const char *const words[] = {"do",    "fields", "base",    "ref",     "is",      "value",
					    "error", "result", "code",    "name",    "message", "hint",
					    "rule",  "retry",  "details", "records", "record",  "unknown",
					    "modes", "kinds",  "states"};
	FILE *packed = open_dictionary("packed");
	FILE *plain = open_dictionary("plain");
	FILE *settings = open_dictionary("settings");

	put_names(packed, true);
	put_names(plain, false);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		put_word(packed, words[i], true);
	}
	for (size_t i = 0; i < limit_row_count; i++) {
		fprintf(settings, "\"limit_%s\"\n", limit_rows[i].name);
	}
	fclose(packed);
	fclose(plain);
	fclose(settings);
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	char path[PATH_BYTES];

	must(argc == 2, "say in which folder");
	root = argv[1];
	snprintf(path, sizeof(path), "%s/corpus", root);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/dictionary", root);
	mkdir(path, 0777);
	buffer_init(&seed, SEED_BYTES);
	must(schema_build(&err) == STATUS_OK, err.message);
	make_messages();
	make_requests();
	make_replies();
	make_schemas();
	make_values();
	make_settings();
	make_invitations();
	make_certificates();
	make_checkpoints();
	make_client_files();
	make_dictionaries();
	buffer_release(&seed);
	schema_release();
	return EXIT_SUCCESS;
}
