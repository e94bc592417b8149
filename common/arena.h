/* Memory that lives as long as one request: many small allocations, one release.
 *
 * Every function that allocates returns NULL when memory cannot be had; callers answer with error_memory(). */
#ifndef SAFER_COMMON_ARENA_H
#define SAFER_COMMON_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_new(void);
struct arena *arena_new_small(void);  /* of which there will be many, each with little in it */
void arena_free(struct arena *arena); /* runs the hooks in reverse, then frees everything; NULL is fine */

void *arena_alloc(struct arena *arena, size_t bytes);               /* zeroed, aligned for any type */
void *arena_array(struct arena *arena, size_t count, size_t bytes); /* zeroed; checks for overflow */
void *arena_copy(struct arena *arena, const void *data, size_t bytes);
char *arena_text(struct arena *arena, const char *text, size_t length); /* a copy with a NUL at the end */
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* How often it had to refuse. What was computed since that grew is not to be trusted, whatever it says: somebody may have
 * taken the NULL for a text that is not there. Whoever stands at the end of it compares, and answers error_memory(). */
size_t arena_refused(const struct arena *arena);

size_t arena_bytes(const struct arena *arena); /* how much it has taken from the system */

/* Calls hook(payload) when the arena is freed. Returns 0, or -1 without memory (then nothing was registered). */
int arena_on_free(struct arena *arena, void (*hook)(void *payload), void *payload);

#endif
