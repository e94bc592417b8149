/* Invitations: what goes in comes out, however it was pasted, and a typing error is always found. */
#include "protocol/invitation.h"

#include "rows.h"

#include <ctype.h>
#include <stdio.h>

static struct invitation make(const char *host, uint16_t port)
{
	struct invitation invitation = {.port = port};

	snprintf(invitation.host, sizeof(invitation.host), "%s", host);
	for (size_t i = 0; i < INVITATION_FINGERPRINT; i++) {
		invitation.fingerprint[i] = (uint8_t)(17 * i + 3);
		invitation.secret[i] = (uint8_t)(251 - 13 * i);
	}
	for (size_t i = 0; i < INVITATION_ID; i++) {
		invitation.id[i] = (uint8_t)(0xf0 + i);
	}
	return invitation;
}

static void format(const struct invitation *invitation, char out[INVITATION_TEXT])
{
	assert_int_equal(invitation_format(invitation, out, NULL), STATUS_OK);
}

static void assert_same(const struct invitation *a, const struct invitation *b)
{
	assert_string_equal(a->host, b->host);
	assert_int_equal(a->port, b->port);
	assert_memory_equal(a->fingerprint, b->fingerprint, INVITATION_FINGERPRINT);
	assert_memory_equal(a->id, b->id, INVITATION_ID);
	assert_memory_equal(a->secret, b->secret, INVITATION_SECRET);
}

static void assert_parses(const char *text, const struct invitation *wanted)
{
	struct invitation got = {.port = 0};
	struct error err = ERROR_INIT;

	if (invitation_parse(text, &got, &err) != STATUS_OK) {
		fail_msg("%s: %s", text, err.message);
	}
	assert_same(&got, wanted);
}

/* ---- round trips ---- */

struct host {
	const char *name;
	const char *host;
	uint16_t port;
};

static const struct host hosts[] = {
	{"carries a name", "safer.southwark.example", 7443},
	{"carries a name of one letter", "a", 1},
	{"carries an address", "192.0.2.17", 65535},
	{"carries an IPv6 address", "2001:db8:85a3::8a2e:370:7334", 7443},
	{"carries an IPv6 address with a zone", "fe80::1%eth0", 7443},
	{"carries the longest name", "a-very-long-name-of-a-server.of-a-partnership.of-a-county.exampl",
	 7443},
	{"carries capitals as they are", "Safer.Example", 80},
};

static void comes_back(void **state)
{
	const struct host *row = *state;
	char host[INVITATION_HOST];
	struct invitation invitation;
	char text[INVITATION_TEXT];

	snprintf(host, sizeof(host), "%s", row->host);
	invitation = make(host, row->port);
	format(&invitation, text);
	assert_int_equal(strncmp(text, "SAFER1-", 7), 0);
	assert_parses(text, &invitation);
}

static void every_length_of_a_name_comes_back(void **state)
{
	char host[INVITATION_HOST] = "";

	(void)state;
	for (size_t length = 1; length < INVITATION_HOST; length++) {
		struct invitation invitation;
		char text[INVITATION_TEXT];

		host[length - 1] = (char)('a' + length % 26);
		invitation = make(host, 7443);
		format(&invitation, text);
		assert_parses(text, &invitation);
	}
}

static void the_end_of_the_secret_does_not_matter_to_its_form(void **state)
{
	struct invitation invitation = make("safer.example", 7443);
	char text[INVITATION_TEXT];

	(void)state;
	memset(invitation.secret, 0, sizeof(invitation.secret));
	memset(invitation.id, 0, sizeof(invitation.id));
	memset(invitation.fingerprint, 0, sizeof(invitation.fingerprint));
	format(&invitation, text);
	assert_parses(text, &invitation);
	memset(invitation.secret, 0xff, sizeof(invitation.secret));
	format(&invitation, text);
	assert_parses(text, &invitation);
}

/* ---- pasting ---- */

/* Copies a text with one string in the place of each hyphen. */
static void with_hyphens_as(const char *text, const char *hyphen, char *out, size_t bytes)
{
	size_t at = 0;

	for (; *text != '\0'; text++) {
		int written = *text == '-' ? snprintf(out + at, bytes - at, "%s", hyphen)
					   : snprintf(out + at, bytes - at, "%c", *text);

		assert_true(written >= 0 && (size_t)written < bytes - at);
		at += (size_t)written;
	}
}

