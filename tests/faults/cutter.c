/* A process that copies bytes for one client after the other, and counts them. */
#include "tests/faults/cutter.h"

#include "tests/faults/platter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* One connection in six does not get through the handshake; the others get so far at most: over some records of TLS, so that
 * most of them let something through. */
#define HANDSHAKE_BYTES 4000
#define LIFE_BYTES      100000
#define LOOK_MS         20 /* how often to see whether to cut now */

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

static bool send_on(int to, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t wrote = write(to, bytes, length);

		if (wrote <= 0) {
			return false;
		}
		bytes += wrote;
		length -= (size_t)wrote;
	}
	return true;
}

/* Every other cut is a reset: what was on the way is lost with it. */
static void cut(struct cutter_figures *figures, int client)
{
	struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	figures->cuts = figures->cuts + 1;
	if (figures->cuts % 2 == 0) {
		(void)setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	}
}

static void carry(struct cutter_figures *figures, int client, int server, uint64_t life)
{
	struct pollfd ends[2] = {{.fd = client, .events = POLLIN}, {.fd = server, .events = POLLIN}};
	char bytes[16384];

	for (;;) {
		ssize_t got = 0;

		if (poll(ends, 2, LOOK_MS) < 0 && errno != EINTR) {
			return;
		}
		if (ends[0].revents) {
			got = read(client, bytes, sizeof(bytes));
			if (got <= 0 || !send_on(server, bytes, (size_t)got)) {
				return;
			}
		}
		if (ends[1].revents) {
			got = read(server, bytes, sizeof(bytes));
			if (got <= 0) {
				return;
			}
			if (figures->cuts_now && (uint64_t)got >= life) {
				(void)send_on(client, bytes, (size_t)life);
				cut(figures, client);
				return;
			}
			life -= figures->cuts_now ? (uint64_t)got : 0;
			if (!send_on(client, bytes, (size_t)got)) {
				return;
			}
		}
	}
}

static void serve(struct cutter_figures *figures, int listener, uint16_t port, uint64_t seed)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGPIPE, SIG_IGN);
	for (;;) {
		struct sockaddr_in address = loopback(port);
		uint64_t life = draw(&seed, 6) == 0 ? draw(&seed, HANDSHAKE_BYTES)
						    : HANDSHAKE_BYTES + draw(&seed, LIFE_BYTES);
		int client = accept(listener, NULL, NULL);
		int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (client < 0 || server < 0) {
			_exit(1);
		}
		figures->connections = figures->connections + 1;
		if (connect(server, (struct sockaddr *)&address, sizeof(address)) == 0) {
			carry(figures, client, server, life);
		}
		(void)close(server);
		(void)close(client);
	}
}

void cutter_start(struct cutter *cutter, uint16_t server, uint64_t seed)
{
	struct sockaddr_in address = loopback(0);
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	void *shared = mmap(NULL, sizeof(struct cutter_figures), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(shared != MAP_FAILED);
	assert_true(listener >= 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 8), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
	*cutter = (struct cutter){.relay = {.port = ntohs(address.sin_port), .server = server},
				  .figures = shared};
	*cutter->figures = (struct cutter_figures){0};
	cutter->relay.pid = fork();
	assert_true(cutter->relay.pid >= 0);
	if (cutter->relay.pid == 0) {
		serve(cutter->figures, listener, server, seed);
	}
	close(listener);
}
