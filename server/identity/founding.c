/* A new partnership has nobody who could appoint anybody: the server itself makes the first administrator. Everyone
 * else comes in through them, and none of what they do reaches plan data. */
#include "server/identity/founding.h"

#include "common/calendar.h"
#include "common/clock.h"
#include "server/identity/invitations.h"
#include "server/identity/people.h"
#include "server/records/engine.h"
#include "server/settings.h"

#include <string.h>

static enum status write_directory(struct context *context, struct arena *arena, int64_t partnership,
				   const char *administrator_name, struct error *err)
{
	char today[DATE_TEXT];
	const char *const body[] = {"name", "Administration", "type", "administration", "owner", "@1", NULL};
	const char *const person[] = {"name", administrator_name, "owner", "@1", NULL};
	const char *const appointment[] = {
		"body", "@1", "person", "@2", "post", "administrator", "from", today, "owner", "@1", NULL,
	};
	const struct record_seed seeds[] = {
		{.kind = "body", .fields = body},
		{.kind = "person", .fields = person},
		{.kind = "appointment", .fields = appointment, .state = "confirmed"},
	};

	date_format(day_of_time(clock_now()), today);
	return records_found(context, arena, partnership, "the server's console", seeds,
			     sizeof(seeds) / sizeof(seeds[0]), err);
}

enum status founding_make(struct context *context, struct arena *arena, const char *partnership_name,
			  const char *origin, const char *administrator_name, const char *host, uint16_t port,
			  char invitation[INVITATION_TEXT], struct error *err)
{
	struct span name = {(const uint8_t *)administrator_name, strlen(administrator_name)};
	int64_t partnership = 0;
	int64_t expires_at = 0;
	struct visibility sight;
	struct person person;
	enum status status =
		store_partnership_add(context->store, partnership_name, origin, &partnership, err);

	if (status == STATUS_OK) {
		status = write_directory(context, arena, partnership, administrator_name, err);
	}
	if (status == STATUS_OK) {
		visibility_init(&sight, context, arena, NULL);
		status = person_find(&sight, partnership, name, &person, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	return invitation_make(context, arena, partnership, person.number, NULL,
			       context->settings->invitation_hours, host, port, invitation, &expires_at, err);
}
