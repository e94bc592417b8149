/* A small table of loaded sessions. It belongs to one worker; what it hands out may be let go of on the loop's thread,
 * hence the atomic count. */
#include "server/sessions.h"

#include "common/clock.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 256
#define MOST    4096 /* sessions; then all are forgotten */

struct loaded {
	struct loaded *next; /* in its bucket */
	struct digest fingerprint;
	struct arena *arena; /* with everything that the session points to */
	const struct session *session;
	atomic_uint holders; /* the table and requests */
};

struct sessions {
	struct loaded *buckets[BUCKETS];
	size_t count;
	uint64_t mark; /* of the directory, under which all of them were loaded */
	day_t day;
	bool sure; /* that the mark is that of the transaction at hand */
};

static void let_go(void *payload)
{
	struct loaded *loaded = payload;

	if (atomic_fetch_sub(&loaded->holders, 1) == 1) {
		arena_free(loaded->arena);
		free(loaded);
	}
}

static void forget_all(struct sessions *sessions)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		while (sessions->buckets[i]) {
			struct loaded *loaded = sessions->buckets[i];

			sessions->buckets[i] = loaded->next;
			let_go(loaded);
		}
	}
	sessions->count = 0;
}

struct sessions *sessions_new(void)
{
	return calloc(1, sizeof(struct sessions));
}

void sessions_free(struct sessions *sessions)
{
	if (sessions) {
		forget_all(sessions);
		free(sessions);
	}
}

void sessions_doubt(struct sessions *sessions)
{
	sessions->sure = false;
}

static struct loaded *find(const struct sessions *sessions, const struct digest *fingerprint)
{
	struct loaded *loaded = sessions->buckets[fingerprint->bytes[0] % BUCKETS];

	while (loaded && memcmp(&loaded->fingerprint, fingerprint, sizeof(*fingerprint)) != 0) {
		loaded = loaded->next;
	}
	return loaded;
}

static enum status add(struct sessions *sessions, struct store *store, const struct digest *fingerprint,
		       struct loaded **out, struct error *err)
{
	struct loaded **bucket = &sessions->buckets[fingerprint->bytes[0] % BUCKETS];
	struct loaded *loaded = calloc(1, sizeof(*loaded));
	struct session *session = NULL;
	enum status status = STATUS_OK;

	if (!loaded || !(loaded->arena = arena_new())) {
		free(loaded);
		return error_memory(err);
	}
	status = session_load(store, loaded->arena, fingerprint, &session, err);
	if (status != STATUS_OK) {
		arena_free(loaded->arena);
		free(loaded);
		return status;
	}
	if (sessions->count == MOST) {
		forget_all(sessions);
	}
	loaded->fingerprint = *fingerprint;
	loaded->session = session;
	atomic_init(&loaded->holders, 1);
	loaded->next = *bucket;
	*bucket = loaded;
	sessions->count++;
	*out = loaded;
	return STATUS_OK;
}

/* Whether what was loaded says of today's directory what loading it again would. */
static enum status keep_up(struct sessions *sessions, struct store *store, struct error *err)
{
	day_t today = day_of_time(clock_now());
	uint64_t mark = sessions->mark;
	enum status status = sessions->sure ? STATUS_OK : store_directory_mark(store, &mark, err);

	if (status == STATUS_OK && (mark != sessions->mark || today != sessions->day)) {
		forget_all(sessions);
		sessions->mark = mark;
		sessions->day = today;
	}
	sessions->sure = status == STATUS_OK;
	return status;
}

/* A copy with the time of this request, whose strings are the loaded one's: it is held as long as the arena lives. */
static enum status hand_out(struct loaded *loaded, struct arena *arena, struct session **out,
			    struct error *err)
{
	struct session *copy = arena_copy(arena, loaded->session, sizeof(*copy));

	if (!copy || arena_on_free(arena, let_go, loaded) != 0) {
		return error_memory(err);
	}
	atomic_fetch_add(&loaded->holders, 1);
	copy->now = clock_now();
	*out = copy;
	return STATUS_OK;
}

enum status sessions_get(struct sessions *sessions, struct store *store, struct arena *arena,
			 const struct digest *fingerprint, struct session **out, struct error *err)
{
	struct loaded *loaded = NULL;

	if (!sessions) {
		return session_load(store, arena, fingerprint, out, err);
	}
	if (keep_up(sessions, store, err) != STATUS_OK) {
		return err->status;
	}
	loaded = find(sessions, fingerprint);
	if (!loaded && add(sessions, store, fingerprint, &loaded, err) != STATUS_OK) {
		return err->status;
	}
	if (loaded->session->credential.expires_at <= clock_machine()) {
		return session_load(store, arena, fingerprint, out, err); /* and be told why not */
	}
	return hand_out(loaded, arena, out, err);
}
