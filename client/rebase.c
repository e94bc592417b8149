/* What both sides did with each field, and with the fields that go with it. */
#include "client/rebase.h"

#include <string.h>

static bool same_group(const struct field *a, const struct field *b)
{
	return strcmp(field_group(a), field_group(b)) == 0;
}

/* What both sides did with one field. */
struct sides {
	bool mine, theirs; /* changed since the base */
	bool differ;
};

static struct sides compare(const struct field *field, const msgpack_object *base, const msgpack_object *mine,
			    const msgpack_object *theirs)
{
	const msgpack_object *was = codec_get(base, field->name);
	const msgpack_object *is = codec_get(theirs, field->name);

	return (struct sides){!codec_same(mine, was), !codec_same(is, was), !codec_same(mine, is)};
}

void rebase_fates(const struct kind *kind, const msgpack_object *base, const msgpack_object *const *mine,
		  const msgpack_object *theirs, enum rebase_fate *fates)
{
	for (size_t i = 0; i < kind->field_count; i++) {
		struct sides own = compare(&kind->fields[i], base, mine[i], theirs);
		bool group_mine = false;
		bool group_theirs = false;

		for (size_t k = 0; k < kind->field_count; k++) {
			if (same_group(&kind->fields[i], &kind->fields[k])) {
				struct sides one = compare(&kind->fields[k], base, mine[k], theirs);

				group_mine = group_mine || (one.mine && one.differ);
				group_theirs = group_theirs || (one.theirs && one.differ);
			}
		}
		if (!own.differ) {
			fates[i] = REBASE_KEEP;
		} else if (group_mine && group_theirs) {
			fates[i] = REBASE_COLLIDES;
		} else {
			fates[i] = own.theirs ? REBASE_TAKE : REBASE_KEEP;
		}
	}
}
