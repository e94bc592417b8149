/* A scene: the server's wire in one process (tests/support/wire.h) with a small partnership, an officer, an
 * administrator and a watcher, for flows that go from the bytes of a request to the bytes of its answer while memory
 * runs out. */
#ifndef SAFER_TESTS_FAULTS_SCENE_H
#define SAFER_TESTS_FAULTS_SCENE_H

#include "tests/support/wire.h"

enum actor { OFFICER, ADMINISTRATOR, NEWCOMER, ACTOR_COUNT }; /* a newcomer shows no certificate */

struct scene {
	struct wire *wire;
	struct fixture_device *devices[ACTOR_COUNT];
	struct wire_peer *peers[ACTOR_COUNT]; /* NULL: not connected */
	struct wire_peer *watcher;            /* of the officer's device; NULL: nobody watches */
	uint32_t id;                          /* of the last request */
	uint64_t drawn;                       /* request ids of changes */
	uint8_t request[16];                  /* the last one drawn */

	/* For the flow that is played. */
	char target[ID_TEXT]; /* a record made for it */
	char invitation[INVITATION_TEXT];
	int64_t number; /* a credential, a watch */
	struct span certificate_request;
};

int scene_setup(void **state);
int scene_teardown(void **state);

struct wire_peer *scene_peer(struct scene *scene, enum actor actor); /* connects if need be */
void scene_drop(struct scene *scene, enum actor actor);              /* NULL is fine */
void scene_watch(struct scene *scene);                               /* has the watcher watch, if need be */
void scene_drop_watcher(struct scene *scene);
void scene_tidy(struct scene *scene); /* forgets what was said so far */

/* A request and its answer, with memory in plenty. The params are packed. */
const struct wire_message *scene_ask(struct scene *scene, enum actor actor, const char *method,
				     const struct buffer *params);
/* "name=value|name=#12|name=@O1": texts, integers, lists of one text. */
void scene_put(struct buffer *out, const char *pairs);
/* A change-set of one item under a new request id: do, and kind or id, and fields as above. base -1: none. */
void scene_put_change(struct scene *scene, struct buffer *out, const char *verb, const char *what,
		      int64_t base, const char *fields);
/* Makes a record; its id goes into scene->target. */
void scene_make(struct scene *scene, const char *kind, const char *fields);

bool scene_quiet(const struct scene *scene); /* neither worker has anything to do */
void scene_settle(struct scene *scene);      /* until it is quiet */
int64_t scene_entries(struct scene *scene);  /* of the journal */
int64_t scene_revision(struct scene *scene, const char *kind, int64_t number);
void scene_check(struct scene *scene); /* journal_check: fails the test unless it is good */

#endif
