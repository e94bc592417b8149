/* A process that copies bytes both ways until it is time to lose them. */
#include "tests/support/relay.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

/* The file is a MessagePack map: the text "sent" is followed by true. */
static bool is_sent(const char *hand)
{
	char bytes[4096];
	FILE *file = fopen(hand, "rb");
	size_t length = file ? fread(bytes, 1, sizeof(bytes), file) : 0;

	if (file) {
		(void)fclose(file);
	}
	return memmem(bytes, length, "\xa4sent\xc3", 6) != NULL;
}

static bool copy(int from, int to)
{
	char bytes[65536];
	ssize_t length = read(from, bytes, sizeof(bytes));

	for (ssize_t done = 0; done < length;) {
		ssize_t wrote = write(to, bytes + done, (size_t)(length - done));

		if (wrote <= 0) {
			return false;
		}
		done += wrote;
	}
	return length > 0;
}

static void carry(int client, int server, const char *hand)
{
	struct pollfd ends[2] = {{.fd = client, .events = POLLIN}, {.fd = server, .events = POLLIN}};
	bool open = true;

	while (open && poll(ends, 2, -1) > 0) {
		if (ends[0].revents) {
			open = copy(client, server);
		}
		if (open && ends[1].revents) {
			open = !is_sent(hand) && copy(server, client);
		}
	}
	close(client);
	close(server);
}

static void serve(int listener, uint16_t port, const char *hand)
{
	(void)signal(SIGPIPE, SIG_IGN);
	for (;;) {
		struct sockaddr_in address = loopback(port);
		int client = accept(listener, NULL, NULL);
		int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (client < 0 || server < 0 ||
		    connect(server, (struct sockaddr *)&address, sizeof(address)) != 0) {
			_exit(1);
		}
		carry(client, server, hand);
	}
}

void relay_start(struct relay *relay, uint16_t server, const char *hand)
{
	struct sockaddr_in address = loopback(0);
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(listener >= 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 8), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
	*relay = (struct relay){.port = ntohs(address.sin_port), .server = server};
	relay->pid = fork();
	assert_true(relay->pid >= 0);
	if (relay->pid == 0) {
		serve(listener, server, hand);
	}
	close(listener);
}

static void set_port(const char *profile, uint16_t from, uint16_t to)
{
	char was[32];
	char is[32];
	char *text = file_text(profile);
	char *at;
	char *whole = NULL;
	size_t length = 0;
	FILE *out;

	snprintf(was, sizeof(was), "port = %u\n", from);
	snprintf(is, sizeof(is), "port = %u\n", to);
	at = strstr(text, was);
	if (!at) {
		fail_msg("%s has no line \"%s\":\n%s", profile, was, text);
		return;
	}
	out = open_memstream(&whole, &length);
	assert_non_null(out);
	(void)fprintf(out, "%.*s%s%s", (int)(at - text), text, is, at + strlen(was));
	(void)fclose(out);
	file_make(profile, whole);
	free(whole);
	free(text);
}

void relay_use(const struct relay *relay, const char *profile)
{
	set_port(profile, relay->server, relay->port);
}

void relay_end(struct relay *relay, const char *profile)
{
	set_port(profile, relay->port, relay->server);
	(void)kill(relay->pid, SIGKILL);
	(void)waitpid(relay->pid, NULL, 0);
	relay->pid = 0;
}
