/* Jobs like those of the gate, without a connection behind them. */
#include "tests/faults/crowd.h"

#include "common/clock.h"
#include "common/log.h"
#include "server/dispatch.h"
#include "server/identity/authority.h"
#include "server/policy/policy.h"
#include "server/schema/schema.h"
#include "server/store/sql.h"
#include "tests/support/plan_fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PARAMS_BYTES 65536
#define REPLY_BYTES  (64 << 20)

/* ---- the partnership that everything begins with ---- */

static void must(enum status status, const struct error *err, const char *what)
{
	if (status != STATUS_OK) {
		fail_msg("%s: %s: %s", what, status_name(status), err->message);
	}
}

static void copy_keys(const char *from, const char *to)
{
	DIR *folder = opendir(from);
	struct dirent *entry = NULL;
	struct error err = ERROR_INIT;

	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] != '.' && strncmp(entry->d_name, STORE_FILE, strlen(STORE_FILE)) != 0) {
			must(folder_copy(from, to, entry->d_name, &err), &err, entry->d_name);
		}
	}
	closedir(folder);
}

static void write_settings(const char *folder)
{
	struct buffer text;
	struct error err = ERROR_INIT;

	buffer_init(&text, 1 << 20);
	settings_write_default(&text);
	assert_false(text.failed);
	must(folder_write(folder, SETTINGS_FILE, buffer_span(&text), &err), &err, SETTINGS_FILE);
	buffer_release(&text);
}

static void take_image(struct crowd_base *base, struct plan *plan)
{
	char path[100];
	struct error err = ERROR_INIT;
	uint64_t seed = 1;

	snprintf(path, sizeof(path), "%s/%s", base->folder, STORE_FILE);
	must(store_backup(plan->server->reader, path, &err), &err, "store_backup");
	(void)platter_open(path);
	platter_cut(&seed, &base->image);
	platter_forget();
	assert_int_equal(base->image.count, 1);
}

void crowd_base_make(struct crowd_base *base)
{
	struct plan *plan = NULL;
	void *state = NULL;

	*base = (struct crowd_base){.folder = "/tmp/safer-faults-XXXXXX"};
	assert_non_null(mkdtemp(base->folder));
	log_set_level(LOG_ERROR);
	assert_int_equal(plan_setup(&state), 0);
	plan = state;
	plan_priority(plan, "adopted");
	for (size_t i = 0; i < ERRAND_WRITERS; i++) {
		char title[40];

		snprintf(title, sizeof(title), "title=Patrols of writer %zu", i);
		plan_make(plan, POLICE, "action",
			  arena_printf(fixture_arena(plan->server),
				       "%s|priority=P1|status=not-started|owner=B4", title));
		base->errands.writers[i] = (struct errand_writer){.action = (int64_t)i + 1, .revision = 1};
	}
	base->fingerprint = plan_device(plan, POLICE)->fingerprint;
	copy_keys(plan->server->folder, base->folder);
	write_settings(base->folder);
	take_image(base, plan);
	plan_teardown(&state);
	clock_freeze(FIXTURE_TIME + FIXTURE_HOUR);
}

void crowd_base_release(struct crowd_base *base)
{
	DIR *folder = opendir(base->folder);
	struct dirent *entry = NULL;
	char path[400];

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", base->folder, entry->d_name);
		if (entry->d_name[0] != '.') {
			unlink(path);
		}
	}
	if (folder != NULL) {
		closedir(folder);
	}
	rmdir(base->folder);
	image_release(&base->image);
	policy_release();
	schema_release();
	clock_freeze(0);
}

void crowd_fresh(const struct crowd_base *base)
{
	if (!image_put(&base->image, base->folder)) {
		fail_msg("%s could not be filled", base->folder);
	}
}

/* ---- jobs ---- */

struct crowd_job {
	struct job job; /* first, so that the one is the other */
	struct crowd *crowd;
	size_t writer;
	bool looks; /* reads the history of its action instead of changing it */
	uint64_t failures;
	struct request request;
};

static enum status run_job(struct job *job, struct context *context, struct error *err)
{
	struct crowd_job *mine = (struct crowd_job *)job;
	struct request *request = &mine->request;
	enum status status;

