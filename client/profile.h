/* A profile: where the server is, who the person is, and the keys for both, on this device.
 *
 * $XDG_CONFIG_HOME/safer/profiles/NAME/, mode 0700:
 *     profile.ini      server, port, partnership, person, name
 *     ca.pem           the partnership's certificate authority: the only one believed
 *     journal.pub      the verifier key of the journal's signed heads
 *     certificate.pem  this device's
 *     key.pem          its private key, mode 0600
 * $XDG_STATE_HOME/safer/NAME/:
 *     head             the newest signed head that this device verified (pin.h)
 *     schema           the digest of the schema last used
 *
 * profile.ini is written last: a folder without it is an enrolment that was not finished. */
#ifndef SAFER_CLIENT_PROFILE_H
#define SAFER_CLIENT_PROFILE_H

#include "common/arena.h"
#include "common/buffer.h"
#include "common/status.h"
#include "protocol/checkpoint.h"

#include <stdint.h>

#define PROFILE_NAME 64 /* bytes of the longest name with its NUL */

struct profile {
	char name[PROFILE_NAME];
	const char *folder; /* all texts lie in the arena */
	const char *state;
	const char *server;
	uint16_t port;
	const char *partnership;
	const char *person; /* id of the person's record */
	const char *person_name;
	const char *verifier; /* key of the journal's heads */
};

/* Letters, digits, "-", "_" and "." inside; nothing that could leave the folder. */
enum status profile_check_name(const char *name, struct error *err);

/* The profile to use: `wanted` (--profile), else SAFER_PROFILE, else the only one, else the one named "default".
 * STATUS_SIGNED_OUT, with what to do, when there is none; STATUS_INVALID when it is not clear which. */
enum status profile_choose(struct arena *arena, const char *wanted, char out[PROFILE_NAME],
			   struct error *err);

/* Folders of a name, whether they exist or not. */
enum status profile_place(struct arena *arena, const char *name, struct profile *out, struct error *err);

/* Reads it. Refuses a folder or a key that others can read, finishes a renewal that was cut off. */
enum status profile_load(struct arena *arena, const char *name, struct profile *out, struct error *err);

/* Writes profile.ini and journal.pub; keys and certificates are there already. */
enum status profile_save(const struct profile *profile, struct error *err);

/* Replaces key and certificate so that a crash at any moment leaves a pair that fits. PEM texts. */
enum status profile_save_keys(const struct profile *profile, struct span key, struct span certificate,
			      struct error *err);

/* The names of all finished profiles, sorted, NULL-ended, in the arena. */
enum status profile_names(struct arena *arena, const char *const **out, size_t *count, struct error *err);

/* "<folder>/<file>" in the arena; NULL without memory. */
char *profile_path(struct arena *arena, const char *folder, const char *file);

#endif
