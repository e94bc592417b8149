/* A sorted list of records, each packed by itself; and the titles of others that they refer to. */
#include "client/picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_BYTES ((size_t)16 << 20)

struct title {
	char id[ID_TEXT];
	char *text;
};

struct picture {
	struct picture_record **records;
	size_t count, capacity;
	struct title *titles; /* by id */
	size_t title_count, title_capacity;
	int64_t entry;
	bool whole;
};

struct picture *picture_new(void)
{
	struct picture *picture = calloc(1, sizeof(*picture));

	if (picture) {
		picture->entry = -1;
	}
	return picture;
}

static void record_free(struct picture_record *record)
{
	if (record) {
		free(record->title);
		free(record->by);
		free(record->at);
		free(record->fields);
		free(record);
	}
}

static void clear(struct picture *picture)
{
	for (size_t i = 0; i < picture->count; i++) {
		record_free(picture->records[i]);
	}
	for (size_t i = 0; i < picture->title_count; i++) {
		free(picture->titles[i].text);
	}
	picture->count = 0;
	picture->title_count = 0;
}

void picture_free(struct picture *picture)
{
	if (picture) {
		clear(picture);
		free(picture->records);
		free(picture->titles);
		free(picture);
	}
}

/* ---- places ---- */

/* One more place in a list, when it is full. */
static enum status make_room(void **list, size_t count, size_t *capacity, size_t bytes, struct error *err)
{
	size_t more = *capacity > 0 ? 2 * *capacity : 64;
	void *grown = NULL;

	if (count < *capacity) {
		return STATUS_OK;
	}
	grown = realloc(*list, more * bytes);
	if (!grown) {
		return error_memory(err);
	}
	*list = grown;
	*capacity = more;
	return STATUS_OK;
}