	buffer_clear(&request->reply);
	buffer_clear(&request->details);
	request->context = context;
	request->session = NULL;
	request->undo = false;
	request->keep = false;
	request->moved = 0;
	request->afterwards = NULL;
	status = session_load(context->store, request->arena, &request->fingerprint, &request->session, err);
	if (status == STATUS_OK) {
		status = dispatch_admits(request->method, request->session, err);
	}
	if (status == STATUS_OK) {
		status = mine->looks ? handle_history(request, err) : handle_change(request, err);
	}
	if (status == STATUS_OK && request->reply.failed) {
		status = error_memory(err);
	}
	job->undo = request->undo;
	job->keep = request->keep;
	return status;
}

static enum status run_aftermath(struct job *job, struct context *context, struct error *err)
{
	struct crowd_job *mine = (struct crowd_job *)job;

	(void)context;
	return mine->request.afterwards ? mine->request.afterwards(&mine->request, &job->error, err)
					: STATUS_OK;
}

static void clear(struct crowd_job *mine)
{
	buffer_release(&mine->request.reply);
	buffer_release(&mine->request.details);
	arena_free(mine->request.arena);
	mine->request.arena = NULL;
}

static void submit(struct crowd_job *mine);

static void read_answer(struct crowd_job *mine)
{
	struct crowd *crowd = mine->crowd;
	const msgpack_object *result = NULL;
	struct error err = ERROR_INIT;

	if (codec_decode(mine->request.arena, buffer_span(&mine->request.reply), &result, &err) !=
	    STATUS_OK) {
		snprintf(crowd->wrong, sizeof(crowd->wrong), "an answer is no value: %.150s", err.message);
		return;
	}
	pthread_mutex_lock(&crowd->lock);
	if (!errand_answered(&crowd->errands, mine->writer, result, crowd->wrong)) {
		crowd->until = 0;
	}
	crowd->answers++;
	pthread_mutex_unlock(&crowd->lock);
}

static bool goes_on(struct crowd *crowd)
{
	bool so;

	pthread_mutex_lock(&crowd->lock);
	so = crowd->answers < crowd->until && crowd->wrong[0] == '\0';
	pthread_mutex_unlock(&crowd->lock);
	return so;
}

static void done_job(struct job *job)
{
	struct crowd_job *mine = (struct crowd_job *)job;
	struct crowd *crowd = mine->crowd;
	bool failed = job->status != STATUS_OK;

	if (mine->looks) {
		crowd->looks++;
		crowd->looks_failed += failed;
	} else if (failed) {
		crowd->last = job->error;
		crowd->failures++;
		mine->failures++;
	} else {
		read_answer(mine);
	}
	clear(mine);
	if (crowd->answered) {
		crowd->answered(crowd);
	}
	if (goes_on(crowd) && mine->failures <= crowd->patience) {
		mine->looks = !failed && !mine->looks;
		submit(mine);
	}
}

static void put_params(struct crowd_job *mine, struct buffer *out)
{
	struct crowd *crowd = mine->crowd;
	const struct errand_writer *who = &crowd->errands.writers[mine->writer];
	char action[ID_TEXT];

	if (mine->looks) {
		id_format("A", who->action, action);
		codec_put_map(out, 1);
		codec_pair_text(out, "id", action);
	} else {
		errand_put(out, &crowd->errands, mine->writer, who->answered);
	}
}

static void submit(struct crowd_job *mine)
{
	struct crowd *crowd = mine->crowd;
	struct request *request = &mine->request;
	struct buffer params;
	struct error err = ERROR_INIT;

	*request = (struct request){.arena = arena_new(), .address = "192.0.2.1", .has_certificate = true};
	buffer_init(&params, PARAMS_BYTES);
	put_params(mine, &params);
	request->method = mine->looks ? METHOD_history : METHOD_change;
	request->fingerprint = crowd->fingerprint;
	buffer_init(&request->reply, REPLY_BYTES);
	buffer_init(&request->details, REPLY_BYTES);
	if (!request->arena ||
	    !(request->bytes.data = arena_copy(request->arena, params.data, params.length))) {
		abort();
	}
	request->bytes.length = params.length;
	buffer_release(&params);
	if (codec_decode(request->arena, request->bytes, &request->params, &err) != STATUS_OK) {
		abort();
	}
	mine->job = (struct job){.run = run_job, .done = done_job};
	mine->job.aftermath = mine->looks ? NULL : run_aftermath;
	worker_submit(mine->looks ? crowd->reader : crowd->writer, &mine->job);
}

