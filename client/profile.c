/* Profiles on disk. */
#include "client/profile.h"

#include "client/arguments.h"
#include "client/files.h"
#include "client/tls.h"
#include "common/text.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES   65536
#define INI_LINE_MAX 190 /* inih cuts lines at 200 bytes without a word */
#define NEW_SUFFIX   ".new"

#define NO_PROFILE_HINT \
	"an administrator of your partnership makes an invitation; then run: safer enrol INVITATION"

char *profile_path(struct arena *arena, const char *folder, const char *file)
{
	return arena_printf(arena, "%s/%s", folder, file);
}

enum status profile_check_name(const char *name, struct error *err)
{
	size_t length = strlen(name);
	bool good = length > 0 && length < PROFILE_NAME && isalnum((unsigned char)name[0]);

	for (size_t i = 0; good && i < length; i++) {
		good = isalnum((unsigned char)name[i]) || strchr("-_.", name[i]);
	}
	if (!good) {
		error_set(err, STATUS_INVALID, "\"%s\" cannot be the name of a profile", name);
		return error_hint(err, "take at most %d letters, digits, \"-\", \"_\" and \".\"",
				  PROFILE_NAME - 1);
	}
	return STATUS_OK;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum status profiles_folder(struct arena *arena, char **out, struct error *err)
{
	char *config = NULL;
	enum status status = folder_path(arena, FOLDER_CONFIG, &config, err);

	if (status == STATUS_OK) {
		*out = profile_path(arena, config, "profiles");
		status = *out ? STATUS_OK : error_memory(err);
	}
	return status;
}

enum status profile_names(struct arena *arena, const char *const **out, size_t *count, struct error *err)
{
	enum status status;
	char *folder = NULL;
	const char **names = NULL;
	const char **grown = NULL;
	size_t have = 0;
	size_t room = 0;
	DIR *listing = NULL;
	struct dirent *entry;

	status = profiles_folder(arena, &folder, err);
	if (status != STATUS_OK) {
		return status;
	}
	listing = opendir(folder);
	if (!listing && errno != ENOENT) {
		return error_set(err, STATUS_FAILED, "cannot list %s: %s", folder, strerror(errno));
	}
	while (listing && (entry = readdir(listing))) {
		const char *ini = arena_printf(arena, "%s/%s/profile.ini", folder, entry->d_name);

		if (!ini) {
			status = error_memory(err);
			goto out;
		}
		if (profile_check_name(entry->d_name, NULL) != STATUS_OK || !file_exists(ini)) {
			continue;
		}
		if (have + 1 >= room) {
			room = room ? room * 2 : 8;
			grown = arena_array(arena, room, sizeof(*grown));
			if (!grown) {
				status = error_memory(err);
				goto out;
			}
			if (have > 0) {
				memcpy(grown, names, have * sizeof(*names));
			}
			names = grown;
		}
		names[have] = arena_text(arena, entry->d_name, strlen(entry->d_name));
		if (!names[have++]) {
			status = error_memory(err);
			goto out;
		}
	}
	if (!names) {
		names = arena_array(arena, 1, sizeof(*names));
		if (!names) {
			status = error_memory(err);
			goto out;
		}
	}
	if (have > 1) {
		qsort(names, have, sizeof(*names), compare_names);
	}
	*out = names;
	*count = have;
out:
	if (listing) {
		closedir(listing);
	}
	return status;
}

enum status profile_choose(struct arena *arena, const char *wanted, char out[PROFILE_NAME], struct error *err)
{
	const char *const *names = NULL;
	const char *nearest;
	size_t count = 0;
	size_t fallback;
	bool asked;
	enum status status;

