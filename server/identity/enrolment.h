/* Enrolment: an invitation and a key become a certificate. handle_enrol (server/request.h) is its door. */
#ifndef SAFER_SERVER_IDENTITY_ENROLMENT_H
#define SAFER_SERVER_IDENTITY_ENROLMENT_H

#include "common/status.h"

#include <stdint.h>

/* How long a client whose answer was lost may ask again with the same key. */
#define ENROLMENT_RETRY_MINUTES 10

/* Whether a client that speaks this protocol version can be served; otherwise one clear sentence (STATUS_INVALID).
 * For enrol and for hello. */
enum status enrolment_check_protocol(int64_t version, struct error *err);

#endif
