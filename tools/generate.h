/* The sections of the documentation that safer_generate prints. generate.c has the list and those of the protocol, the
 * settings and the commands; the files named below have the rest. */
#ifndef SAFER_TOOLS_GENERATE_H
#define SAFER_TOOLS_GENERATE_H

/* A cell of a Markdown table. */
void generate_cell(const char *text);

/* Text as lines of mdoc: each sentence on a line of its own, and nothing in it taken for a request. */
void generate_roff(const char *text);

/* "draft, submitted or adopted": the words of a list, the last two joined by `last`. */
void generate_words(const char *words, const char *last);

/* generate_schema.c: both need schema_build() */
void generate_kinds(void);  /* a line a kind */
void generate_schema(void); /* every kind with its fields, states and verbs */

/* generate_examples.c */
void generate_example_hello(void);
void generate_example_change(void);
void generate_example_error(void);
void generate_example_invitation(void);
void generate_example_commitment(void);
void generate_example_leaf(void);
void generate_example_tree(void);
void generate_example_head(void);

/* generate_client.c */
void generate_client_commands(void); /* a list a heading of "safer help" */
void generate_client_flags(void);
void generate_client_environment(void);
void generate_exit_codes(void);

/* generate_policy.c */
void generate_modes(void);
void generate_roles(void);
void generate_posts(void);
void generate_rights(void);          /* a sentence a rule */
void generate_rights_of_kinds(void); /* a table a kind; needs schema_build() */
void generate_markings(void);
void generate_parents(void);

#endif