struct pasted {
	const char *name;
	const char *hyphen;
};

static const struct pasted pasted[] = {
	{"takes spaces for hyphens", " "},
	{"takes line breaks", "-\n"},
	{"takes line breaks of other systems", "-\r\n    "},
	{"takes tabs", "\t"},
	{"takes no hyphens at all", ""},
	{"takes en dashes", "\xe2\x80\x93"},
	{"takes no-break hyphens", "\xe2\x80\x91"},
	{"takes no-break spaces", "\xc2\xa0"},
};

static void is_taken(void **state)
{
	const struct pasted *row = *state;
	const struct invitation invitation = make("safer.example", 7443);
	char text[INVITATION_TEXT];
	char changed[4 * INVITATION_TEXT];

	format(&invitation, text);
	with_hyphens_as(text, row->hyphen, changed, sizeof(changed));
	assert_parses(changed, &invitation);
}

static void lower_case_is_taken(void **state)
{
	const struct invitation invitation = make("safer.example", 7443);
	char text[INVITATION_TEXT];

	(void)state;
	format(&invitation, text);
	for (char *next = text; *next != '\0'; next++) {
		*next = (char)tolower((unsigned char)*next);
	}
	assert_parses(text, &invitation);
}

static void characters_that_look_alike_are_taken(void **state)
{
	const struct invitation invitation = make("safer.example", 7443);
	char text[INVITATION_TEXT];

	(void)state;
	format(&invitation, text);
	for (char *next = text + strlen("SAFER1-"); *next != '\0'; next++) {
		*next = *next == '0' ? 'O' : *next == '1' ? 'l' : *next;
	}
	assert_parses(text, &invitation);
}

static void white_space_around_is_taken(void **state)
{
	const struct invitation invitation = make("safer.example", 7443);
	char text[INVITATION_TEXT];
	char changed[INVITATION_TEXT + 16];

	(void)state;
	format(&invitation, text);
	snprintf(changed, sizeof(changed), "\n  %s \n", text);
	assert_parses(changed, &invitation);
}

/* ---- typing errors ---- */

/* What two characters have to share to be the same to a reader. */
static char meaning(char character)
{
	character = (char)toupper((unsigned char)character);
	switch (character) {
	case 'O':
		return '0';
	case 'I':
	case 'L':
		return '1';
	case ' ':
	case '\t':
	case '\n':
	case '\r':
		return '-';
	default:
		return character;
	}
}

/* The mark has no characters that look alike; the rest has. */
static bool means_the_same(const char *text, size_t at, char typed)
{
	if (at < strlen("SAFER1")) {
		return toupper((unsigned char)typed) == text[at];
	}
	return meaning(typed) == meaning(text[at]);
}

static void assert_refused(const char *text)
{
	struct invitation got = {.port = 77};
	struct error err = ERROR_INIT;

	if (invitation_parse(text, &got, &err) != STATUS_INVALID) {
		fail_msg("%s was taken", text);
	}
	assert_int_equal(got.port, 77);
	assert_true(strlen(err.message) > 10);
	assert_non_null(strstr(err.hint, "copy the whole line"));
}

static void every_wrong_character_is_found(void **state)
{
	const struct invitation invitation = make("safer.southwark.example", 7443);
	char text[INVITATION_TEXT];
	char changed[INVITATION_TEXT];

	(void)state;
	format(&invitation, text);
	for (size_t i = 0; i < strlen(text); i++) {
		for (int typed = 1; typed < 256; typed++) {
			if (means_the_same(text, i, (char)typed)) {
				continue;
			}
			memcpy(changed, text, sizeof(text));
			changed[i] = (char)typed;
			assert_refused(changed);
		}
	}
}

static void every_missing_character_is_found(void **state)
{
	const struct invitation invitation = make("safer.southwark.example", 7443);
	char text[INVITATION_TEXT];

	(void)state;
	format(&invitation, text);
	for (size_t i = 0; i < strlen(text); i++) {
		char changed[INVITATION_TEXT] = "";

		if (text[i] == '-') {
			continue;
		}
		memcpy(changed, text, i);
		memcpy(changed + i, text + i + 1, strlen(text) - i - 1);
		assert_refused(changed);
	}
}

