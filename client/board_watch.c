/* The board's life: what is followed becomes a picture, the picture becomes lines, the lines go on the screen, and keys move
 * about in them. Everything is drawn anew after each change; ncurses sends the terminal what differs. */
#include "client/board_watch.h"

#include "client/board_record.h"
#include "client/console.h"
#include "client/picture.h"
#include "client/presence.h"
#include "client/record.h"
#include "client/screen.h"
#include "common/calendar.h"
#include "common/clock.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define FILTER_BYTES 120
#define HEAD_ROWS    3 /* two lines and a rule */
#define FOOT_ROWS    1
#define EVENTS_MOST  500 /* taken before keys are looked at again */

struct board {
	struct client *client;
	struct follow *follow;
	struct picture *picture;
	struct board_facts facts;
	day_t today;   /* the partnership's, when it was asked */
	day_t asked;   /* the machine's, then */
	int64_t entry; /* of the journal, that is shown; -1: none yet */

	struct arena *told; /* of the editors */
	struct board_editor *editors;
	size_t editor_count;

	struct arena *drawn;     /* of the lines */
	struct board_lines body; /* of what is drawn */
	size_t top;              /* the first of them that is shown */
	size_t at;               /* where the chosen item was */
	char chosen[ID_TEXT];    /* "" none */
	char detail[ID_TEXT];    /* the record that is shown alone; "": the board */
	size_t board_top;        /* to go back to */

	char filter[FILTER_BYTES];
	bool typing;   /* the filter */
	char why[200]; /* what is the matter with the connection; "" nothing */
	bool dirty;
	bool over;
};

/* ---- what is told ---- */

static const char *const kinds[] = {"priority", "action", "body", NULL};

static enum status ask_today(struct board *board, struct error *err)
{
	const msgpack_object *result = NULL;
	struct span today;
	struct buffer *params = client_buffer(board->client);
	enum status status;

	if (!params) {
		return error_memory(err);
	}
	codec_put_map(params, 0);
	status = client_call(board->client, METHOD_whoami, params, &result, err);
	if (status != STATUS_OK) {
		return status;
	}
	today = codec_get_text(result, "today");
	board->asked = day_of_time(clock_machine());
	if (!date_parse((const char *)today.data, today.length, &board->today)) {
		board->today = board->asked;
	}
	return STATUS_OK;
}

static void forget_editors(struct board *board)
{
	arena_free(board->told);
	board->told = NULL;
	board->editors = NULL;
	board->editor_count = 0;
}

static enum status take_presences(struct board *board, const msgpack_object *map, struct error *err)
{
	const msgpack_object *presences = codec_get(map, "presences");
	struct client view = *board->client; /* with an arena that ends with the next of these */
	size_t count = list_size(presences);

	forget_editors(board);
	board->told = view.arena = arena_new();
	board->editors = view.arena ? arena_array(view.arena, count + 1, sizeof(*board->editors)) : NULL;
	if (!board->editors) {
		return error_memory(err);
	}
	for (size_t i = 0; i < count; i++) {
		const msgpack_object *presence = list_item(presences, i);
		const char *id = codec_get_string(view.arena, presence, "id");
		const char *since = codec_get_string(view.arena, presence, "since");
		const char *who = presence_who(&view, presence);

		since = since ? record_minute(view.arena, since) : NULL;
		if (!id || !who || !since) {
			return error_memory(err);
		}
		board->editors[board->editor_count++] = (struct board_editor){id, who, since};
	}
	return STATUS_OK;
}

static bool is_a_kind_of_the_board(const struct kind *kind)
{
	for (size_t i = 0; kinds[i]; i++) {
		if (strcmp(kinds[i], kind->name) == 0) {
			return true;
		}
	}
	return false;
}

static enum status take_event(struct board *board, const struct follow_event *event, struct error *err)
{
	bool moved = false;

