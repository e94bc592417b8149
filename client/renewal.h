/* Renewal of this device's certificate: a new key, a new certificate, both swapped in at once. */
#ifndef SAFER_CLIENT_RENEWAL_H
#define SAFER_CLIENT_RENEWAL_H

#include "client/client.h"

/* Asks for a new certificate and puts it in place. The old one keeps working until the new one is used. */
enum status renewal_run(struct client *client, const char **expires, struct error *err);

/* After a command that went well and talked to the server: renews when the certificate is in the last third of its
 * life. Says nothing when it works; when it does not, only once the end is near. */
void renewal_when_due(struct client *client);

/* The last third of a certificate's life, microseconds since 1970. */
bool renewal_due(int64_t from, int64_t to, int64_t now);

#endif
