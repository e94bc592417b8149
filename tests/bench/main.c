/* safer-bench: measures saferd and the bare echo in turns, and whatever is named beside them.
 *
 *	safer-bench --programs DIR --data DIR --out DIR [--rounds N] [--seconds S] [--only WORDS] [--beside NAME=COMMAND]
 *
 * A command beside is run as `COMMAND WORKLOAD CONNECTIONS SECONDS` and prints one line: the figure in the workload's
 * unit, then p50 and p99 in microseconds if it knows them. Nothing printed: not measured. */
#include "tests/bench/processes.h"
#include "tests/bench/report.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SAFER_PORT 7480
#define ECHO_PORT  7481

enum server { SAFERD, ECHO, SERVERS_OWN };

struct bench {
	const char *programs, *data, *out, *only;
	int rounds;
	double seconds;
	double rate;
	int connections; /* only the workloads with so many; 0: all */
	const char *commands[SERVERS_MOST];
	struct target targets[SERVERS_OWN];
	struct report report;
};

static double rate_of(const struct measured *measured)
{
	return measured->rate;
}

static double told_of(const struct measured *measured)
{
	return measured->p50 / 1000;
}

static double kib_of(const struct measured *measured)
{
	return measured->kib;
}

static double start_of(const struct measured *measured)
{
	return measured->milliseconds;
}

#define REQUESTS(name, text, what, conns)                                                       \
	{                                                                                       \
		.workload = (name), .title = (text),                                            \
		.work = {.shape = SHAPE_REQUESTS, .operation = (what), .connections = (conns)}, \
		.unit = "/s", .figure = rate_of                                                 \
	}
#define OTHER(name, text, how, conns, what, value, less)                                               \
	{                                                                                              \
		.workload = (name), .title = (text), .work = {.shape = (how), .connections = (conns)}, \
		.unit = (what), .figure = (value), .less_is_better = (less)                            \
	}

static struct cell cells[] = {
	REQUESTS("edit", "durable edit", OPERATION_EDIT, 1),
	REQUESTS("edit", "durable edit", OPERATION_EDIT, 16),
	REQUESTS("edit", "durable edit", OPERATION_EDIT, 64),
	REQUESTS("edit", "durable edit", OPERATION_EDIT, 256),
	REQUESTS("read", "read one", OPERATION_READ, 1),
	REQUESTS("read", "read one", OPERATION_READ, 16),
	REQUESTS("read", "read one", OPERATION_READ, 64),
	REQUESTS("read", "read one", OPERATION_READ, 256),
	REQUESTS("list", "list 2,000", OPERATION_LIST, 1),
	REQUESTS("list", "list 2,000", OPERATION_LIST, 16),
	OTHER("watch", "last watcher told", SHAPE_WATCH, 500, "ms", told_of, true),
	OTHER("watch", "last watcher told", SHAPE_WATCH, 2000, "ms", told_of, true),
	OTHER("handshake", "handshakes", SHAPE_HANDSHAKES, 16, "/s", rate_of, false),
	OTHER("idle", "idle watcher", SHAPE_IDLE, 1000, "KiB", kib_of, true),
	OTHER("start", "start to first answer", SHAPE_START, 1, "ms", start_of, true),
};
#define CELL_COUNT (sizeof(cells) / sizeof(cells[0]))

/* ---- the servers ---- */

static void start_server(struct bench *bench, enum server server)
{
	struct target *target = &bench->targets[server];
	char program[4096];
	char port[16];
	const char *saferd[] = {program, "run", bench->data, NULL};
	const char *echo[] = {program, bench->data, port, NULL};

	snprintf(program, sizeof(program), "%s/%s", bench->programs,
		 server == SAFERD ? "saferd" : "safer-bench-echo");
	snprintf(port, sizeof(port), "%d", target->port);
	target->pid = process_start(server == SAFERD ? saferd : echo);
}

/* Up, answering, and done with what it does beside. */
static bool restart_server(struct bench *bench, enum server server)
{
	struct target *target = &bench->targets[server];

	process_stop(&target->pid);
	start_server(bench, server);
	if (!generate_first(target)) {
		return false;
	}
	process_wait_quiet(target->pid);
	return process_lives(target->pid);
}

static bool measure_start(struct bench *bench, enum server server, struct measured *out)
{
	struct target *target = &bench->targets[server];
	int64_t begun;
	bool good;

	*out = (struct measured){0};
	process_stop(&target->pid);
	begun = now_ns();
	start_server(bench, server);
	good = generate_first(target);
	out->milliseconds = (double)(now_ns() - begun) / 1e6;
	process_wait_quiet(target->pid);
	return good;
}

/* ---- a round ---- */

static bool measure_own(struct bench *bench, const struct cell *cell, enum server server,
			struct measured *out)
{
	struct work work = cell->work;

	work.milliseconds = (int)(bench->seconds * 1000);
	work.rate = bench->rate;
	if (work.shape == SHAPE_START) {
		return measure_start(bench, server, out);
	}
	if (work.shape == SHAPE_IDLE && !restart_server(bench, server)) {
		return false;
	}
	return generate(&bench->targets[server], &work, out);
}

static bool measure_beside(const struct bench *bench, const struct cell *cell, size_t server,
			   struct measured *out)
{
	double numbers[3] = {0};
	char command[4096];
	int count;

