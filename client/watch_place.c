/* A cursor, and what was shown of the entry behind it. */
#include "client/watch_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void watch_place_init(struct watch_place *place, int64_t since)
{
	*place = (struct watch_place){.since = since, .entry = since};
}

void watch_place_release(struct watch_place *place)
{
	free(place->shown);
	watch_place_init(place, -1);
}

static bool was_shown(const struct watch_place *place, const char *id, int64_t revision)
{
	for (size_t i = 0; i < place->count; i++) {
		if (place->shown[i].revision == revision && strcmp(place->shown[i].id, id) == 0) {
			return true;
		}
	}
	return false;
}

static enum status grow(struct watch_place *place, struct error *err)
{
	size_t capacity = place->capacity > 0 ? 2 * place->capacity : 16;
	struct watch_shown *grown = realloc(place->shown, capacity * sizeof(*grown));

	if (!grown) {
		return error_memory(err);
	}
	place->shown = grown;
	place->capacity = capacity;
	return STATUS_OK;
}

enum status watch_place_take(struct watch_place *place, int64_t entry, const char *id, int64_t revision,
			     bool *fresh, struct error *err)
{
	if (entry <= place->since || (entry == place->entry && was_shown(place, id, revision))) {
		*fresh = false;
		return STATUS_OK;
	}
	if (place->count == place->capacity && grow(place, err) != STATUS_OK) {
		return err->status;
	}
	if (entry != place->entry) { /* they come in order: all before it are whole */
		place->entry = entry;
		place->since = entry - 1;
		place->count = 0;
	}
	snprintf(place->shown[place->count].id, sizeof(place->shown[place->count].id), "%s", id);
	place->shown[place->count++].revision = revision;
	*fresh = true;
	return STATUS_OK;
}
