/* What is said to saferd, and to the echo in its stead: the same number of bytes there and back. */
#include "common/ids.h"
#include "tests/bench/data.h"
#include "tests/bench/echo.h"
#include "tests/bench/generator.h"

#include "common/digest.h"
#include "protocol/message.h"
#include "protocol/version.h"

#include <stdio.h>
#include <string.h>

#define FIRST_MESSAGE 0x10000 /* so that every message id takes as many bytes */

struct lengths echo_lengths[] = {
	[OPERATION_HELLO] = {64, 64, 0},    [OPERATION_READ] = {40, 900, 0},
	[OPERATION_EDIT] = {200, 150, 200}, [OPERATION_LIST] = {40, 1000000, 0},
	[OPERATION_WATCH] = {40, 40, 0},
};

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* ---- saferd ---- */

static void put_change(struct peer *peer)
{
	uint8_t request[REQUEST_ID];
	char id[24];
	char text[DATA_TEXT + 1];
	int place = peer->turn % peer->record_count;

	if (!request_id_new(request)) {
		abort();
	}
	memset(text, 'a' + (int)(draw() % 26), DATA_TEXT);
	snprintf(text, 20, "%019llu", (unsigned long long)draw() % 1000000000);
	text[19] = 'x';
	text[DATA_TEXT] = '\0';
	snprintf(id, sizeof(id), "A%lld", (long long)peer->records[place]);
	codec_put_map(&peer->out, 2);
	codec_put_text(&peer->out, "request");
	codec_put_bin(&peer->out, request, sizeof(request));
	codec_put_text(&peer->out, "changes");
	codec_put_list(&peer->out, 1);
	codec_put_map(&peer->out, 4);
	codec_pair_text(&peer->out, "do", "edit");
	codec_pair_text(&peer->out, "id", id);
	codec_pair_int(&peer->out, "base", peer->revisions[place]);
	codec_put_text(&peer->out, "fields");
	codec_put_map(&peer->out, 1);
	codec_pair_text(&peer->out, "description", text);
}

static void safer_ask(struct peer *peer, enum operation operation)
{
	static const char *const methods[] = {"hello", "read", "change", "list", "watch"};
	size_t before = peer->out.length;
	char id[24];

	if (peer->message == 0) {
		peer->message = FIRST_MESSAGE;
		scanner_init(&peer->scanner, 1 << 26, 24, UINT64_MAX);
	}
	message_put_request(&peer->out, peer->message++, methods[operation]);
	switch (operation) {
	case OPERATION_HELLO:
		codec_put_map(&peer->out, 1);
		codec_pair_int(&peer->out, "protocol", PROTOCOL_VERSION);
		break;
	case OPERATION_READ:
		snprintf(id, sizeof(id), "A%lld", (long long)peer->record);
		codec_put_map(&peer->out, 1);
		codec_pair_text(&peer->out, "id", id);
		break;
	case OPERATION_EDIT:
		put_change(peer);
		break;
	case OPERATION_LIST:
	case OPERATION_WATCH:
		codec_put_map(&peer->out, 1);
		codec_pair_text(&peer->out, "kind", "action");
		break;
	}
	echo_lengths[operation].request = (uint32_t)(peer->out.length - before);
}

/* The revision of a record that was read; 0 when there is none. */
static int64_t revision_of(struct span bytes)
{
	struct arena *arena = arena_new();
	struct message message;
	struct error err = ERROR_INIT;
	int64_t revision = 0;

	if (arena && message_decode(arena, bytes, &message, &err) == STATUS_OK &&
	    message.type == MESSAGE_REPLY) {
		revision = codec_get_int(codec_get(message.result, "record"), "revision", 0);
	}
	arena_free(arena);
	return revision;
}

static void judge(struct peer *peer, struct span bytes, struct answer *answer)
{
	answer->notice = bytes.data[1] == MESSAGE_NOTICE;
	answer->good = answer->notice || (bytes.length > 7 && bytes.data[7] == 0xc0); /* no error */
	if (answer->notice) {
		echo_lengths[OPERATION_EDIT].notice = (uint32_t)bytes.length;
		return;
	}
	echo_lengths[peer->operation].answer = (uint32_t)bytes.length;
	if (peer->operation == OPERATION_READ && peer->state == PEER_PREPARING) {
		answer->revision = revision_of(bytes);
	}
	if (!answer->good) {
		fprintf(stderr, "safer-bench: refused: %.*s\n", (int)smaller(bytes.length, 300),
			(const char *)bytes.data);
	}
}

/* A list that nobody changes is as long each time; scanning a megabyte would measure the generator. */
static size_t safer_take(struct peer *peer, struct answer *answer, bool *broken)
{
	size_t used = 0;
	size_t length = peer->list_bytes;
	enum scan scan;

	if (peer->operation == OPERATION_LIST && length > 0) {
		if (peer->in.length < length) {
			return 0;
		}
		judge(peer, (struct span){peer->in.data, length}, answer);
		return length;
	}
	scan = scanner_feed(&peer->scanner, peer->in.data + peer->scanned, peer->in.length - peer->scanned,
			    &used);
	peer->scanned += used;
	if (scan != SCAN_COMPLETE) {
		*broken = scan != SCAN_MORE;
		return 0;
	}
	length = peer->scanned;
	peer->scanned = 0;
	scanner_next(&peer->scanner);
	judge(peer, (struct span){peer->in.data, length}, answer);
	if (peer->operation == OPERATION_LIST) {
		peer->list_bytes = length;
	}
	return length;
}

const struct driver driver_safer = {ALPN_MEMBER, safer_ask, safer_take};

/* ---- the echo ---- */

static void echo_ask(struct peer *peer, enum operation operation)
{
	static const enum echo_kind kinds[] = {ECHO_ANSWER, ECHO_ANSWER, ECHO_PUBLISH, ECHO_ANSWER,
					       ECHO_WATCH};
	const struct lengths *lengths = &echo_lengths[operation];
	uint32_t wanted = operation == OPERATION_EDIT ? lengths->notice : lengths->answer;
	uint8_t *room = buffer_reserve(&peer->out, lengths->request);

	if (room) {
		memset(room, 'x', lengths->request);
		echo_put32(room, lengths->request);
		room[4] = (uint8_t)kinds[operation];
		echo_put32(room + 5, wanted);
		peer->out.length += lengths->request;
	}
}

static size_t echo_take(struct peer *peer, struct answer *answer, bool *broken)
{
	uint32_t length;

	(void)broken;
	if (peer->in.length < ECHO_ANSWER_LEAST) {
		return 0;
	}
	length = echo_get32(peer->in.data);
	if (peer->in.length < length) {
		return 0;
	}
	*answer = (struct answer){.notice = peer->in.data[4] == ECHO_NOTICE, .good = true, .revision = 1};
	return length;
}

const struct driver driver_echo = {NULL, echo_ask, echo_take};
