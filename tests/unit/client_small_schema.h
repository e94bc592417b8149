/* A schema of two kinds for tests of the client, with each type of field that they need. */
#ifndef SAFER_TESTS_UNIT_CLIENT_SMALL_SCHEMA_H
#define SAFER_TESTS_UNIT_CLIENT_SMALL_SCHEMA_H

#include "protocol/schema.h"

static const struct field small_action_fields[] = {
	{.name = "title",
	 .type = FIELD_TEXT,
	 .min = 1,
	 .max = 100,
	 .required = true,
	 .column = true,
	 .see = "m",
	 .edit = "m",
	 .help = "what is to be done"},
	{.name = "status",
	 .type = FIELD_CHOICE,
	 .choices = "on-track off-track",
	 .column = true,
	 .see = "m",
	 .edit = "m",
	 .help = "how it stands"},
	{.name = "progress",
	 .type = FIELD_INTEGER,
	 .min = 0,
	 .max = 100,
	 .unit = "%",
	 .see = "m",
	 .edit = "m",
	 .help = "how much is done"},
	{.name = "cost",
	 .type = FIELD_DECIMAL,
	 .places = 2,
	 .min = 0,
	 .max = 100000000,
	 .unit = "GBP",
	 .unknown = true,
	 .see = "m",
	 .edit = "m",
	 .help = "what it costs"},
	{.name = "urgent", .type = FIELD_FLAG, .see = "m", .edit = "m", .help = "whether it cannot wait"},
	{.name = "state", .type = FIELD_TEXT, .max = 20, .see = "m", .edit = "m", .help = "where it stands"},
};
static const struct transition small_action_transitions[] = {{"close", "open", "closed", true, "it is done"}};
static const struct field small_body_fields[] = {
	{.name = "name",
	 .type = FIELD_TEXT,
	 .min = 1,
	 .max = 100,
	 .required = true,
	 .see = "m",
	 .edit = "m",
	 .help = "its name"},
};
static const struct kind small_kinds[] = {
	{.name = "action",
	 .plural = "actions",
	 .prefix = "A",
	 .chapter = "plan",
	 .title = "title",
	 .help = "a step",
	 .fields = small_action_fields,
	 .field_count = 6,
	 .states = "open closed",
	 .transitions = small_action_transitions,
	 .transition_count = 1},
	{.name = "body",
	 .plural = "bodies",
	 .prefix = "B",
	 .chapter = "governance",
	 .title = "name",
	 .help = "a board or a group",
	 .fields = small_body_fields,
	 .field_count = 1,
	 .states = ""},
};
static const struct mode small_modes[] = {{"m", "members"}};
static const struct schema small_schema = {small_kinds, 2, small_modes, 1};

#endif