	if (!wanted) {
		wanted = getenv("SAFER_PROFILE");
	}
	asked = wanted && *wanted;
	status = asked ? profile_check_name(wanted, err) : STATUS_OK;
	if (status == STATUS_OK) {
		status = profile_names(arena, &names, &count, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	if (count == 0) {
		error_set(err, STATUS_SIGNED_OUT, "this device is not enrolled with any partnership yet");
		return error_hint(err, NO_PROFILE_HINT);
	}
	if (!asked) {
		wanted = count == 1 ? names[0] : "default";
	}
	for (fallback = 0; fallback < count && strcmp(names[fallback], wanted) != 0; fallback++) {
	}
	if (fallback == count && asked) {
		nearest = text_nearest(wanted, names);
		error_set(err, STATUS_SIGNED_OUT, "there is no profile \"%s\" on this device", wanted);
		return nearest ? error_hint(err, "did you mean \"%s\"?", nearest)
			       : error_hint(err, "\"safer profile list\" shows those that there are");
	}
	if (fallback == count) {
		error_set(err, STATUS_INVALID,
			  "there are %zu profiles on this device, and none is called \"default\"", count);
		return error_hint(err,
				  "say which with --profile NAME or SAFER_PROFILE; \"safer profile list\" "
				  "shows them");
	}
	(void)snprintf(out, PROFILE_NAME, "%s", wanted);
	return STATUS_OK;
}

enum status profile_place(struct arena *arena, const char *name, struct profile *out, struct error *err)
{
	char *folder = NULL;
	char *state = NULL;
	enum status status = profiles_folder(arena, &folder, err);

	if (status == STATUS_OK) {
		status = folder_path(arena, FOLDER_STATE, &state, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	*out = (struct profile){0};
	(void)snprintf(out->name, sizeof(out->name), "%s", name);
	out->folder = profile_path(arena, folder, name);
	out->state = profile_path(arena, state, name);
	return out->folder && out->state ? STATUS_OK : error_memory(err);
}

/* ---- profile.ini ---- */

struct reading {
	struct arena *arena;
	struct profile *profile;
	bool memory;
};

static int on_setting(void *payload, const char *section, const char *name, const char *value)
{
	struct reading *reading = payload;
	struct profile *profile = reading->profile;
	const struct {
		const char *name;
		const char **place;
	} texts[] = {
		{"server", &profile->server},
		{"partnership", &profile->partnership},
		{"person", &profile->person},
		{"name", &profile->person_name},
	};
	int64_t port = 0;

	(void)section;
	if (!text_is_clean(value, strlen(value), false)) {
		return 0;
	}
	if (strcmp(name, "port") == 0 && number_parse(value, 1, 65535, &port)) {
		profile->port = (uint16_t)port;
		return 1;
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcmp(name, texts[i].name) == 0) {
			*texts[i].place = arena_text(reading->arena, value, strlen(value));
			reading->memory = reading->memory && *texts[i].place;
		}
	}
	return 1;
}

static enum status damaged(const struct profile *profile, const char *what, struct error *err)
{
	error_set(err, STATUS_SIGNED_OUT, "the profile \"%s\" is damaged: %s", profile->name, what);
	return error_hint(err, "remove %s and enrol again with a new invitation", profile->folder);
}

static enum status read_settings(struct arena *arena, struct profile *profile, struct error *err)
{
	struct reading reading = {.arena = arena, .profile = profile, .memory = true};
	struct buffer text;
	const char *path = profile_path(arena, profile->folder, "profile.ini");
	const char *key_path = profile_path(arena, profile->folder, "journal.pub");
	enum status status = STATUS_OK;
	int line;

	buffer_init(&text, FILE_BYTES);
	if (!path || !key_path) {
		status = error_memory(err);
		goto out;
	}
	status = file_read(path, &text, err);
	if (status != STATUS_OK) {
		goto out;
	}
	line = ini_parse_string(buffer_text(&text) ? buffer_text(&text) : "", on_setting, &reading);
	if (!reading.memory) {
		status = error_memory(err);
		goto out;
	}
	if (line != 0 || !profile->server || !*profile->server || profile->port == 0) {
		status = damaged(profile,
				 "profile.ini does not say which server and port, or holds a bad line", err);
		goto out;
	}
	buffer_clear(&text);
	status = file_read(key_path, &text, err);
	if (status != STATUS_OK) {
		goto out;
	}
	while (text.length > 0 && isspace(text.data[text.length - 1])) {
		text.length--;
	}
	if (text.length == 0 || text.length >= CHECKPOINT_KEY ||
	    !text_is_clean((const char *)text.data, text.length, false)) {
		status = damaged(profile, "journal.pub holds no key", err);
		goto out;
	}
	profile->verifier = arena_text(arena, (const char *)text.data, text.length);
	profile->partnership = profile->partnership ? profile->partnership : "";
	profile->person = profile->person ? profile->person : "";
	profile->person_name = profile->person_name ? profile->person_name : "";
	if (!profile->verifier) {
		status = error_memory(err);
	}
out:
	buffer_release(&text);
	return status;
}

/* Whether two PEM files hold a pair. A file that is missing or unreadable is no pair. */
static bool pair_fits(struct arena *arena, const struct profile *profile, const char *key_file,
		      const char *certificate_file)
{
	const char *key_path = profile_path(arena, profile->folder, key_file);
	const char *certificate_path = profile_path(arena, profile->folder, certificate_file);
	struct buffer key_pem, certificate_pem;
	X509 *certificate = NULL;
	EVP_PKEY *key = NULL;
	bool fits;

	buffer_init(&key_pem, FILE_BYTES);
	buffer_init(&certificate_pem, FILE_BYTES);
	fits = key_path && certificate_path && file_read(key_path, &key_pem, NULL) == STATUS_OK &&
	       file_read(certificate_path, &certificate_pem, NULL) == STATUS_OK && key_pem.length > 0 &&
	       certificate_pem.length > 0 &&
	       tls_pem_key((const char *)key_pem.data, key_pem.length, &key, NULL) == STATUS_OK &&
	       tls_pem_certificate((const char *)certificate_pem.data, certificate_pem.length, &certificate,
				   NULL) == STATUS_OK &&
	       X509_check_private_key(certificate, key) == 1;
	X509_free(certificate);
	EVP_PKEY_free(key);
	buffer_release(&key_pem);
	buffer_release(&certificate_pem);
	return fits;
}

/* A renewal writes the new certificate aside, replaces the key, then the certificate. When it was cut off between
 * the last two, the certificate that fits the key is still aside. */
static enum status finish_renewal(struct arena *arena, const struct profile *profile, struct error *err)
{
	const char *aside = profile_path(arena, profile->folder, "certificate.pem" NEW_SUFFIX);
	const char *place = profile_path(arena, profile->folder, "certificate.pem");

	if (!aside || !place) {
		return error_memory(err);
	}
	if (!file_exists(aside) || pair_fits(arena, profile, "key.pem", "certificate.pem") ||
	    !pair_fits(arena, profile, "key.pem", "certificate.pem" NEW_SUFFIX)) {
		return STATUS_OK;
	}
	if (rename(aside, place) != 0) {
		return error_set(err, STATUS_FAILED, "cannot replace %s: %s", place, strerror(errno));
	}
	return STATUS_OK;
}

enum status profile_load(struct arena *arena, const char *name, struct profile *out, struct error *err)
{
	enum status status = profile_place(arena, name, out, err);
	const char *key = NULL;

	if (status == STATUS_OK) {
		status = file_check_private(out->folder, err);
	}
	if (status == STATUS_OK) {
		key = profile_path(arena, out->folder, "key.pem");
		status = key ? file_check_private(key, err) : error_memory(err);
	}
	if (status == STATUS_NOT_FOUND) {
		status = damaged(out, "its folder or its key.pem is missing", err);
	}
	if (status == STATUS_OK) {
		status = read_settings(arena, out, err);
	}
	if (status == STATUS_OK) {
		status = finish_renewal(arena, out, err);
	}
	return status;
}

/* A line of profile.ini. inih takes what follows " ;" for a comment, and cuts long lines: names are shortened here,
 * since they only serve to tell profiles apart. */
static void put_setting(struct buffer *out, const char *name, const char *value)
{
	size_t room = INI_LINE_MAX - strlen(name) - 3;
	size_t length = strlen(value);

	if (length > room) {
		for (length = room; length > 0 && ((unsigned char)value[length] & 0xc0) == 0x80; length--) {
		}
	}
	(void)buffer_printf(out, "%s = ", name);
	for (size_t i = 0; i < length; i++) {
		(void)buffer_append(out, value[i] == ';' ? "," : &value[i], 1);
	}
	(void)buffer_append_text(out, "\n");
}

enum status profile_save(const struct profile *profile, struct error *err)
{
	enum status status = STATUS_OK;
	struct arena *arena = arena_new();
	struct buffer text;
	const char *path = NULL;
	const char *key_path = NULL;

	buffer_init(&text, FILE_BYTES);
	if (!arena || !(path = profile_path(arena, profile->folder, "profile.ini")) ||
	    !(key_path = profile_path(arena, profile->folder, "journal.pub"))) {
		status = error_memory(err);
		goto out;
	}
	(void)buffer_printf(&text, "%s\n", profile->verifier);
	status = text.failed ? error_memory(err) : file_write(key_path, text.data, text.length, 0600, err);
	if (status != STATUS_OK) {
		goto out;
	}
	buffer_clear(&text);
	put_setting(&text, "server", profile->server);
	(void)buffer_printf(&text, "port = %u\n", profile->port);
	put_setting(&text, "partnership", profile->partnership);
	put_setting(&text, "person", profile->person);
	put_setting(&text, "name", profile->person_name);
	status = text.failed ? error_memory(err) : file_write(path, text.data, text.length, 0600, err);
out:
	buffer_release(&text);
	arena_free(arena);
	return status;
}

enum status profile_save_keys(const struct profile *profile, struct span key, struct span certificate,
			      struct error *err)
{
	enum status status = STATUS_OK;
	struct arena *arena = arena_new();
	const char *key_path = NULL;
	const char *place = NULL;
	const char *aside = NULL;

	if (!arena || !(key_path = profile_path(arena, profile->folder, "key.pem")) ||
	    !(place = profile_path(arena, profile->folder, "certificate.pem")) ||
	    !(aside = profile_path(arena, profile->folder, "certificate.pem" NEW_SUFFIX))) {
		status = error_memory(err);
		goto out;
	}
	status = file_write(aside, certificate.data, certificate.length, 0600, err);
	if (status == STATUS_OK) {
		status = file_write(key_path, key.data, key.length, 0600, err);
	}
	if (status == STATUS_OK && rename(aside, place) != 0) {
		status = error_set(err, STATUS_FAILED, "cannot replace %s: %s", place, strerror(errno));
	}
out:
	arena_free(arena);
	return status;
}
