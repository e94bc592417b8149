/* Keys and certificates as PEM files. The only place where the server writes private keys to the disk. */
#include "server/identity/key_files.h"

#include "common/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_FILE_BYTES 65536 /* a PEM file is some hundred bytes */

enum status key_error(struct error *err, const char *what)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

	error_set(err, STATUS_FAILED, "Cannot %s: %s.", what,
		  reason != NULL ? reason : "no reason was given");
	ERR_clear_error();
	return STATUS_FAILED;
}

/* The name of the temporary file beside `name`; a crash may leave it, and the next write takes it over. */
static enum status temporary_name(const char *name, char out[NAME_MAX + 1], struct error *err)
{
	int length = snprintf(out, NAME_MAX + 1, ".%s.new", name);

	if (length < 0 || length > NAME_MAX) {
		return error_set(err, STATUS_FAILED, "The file name %s is too long.", name);
	}
	return STATUS_OK;
}

static enum status file_failed(const char *act, const char *folder, const char *name, struct error *err)
{
	int number = errno;

	return error_set(err, STATUS_FAILED, "Cannot %s %s/%s: %s.", act, folder, name, strerror(number));
}

static int write_all(int file, struct span bytes)
{
	size_t written = 0;

	while (written < bytes.length) {
		ssize_t count = write(file, bytes.data + written, bytes.length - written);

		if (count < 0 && errno != EINTR) {
			return -1;
		}
		if (count > 0) {
			written += (size_t)count;
		}
	}
	return 0;
}

/* Puts the finished temporary file into its place. link() is the one call that never replaces. */
static int put_in_place(int directory, const char *temporary, const char *name, bool replace)
{
	if (replace) {
		return renameat(directory, temporary, directory, name);
	}
	if (linkat(directory, temporary, directory, name, 0) != 0) {
		return -1;
	}
	return unlinkat(directory, temporary, 0);
}

static enum status write_file(const char *folder, const char *name, struct span bytes, bool replace,
			      struct error *err)
{
	char temporary[NAME_MAX + 1] = "";
	enum status status = STATUS_OK;
	bool made = false;
	int directory = -1;
	int file = -1;

	status = temporary_name(name, temporary, err);
	if (status != STATUS_OK) {
		goto out;
	}
	directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0) {
		status = error_set(err, STATUS_FAILED, "Cannot open the folder %s: %s.", folder,
				   strerror(errno));
		goto out;
	}
	if (unlinkat(directory, temporary, 0) != 0 && errno != ENOENT) {
		status = file_failed("replace", folder, temporary, err);
		goto out;
	}
	file = openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (file < 0) {
		status = file_failed("create", folder, temporary, err);
		goto out;
	}
	made = true;
	if (write_all(file, bytes) != 0 || fsync(file) != 0) {
		status = file_failed("write", folder, temporary, err);
		goto out;
	}
	if (put_in_place(directory, temporary, name, replace) != 0) {
		status = errno == EEXIST
				 ? error_set(err, STATUS_REFUSED, "%s/%s is there already.", folder, name)
				 : file_failed("put into place", folder, name, err);
		goto out;
	}
	made = false;
	if (fsync(directory) != 0) {
		status = file_failed("make durable", folder, name, err);
	}
out:
	if (file >= 0) {
		close(file);
	}
	if (made) {
		unlinkat(directory, temporary, 0);
	}
	if (directory >= 0) {
		close(directory);
	}
	return status;
}

static enum status write_bio(const char *folder, const char *name, BIO *bio, bool replace, struct error *err)
{
	char *data = NULL;
	long length = BIO_get_mem_data(bio, &data);

	if (length <= 0) {
		return error_memory(err);
	}
	return write_file(folder, name, (struct span){(const uint8_t *)data, (size_t)length}, replace, err);
}

enum status key_file_write(const char *folder, const char *name, EVP_PKEY *key, bool replace,
			   struct error *err)
{
	BIO *bio = BIO_new(BIO_s_secmem()); /* wipes what it frees */
	enum status status = STATUS_OK;

	if (bio == NULL || PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1) {
		status = key_error(err, "write out a private key");
		goto out;
	}
	status = write_bio(folder, name, bio, replace, err);
out:
	BIO_free(bio);
	return status;
}

enum status key_file_write_certificate(const char *folder, const char *name, X509 *certificate, bool replace,
				       struct error *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	enum status status = STATUS_OK;

	if (bio == NULL || PEM_write_bio_X509(bio, certificate) != 1) {
		status = key_error(err, "write out a certificate");
		goto out;
	}
	status = write_bio(folder, name, bio, replace, err);
out:
	BIO_free(bio);
	return status;
}

/* A key is its owner's alone; a certificate may be read by anybody, and only its owner may change it. */
static enum status check_mode(const struct stat *facts, const char *folder, const char *name, bool secret,
			      struct error *err)
{
	mode_t forbidden = secret ? S_IRWXG | S_IRWXO : S_IWGRP | S_IWOTH;

