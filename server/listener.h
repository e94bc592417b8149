/* The door: a listening socket, and whom it lets in. It never spins: out of file descriptors it drops the caller and
 * rests, with too many handshakes under way it waits for one to end. */
#ifndef SAFER_SERVER_LISTENER_H
#define SAFER_SERVER_LISTENER_H

#include "server/connections.h"
#include "server/tls.h"

#define LISTENER_WHERE 80 /* bytes of "[2001:db8::1]:7443" with its NUL */

struct event_base;
struct listener;

/* Listens at once but lets nobody in before listener_open(). A socket that systemd passed on is taken instead of a new
 * one. Everything is borrowed. */
enum status listener_new(struct event_base *base, struct connections *connections, struct tls *tls,
			 const struct limits *limits, const char *address, uint16_t port,
			 struct listener **out, struct error *err);
void listener_open(struct listener *listener);
void listener_resume(struct listener *listener); /* a handshake ended: there may be room for another */
void listener_free(struct listener *listener);   /* NULL is fine */

uint16_t listener_port(const struct listener *listener);
const char *listener_where(const struct listener *listener); /* "127.0.0.1:43121" */

#endif
