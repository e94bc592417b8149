/* A thread that asks, and what it shares with whoever waits: freed by whichever of the two lets go last. */
#include "client/lookup.h"

#include "common/thread.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct lookup {
	atomic_uint holders;
	int fd;
	char *host;
	char service[8];
	int answer; /* of getaddrinfo(); it and the addresses are the thread's until the descriptor is readable */
	struct addrinfo *addresses;
};

static void ask(struct lookup *lookup, int flags)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags};

	lookup->answer = getaddrinfo(lookup->host, lookup->service, &hints, &lookup->addresses);
}

static void say(struct lookup *lookup)
{
	const uint64_t one = 1;

	/* cannot fail: the counter is far from full */
	if (write(lookup->fd, &one, sizeof(one)) < 0) {
		return;
	}
}

static void *thread_main(void *payload)
{
	struct lookup *lookup = payload;

	ask(lookup, AI_ADDRCONFIG);
	if (lookup->answer != 0) { /* a machine with nothing but loopback has no configured address */
		ask(lookup, 0);
	}
	say(lookup);
	lookup_end(lookup);
	return NULL;
}

enum status lookup_begin(const char *host, uint16_t port, struct lookup **out, struct error *err)
{
	struct lookup *lookup = calloc(1, sizeof(*lookup));
	pthread_t thread;
	int failed;

	if (!lookup) {
		return error_memory(err);
	}
	atomic_init(&lookup->holders, 1);
	(void)snprintf(lookup->service, sizeof(lookup->service), "%u", port);
	lookup->host = strdup(host);
	lookup->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (!lookup->host || lookup->fd < 0) {
		lookup_end(lookup);
		return error_memory(err);
	}
	ask(lookup, AI_NUMERICHOST); /* an address in digits has to be asked of nobody */
	if (lookup->answer == 0) {
		say(lookup);
		*out = lookup;
		return STATUS_OK;
	}
	atomic_fetch_add(&lookup->holders, 1);
	failed = thread_start(&thread, thread_main, lookup);
	if (failed != 0) {
		atomic_fetch_sub(&lookup->holders, 1);
		lookup_end(lookup);
		return error_set(err, STATUS_FAILED, "the server's name %s cannot be looked up: %s", host,
				 strerror(failed));
	}
	pthread_detach(thread);
	*out = lookup;
	return STATUS_OK;
}

int lookup_fd(const struct lookup *lookup)
{
	return lookup->fd;
}

int lookup_take(struct lookup *lookup, struct addrinfo **out)
{
	*out = lookup->addresses;
	lookup->addresses = NULL;
	return lookup->answer;
}

void lookup_end(struct lookup *lookup)
{
	if (!lookup || atomic_fetch_sub(&lookup->holders, 1) > 1) {
		return;
	}
	if (lookup->addresses) {
		freeaddrinfo(lookup->addresses);
	}
	if (lookup->fd >= 0) {
		close(lookup->fd);
	}
	free(lookup->host);
	free(lookup);
}
