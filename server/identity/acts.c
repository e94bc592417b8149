/* Fills in who acted, and in which post, so that no handler can leave it out. */
#include "server/identity/acts.h"

#include "common/clock.h"
#include "server/session.h"

enum status act_journal(struct context *context, struct arena *arena, const struct act *act,
			struct error *err)
{
	const struct session *session = act->session;
	const struct post *post =
		session != NULL && act->roles != 0 ? session_post(session, act->roles) : NULL;
	struct journal_entry entry = {
		.at = session != NULL ? session->now : clock_now(),
		.what = act->what,
		.person = session != NULL ? session->person_id : act->person,
		.by = session != NULL ? session_describe(arena, session, post) : NULL,
		.post = post != NULL ? post->post : "",
		.body = post != NULL ? post->body : "",
		.credential = session != NULL ? session->credential.number : act->credential,
		.reason = act->reason,
		.note = act->note,
	};
	int64_t number = 0;

	return journal_append(context->journal, context->store, arena, act->partnership, &entry, &number,
			      err);
}
