/* The schema of this server: all chapters together, built once at start and read by everyone after. */
#ifndef SAFER_SERVER_SCHEMA_SCHEMA_H
#define SAFER_SERVER_SCHEMA_SCHEMA_H

#include "common/digest.h"
#include "protocol/schema.h"

#define KIND_FIELDS_MAX 64 /* a kind's fields fit the bits of a uint64_t */

/* Gathers the chapters and packs them. Must be called once before the others, by one thread; a second call does
 * nothing. STATUS_FAILED without memory. */
enum status schema_build(struct error *err);
void schema_release(void); /* for the end of the program and of tests */

const struct schema *schema_server(void);
struct span schema_packed(void);          /* as it travels */
const struct digest *schema_digest(void); /* of the packed form */

#endif
