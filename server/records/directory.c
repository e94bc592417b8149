/* The directory, read for reaching people. */
#include "server/records/directory.h"

#include "server/session.h"

#include <string.h>

/* Room for one more; NULL without memory. */
static void *grow(struct arena *arena, void *list, size_t count, size_t *capacity, size_t bytes)
{
	size_t wider = *capacity > 0 ? *capacity * 2 : 64;
	void *grown = NULL;

	if (count < *capacity) {
		return list;
	}
	grown = arena_array(arena, wider, bytes);
	if (grown != NULL && count > 0) {
		memcpy(grown, list, count * bytes);
	}
	*capacity = grown != NULL ? wider : *capacity;
	return grown;
}

static enum status add_place(struct directory *directory, const struct record *record, struct error *err)
{
	struct arena *arena = directory->arena;
	struct place *list = grow(arena, directory->places, directory->place_count,
				  &directory->place_capacity, sizeof(*list));

	if (list == NULL) {
		return error_memory(err);
	}
	directory->places = list;
	list[directory->place_count++] = (struct place){
		.id = arena_text(arena, record->id, strlen(record->id)),
		.name = record_text(arena, record, "name"),
		.short_name = record_text(arena, record, "short_name"),
		.type = record_text(arena, record, "type"),
		.organisation = record_text(arena, record, "organisation"),
		.body = strcmp(record->kind->name, "body") == 0,
	};
	return list[directory->place_count - 1].id != NULL ? STATUS_OK : error_memory(err);
}

static enum status add_seat(struct directory *directory, const struct record *record, struct error *err)
{
	struct arena *arena = directory->arena;
	struct seat *list = grow(arena, directory->seats, directory->seat_count, &directory->seat_capacity,
				 sizeof(*list));
	const char *person = record_text(arena, record, "person");
	struct id id;

	if (list == NULL) {
		return error_memory(err);
	}
	directory->seats = list;
	if (strcmp(record_text(arena, record, "state"), "proposed") == 0 ||
	    !id_parse(person, strlen(person), &id)) {
		return STATUS_OK;
	}
	list[directory->seat_count++] = (struct seat){
		.id = arena_text(arena, record->id, strlen(record->id)),
		.title = record_text(arena, record, "title"),
		.post = record_text(arena, record, "post"),
		.body = record_text(arena, record, "body"),
		.organisation = record_text(arena, record, "organisation"),
		.person = id.number,
		.taken = strcmp(record_text(arena, record, "state"), "confirmed") == 0 &&
			 appointment_covers(arena, record, directory->today),
	};
	return list[directory->seat_count - 1].id != NULL ? STATUS_OK : error_memory(err);
}

struct reading {
	struct directory *directory;
	const struct kind *kind;
	enum status (*add)(struct directory *directory, const struct record *record, struct error *err);
};

static enum status visit(void *payload, const struct record_row *row, struct error *err)
{
	const struct reading *reading = payload;
	struct record record;

	if (record_decode(reading->directory->arena, reading->kind, row, &record, err) != STATUS_OK) {
		return err->status;
	}
	return reading->add(reading->directory, &record, err);
}

enum status directory_load(struct context *context, struct arena *arena, int64_t partnership, day_t today,
			   struct directory *out, struct error *err)
{
	struct directory directory = {.arena = arena, .today = today};
	const struct {
		const char *kind;
		enum status (*add)(struct directory *directory, const struct record *record,
				   struct error *err);
	} parts[] = {{"organisation", add_place}, {"body", add_place}, {"appointment", add_seat}};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct reading reading = {
			.directory = &directory,
			.kind = schema_kind(context->schema, parts[i].kind, strlen(parts[i].kind)),
			.add = parts[i].add,
		};

		if (store_record_each(context->store, partnership, parts[i].kind, 0, visit, &reading, err) !=
		    STATUS_OK) {
			return err->status;
		}
	}
	*out = directory;
	return STATUS_OK;
}

const struct place *directory_place(const struct directory *directory, const char *id)
{
	for (size_t i = 0; i < directory->place_count; i++) {
		if (strcmp(directory->places[i].id, id) == 0) {
			return &directory->places[i];
		}
	}
	return NULL;
}

static bool same(const char *a, const char *b)
{
	return a[0] != '\0' && strcmp(a, b) == 0;
}

bool directory_reaches(const struct directory *directory, const char *id, const struct seat *seat)
{
	const struct place *place = directory_place(directory, id);
	const struct place *body = directory_place(directory, seat->body);

	if (place != NULL && place->body) {
		return same(seat->body, id) || (strcmp(place->type, "authority") == 0 &&
						same(seat->organisation, place->organisation));
	}
	if (place != NULL) {
		return same(seat->organisation, id) || (body != NULL && same(body->organisation, id));
	}
	for (size_t i = 0; i < directory->seat_count; i++) {
		const struct seat *named = &directory->seats[i];

		if (strcmp(named->id, id) == 0) {
			return same(seat->body, named->body) && same(seat->post, named->post);
		}
	}
	return false;
}
