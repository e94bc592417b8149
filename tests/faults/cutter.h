/* Stands between a client and its server, and loses connections: each after some bytes of what the server says, wherever
 * that is, in the middle of the handshake, of an answer, of a notice. */
#ifndef SAFER_TESTS_FAULTS_CUTTER_H
#define SAFER_TESTS_FAULTS_CUTTER_H

#include "tests/support/relay.h"

#include <stdint.h>

struct cutter_figures { /* both sides look at it */
	volatile int64_t cuts;
	volatile int64_t connections;
	volatile bool cuts_now; /* while false, connections live as long as they like */
};

struct cutter {
	struct relay relay; /* for relay_use() and relay_end() */
	struct cutter_figures *figures;
};

/* It cuts nothing until figures->cuts_now is set. */
void cutter_start(struct cutter *cutter, uint16_t server, uint64_t seed);

#endif