	if (event->entry > board->entry ||
	    event->type == FOLLOW_PICTURE) { /* others tell where it would go on */
		board->dirty = board->dirty || board->entry != event->entry;
		board->entry = event->entry;
	}
	switch (event->type) {
	case FOLLOW_PRESENCE:
		board->dirty = true;
		return take_presences(board, event->map, err);
	case FOLLOW_BROKEN:
		(void)snprintf(board->why, sizeof(board->why), "%s", event->why);
		forget_editors(board);
		board->dirty = true;
		return STATUS_OK;
	case FOLLOW_AGAIN:
		board->why[0] = 0;
		board->dirty = true;
		return STATUS_OK;
	case FOLLOW_PICTURE:
		forget_editors(board);
		break;
	case FOLLOW_CHANGE:
		if (!event->kind || !is_a_kind_of_the_board(event->kind)) {
			return STATUS_OK;
		}
		break;
	default:
		break;
	}
	if (picture_take(board->picture, event, &moved, err) != STATUS_OK) {
		return err->status;
	}
	board->dirty = board->dirty || moved;
	return STATUS_OK;
}

/* What has come. *all: there is no more of it just now. */
static enum status be_told(struct board *board, bool *all, struct error *err)
{
	struct follow_event event = {.type = FOLLOW_AGAIN};
	enum status status = STATUS_OK;

	for (size_t i = 0; i < EVENTS_MOST && status == STATUS_OK && event.type != FOLLOW_NOTHING; i++) {
		status = follow_next(board->follow, 0, &event, err);
		if (status == STATUS_OK && event.type != FOLLOW_NOTHING) {
			status = take_event(board, &event, err);
		}
	}
	*all = event.type == FOLLOW_NOTHING;
	return status;
}

/* ---- facts ---- */

static const char *text_of(struct arena *arena, const msgpack_object *fields, const char *name)
{
	const char *text = codec_get_string(arena, fields, name);

	return text ? text : "";
}

/* What a body is called, or its id. */
static const char *called(const struct board *board, const char *id)
{
	const char *title = picture_title(board->picture, id);

	return title && *title ? title : id;
}

static enum status make_item(struct board *board, const struct picture_record *record, struct board_item *out,
			     struct error *err)
{
	struct arena *arena = board->drawn;
	const msgpack_object *fields = picture_fields(record, arena);
	const struct field *due = kind_field(record->kind, "due", strlen("due"));
	struct client view = *board->client;
	const char *day = "";
	const char *at = record_minute(arena, record->at);

	view.arena = arena;
	if (due && !codec_is_nil(codec_get(fields, "due"))) {
		day = record_value(&view, due, codec_get(fields, "due"), NULL, true);
	}
	if (!fields || !day || !at) {
		return error_memory(err);
	}
	*out = (struct board_item){
		.id = record->id,
		.title = record->title,
		.state = text_of(arena, fields, "state"),
		.status = text_of(arena, fields, "status"),
		.due = day,
		.owner = called(board, text_of(arena, fields, "owner")),
		.at = at,
		.by = record->by,
	};
	if (strcmp(record->kind->name, "action") == 0) {
		out->under = text_of(arena, fields, "priority");
	}
	return STATUS_OK;
}

static bool is_on_the_board(const struct picture_record *record, const struct board_item *item)
{
	bool priority = strcmp(record->kind->name, "priority") == 0;

	return priority ? strcmp(item->state, "closed") != 0 : strcmp(record->kind->name, "action") == 0;
}

static enum status gather(struct board *board, struct error *err)
{
	struct board_facts *facts = &board->facts;
	size_t count = picture_count(board->picture);
	struct board_item *items = arena_array(board->drawn, count + 1, sizeof(*items));
	char *today = arena_alloc(board->drawn, DATE_TEXT);

