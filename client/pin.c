/* The pinned head of the journal. */
#include "client/pin.h"

#include "client/files.h"

#include <string.h>
#include <unistd.h>

#define TELL_SOMEBODY                                                                                       \
	"this is serious: tell the partnership's scrutiny committee and whoever runs the server, and keep " \
	"%s/head"

bool pin_read_proof(const msgpack_object *list, struct merkle_proof *out)
{
	out->count = 0;
	if (codec_is_nil(list)) {
		return true;
	}
	if (list->type != MSGPACK_OBJECT_ARRAY || list->via.array.size > MERKLE_PROOF_MAX) {
		return false;
	}
	for (uint32_t i = 0; i < list->via.array.size; i++) {
		struct span hash = {NULL, 0};

		if (!codec_bin(&list->via.array.ptr[i], &hash) || hash.length != DIGEST_BYTES) {
			return false;
		}
		memcpy(out->hashes[out->count++].bytes, hash.data, DIGEST_BYTES);
	}
	return true;
}

enum status pin_load(struct arena *arena, const struct profile *profile, struct checkpoint *out,
		     struct error *err)
{
	enum status status;
	struct buffer note;
	const char *path = profile_path(arena, profile->state, "head");

	*out = (struct checkpoint){0};
	if (!path) {
		return error_memory(err);
	}
	buffer_init(&note, CHECKPOINT_NOTE);
	status = file_read(path, &note, err);
	if (status == STATUS_NOT_FOUND) {
		status = STATUS_OK;
	} else if (status == STATUS_OK) {
		status = checkpoint_open((const char *)note.data, note.length, profile->verifier, out, err);
		if (status != STATUS_OK) {
			error_set(err, STATUS_UNVERIFIED, "the pinned head in %s does not check out", path);
			status = error_hint(
				err, "somebody changed that file, or the profile is of another server");
		}
	}
	buffer_release(&note);
	return status;
}

enum status pin_check(const struct profile *profile, const struct checkpoint *pinned, struct span note,
		      const msgpack_object *proof, struct checkpoint *out, struct error *err)
{
	struct checkpoint head;
	struct merkle_proof hashes;
	enum status status =
		checkpoint_open((const char *)note.data, note.length, profile->verifier, &head, err);

	if (status != STATUS_OK) {
		return status;
	}
	if (head.size < pinned->size) {
		error_set(
			err, STATUS_UNVERIFIED,
			"the server shows a journal of %llu entries, but this device has seen %llu of them: "
			"history was cut off, or an old backup is being served",
			(unsigned long long)head.size, (unsigned long long)pinned->size);
		return error_hint(err, TELL_SOMEBODY, profile->state);
	}
	/* When nothing was pinned, this head is taken on trust, and pinned from now on. */
	if (pinned->size > 0 &&
	    (!pin_read_proof(proof, &hashes) ||
	     !merkle_check_consistency(pinned->size, &pinned->root, head.size, &head.root, &hashes))) {
		error_set(err, STATUS_UNVERIFIED,
			  "the server cannot prove that the journal that this device has seen (%llu entries) "
			  "is a "
			  "beginning of the one that it shows now (%llu): history was rewritten",
			  (unsigned long long)pinned->size, (unsigned long long)head.size);
		return error_hint(err, TELL_SOMEBODY, profile->state);
	}
	*out = head; /* which may be what `pinned` points to */
	return STATUS_OK;
}

enum status pin_save(struct arena *arena, const struct profile *profile, struct span note,
		     const struct checkpoint *checkpoint, struct error *err)
{
	const char *path = profile_path(arena, profile->state, "head");
	const char *lock = profile_path(arena, profile->state, "head.lock");
	struct checkpoint present;
	enum status status;
	int fd = -1;

	if (!path || !lock) {
		return error_memory(err);
	}
	status = folder_make(profile->state, err);
	if (status == STATUS_OK) {
		status = file_lock(lock, true, &fd, err);
	}
	if (status == STATUS_OK) {
		status = pin_load(arena, profile, &present, err);
	}
	if (status == STATUS_OK && checkpoint->size > present.size) {
		status = file_write(path, note.data, note.length, 0600, err);
	}
	if (fd >= 0) {
		close(fd);
	}
	return status;
}
