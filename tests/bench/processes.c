/* Starting, stopping and watching processes by what is in /proc. */
#include "tests/bench/processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define QUIET_US      20000 /* of 200 ms, below which a server counts as idle */
#define QUIET_TRIES   300
#define QUIET_WAIT_US 200000

void process_pin(int core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

pid_t process_start(const char *const *arguments)
{
	pid_t pid = fork();

	if (pid == 0) {
		int nothing = open("/dev/null", O_RDWR);

		prctl(PR_SET_PDEATHSIG, SIGTERM); /* a measurement that is cut short leaves nobody behind */
		process_pin(SERVER_CORE);
		dup2(nothing, STDIN_FILENO);
		dup2(nothing, STDOUT_FILENO);
		dup2(nothing, STDERR_FILENO);
		execv(arguments[0], (char *const *)(uintptr_t)arguments);
		_exit(127);
	}
	return pid;
}

void process_stop(pid_t *pid)
{
	if (*pid > 0) {
		kill(*pid, SIGTERM);
		waitpid(*pid, NULL, 0);
	}
	*pid = 0;
}

bool process_lives(pid_t pid)
{
	return pid > 0 && waitpid(pid, NULL, WNOHANG) == 0;
}

int64_t process_cpu(pid_t pid)
{
	char path[300];
	DIR *tasks;
	struct dirent *entry;
	long long total = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = pid > 0 ? opendir(path) : NULL;
	while (tasks && (entry = readdir(tasks))) {
		long long ran = 0;
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%d/task/%.20s/schedstat", (int)pid, entry->d_name);
		file = entry->d_name[0] != '.' ? fopen(path, "r") : NULL;
		if (file) {
			if (fscanf(file, "%lld", &ran) == 1) {
				total += ran;
			}
			fclose(file);
		}
	}
	if (tasks) {
		closedir(tasks);
	}
	return total / 1000;
}

int64_t process_memory(pid_t pid)
{
	char line[256];
	long long kib = 0;
	FILE *file;

	snprintf(line, sizeof(line), "/proc/%d/smaps_rollup", (int)pid);
	file = fopen(line, "r");
	while (file && fgets(line, sizeof(line), file) && sscanf(line, "Pss: %lld", &kib) != 1) {
	}
	if (file) {
		fclose(file);
	}
	return kib;
}

void process_wait_quiet(pid_t pid)
{
	for (int i = 0; i < QUIET_TRIES; i++) {
		int64_t before = process_cpu(pid);

		usleep(QUIET_WAIT_US);
		if (process_cpu(pid) - before < QUIET_US) {
			return;
		}
	}
}

int process_ask(const char *command, double *numbers, int most)
{
	char line[512] = "";
	FILE *pipe = popen(command, "r"); /* inherits our core */
	int count = 0;
	char *at = line;

	if (!pipe) {
		return 0;
	}
	if (!fgets(line, sizeof(line), pipe)) {
		line[0] = '\0';
	}
	pclose(pipe);
	while (count < most) {
		char *end = NULL;
		double number = strtod(at, &end);

		if (end == at) {
			break;
		}
		numbers[count++] = number;
		at = end;
	}
	return count;
}