	if (!items || !today) {
		return error_memory(err);
	}
	date_format(board->today + day_of_time(clock_machine()) - board->asked, today);
	*facts = (struct board_facts){
		.partnership = board->client->greeting.partnership,
		.today = today,
		.link = board->why[0]                   ? "trying again"
			: picture_whole(board->picture) ? "live"
							: "reading",
		.entry = board->entry,
		.items = items,
		.editors = board->editors,
		.editor_count = board->editor_count,
	};
	for (size_t i = 0; i < count; i++) {
		const struct picture_record *record = picture_at(board->picture, i);

		if (make_item(board, record, &items[facts->item_count], err) != STATUS_OK) {
			return err->status;
		}
		facts->item_count += is_on_the_board(record, &items[facts->item_count]);
	}
	return STATUS_OK;
}

/* ---- drawing ---- */

static size_t body_rows(void)
{
	return screen_rows() > HEAD_ROWS + FOOT_ROWS ? screen_rows() - HEAD_ROWS - FOOT_ROWS : 1;
}

/* The first line of the chosen item; of the one nearest to where it was, when it is there no longer. */
static void find_chosen(struct board *board)
{
	const struct board_lines *body = &board->body;
	size_t nearest = SIZE_MAX;

	for (size_t i = 0; i < body->count; i++) {
		if (!body->lines[i].head) {
			continue;
		}
		if (strcmp(body->lines[i].id, board->chosen) == 0) {
			board->at = i;
			return;
		}
		if (nearest == SIZE_MAX || i <= board->at) {
			nearest = i;
		}
	}
	board->at = nearest == SIZE_MAX ? 0 : nearest;
	(void)snprintf(board->chosen, sizeof(board->chosen), "%s",
		       nearest == SIZE_MAX ? "" : body->lines[nearest].id);
}

/* The last line of the item that begins at a line. */
static size_t last_line(const struct board_lines *body, size_t at)
{
	while (at + 1 < body->count && body->lines[at + 1].id && !body->lines[at + 1].head) {
		at++;
	}
	return at;
}

static void scroll(struct board *board)
{
	size_t rows = body_rows();
	size_t most = board->body.count > rows ? board->body.count - rows : 0;

	if (!board->detail[0] && board->body.count > 0) {
		size_t last = last_line(&board->body, board->at);

		board->top = last >= board->top + rows ? last + 1 - rows : board->top;
		board->top = board->at < board->top ? board->at : board->top;
		board->top = board->at <= 1 ? 0 : board->top;
	}
	board->top = board->top > most ? most : board->top;
}

static const char *footer(const struct board *board, struct arena *arena)
{
	if (board->typing) {
		return arena_printf(arena, " /%s_   Enter keeps it, Esc shows all", board->filter);
	}
	if (board->why[0]) {
		return arena_printf(arena, " %s; trying again. q leaves", board->why);
	}
	if (board->detail[0]) {
		return " Esc goes back   j k PgUp PgDn move   q leaves";
	}
	return board->filter[0]
		       ? arena_printf(arena, " showing what has \"%s\" in it   Esc shows all   q leaves",
				      board->filter)
		       : " j k PgUp PgDn move   Enter shows one   / finds   q leaves";
}

static enum status put_screen(struct board *board, const struct board_look *look, struct error *err)
{
	struct board_lines header;
	const char *foot = footer(board, board->drawn);
	char *rule = arena_alloc(board->drawn, look->columns + 1);
	size_t rows = body_rows();

	if (!foot || !rule || board_header(board->drawn, &board->facts, look, &header, err) != STATUS_OK) {
		return error_memory(err);
	}
	foot = board_fit(board->drawn, look, foot, look->columns, false);
	if (!foot) {
		return error_memory(err);
	}
	memset(rule, '-', look->columns);
	for (size_t i = 0; i < header.count; i++) {
		screen_put(i, header.lines[i].text, header.lines[i].strong, false);
	}
	screen_put(header.count, rule, false, false);
	for (size_t i = 0; i < rows; i++) {
		size_t line = board->top + i;
		bool shown = line < board->body.count;
		bool chosen = shown && !board->detail[0] && line == board->at && board->body.lines[line].head;
		const char *text = shown ? board->body.lines[line].text : "";

		if (chosen) { /* the first column is a blank */
			text = arena_printf(board->drawn, ">%s", *text ? text + 1 : "");
		}
		screen_put(HEAD_ROWS + i, text ? text : "", shown && board->body.lines[line].strong, chosen);
	}
	screen_put(HEAD_ROWS + rows, foot, false, false);
	screen_show();
	return STATUS_OK;
}

