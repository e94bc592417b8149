/* What a shell offers after the words typed so far: from the tables, and from the cached schema, without a server. */
#include "tests/unit/client_home.h"

#include "client/commands.h"
#include "client/completion.h"
#include "tests/unit/client_small_schema.h"

#define WORDS_MAX 8

/* The candidates, one a line, without descriptions. */
static const char *complete(struct home *home, const struct schema *schema, const char *const *words)
{
	struct arguments arguments = {0};
	struct client client = {.arena = home->arena, .arguments = &arguments, .schema = schema};
	const char *copy = NULL;
	char *text = NULL;
	size_t length = 0;
	size_t count = 0;
	size_t out = 0;
	FILE *file = open_memstream(&text, &length);

	assert_non_null(file);
	while (words[count]) {
		count++;
	}
	assert_int_equal(completion_print(&client, words, count, file, NULL), STATUS_OK);
	assert_int_equal(fclose(file), 0);
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\t') {
			i += strcspn(text + i, "\n");
		}
		text[out++] = text[i];
	}
	copy = arena_text(home->arena, text, out);
	free(text);
	assert_non_null(copy);
	return copy;
}

#define COMPLETE(home, ...) complete((home), &small_schema, (const char *const[]){__VA_ARGS__, NULL})

static void the_first_word_is_a_command_or_a_kind(void **state)
{
	struct home *home = *state;

	assert_string_equal(COMPLETE(home, "a"), "account\nadmin\naction\n");
	assert_string_equal(COMPLETE(home, "wh"), "whoami\nwhy\nwho\n");
	assert_string_equal(COMPLETE(home, "bod"), "body\n");
}

static void each_command_is_offered_once(void **state)
{
	struct home *home = *state;

	assert_string_equal(COMPLETE(home, "jour"), "journal\n");
}

static void the_second_word_of_a_command_follows_its_first(void **state)
{
	struct home *home = *state;

	assert_string_equal(COMPLETE(home, "journal", ""), "list\nshow\nhead\ncheck\n");
	assert_string_equal(COMPLETE(home, "journal", "h"), "head\n");
}

static void a_kind_is_followed_by_its_verbs(void **state)
{
	struct home *home = *state;

	assert_string_equal(COMPLETE(home, "action", "s"), "show\nset\n");
	assert_string_equal(COMPLETE(home, "action", "cl"), "close\n");
	assert_string_equal(COMPLETE(home, "body", "cl"), "");
}

static void fields_are_offered_where_they_can_be_set_or_looked_for(void **state)
{
	struct home *home = *state;

	assert_string_equal(COMPLETE(home, "action", "set", "A1", "pro"), "progress=\n");
	assert_string_equal(COMPLETE(home, "action", "add", "t"), "title=\n");
	assert_string_equal(COMPLETE(home, "action", "list", "st"), "status=\nstate=\n");
	assert_string_equal(COMPLETE(home, "action", "close", "A1", "c"), "cost=\n");
	assert_string_equal(COMPLETE(home, "action", "show", "t"), "");
}

static void a_choice_is_followed_by_its_words(void **state)
{
	struct home *home = *state;

	assert_string_equal(COMPLETE(home, "action", "set", "A1", "status=o"),
			    "status=on-track\nstatus=off-track\n");
	assert_string_equal(COMPLETE(home, "action", "set", "A1", "urgent="), "urgent=yes\nurgent=no\n");
	assert_string_equal(COMPLETE(home, "action", "set", "A1", "progress="), "");
}

static void flags_are_those_of_the_command(void **state)
{
	struct home *home = *state;

	assert_string_equal(COMPLETE(home, "action", "list", "--l"), "--limit\n");
	assert_string_equal(COMPLETE(home, "whoami", "--l"), "");
	assert_string_equal(COMPLETE(home, "action", "set", "A1", "--dr"), "--dry-run\n");
	assert_string_equal(COMPLETE(home, "whoami", "--js"), "--json\n");
}

static void flags_before_the_words_do_not_confuse(void **state)
{
	struct home *home = *state;

	assert_string_equal(COMPLETE(home, "--json", "--profile", "journal", "action", "cl"), "close\n");
}

static void a_flag_is_followed_by_its_values(void **state)
{
	struct home *home = *state;

	(void)home_profile(home, "stratford");
	(void)home_profile(home, "warwick");
	assert_string_equal(COMPLETE(home, "--profile", "w"), "warwick\n");
	assert_string_equal(COMPLETE(home, "action", "list", "--sort", "ti"), "title\n");
	assert_string_equal(COMPLETE(home, "action", "list", "--limit", "a"), "");
}

static void without_a_schema_the_commands_remain(void **state)
{
	struct home *home = *state;
	const char *const words[] = {"a", NULL};

	assert_string_equal(complete(home, NULL, words), "account\nadmin\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOME(the_first_word_is_a_command_or_a_kind),
		HOME(each_command_is_offered_once),
		HOME(the_second_word_of_a_command_follows_its_first),
		HOME(a_kind_is_followed_by_its_verbs),
		HOME(fields_are_offered_where_they_can_be_set_or_looked_for),
		HOME(a_choice_is_followed_by_its_words),
		HOME(flags_are_those_of_the_command),
		HOME(flags_before_the_words_do_not_confuse),
		HOME(a_flag_is_followed_by_its_values),
		HOME(without_a_schema_the_commands_remain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
