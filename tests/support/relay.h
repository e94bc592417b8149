/* Stands between a client and its server and loses answers: from the moment that a change-set in hand counts as sent on the
 * client's disk, what the server says is thrown away and the connection dropped, the reconnection's too. */
#ifndef SAFER_TESTS_SUPPORT_RELAY_H
#define SAFER_TESTS_SUPPORT_RELAY_H

#include "tests/support/installation.h"

struct relay {
	pid_t pid;
	uint16_t port; /* that it listens on, at loopback */
	uint16_t server;
};

/* `hand` is the path of the client's change-set. */
void relay_start(struct relay *relay, uint16_t server, const char *hand);
/* Makes a profile speak to the relay. */
void relay_use(const struct relay *relay, const char *profile);
/* Ends it, and makes the profile speak to the server again. */
void relay_end(struct relay *relay, const char *profile);

#endif
