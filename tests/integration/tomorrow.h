/* The steps of migration that a saferd of tomorrow has and today's has not; CMake includes it into migrate.c. */
#ifndef SAFER_TESTS_INTEGRATION_TOMORROW_H
#define SAFER_TESTS_INTEGRATION_TOMORROW_H

#define SAFER_STEPS_OF_TOMORROW                                                                     \
	{3, "CREATE TABLE tomorrow (number INTEGER PRIMARY KEY, title TEXT NOT NULL) STRICT;"       \
	    "INSERT INTO tomorrow SELECT row_number() OVER (ORDER BY kind, number, revision), kind" \
	    " FROM version;"},                                                                      \
		{4, "ALTER TABLE tomorrow ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue';"          \
		    "CREATE INDEX tomorrow_by_title ON tomorrow (title, number);"},

#endif
