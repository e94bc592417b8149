/* Medians and their ratios. An absolute figure means little on a machine that others use too; the ratio of two that
 * were measured in turns means something. */
#include "tests/bench/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

double report_median(const struct cell *cell, size_t server, double (*figure)(const struct measured *))
{
	double values[ROUNDS_MOST];
	int count = cell->servers[server].count;

	for (int i = 0; i < count; i++) {
		values[i] = figure(&cell->servers[server].rounds[i]);
	}
	qsort(values, (size_t)count, sizeof(values[0]), compare_doubles);
	if (count == 0) {
		return NAN;
	}
	return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static double p50_of(const struct measured *measured)
{
	return measured->p50;
}

static double p99_of(const struct measured *measured)
{
	return measured->p99;
}

static double cpu_of(const struct measured *measured)
{
	return measured->cpu;
}

static double answered_of(const struct measured *measured)
{
	return measured->answered;
}

/* ---- the table ---- */

static void print_servers(const struct report *report, const struct cell *cell)
{
	for (size_t s = 0; s < report->server_count; s++) {
		if (cell->servers[s].count == 0) {
			continue;
		}
		printf("%-24s %5d  %-10s %12.1f %-8s %10.0f %10.0f %10.1f", cell->title,
		       cell->work.connections, report->names[s], report_median(cell, s, cell->figure),
		       cell->unit, report_median(cell, s, p50_of), report_median(cell, s, p99_of),
		       report_median(cell, s, cpu_of));
		if (cell->work.shape == SHAPE_WATCH) {
			printf("   answered after %.0f us", report_median(cell, s, answered_of));
		}
		printf("\n");
	}
}

/* How many times as good as another: above 1 is better, whichever way the figure points. */
static double ratio(const struct cell *cell, size_t other)
{
	double ours = report_median(cell, 0, cell->figure);
	double theirs = report_median(cell, other, cell->figure);

	return cell->less_is_better ? theirs / ours : ours / theirs;
}

void report_table(const struct report *report)
{
	printf("%-24s %5s  %-10s %21s %10s %10s %10s\n", "workload", "conns", "server", "figure", "p50 us",
	       "p99 us", "cpu us");
	for (size_t i = 0; i < report->cell_count; i++) {
		print_servers(report, &report->cells[i]);
	}
	printf("\nsaferd against the others in the same run, above 1 is better:\n%-24s %5s", "workload",
	       "conns");
	for (size_t s = 1; s < report->server_count; s++) {
		printf(" %10s", report->names[s]);
	}
	printf("\n");
	for (size_t i = 0; i < report->cell_count; i++) {
		const struct cell *cell = &report->cells[i];

		printf("%-24s %5d", cell->title, cell->work.connections);
		for (size_t s = 1; s < report->server_count; s++) {
			if (cell->servers[s].count > 0 && cell->servers[0].count > 0) {
				printf(" %10.2f", ratio(cell, s));
			} else {
				printf(" %10s", "-");
			}
		}
		printf("\n");
	}
	fflush(stdout);
}

/* ---- JSON ---- */

static void json_number(FILE *file, const char *name, double value)
{
	if (isfinite(value)) {
		fprintf(file, ", \"%s\": %.3f", name, value);
	}
}

bool report_json(const struct report *report, const char *path)
{
	FILE *file = fopen(path, "w");
	const char *comma = "";

	if (!file) {
		return false;
	}
	fprintf(file, "[");
	for (size_t i = 0; i < report->cell_count; i++) {
		const struct cell *cell = &report->cells[i];

		for (size_t s = 0; s < report->server_count; s++) {
			if (cell->servers[s].count == 0) {
				continue;
			}
			fprintf(file,
				"%s\n{\"workload\": \"%s\", \"connections\": %d, \"server\": \"%s\", "
				"\"unit\": \"%s\", \"rounds\": %d",
				comma, cell->workload, cell->work.connections, report->names[s], cell->unit,
				cell->servers[s].count);
			json_number(file, "figure", report_median(cell, s, cell->figure));
			json_number(file, "p50_us", report_median(cell, s, p50_of));
			json_number(file, "p99_us", report_median(cell, s, p99_of));
			json_number(file, "cpu_us", report_median(cell, s, cpu_of));
			fprintf(file, "}");
			comma = ",";
		}
	}
	fprintf(file, "\n]\n");
	return fclose(file) == 0;
}

/* ---- the chart: one panel for edits, one for reads; both axes logarithmic ---- */

#define PANEL_WIDTH  420
#define PANEL_HEIGHT 300
#define MARGIN       60

static const char *const colours[SERVERS_MOST] = {"#005ea5", "#8a8d8f", "#d4351c", "#00703c",
						  "#f47738", "#4c2c92", "#b58840", "#28a197",
						  "#d53880", "#5694ca", "#85994b", "#000000"};
static const char *const dashes[SERVERS_MOST] = {"none", "6 3", "2 2", "8 2 2 2", "4 4", "1 3",
						 "none", "6 3", "2 2", "8 2 2 2", "4 4", "1 3"};

static double place_x(int panel, double connections)
{
	return panel * (PANEL_WIDTH + MARGIN) + MARGIN + log2(connections) / 8 * (PANEL_WIDTH - MARGIN);
}

static double place_y(double rate)
{
	return MARGIN / 2.0 + (1 - (log10(rate < 100 ? 100 : rate) - 2) / 3.5) * (PANEL_HEIGHT - MARGIN);
}

static void draw_axes(FILE *file, int panel, const char *title)
{
	fprintf(file, "<text x=\"%.0f\" y=\"20\" font-weight=\"bold\">%s</text>\n", place_x(panel, 1), title);
	for (int connections = 1; connections <= 256; connections *= 4) {
		fprintf(file,
			"<text x=\"%.0f\" y=\"%d\" text-anchor=\"middle\">%d</text>\n"
			"<line x1=\"%.0f\" y1=\"%.0f\" x2=\"%.0f\" y2=\"%.0f\" stroke=\"#ddd\"/>\n",
			place_x(panel, connections), PANEL_HEIGHT - 12, connections,
			place_x(panel, connections), place_y(100), place_x(panel, connections),
			place_y(300000));
	}
	for (double rate = 100; rate <= 100000; rate *= 10) {
		fprintf(file,
			"<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"end\">%.0f</text>\n"
			"<line x1=\"%.0f\" y1=\"%.0f\" x2=\"%.0f\" y2=\"%.0f\" stroke=\"#ddd\"/>\n",
			place_x(panel, 1) - 6, place_y(rate) + 4, rate, place_x(panel, 1), place_y(rate),
			place_x(panel, 256), place_y(rate));
	}
}

static void draw_line(FILE *file, const struct report *report, int panel, const char *workload, size_t server)
{
	double last_x = 0;
	double last_y = 0;

	fprintf(file,
		"<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" stroke-dasharray=\"%s\" points=\"",
		colours[server], dashes[server]);
	for (size_t i = 0; i < report->cell_count; i++) {
		const struct cell *cell = &report->cells[i];
		double rate = report_median(cell, server, cell->figure);

		if (strcmp(cell->workload, workload) == 0 && isfinite(rate)) {
			last_x = place_x(panel, cell->work.connections);
			last_y = place_y(rate);
			fprintf(file, "%.1f,%.1f ", last_x, last_y);
		}
	}
	fprintf(file, "\"/>\n");
	if (last_x > 0) {
		fprintf(file, "<text x=\"%.0f\" y=\"%.0f\" fill=\"%s\">%s</text>\n", last_x + 6, last_y + 4,
			colours[server], report->names[server]);
	}
}

bool report_chart(const struct report *report, const char *path)
{
	static const char *const panels[][2] = {{"edit", "durable edits a second"},
						{"read", "reads a second"}};
	FILE *file = fopen(path, "w");

	if (!file) {
		return false;
	}
	fprintf(file,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		"font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%%\" height=\"100%%\" "
		"fill=\"#fff\"/>\n",
		2 * (PANEL_WIDTH + MARGIN) + MARGIN, PANEL_HEIGHT);
	for (int panel = 0; panel < 2; panel++) {
		draw_axes(file, panel, panels[panel][1]);
		for (size_t s = 0; s < report->server_count; s++) {
			draw_line(file, report, panel, panels[panel][0], s);
		}
	}
	fprintf(file, "<text x=\"%d\" y=\"%d\">connections</text>\n</svg>\n", PANEL_WIDTH, PANEL_HEIGHT - 1);
	return fclose(file) == 0;
}