	*out = (struct measured){0};
	snprintf(command, sizeof(command), "%s %s %d %g", bench->commands[server], cell->workload,
		 cell->work.connections, bench->seconds);
	count = process_ask(command, numbers, 3);
	out->rate = numbers[0];
	out->kib = numbers[0];
	out->milliseconds = numbers[0];
	out->p50 = numbers[1];
	out->p99 = numbers[2];
	return count > 0 && numbers[0] > 0;
}

static void measure(struct bench *bench, struct cell *cell, size_t server)
{
	int *count = &cell->servers[server].count;
	struct measured *out = &cell->servers[server].rounds[*count];
	bool good = server < SERVERS_OWN ? measure_own(bench, cell, (enum server)server, out)
					 : measure_beside(bench, cell, server, out);

	if (good) {
		++*count;
		fprintf(stderr, "  %s %d %s: %.1f %s, p50 %.0f us, p99 %.0f us, cpu %.1f us\n",
			cell->workload, cell->work.connections, bench->report.names[server],
			cell->figure(out), cell->unit, out->p50, out->p99, out->cpu);
	}
}

static bool is_wanted(const struct bench *bench, const struct cell *cell)
{
	char word[64];
	char list[512];

	snprintf(word, sizeof(word), " %s ", cell->workload);
	snprintf(list, sizeof(list), " %s ", bench->only ? bench->only : cell->workload);
	return strstr(list, word) != NULL &&
	       (bench->connections == 0 || bench->connections == cell->work.connections);
}

/* Every other round the other way about, so that nobody always comes after the same one. */
static void run_rounds(struct bench *bench)
{
	size_t servers = bench->report.server_count;

	for (int round = 0; round < bench->rounds; round++) {
		fprintf(stderr, "round %d of %d\n", round + 1, bench->rounds);
		for (size_t i = 0; i < CELL_COUNT; i++) {
			for (size_t s = 0; is_wanted(bench, &cells[i]) && s < servers; s++) {
				measure(bench, &cells[i], round % 2 == 0 ? s : servers - 1 - s);
			}
		}
	}
}

/* ---- beginning and end ---- */

static bool take_beside(struct bench *bench, char *text)
{
	char *equals = strchr(text, '=');
	size_t place = bench->report.server_count;

	if (!equals || place == SERVERS_MOST) {
		return false;
	}
	*equals = '\0';
	bench->report.names[place] = text;
	bench->commands[place] = equals + 1;
	bench->report.server_count++;
	return true;
}

static bool take_arguments(int argc, char **argv, struct bench *bench)
{
	static const struct option options[] = {
		{"programs", required_argument, NULL, 'p'},    {"data", required_argument, NULL, 'd'},
		{"out", required_argument, NULL, 'o'},         {"rounds", required_argument, NULL, 'r'},
		{"seconds", required_argument, NULL, 's'},     {"only", required_argument, NULL, 'w'},
		{"connections", required_argument, NULL, 'c'}, {"beside", required_argument, NULL, 'b'},
		{"rate", required_argument, NULL, 'R'},        {NULL, 0, NULL, 0},
	};
	int option;
	bool good = true;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'p':
			bench->programs = optarg;
			break;
		case 'd':
			bench->data = optarg;
			break;
		case 'o':
			bench->out = optarg;
			break;
		case 'w':
			bench->only = optarg;
			break;
		case 'c':
			bench->connections = (int)strtol(optarg, NULL, 10);
			break;
		case 'r':
			bench->rounds = (int)strtol(optarg, NULL, 10);
			break;
		case 's':
			bench->seconds = strtod(optarg, NULL);
			break;
		case 'R':
			bench->rate = strtod(optarg, NULL);
			break;
		case 'b':
			good = good && take_beside(bench, optarg);
			break;
		default:
			good = false;
		}
	}
	return good && optind == argc && bench->programs && bench->data && bench->out && bench->rounds > 0 &&
	       bench->rounds <= ROUNDS_MOST && bench->seconds > 0;
}

static bool write_results(const struct bench *bench)
{
	char path[4096];
	bool good;

	report_table(&bench->report);
	snprintf(path, sizeof(path), "%s/results.json", bench->out);
	good = report_json(&bench->report, path);
	snprintf(path, sizeof(path), "%s/throughput.svg", bench->out);
	return report_chart(&bench->report, path) && good;
}

int main(int argc, char **argv)
{
	struct rlimit files = {16384, 16384};
	struct bench bench = {
		.rounds = 3,
		.seconds = 1,
		.targets = {{.name = "saferd", .driver = &driver_safer, .port = SAFER_PORT},
			    {.name = "echo", .driver = &driver_echo, .port = ECHO_PORT}},
		.report = {.cells = cells,
			   .cell_count = CELL_COUNT,
			   .names = {"saferd", "echo"},
			   .server_count = SERVERS_OWN},
	};
	bool good;

	if (!take_arguments(argc, argv, &bench)) {
		fprintf(stderr, "safer-bench --programs DIR --data DIR --out DIR [--rounds N] [--seconds S] "
				"[--only WORDS] [--connections N] [--rate N] [--beside NAME=COMMAND]...\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	setrlimit(RLIMIT_NOFILE, &files);
	process_pin(GENERATOR_CORE);
	good = true;
	for (int i = 0; i < SERVERS_OWN; i++) {
		bench.targets[i].folder = bench.data;
		good = good && restart_server(&bench, (enum server)i);
	}
	if (good) {
		run_rounds(&bench);
		good = write_results(&bench);
	} else {
		fprintf(stderr, "safer-bench: a server does not answer\n");
	}
	for (int i = 0; i < SERVERS_OWN; i++) {
		process_stop(&bench.targets[i].pid);
	}
	return good ? 0 : 1;
}