	if (!S_ISREG(facts->st_mode)) {
		return error_set(err, STATUS_REFUSED, "%s/%s is not a plain file.", folder, name);
	}
	if ((facts->st_mode & forbidden) != 0) {
		error_set(err, STATUS_REFUSED, "%s/%s may be %s by others than its owner (its mode is %04o).",
			  folder, name, secret ? "read or changed" : "changed",
			  (unsigned)(facts->st_mode & 07777));
		return error_hint(err, "Find out who could use it, then run: chmod 600 %s/%s", folder, name);
	}
	return STATUS_OK;
}

/* Reads a whole file into `out`, whose memory the caller wipes. */
static enum status read_file(const char *folder, const char *name, bool secret, struct buffer *out,
			     struct error *err)
{
	char path[PATH_MAX];
	enum status status = STATUS_OK;
	struct stat facts;
	int file = -1;
	int length = snprintf(path, sizeof(path), "%s/%s", folder, name);

	if (length < 0 || (size_t)length >= sizeof(path)) {
		status = error_set(err, STATUS_FAILED, "The path %s/%s is too long.", folder, name);
		goto out;
	}
	/* O_NONBLOCK: a pipe that somebody put there must not hold up the start. */
	file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (file < 0) {
		status = errno == ENOENT ? error_set(err, STATUS_NOT_FOUND, "There is no file %s.", path)
					 : file_failed("open", folder, name, err);
		goto out;
	}
	if (fstat(file, &facts) != 0) {
		status = file_failed("examine", folder, name, err);
		goto out;
	}
	status = check_mode(&facts, folder, name, secret, err);
	if (status != STATUS_OK) {
		goto out;
	}
	if (facts.st_size <= 0 || facts.st_size > KEY_FILE_BYTES) {
		status = error_set(err, STATUS_FAILED, "%s is not a PEM file: it has %lld bytes.", path,
				   (long long)facts.st_size);
		goto out;
	}
	if (buffer_reserve(out, (size_t)facts.st_size) == NULL) {
		status = error_memory(err);
		goto out;
	}
	while (out->length < (size_t)facts.st_size) {
		ssize_t count = read(file, out->data + out->length, (size_t)facts.st_size - out->length);

		if (count < 0 && errno == EINTR) {
			continue;
		}
		if (count < 0) {
			status = file_failed("read", folder, name, err);
			goto out;
		}
		if (count == 0) {
			break; /* it became shorter meanwhile; the PEM reader will say so */
		}
		out->length += (size_t)count;
	}
out:
	if (file >= 0) {
		close(file);
	}
	return status;
}

/* Instead of OpenSSL's own, which would ask at the terminal. */
static int no_passphrase(char *out, int size, int writing, void *payload)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)payload;
	return -1;
}

static enum status not_pem(const char *folder, const char *name, const char *what, struct error *err)
{
	ERR_clear_error();
	error_set(err, STATUS_FAILED, "%s/%s holds no %s that can be read.", folder, name, what);
	return error_hint(err, "Bring the file back from a backup of the data folder.");
}

/* One of the two outputs is set: what is wanted from the file. */
static enum status read_pem(const char *folder, const char *name, EVP_PKEY **key, X509 **certificate,
			    struct error *err)
{
	struct buffer bytes;
	enum status status = STATUS_OK;
	EVP_PKEY *found_key = NULL;
	X509 *found_certificate = NULL;
	BIO *bio = NULL;

	buffer_init(&bytes, KEY_FILE_BYTES);
	status = read_file(folder, name, key != NULL, &bytes, err);
	if (status != STATUS_OK) {
		goto out;
	}
	bio = BIO_new_mem_buf(bytes.data, (int)bytes.length);
	if (bio == NULL) {
		status = error_memory(err);
		goto out;
	}
	if (key != NULL) {
		found_key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
		status = found_key != NULL ? STATUS_OK : not_pem(folder, name, "private key", err);
	} else {
		found_certificate = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
		status = found_certificate != NULL ? STATUS_OK : not_pem(folder, name, "certificate", err);
	}
	if (status == STATUS_OK && key != NULL) {
		*key = found_key;
	} else if (status == STATUS_OK) {
		*certificate = found_certificate;
	}
out:
	BIO_free(bio);
	if (bytes.data != NULL) {
		OPENSSL_cleanse(bytes.data, bytes.length);
	}
	buffer_release(&bytes);
	return status;
}

enum status key_file_read(const char *folder, const char *name, EVP_PKEY **out, struct error *err)
{
	return read_pem(folder, name, out, NULL, err);
}

enum status key_file_read_certificate(const char *folder, const char *name, X509 **out, struct error *err)
{
	return read_pem(folder, name, NULL, out, err);
}
