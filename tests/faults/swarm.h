/* A swarm: eight writers with real TLS connections, a thread each, who have a real saferd carry out errands as fast as
 * it answers. When the connection drops, a writer waits until it is told that there is a server again, connects, and
 * repeats what was not answered under the same request id. */
#ifndef SAFER_TESTS_FAULTS_SWARM_H
#define SAFER_TESTS_FAULTS_SWARM_H

#include "tests/faults/errands.h"

#include <openssl/x509.h>

struct swarm;

struct swarm_figures {
	uint64_t answers; /* to errands */
	uint64_t repeats; /* requests sent under an id that was sent before */
	uint64_t busy;    /* answers that asked to come again */
	char wrong[300];  /* the first thing that must not be; "" none */
};

/* Key and certificate are borrowed. Nothing is sent before swarm_go(). */
struct swarm *swarm_new(uint16_t port, X509 *certificate, EVP_PKEY *key, const struct errands *errands);
void swarm_go(struct swarm *swarm); /* there is a server */
/* Waits until so many more requests and answers have gone through, or something is wrong. */
void swarm_until(struct swarm *swarm, uint64_t messages);
void swarm_halt(struct swarm *swarm); /* who loses the connection from here on does not look for another */
void swarm_rest(struct swarm *swarm); /* waits until everybody has lost it */
void swarm_standing(struct swarm *swarm, struct errands *errands, struct swarm_figures *figures);
void swarm_free(struct swarm *swarm); /* after swarm_rest; NULL is fine */

#endif
