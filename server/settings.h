/* The server's settings: saferd.conf in the data folder (INI). settings.def has a row for each, from which come the
 * struct, reading, checking, the commented default file and saferd.conf(5). */
#ifndef SAFER_SERVER_SETTINGS_H
#define SAFER_SERVER_SETTINGS_H

#include "common/buffer.h"
#include "common/status.h"
#include "protocol/limits.h"

#include <stdbool.h>
#include <stdint.h>

#define SETTINGS_FILE "saferd.conf" /* in the data folder */
#define SETTING_TEXT  256

struct settings {
#define SETTING_TEXT_ROW(symbol, value, reload, help)                   char symbol[SETTING_TEXT];
#define SETTING_INT_ROW(symbol, value, least, most, unit, reload, help) int64_t symbol;
#define SETTING_FLAG_ROW(symbol, value, reload, help)                   bool symbol;
#include "server/settings.def"
#undef SETTING_TEXT_ROW
#undef SETTING_INT_ROW
#undef SETTING_FLAG_ROW
	struct limits limits; /* a setting limit_<symbol> each */
};

/* The time of day of the digests, in seconds since midnight. */
bool settings_digest_time(const struct settings *settings, int64_t *seconds);

void settings_default(struct settings *settings);

/* Reads a file over the defaults. The error names file, line, setting, what is wrong and what is allowed; `out` is
 * untouched then. */
enum status settings_read(const char *path, struct settings *out, struct error *err);

/* Takes over from `fresh` what may change while the server runs; logs what was changed and what needs a restart. */
void settings_reload(struct settings *settings, const struct settings *fresh);

/* A whole file, every row with its help as a comment; a value that is the default is commented out. A
 * long text goes on in the next line, which begins with a space. */
void settings_write(const struct settings *settings, struct buffer *out);
void settings_write_default(struct buffer *out);

#endif
