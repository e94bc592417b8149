/* What people say to each other about the records: comments, each written once, and whom it calls upon. */
#include "server/schema/rows.h"

static const struct field comment_fields[] = {
	LINE("title", 200, "members", "nobody", "its beginning"),
	REF("about", NULL, "members", "partners", "the record that it is about", .required = true,
	    .column = true),
	LINES("text", 4000, "members", "partners",
	      "what is said; @ before an agency or a post calls upon it: @police, @\"chair of the Board\"",
	      .required = true, .column = true),
	REFS("mentions", NULL, 100, "members", "nobody",
	     "whom it calls upon: agencies, bodies, and posts by who held them"),
	COMMON_ROWS("members", "partners"),
};

CHAPTER(talk, {.name = "comment",
	       .plural = "comments",
	       .prefix = "C",
	       .chapter = "talk",
	       .title = "title",
	       .help = "a remark on any record, written once and never changed; whoever sees the record "
		       "sees it",
	       .states = "",
	       KIND_FIELDS(comment_fields)})
