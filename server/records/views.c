/* A table of a few hundred answers, so few that it is searched from end to end: that is nothing beside sending one. What was
 * used longest ago makes room. */
#include "server/records/views.h"

#include "protocol/codec.h"

#include <stdlib.h>
#include <string.h>

#define PLACES 256

struct view {
	struct digest key;
	uint64_t used;   /* when it was last: a count of uses */
	int64_t entries; /* of the journal, when it was made */
	uint8_t *data;   /* owned; NULL: the place is free */
	size_t length;
};

struct views {
	struct view places[PLACES];
	size_t bytes, most;
	uint64_t uses; /* so far */
};

/* NULL: it is not there. */
static struct view *find(struct views *views, const struct digest *key)
{
	for (size_t i = 0; i < PLACES; i++) {
		struct view *view = &views->places[i];

		if (view->data && memcmp(&view->key, key, sizeof(*key)) == 0) {
			return view;
		}
	}
	return NULL;
}

/* The one that holds memory and was used longest ago; NULL: none does. */
static struct view *oldest(struct views *views)
{
	struct view *found = NULL;

	for (size_t i = 0; i < PLACES; i++) {
		struct view *view = &views->places[i];

		if (view->data && (!found || view->used < found->used)) {
			found = view;
		}
	}
	return found;
}

static void clear(struct views *views, struct view *view)
{
	views->bytes -= view->length;
	free(view->data);
	*view = (struct view){.data = NULL};
}

/* A free place, if need be after the oldest has left it. */
static struct view *place(struct views *views)
{
	struct view *view = NULL;

	for (size_t i = 0; i < PLACES; i++) {
		if (!views->places[i].data) {
			return &views->places[i];
		}
	}
	view = oldest(views);
	clear(views, view);
	return view;
}

struct views *views_new(size_t bytes)
{
	struct views *views = calloc(1, sizeof(*views));

	if (views) {
		views->most = bytes;
	}
	return views;
}

void views_free(struct views *views)
{
	for (size_t i = 0; views && i < PLACES; i++) {
		clear(views, &views->places[i]);
	}
	free(views);
}

bool views_key(const struct session *session, struct buffer *asked, struct digest *out)
{
	bool whole = !asked->failed;
	const struct span all[] = {{session->rights.bytes, DIGEST_BYTES},
				   {(const uint8_t *)&session->today, sizeof(session->today)},
				   buffer_span(asked)};

	if (whole) {
		digest_spans(all, 3, out);
	}
	buffer_release(asked);
	return whole;
}

bool views_find(struct views *views, const struct digest *key, int64_t entries, struct span *out)
{
	struct view *view = find(views, key);

	if (!view || view->entries != entries) {
		return false;
	}
	view->used = ++views->uses;
	*out = (struct span){view->data, view->length};
	return true;
}

void views_keep(struct views *views, const struct digest *key, int64_t entries, struct span answer)
{
	struct view *view = find(views, key);

	if (view) {
		clear(views, view);
	}
	if (answer.length > views->most / 4) {
		return; /* one alone may not push all others out */
	}
	while (views->bytes + answer.length > views->most) {
		clear(views, oldest(views));
	}
	view = place(views);
	view->data = malloc(answer.length + 1);
	if (!view->data) {
		return;
	}
	if (answer.length > 0) {
		memcpy(view->data, answer.data, answer.length);
	}
	view->key = *key;
	view->used = ++views->uses;
	view->entries = entries;
	view->length = answer.length;
	views->bytes += answer.length;
}
