/* Finding in the directory whom a text calls upon. */
#include "server/records/mentions.h"

#include "common/text.h"
#include "server/records/directory.h"
#include "server/rules/rules.h"

#include <stdio.h>
#include <string.h>

#define IDS_MAX   100 /* references of one text */
#define NAMED_MAX 6   /* candidates that an error names */

struct target {                    /* what a name could mean */
	const struct place *place; /* an organisation or a body; NULL: a post */
	const char *post, *body;
};

struct finder {
	struct change_set *set;
	const struct item *item;
	struct arena *arena;
	struct directory directory;
	struct target *targets; /* of the name at hand */
	size_t count;
	const char *vacant; /* a post that was named and that nobody holds, in words; NULL: none */
	const msgpack_object **ids;
	size_t id_count;
};

/* ---- names ---- */

/* Two names are the same when only case, spaces, dashes and a "the" before them differ. */
static const char *plain(struct arena *arena, const char *name)
{
	char *folded = text_fold(arena, name, strlen(name));
	size_t to = 0;

	for (size_t i = 0; folded != NULL && folded[i] != '\0'; i++) {
		char c = folded[i] == '-' || folded[i] == '_' ? ' ' : folded[i];

		if (c != ' ' || (to > 0 && folded[to - 1] != ' ')) {
			folded[to++] = c;
		}
	}
	if (folded == NULL) {
		return "";
	}
	to -= to > 0 && folded[to - 1] == ' ' ? 1 : 0;
	folded[to] = '\0';
	return strncmp(folded, "the ", 4) == 0 ? folded + 4 : folded;
}

static bool bears(struct arena *arena, const struct place *place, const char *name)
{
	return name[0] != '\0' && (strcmp(plain(arena, place->name), name) == 0 ||
				   strcmp(plain(arena, place->short_name), name) == 0 ||
				   strcmp(plain(arena, place->id), name) == 0);
}

static void add_target(struct finder *finder, const struct target *target)
{
	finder->targets[finder->count++] = *target;
}

static bool held(const struct finder *finder, const char *post, const char *body)
{
	for (size_t i = 0; i < finder->directory.seat_count; i++) {
		const struct seat *seat = &finder->directory.seats[i];

		if (seat->taken && strcmp(seat->post, post) == 0 && strcmp(seat->body, body) == 0) {
			return true;
		}
	}
	return false;
}

/* An authority has its agency's name more often than not: the agency is meant, with all who sit for it. */
static void drop_own_bodies(struct finder *finder)
{
	size_t kept = 0;

	for (size_t i = 0; i < finder->count; i++) {
		const struct target *one = &finder->targets[i];
		bool drop = false;

		for (size_t k = 0; k < finder->count; k++) {
			const struct target *other = &finder->targets[k];

			drop = drop || (one->place->body && !other->place->body &&
					strcmp(one->place->organisation, other->place->id) == 0);
		}
		if (!drop) {
			finder->targets[kept++] = *one;
		}
	}
	finder->count = kept;
}

static void find_places(struct finder *finder, const char *name)
{
	const struct directory *directory = &finder->directory;
	bool named = false;

	for (size_t i = 0; i < directory->place_count; i++) {
		if (bears(finder->arena, &directory->places[i], name)) {
			add_target(finder, &(struct target){.place = &directory->places[i]});
		}
	}
	drop_own_bodies(finder);
	named = finder->count > 0;
	for (size_t i = 0; !named && i < directory->place_count; i++) {
		const struct place *place = &directory->places[i];

		if (!place->body && strcmp(plain(finder->arena, place->type), name) == 0) {
			add_target(finder, &(struct target){.place = place});
		}
	}
}

/* "chair of the board", and "chair" alone, of whichever body. */
static void find_posts(struct finder *finder, const char *name)
{
	const struct directory *directory = &finder->directory;
	size_t length = 0;

	for (const char *word = words_next(roles_posts, &length); word != NULL;
	     word = words_next(word + length, &length)) {
		const char *post = arena_text(finder->arena, word, length);
		const char *said = post != NULL ? plain(finder->arena, post) : "";
		const char *rest = strncmp(name, said, strlen(said)) == 0 ? name + strlen(said) : NULL;

		if (rest == NULL || said[0] == '\0' || (rest[0] != '\0' && strncmp(rest, " of ", 4) != 0)) {
			continue;
		}
		for (size_t i = 0; i < directory->place_count; i++) {
			const struct place *body = &directory->places[i];

			if (!body->body || (rest[0] != '\0' &&
					    !bears(finder->arena, body, plain(finder->arena, rest + 4)))) {
				continue;
			}
			if (held(finder, post, body->id)) {
				add_target(finder, &(struct target){.post = post, .body = body->id});
			} else if (rest[0] != '\0') {
				finder->vacant = arena_printf(finder->arena, "%s of %s", post, body->name);
			}
		}
	}
}

/* ---- what is wrong with a name ---- */