static enum status draw(struct board *board, struct error *err)
{
	const struct board_look look = {
		.columns = screen_columns(), .utf8 = board->client->output.utf8, .filter = board->filter};
	struct board_record_wish shown = {.client = board->client,
					  .picture = board->picture,
					  .facts = &board->facts,
					  .id = board->detail};
	enum status status;

	arena_free(board->drawn);
	board->drawn = shown.arena = arena_new();
	board->dirty = false;
	if (!board->drawn) {
		return error_memory(err);
	}
	status = gather(board, err);
	if (status == STATUS_OK) {
		status = board->detail[0] ? board_record(&shown, &look, &board->body, err)
					  : board_body(board->drawn, &board->facts, &look, &board->body, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	if (!board->detail[0]) {
		find_chosen(board);
	}
	scroll(board);
	return put_screen(board, &look, err);
}

/* ---- keys ---- */

static void choose(struct board *board, size_t line)
{
	board->at = line;
	(void)snprintf(board->chosen, sizeof(board->chosen), "%s", board->body.lines[line].id);
}

/* Moves so many lines: in a record the page, on the board the chosen item, to the next one at least. */
static void move_by(struct board *board, long lines)
{
	const struct board_lines *body = &board->body;
	long to = (long)(board->detail[0] ? board->top : board->at) + lines;
	size_t found = SIZE_MAX;

	to = to < 0 ? 0 : to;
	if (board->detail[0]) {
		board->top = (size_t)to;
		return;
	}
	for (size_t i = 0; i < body->count; i++) {
		bool ahead = lines > 0 ? i > board->at : i < board->at;

		if (body->lines[i].head && ahead && ((long)i <= to || found == SIZE_MAX)) {
			found = i;
		}
	}
	if (found != SIZE_MAX) {
		choose(board, found);
	}
}

static void move_to_end(struct board *board, bool last)
{
	move_by(board, last ? (long)board->body.count : -(long)board->body.count);
}

static void type_filter(struct board *board, const char *text)
{
	size_t length = strlen(board->filter);

	if (length + strlen(text) < sizeof(board->filter)) {
		(void)snprintf(board->filter + length, sizeof(board->filter) - length, "%s", text);
	}
}

static void rub_out(struct board *board)
{
	size_t length = strlen(board->filter);

	while (length > 0 && ((unsigned char)board->filter[length - 1] & 0xc0) == 0x80) {
		length--;
	}
	board->filter[length > 0 ? length - 1 : 0] = 0;
}

static void open_detail(struct board *board)
{
	if (!board->detail[0] && board->chosen[0]) {
		memcpy(board->detail, board->chosen, sizeof(board->detail));
		board->board_top = board->top;
		board->top = 0;
	}
}

static void go_back(struct board *board)
{
	if (board->detail[0]) {
		board->detail[0] = 0;
		board->top = board->board_top;
	} else {
		board->filter[0] = 0;
	}
}

static void take_letter(struct board *board, const char *text)
{
	switch (text[0]) {
	case 'q':
		board->over = true;
		break;
	case 'j':
		move_by(board, 1);
		break;
	case 'k':
		move_by(board, -1);
		break;
	case ' ':
		move_by(board, (long)body_rows() - 1);
		break;
	case 'b':
		move_by(board, 1 - (long)body_rows());
		break;
	case 'g':
		move_to_end(board, false);
		break;
	case 'G':
		move_to_end(board, true);
		break;
	case '/':
		board->detail[0] = 0;
		board->filter[0] = 0;
		board->typing = true;
		break;
	default:
		break;
	}
}

/* While the filter is typed; true: the key was for it. */
static bool type(struct board *board, const struct screen_event *event)
{
	switch (event->key) {
	case SCREEN_TEXT:
		type_filter(board, event->text);
		return true;
	case SCREEN_RUB_OUT:
		rub_out(board);
		return true;
	case SCREEN_ENTER:
		board->typing = false;
		return true;
	case SCREEN_ESCAPE:
		board->typing = false;
		board->filter[0] = 0;
		return true;
	default:
		return false;
	}
}

static void take_key(struct board *board, const struct screen_event *event)
{
	long page = (long)body_rows() - 1;

	board->dirty = true;
	if (board->typing && type(board, event)) {
		return;
	}
	switch (event->key) {
	case SCREEN_UP:
		move_by(board, -1);
		break;
	case SCREEN_DOWN:
		move_by(board, 1);
		break;
	case SCREEN_PAGE_UP:
		move_by(board, -page);
		break;
	case SCREEN_PAGE_DOWN:
		move_by(board, page);
		break;
	case SCREEN_TOP:
	case SCREEN_END:
		move_to_end(board, event->key == SCREEN_END);
		break;
	case SCREEN_ENTER:
		open_detail(board);
		break;
	case SCREEN_ESCAPE:
		go_back(board);
		break;
	case SCREEN_REDRAW:
		screen_redraw();
		break;
	case SCREEN_TEXT:
		take_letter(board, event->text);
		break;
	default:
		break;
	}
}

/* ---- the loop ---- */

/* Until a key, a message, a signal or the time for another try. */
static void wait_for_something(struct board *board)
{
	struct pollfd ends[] = {{.fd = STDIN_FILENO, .events = POLLIN},
				{.fd = follow_fd(board->follow), .events = POLLIN}};

	if (console_poll_any(ends, 2, follow_patience(board->follow)) > 0 &&
	    (ends[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) {
		board->over = true; /* the terminal is gone */
	}
}

/* All keys that were pressed. */
static void take_keys(struct board *board)
{
	struct screen_event event;

	while (!board->over && (event = screen_key()).key != SCREEN_NONE) {
		take_key(board, &event);
	}
}

/* While the network is waited for, which may be long when it is dead. */
static bool pressed(void *payload)
{
	struct board *board = payload;

	take_keys(board);
	return board->over;
}

static enum status run(struct board *board, struct error *err)
{
	enum status status = STATUS_OK;

	while (status == STATUS_OK && !board->over) {
		bool all = false;

		status = be_told(board, &all, err);
		take_keys(board);
		if (status == STATUS_OK && board->dirty && !board->over) {
			status = draw(board, err);
		} else if (status == STATUS_OK && all && !board->over) {
			wait_for_something(board);
		}
	}
	return status;
}

enum status board_watch(struct client *client, const struct follow_wish *narrowed, struct error *err)
{
	const struct follow_wish wish = {.kinds = kinds,
					 .owner = narrowed->owner,
					 .under = narrowed->under,
					 .since = -1,
					 .presence = true};
	struct board board = {.client = client, .entry = -1, .dirty = true};
	enum status status = ask_today(&board, err);

	if (status == STATUS_OK) {
		status = follow_new(client, &wish, &board.follow, err);
	}
	if (status == STATUS_OK) {
		board.picture = picture_new();
		status = board.picture ? screen_open(client->output.bold, err) : error_memory(err);
	}
	if (status == STATUS_OK) {
		console_heed_keys(pressed, &board);
		status = run(&board, err);
		console_heed_keys(NULL, NULL);
	}
	if (status == STATUS_INTERRUPTED && board.over) { /* left by q while it waited */
		*err = (struct error)ERROR_INIT;
		status = STATUS_OK;
	}
	screen_close();
	follow_free(board.follow);
	picture_free(board.picture);
	arena_free(board.told);
	arena_free(board.drawn);
	return status;
}
