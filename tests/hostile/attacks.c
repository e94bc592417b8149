/* What peers do to a server that they wish ill. Addresses of loopback stand for networks: honest clients are
 * 127.0.0.1, each attack has others. */
#include "tests/hostile/attacks.h"

#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CROWD   96 /* connections of an attack that holds many */
#define DEVICES 48 /* of one certificate */

/* ---- before the handshake ---- */

/* Handshakes a byte at a time, and new ones for those that were dropped. */
static void slow_handshakes(struct prey *prey)
{
	static const uint8_t hello[] = {0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03};
	int fds[CROWD];
	size_t sent[CROWD] = {0};

	memset(fds, -1, sizeof(fds));
	for (;;) {
		for (int i = 0; i < CROWD; i++) {
			if (fds[i] < 0) {
				fds[i] = prey_connect(prey, 2);
				sent[i] = 0;
			}
			if (fds[i] >= 0 &&
			    (sent[i] >= sizeof(hello) ||
			     send(fds[i], &hello[sent[i]++], 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1)) {
				close(fds[i]);
				fds[i] = -1;
			}
		}
		prey_is_attacked(prey);
		prey_rest(20);
	}
}

/* Thousands of connections from a dozen networks, which say nothing, and come again when they are put out. */
static void thousands_of_connections(struct prey *prey)
{
	static int fds[3600];
	size_t count = sizeof(fds) / sizeof(fds[0]);

	memset(fds, -1, sizeof(fds));
	for (;;) {
		for (size_t i = 0; i < count; i++) {
			if (fds[i] >= 0 && prey_is_out(fds[i])) {
				close(fds[i]);
				fds[i] = -1;
			}
			if (fds[i] < 0) {
				fds[i] = prey_connect(prey, 10 + (int)(i % 12));
			}
			if (i == count / 4) {
				prey_is_attacked(prey);
			}
		}
		prey_rest(50);
	}
}

/* Handshakes without a certificate, one after the other, at both doors. */
static void storm_without_certificates(struct prey *prey)
{
	for (int i = 0;; i++) {
		SSL *ssl = NULL;

		if (i % 2 == 0) {
			ssl = prey_enter(prey, 30 + i % 3, false);
		} else {
			int fd = prey_connect(prey, 30 + i % 3);

			/* A hello that is none. */
			if (fd >= 0) {
				(void)!send(fd, "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL);
				close(fd);
			}
		}
		prey_leave(ssl);
		if (i == 20) {
			prey_is_attacked(prey);
		}
	}
}

/* ---- after it ---- */

/* Messages that begin and never end: a megabyte is promised, and comes by the byte. */
static void half_messages(struct prey *prey)
{
	static const uint8_t header[] = {0x94, 0x00, 0x01, 0xa1, 'x',  0x91, 0x81,
					 0xa1, 'y',  0xc6, 0x00, 0x0f, 0x00, 0x00};
	SSL *peers[DEVICES] = {NULL};

	for (;;) {
		for (int i = 0; i < DEVICES; i++) {
			if (!peers[i]) {
				peers[i] = prey_sign_in(prey, 40 + i % 4);
				if (peers[i]) {
					SSL_write(peers[i], header, sizeof(header));
				}
			} else if (SSL_write(peers[i], "z", 1) != 1) {
				prey_leave(peers[i]);
				peers[i] = NULL;
			}
			ERR_clear_error();
		}
		prey_is_attacked(prey);
		prey_rest(5);
	}
}

/* As many requests as get away, on many connections of one device. */
static void flood_of_requests(struct prey *prey)
{
	SSL *peers[8] = {NULL};
	struct buffer params;
	uint32_t id = 2;

	buffer_init(&params, 256);
	codec_put_map(&params, 1);
	codec_pair_text(&params, "kind", "person");
	for (size_t i = 0; i < 8; i++) {
		peers[i] = prey_sign_in(prey, 50);
	}
	prey_is_attacked(prey);
	for (;;) {
		for (size_t i = 0; i < 8; i++) {
			if (!peers[i]) {
				peers[i] = prey_sign_in(prey, 50);
				continue;
			}
			for (int k = 0; k < 16; k++) {
				prey_ask(peers[i], id++, "list", &params);
			}
			if (!prey_swallow(peers[i])) {
				prey_leave(peers[i]);
				peers[i] = NULL;
			}
		}
		prey_rest(1);
	}
}

/* Headers that promise gigabytes, and lists in lists. */
static void huge_claims(struct prey *prey)
{
	static const struct {
		const char *bytes;
		size_t length;
	} claims[] = {
		{"\xdd\xff\xff\xff\xff", 5},
		{"\xdf\xff\xff\xff\xff", 5},
		{"\xc6\xff\xff\xff\xff", 5},
		{"\xdb\x7f\xff\xff\xff", 5},
		{"\x94\x00\x01\xa4list\x91\xdf\x02\x00\x00\x00", 14},
		{"\xdd\x00\x01\x86\x9f\xdd\x00\x01\x86\x9f", 10},
		{"\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91", 20},
		{"\x81\xa1x\x81\xa1x\x81\xa1x\x81\xa1x\x81\xa1x\x81\xa1x\x81\xa1x\x81\xa1x\x81\xa1x", 27},
	};

	for (size_t i = 0;; i++) {
		SSL *ssl = prey_sign_in(prey, 60 + (int)(i % 4));
		size_t row = i % (sizeof(claims) / sizeof(claims[0]));

		if (ssl) {
			SSL_write(ssl, claims[row].bytes, (int)claims[row].length);
			ERR_clear_error();
			prey_swallow(ssl);
		}
		prey_leave(ssl);
		prey_is_attacked(prey);
		prey_rest(2);
	}
}

/* Watches on many connections, and lists that are asked for and never taken. */
static void never_reading_watchers(struct prey *prey)
{
	SSL *peers[DEVICES] = {NULL};
	struct buffer params;
	uint32_t id = 2;

	buffer_init(&params, 256);
	codec_put_map(&params, 1);
	codec_pair_text(&params, "kind", "action");
	for (;;) {
		for (int i = 0; i < DEVICES; i++) {
			if (!peers[i]) {
				peers[i] = prey_sign_in(prey, 70 + i % 4);
				for (uint32_t k = 0; peers[i] && k < 8; k++) {
					prey_ask(peers[i], id++, "watch", NULL);
				}
			} else if (!prey_ask(peers[i], id++, "list", &params)) {
				prey_leave(peers[i]);
				peers[i] = NULL;
			}
			prey_rest(1);
		}
		prey_is_attacked(prey);
		prey_rest(5);
	}
}

/* Changes of key without end. */
static void key_updates(struct prey *prey)
{
	for (;;) {
		SSL *ssl = prey_sign_in(prey, 80);

		for (int i = 0; ssl && i < 2000; i++) {
			if (SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) != 1 ||
			    SSL_do_handshake(ssl) != 1) {
				break;
			}
		}
		ERR_clear_error();
		prey_leave(ssl);
		prey_is_attacked(prey);
		prey_rest(2);
	}
}

const struct attack attacks[] = {
	{"slow handshakes", slow_handshakes},
	{"thousands of connections", thousands_of_connections},
	{"a storm without certificates", storm_without_certificates},
	{"half messages", half_messages},
	{"a flood of requests", flood_of_requests},
	{"huge claims and deep nesting", huge_claims},
	{"watchers that never read", never_reading_watchers},
	{"changes of key without end", key_updates},
};
const size_t attack_count = sizeof(attacks) / sizeof(attacks[0]);
