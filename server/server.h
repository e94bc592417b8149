/* The running server: owns the loop, the door, the workers and everything between them, from start to orderly end. */
#ifndef SAFER_SERVER_SERVER_H
#define SAFER_SERVER_SERVER_H

#include "server/folder.h"

/* Serves the open folder (FOLDER_WRITE) until SIGTERM or SIGINT; SIGHUP reads settings and certificates again. Says on
 * standard output where it listens once it is ready, and tells systemd. */
enum status server_run(struct folder *folder, struct error *err);

#endif
