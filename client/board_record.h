/* One record of the board, shown in full. */
#ifndef SAFER_CLIENT_BOARD_RECORD_H
#define SAFER_CLIENT_BOARD_RECORD_H

#include "client/board.h"
#include "client/client.h"
#include "client/picture.h"

struct board_record_wish {
	const struct client *client;
	const struct picture *picture;
	const struct board_facts *facts; /* for the editors */
	const char *id;                  /* a record that is not in the picture is told to be gone */
	struct arena *arena;             /* for the lines */
};

enum status board_record(const struct board_record_wish *wish, const struct board_look *look,
			 struct board_lines *out, struct error *err);

#endif
