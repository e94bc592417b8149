/* A look at everything that a data folder holds, with figures for people: for check, backup and restore. */
#ifndef SAFER_SERVER_INSPECT_H
#define SAFER_SERVER_INSPECT_H

#include "server/folder.h"

/* Checks the open folder's store (`quick`: its structure only) and the journals in it, and prints what it found on
 * standard output. STATUS_UNVERIFIED when anything is wrong. */
enum status inspect_folder(struct folder *folder, bool quick, struct error *err);

/* Prints the newest signed head of each partnership. */
enum status inspect_heads(struct folder *folder, struct error *err);

#endif
