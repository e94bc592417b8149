/* The person's own editor. */
#ifndef SAFER_CLIENT_EDITOR_H
#define SAFER_CLIENT_EDITOR_H

#include "client/client.h"

/* Whether one may be opened: not with --no-input, and without a terminal only one that the environment names.
 * STATUS_INVALID, with what to do, otherwise. */
enum status editor_check(const struct client *client, struct error *err);

/* Opens SAFER_EDITOR, VISUAL, EDITOR or else vi on a file, and waits for it. Control-C meanwhile is the editor's.
 * With a `line` other than 0 the cursor begins there, if the editor is one that is known to take +LINE.
 * STATUS_FAILED when it could not be started or says that it failed. */
enum status editor_run(const char *path, size_t line, struct error *err);

#endif