static void every_doubled_character_is_found(void **state)
{
	const struct invitation invitation = make("safer.southwark.example", 7443);
	char text[INVITATION_TEXT];

	(void)state;
	format(&invitation, text);
	for (size_t i = 0; i < strlen(text); i++) {
		char changed[INVITATION_TEXT + 1] = "";

		if (text[i] == '-') {
			continue;
		}
		memcpy(changed, text, i + 1);
		memcpy(changed + i + 1, text + i, strlen(text) - i);
		assert_refused(changed);
	}
}

static void every_swap_of_neighbours_is_found(void **state)
{
	const struct invitation invitation = make("safer.southwark.example", 7443);
	char text[INVITATION_TEXT];

	(void)state;
	format(&invitation, text);
	for (size_t i = 0; i + 1 < strlen(text); i++) {
		char changed[INVITATION_TEXT];

		if (text[i] == text[i + 1] || text[i] == '-' || text[i + 1] == '-') {
			continue;
		}
		memcpy(changed, text, sizeof(text));
		changed[i] = text[i + 1];
		changed[i + 1] = text[i];
		assert_refused(changed);
	}
}

static void every_beginning_is_refused(void **state)
{
	const struct invitation invitation = make("safer.example", 7443);
	char text[INVITATION_TEXT];

	(void)state;
	format(&invitation, text);
	for (size_t length = 0; length < strlen(text); length++) {
		char cut[INVITATION_TEXT] = "";

		memcpy(cut, text, length);
		assert_refused(cut);
	}
}

static void something_else_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"-",
		"SAFER1",
		"SAFER1-",
		"SAFER2-00000000",
		"hello",
		"SAFER1-00000000",
		"https://safer.example/",
	};
	static char endless[10000];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_refused(texts[i]);
	}
	memset(endless, '0', sizeof(endless) - 1);
	memcpy(endless, "SAFER1-", 7);
	assert_refused(endless);
}

/* ---- what cannot be invited to ---- */

static const struct host bad_hosts[] = {
	{"invites to no empty host", "", 7443},
	{"invites to no host with a space", "safer example", 7443},
	{"invites to no host with a slash", "safer/example", 7443},
	{"invites to no host beyond ASCII",
	 "s\xc3\xa4"
	 "fer",
	 7443},
	{"invites to no port nought", "safer.example", 0},
};

static void is_not_made(void **state)
{
	const struct host *row = *state;
	const struct invitation invitation = make(row->host, row->port);
	char text[INVITATION_TEXT] = "";

	assert_int_equal(invitation_format(&invitation, text, NULL), STATUS_INVALID);
	assert_string_equal(text, "");
}

int main(void)
{
	struct rows tests = {.count = 0};

	rows_add_table(&tests, hosts, comes_back);
	rows_add(&tests, "carries names of every length", every_length_of_a_name_comes_back, NULL);
	rows_add(&tests, "carries secrets of all zeros and all ones",
		 the_end_of_the_secret_does_not_matter_to_its_form, NULL);
	rows_add_table(&tests, pasted, is_taken);
	rows_add(&tests, "takes lower case", lower_case_is_taken, NULL);
	rows_add(&tests, "takes characters that look alike", characters_that_look_alike_are_taken, NULL);
	rows_add(&tests, "takes white space around it", white_space_around_is_taken, NULL);
	rows_add(&tests, "finds every wrong character", every_wrong_character_is_found, NULL);
	rows_add(&tests, "finds every missing character", every_missing_character_is_found, NULL);
	rows_add(&tests, "finds every doubled character", every_doubled_character_is_found, NULL);
	rows_add(&tests, "finds every swap of neighbours", every_swap_of_neighbours_is_found, NULL);
	rows_add(&tests, "refuses every beginning of one", every_beginning_is_refused, NULL);
	rows_add(&tests, "refuses something else", something_else_is_refused, NULL);
	rows_add_table(&tests, bad_hosts, is_not_made);
	return rows_run(&tests, "invitation");
}
