/* Answers that were given, by the client's request id: a repeat gets the same one, also after a restart. */
#include "server/store/sql.h"

enum status store_answer_get(struct store *store, struct arena *arena, int64_t account, struct span request,
			     struct digest *params, struct span *answer, struct error *err)
{
	struct statement *statement = NULL;
	struct digest asked;
	struct span given;
	enum status status =
		sql_prepare(store, "SELECT params, answer FROM answer WHERE account = $1 AND request = $2",
			    &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, account);
	sql_span(statement, 2, request);
	status = sql_one(statement, "this request was not answered before", err);
	if (status != STATUS_OK) {
		goto out;
	}
	sql_column_bytes(statement, 0, asked.bytes, sizeof(asked.bytes));
	given = sql_column_span(statement, 1);
	status = sql_sound(statement, err);
	if (status != STATUS_OK) {
		goto out;
	}
	if (!sql_keep_span(arena, &given)) {
		status = error_memory(err);
		goto out;
	}
	*params = asked;
	*answer = given;
out:
	sql_done(statement);
	return status;
}

enum status store_answer_put(struct store *store, int64_t account, struct span request,
			     const struct digest *params, struct span answer, int64_t at, struct error *err)
{
	struct statement *statement = NULL;
	enum status status = sql_prepare(
		store,
		"INSERT INTO answer (account, request, params, answer, at) VALUES ($1, $2, $3, $4, $5)",
		&statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, account);
	sql_span(statement, 2, request);
	sql_digest(statement, 3, params);
	sql_span(statement, 4, answer);
	sql_int(statement, 5, at);
	status = sql_run(statement, NULL, err);
out:
	sql_done(statement);
	return status;
}