static const char *label(const struct finder *finder, const struct target *target)
{
	const struct place *body =
		target->place != NULL ? target->place : directory_place(&finder->directory, target->body);
	const char *text = target->place != NULL
				   ? arena_printf(finder->arena, "%s (@%s)", body->name, body->id)
				   : arena_printf(finder->arena, "%s of %s (@\"%s of %s\")", target->post,
						  body->name, target->post, body->id);

	return text != NULL ? text : "";
}

static enum status several(const struct finder *finder, const char *name, struct error *err)
{
	char list[400] = "";
	size_t used = 0;
	size_t named = finder->count < NAMED_MAX ? finder->count : NAMED_MAX;

	for (size_t i = 0; i < named && used < sizeof(list); i++) {
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i > 0 ? ", " : "",
					 label(finder, &finder->targets[i]));
	}
	rule_refuse(err, "comment.mention", "@%s could mean %zu: %s%s.", name, finder->count, list,
		    named < finder->count ? ", and others" : "");
	return error_hint(err, "Write what stands in brackets after the one that you mean.");
}

/* A person by name: what is called upon is the post. */
static const struct seat *seat_of_person(const struct finder *finder, const char *name)
{
	for (size_t i = 0; i < finder->directory.seat_count; i++) {
		const struct seat *seat = &finder->directory.seats[i];
		const char *title = plain(finder->arena, seat->title);

		if (seat->taken && name[0] != '\0' && strncmp(title, name, strlen(name)) == 0 &&
		    title[strlen(name)] == ',') {
			return seat;
		}
	}
	return NULL;
}

static enum status nobody(const struct finder *finder, const char *name, const char *said, struct error *err)
{
	const struct directory *directory = &finder->directory;
	const struct seat *seat = seat_of_person(finder, name);
	const char **names = arena_array(finder->arena, 2 * directory->place_count + 1, sizeof(*names));
	const char *nearest = NULL;
	size_t count = 0;

	if (finder->vacant != NULL) {
		rule_refuse(err, "comment.mention", "@%s: nobody is %s today.", said, finder->vacant);
		return error_hint(err, "Call upon the body or the agency instead.");
	}
	rule_refuse(err, "comment.mention", "@%s: no agency, body or post is called so.", said);
	if (seat != NULL) {
		return error_hint(err,
				  "A comment calls upon posts, not people: @\"%s of %s\". @@ is a plain @.",
				  seat->post, seat->body);
	}
	for (size_t i = 0; names != NULL && i < directory->place_count; i++) {
		const char *forms[] = {plain(finder->arena, directory->places[i].name),
				       plain(finder->arena, directory->places[i].short_name)};

		for (size_t k = 0; k < 2; k++) {
			if (strstr(forms[k], name) != NULL && nearest == NULL) {
				nearest = forms[k];
			}
			if (forms[k][0] != '\0') {
				names[count++] = forms[k];
			}
		}
	}
	nearest = nearest == NULL && names != NULL ? text_nearest(name, names) : nearest;
	return nearest != NULL
		       ? error_hint(err, "Did you mean @\"%s\"? @@ is a plain @.", nearest)
		       : error_hint(err, "`safer organisation list` and `safer body list` show whom you "
					 "can call upon; @@ is a plain @.");
}

/* ---- whether it reaches anybody ---- */

static bool seat_is_meant(const struct finder *finder, const struct target *target, const struct seat *seat)
{
	return seat->taken &&
	       (target->place != NULL
			? directory_reaches(&finder->directory, target->place->id, seat)
			: strcmp(seat->post, target->post) == 0 && strcmp(seat->body, target->body) == 0);
}

static enum status can_read(const struct finder *finder, const struct record *record, int64_t person,
			    bool *out, struct error *err)
{
	struct change_set *set = finder->set;
	struct session *session = NULL;
	struct visibility visibility;
	enum status status = session_of_person(set->context->store, finder->arena, set->partnership, person,
					       &session, err);

	if (status == STATUS_NOT_FOUND) {
		*err = (struct error)ERROR_INIT;
		return STATUS_OK;
	}
	if (status != STATUS_OK) {
		return status;
	}
	visibility_init(&visibility, set->context, finder->arena, session);
	return record_visible(&visibility, record, out, err);
}

static enum status check_reach(const struct finder *finder, const struct target *target, const char *said,
			       struct error *err)
{
	struct change_set *set = finder->set;
	struct record record;
	size_t people = 0;
	bool read = false;

	if (set_find(set, finder->item->id, &record, err) != STATUS_OK) {
		return err->status;
	}
	for (size_t i = 0; !read && i < finder->directory.seat_count; i++) {
		const struct seat *seat = &finder->directory.seats[i];

		if (!seat_is_meant(finder, target, seat)) {
			continue;
		}
		people++;
		if (can_read(finder, &record, seat->person, &read, err) != STATUS_OK) {
			return err->status;
		}
	}
	if (read) {
		return STATUS_OK;
	}
	if (people == 0) {
		rule_refuse(err, "comment.mention", "@%s: nobody holds a post there today.", said);
		return error_hint(err, "Call upon somebody else, or write @@ for a plain @.");
	}
	rule_refuse(err, "comment.mention",
		    "@%s: nobody there may see this comment, so nobody would read it.", said);
	return error_hint(err,
			  "Who may see it follows from the record, its state and its marking: "
			  "`safer why %s`. @@ is a plain @.",
			  item_text(set, finder->item, "about"));
}