/* ---- life ---- */

static enum status start(struct crowd *crowd, const char *script, int long_pages, struct error *err)
{
	struct context context = crowd->folder.context;
	const struct settings *settings = &crowd->folder.settings;
	enum status status = folder_open_reader(&crowd->folder, &crowd->reader_store, err);

	if (status == STATUS_OK && script) {
		gather_log(crowd->folder.store, false); /* it may switch synchronous=FULL off */
		status = sql_script(crowd->folder.store, script, "take the test's settings", err);
	}
	if (status == STATUS_OK && long_pages > 0) {
		store_tidy_from(crowd->folder.store, long_pages);
	}
	if (status == STATUS_OK) {
		status = worker_start(crowd->base, STORE_WRITER, &context, settings, &crowd->writer, err);
	}
	if (status == STATUS_OK) {
		context.store = crowd->reader_store;
		context.journal = NULL;
		status = worker_start(crowd->base, STORE_READER, &context, settings, &crowd->reader, err);
	}
	return status;
}

enum status crowd_open(struct crowd *crowd, const char *folder, const struct digest *fingerprint,
		       const struct errands *errands, const char *script, int long_pages, struct error *err)
{
	enum status status;

	*crowd = (struct crowd){.fingerprint = *fingerprint, .errands = *errands, .patience = 8};
	pthread_mutex_init(&crowd->lock, NULL);
	crowd->base = event_base_new();
	status = crowd->base ? folder_open(folder, FOLDER_WRITE, &crowd->folder, err) : error_memory(err);
	if (status == STATUS_OK) {
		status = start(crowd, script, long_pages, err);
		if (status != STATUS_OK) {
			crowd_close(crowd);
		}
	} else if (crowd->base) {
		event_base_free(crowd->base);
	}
	return status;
}

void crowd_work(struct crowd *crowd, uint64_t answers)
{
	crowd->until = crowd->answers + answers;
	for (size_t i = 0; i < ERRAND_WRITERS; i++) {
		if (!crowd->jobs[i]) {
			crowd->jobs[i] = calloc(1, sizeof(*crowd->jobs[i]));
			if (!crowd->jobs[i]) {
				abort();
			}
		}
		crowd->jobs[i]->crowd = crowd;
		crowd->jobs[i]->writer = i;
		crowd->jobs[i]->looks = false;
		crowd->jobs[i]->failures = 0;
		submit(crowd->jobs[i]);
	}
	while (worker_waiting(crowd->writer) + worker_waiting(crowd->reader) > 0) {
		event_base_loop(crowd->base, EVLOOP_ONCE);
	}
}

void crowd_stop(struct crowd *crowd)
{
	pthread_mutex_lock(&crowd->lock);
	crowd->until = 0;
	pthread_mutex_unlock(&crowd->lock);
}

void crowd_standing(struct crowd *crowd, struct errands *out)
{
	pthread_mutex_lock(&crowd->lock);
	*out = crowd->errands;
	pthread_mutex_unlock(&crowd->lock);
}

void crowd_close(struct crowd *crowd)
{
	worker_stop(crowd->reader);
	worker_stop(crowd->writer);
	store_close(crowd->reader_store);
	folder_close(&crowd->folder);
	event_base_free(crowd->base);
	for (size_t i = 0; i < ERRAND_WRITERS; i++) {
		free(crowd->jobs[i]);
		crowd->jobs[i] = NULL;
	}
	pthread_mutex_destroy(&crowd->lock);
}

enum status crowd_check(const char *folder, const struct errands *errands, struct errand_report *report,
			struct error *err)
{
	struct folder opened;
	enum status status = folder_open(folder, FOLDER_WRITE, &opened, err);

	if (status != STATUS_OK) {
		return status;
	}
	status = store_check(opened.store, false, err);
	if (status == STATUS_OK) {
		status = errands_check(errands, opened.store, opened.journal_public, schema_server(), report,
				       err);
	}
	folder_close(&opened);
	return status;
}