/* Where a record is, or would be. The kinds of a schema stand in one array. */
static size_t place_of(const struct picture *picture, const struct kind *kind, int64_t number)
{
	size_t low = 0;
	size_t high = picture->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct picture_record *record = picture->records[middle];

		if (record->kind < kind || (record->kind == kind && record->number < number)) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static struct picture_record *at_place(const struct picture *picture, size_t place, const char *id)
{
	return place < picture->count && strcmp(picture->records[place]->id, id) == 0
		       ? picture->records[place]
		       : NULL;
}

static void take_out(struct picture *picture, size_t place)
{
	record_free(picture->records[place]);
	picture->count--;
	memmove(picture->records + place, picture->records + place + 1,
		(picture->count - place) * sizeof(struct picture_record *));
}

static enum status put_in(struct picture *picture, size_t place, struct picture_record *record,
			  struct error *err)
{
	if (make_room((void **)&picture->records, picture->count, &picture->capacity,
		      sizeof(struct picture_record *), err) != STATUS_OK) {
		return err->status;
	}
	memmove(picture->records + place + 1, picture->records + place,
		(picture->count - place) * sizeof(struct picture_record *));
	picture->records[place] = record;
	picture->count++;
	return STATUS_OK;
}

/* ---- titles ---- */

static size_t title_place(const struct picture *picture, const char *id)
{
	size_t low = 0;
	size_t high = picture->title_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(picture->titles[middle].id, id) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static enum status keep_title(struct picture *picture, const char *id, struct span title, struct error *err)
{
	size_t place = title_place(picture, id);
	char *text = strndup((const char *)title.data, title.length);

	if (!text) {
		return error_memory(err);
	}
	if (place < picture->title_count && strcmp(picture->titles[place].id, id) == 0) {
		free(picture->titles[place].text);
		picture->titles[place].text = text;
		return STATUS_OK;
	}
	if (make_room((void **)&picture->titles, picture->title_count, &picture->title_capacity,
		      sizeof(*picture->titles), err) != STATUS_OK) {
		free(text);
		return err->status;
	}
	memmove(picture->titles + place + 1, picture->titles + place,
		(picture->title_count - place) * sizeof(*picture->titles));
	(void)snprintf(picture->titles[place].id, ID_TEXT, "%s", id);
	picture->titles[place].text = text;
	picture->title_count++;
	return STATUS_OK;
}

/* Of one reference, or of each in a list of them. */
static enum status take_titles(struct picture *picture, const msgpack_object *value,
			       const msgpack_object *titles, struct error *err)
{
	enum status status = STATUS_OK;
	struct span id;
	struct span title;
	char key[ID_TEXT];

	for (size_t i = 0; i < list_size(value) && status == STATUS_OK; i++) {
		status = take_titles(picture, list_item(value, i), titles, err);
	}
	if (status == STATUS_OK && codec_text(value, &id) && id.length < sizeof(key)) {
		(void)snprintf(key, sizeof(key), "%.*s", (int)id.length, (const char *)id.data);
		title = codec_get_text(titles, key);
		status = title.data ? keep_title(picture, key, title, err) : STATUS_OK;
	}
	return status;
}

/* ---- records ---- */

static enum status replace_text(char **text, struct span by, struct error *err)
{
	char *copy = strndup(by.data ? (const char *)by.data : "", by.length);

	if (!copy) {
		return error_memory(err);
	}
	free(*text);
	*text = copy;
	return STATUS_OK;
}

/* The new fields over the old ones, unless they are all that there are. What was cleared goes. */
static enum status replace_fields(struct picture_record *record, const struct follow_event *event,
				  struct error *err)
{
	const msgpack_object *new = codec_get(event->map, "fields");
	const msgpack_object *old = record->fields && event->type == FOLLOW_CHANGE && !event->whole
					    ? picture_fields(record, event->arena)
					    : NULL;
	struct buffer packed;
	size_t header = 0;
	size_t count = 0;

	buffer_init(&packed, FIELDS_BYTES);
	header = codec_map_begin(&packed);
	for (size_t i = 0; i < event->kind->field_count; i++) {
		const char *name = event->kind->fields[i].name;
		const msgpack_object *value = codec_get(new, name);

		value = value ? value : codec_get(old, name);
		if (!codec_is_nil(value)) {
			codec_pair_object(&packed, name, value);
			count++;
		}
	}
	codec_map_end(&packed, header, count);
	if (packed.failed) {
		buffer_release(&packed);
		return error_memory(err);
	}
	free(record->fields);
	record->fields = packed.data;
	record->length = packed.length;
	return STATUS_OK;
}

/* Of a list, `changed` says when and by whom; of a notice, it does so itself. */
static enum status fill(struct picture_record *record, const struct follow_event *event, struct error *err)
{
	const struct kind *kind = event->kind;
	const msgpack_object *moment =
		event->type == FOLLOW_RECORD ? codec_get(event->map, "changed") : event->map;
	const msgpack_object *fields = codec_get(event->map, "fields");
	const msgpack_object *title = codec_get(fields, kind->title);
	struct span text = {NULL, 0};

	record->revision = codec_get_int(event->map, "revision", 0);
	record->entry = codec_get_int(event->map, "entry", 0);
	if (replace_fields(record, event, err) != STATUS_OK ||
	    replace_text(&record->at, codec_get_text(moment, "at"), err) != STATUS_OK ||
	    replace_text(&record->by, codec_get_text(moment, "by"), err) != STATUS_OK) {
		return err->status;
	}
	if (record->title && !title && !event->whole) {
		return STATUS_OK;
	}
	(void)codec_text(title, &text);
	return replace_text(&record->title, text, err);
}

static enum status add(struct picture *picture, size_t place, const char *id, int64_t number,
		       const struct follow_event *event, struct error *err)
{
	struct picture_record *record = calloc(1, sizeof(*record));

	if (!record) {
		return error_memory(err);
	}
	(void)snprintf(record->id, sizeof(record->id), "%s", id);
	record->number = number;
	record->kind = event->kind;
	if (fill(record, event, err) != STATUS_OK || put_in(picture, place, record, err) != STATUS_OK) {
		record_free(record);
		return err->status;
	}
	return STATUS_OK;
}

/* A record that is in the picture or comes into it. */
static enum status take_record(struct picture *picture, const struct follow_event *event, bool *moved,
			       struct error *err)
{
	const msgpack_object *fields = codec_get(event->map, "fields");
	struct span text = codec_get_text(event->map, "id");
	bool goes = event->type == FOLLOW_CHANGE && event->change != FOLLOW_CHANGED;
	struct picture_record *record = NULL;
	char id[ID_TEXT];
	struct id parsed;
	size_t place = 0;

	if (!event->kind || !id_parse((const char *)text.data, text.length, &parsed)) {
		return STATUS_OK; /* of a kind that this schema does not have */
	}
	id_format(parsed.prefix, parsed.number, id);
	for (size_t i = 0; !goes && i < event->kind->field_count; i++) {
		enum field_type type = event->kind->fields[i].type;

		if ((type == FIELD_REF || type == FIELD_REFS) &&
		    take_titles(picture, codec_get(fields, event->kind->fields[i].name), event->titles,
				err) != STATUS_OK) {
			return err->status;
		}
	}
	place = place_of(picture, event->kind, parsed.number);
	record = at_place(picture, place, id);
	if (goes) {
		*moved = record != NULL;
		if (record) {
			take_out(picture, place);
		}
		return STATUS_OK;
	}
	*moved = true;
	return record ? fill(record, event, err) : add(picture, place, id, parsed.number, event, err);
}

enum status picture_take(struct picture *picture, const struct follow_event *event, bool *moved,
			 struct error *err)
{
	*moved = false;
	switch (event->type) {
	case FOLLOW_PICTURE:
		clear(picture);
		picture->whole = false;
		*moved = true;
		break;
	case FOLLOW_READY:
		picture->whole = true;
		*moved = true;
		break;
	case FOLLOW_RECORD:
	case FOLLOW_CHANGE:
		if (take_record(picture, event, moved, err) != STATUS_OK) {
			return err->status;
		}
		break;
	default:
		return STATUS_OK;
	}
	picture->entry = event->entry;
	return STATUS_OK;
}

/* ---- looking ---- */

bool picture_whole(const struct picture *picture)
{
	return picture->whole;
}

int64_t picture_entry(const struct picture *picture)
{
	return picture->entry;
}

size_t picture_count(const struct picture *picture)
{
	return picture->count;
}

const struct picture_record *picture_at(const struct picture *picture, size_t index)
{
	return picture->records[index];
}

const struct picture_record *picture_find(const struct picture *picture, const char *id)
{
	struct id parsed;
	size_t place = 0;

	if (!id_parse(id, strlen(id), &parsed)) {
		return NULL;
	}
	while (place < picture->count) { /* from kind to kind */
		const struct kind *kind = picture->records[place]->kind;

		if (strcmp(kind->prefix, parsed.prefix) == 0) {
			return at_place(picture, place_of(picture, kind, parsed.number), id);
		}
		place = place_of(picture, kind, INT64_MAX);
	}
	return NULL;
}

const msgpack_object *picture_fields(const struct picture_record *record, struct arena *arena)
{
	const msgpack_object *fields = NULL;

	return codec_decode(arena, (struct span){record->fields, record->length}, &fields, NULL) == STATUS_OK
		       ? fields
		       : NULL;
}

const char *picture_title(const struct picture *picture, const char *id)
{
	const struct picture_record *record = picture_find(picture, id);
	size_t place = title_place(picture, id);

	if (record) {
		return record->title;
	}
	return place < picture->title_count && strcmp(picture->titles[place].id, id) == 0
		       ? picture->titles[place].text
		       : NULL;
}