/* ---- all of them ---- */

static enum status keep_id(struct finder *finder, const char *id, struct error *err)
{
	const msgpack_object *value = codec_make_text(finder->arena, id, strlen(id));

	if (value == NULL) {
		return error_memory(err);
	}
	for (size_t i = 0; i < finder->id_count; i++) {
		if (codec_same(finder->ids[i], value)) {
			return STATUS_OK;
		}
	}
	if (finder->id_count == IDS_MAX) {
		return rule_refuse(err, "comment.mention", "A comment calls upon at most %d.", IDS_MAX);
	}
	finder->ids[finder->id_count++] = value;
	return STATUS_OK;
}

static enum status resolve(struct finder *finder, const char *said, struct error *err)
{
	const char *name = plain(finder->arena, said);
	const struct target *target = finder->targets;

	finder->count = 0;
	finder->vacant = NULL;
	find_places(finder, name);
	if (finder->count == 0) {
		find_posts(finder, name);
	}
	if (finder->count != 1) {
		return finder->count == 0 ? nobody(finder, name, said, err) : several(finder, said, err);
	}
	if (check_reach(finder, target, said, err) != STATUS_OK) {
		return err->status;
	}
	if (target->place != NULL) {
		return keep_id(finder, target->place->id, err);
	}
	for (size_t i = 0; i < finder->directory.seat_count; i++) {
		const struct seat *seat = &finder->directory.seats[i];

		if (seat_is_meant(finder, target, seat) && keep_id(finder, seat->id, err) != STATUS_OK) {
			return err->status;
		}
	}
	return STATUS_OK;
}

static bool in_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '_' || c == '&' || c == '\'' || c == '.' || (unsigned char)c >= 0x80;
}

/* The next call upon somebody at or after *at, without its @ and quotation marks. An empty span: no more. */
static enum status next_name(const char *text, size_t *at, struct span *out, struct error *err)
{
	*out = (struct span){NULL, 0};
	for (size_t i = *at; text[i] != '\0'; i++) {
		const char *name = text + i + 1;
		size_t length = 0;

		if (text[i] != '@' || (i > 0 && in_word(text[i - 1]))) {
			continue;
		}
		if (name[0] == '@') {
			i++;
			continue;
		}
		if (name[0] == '"') {
			length = strcspn(++name, "\"\n");
			if (name[length] != '"') {
				return rule_refuse(
					err, "comment.mention",
					"@\"%.40s: a quotation mark is missing at the end of the name.",
					name);
			}
			*at = (size_t)(name - text) + length + 1;
		} else {
			while (in_word(name[length])) {
				length++;
			}
			while (length > 0 && strchr(".-'", name[length - 1]) != NULL) {
				length--; /* the end of the sentence */
			}
			*at = (size_t)(name - text) + length;
		}
		if (length > 0) {
			*out = (struct span){(const uint8_t *)name, length};
			return STATUS_OK;
		}
	}
	return STATUS_OK;
}

enum status mentions_resolve(struct change_set *set, const struct item *item, const char *text,
			     const msgpack_object **out, struct error *err)
{
	struct finder finder = {.set = set, .item = item, .arena = set->arena};
	size_t at = 0;

	*out = NULL;
	for (size_t count = 0;; count++) {
		struct span name;
		const char *said = NULL;

		if (next_name(text, &at, &name, err) != STATUS_OK) {
			return err->status;
		}
		if (name.length == 0) {
			break;
		}
		if (count == MENTIONS_MAX) {
			return rule_refuse(err, "comment.mention", "A comment calls upon at most %d.",
					   MENTIONS_MAX);
		}
		if (count == 0) {
			if (directory_load(set->context, set->arena, set->partnership, day_of_time(set->now),
					   &finder.directory, err) != STATUS_OK) {
				return err->status;
			}
			finder.targets =
				arena_array(set->arena, finder.directory.place_count * ROLE_COUNT * 2 + 1,
					    sizeof(*finder.targets));
			finder.ids = arena_array(set->arena, IDS_MAX, sizeof(*finder.ids));
		}
		said = arena_text(set->arena, (const char *)name.data, name.length);
		if (said == NULL || finder.targets == NULL || finder.ids == NULL) {
			return error_memory(err);
		}
		if (resolve(&finder, said, err) != STATUS_OK) {
			return err->status;
		}
	}
	if (finder.id_count > 0) {
		*out = codec_make_list(set->arena, finder.ids, finder.id_count);
		return *out != NULL ? STATUS_OK : error_memory(err);
	}
	return STATUS_OK;
}
