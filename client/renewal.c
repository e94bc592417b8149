/* Renewal of this device's certificate. */
#include "client/renewal.h"

#include "client/commands.h"
#include "client/files.h"
#include "client/json.h"
#include "client/tls.h"
#include "common/clock.h"

#include <unistd.h>

#define PEM_BYTES      65536
#define DAY            ((int64_t)86400 * 1000000)
#define WARNING_BEFORE (7 * DAY)

bool renewal_due(int64_t from, int64_t to, int64_t now)
{
	return to > from && now >= from + (to - from) / 3 * 2;
}

/* The certificate must be for the key that was just made, whatever the server sent. */
static enum status install(struct client *client, EVP_PKEY *key, struct span der, struct error *err)
{
	enum status status;
	X509 *certificate = NULL;
	struct buffer key_pem, certificate_pem;

	buffer_init(&key_pem, PEM_BYTES);
	buffer_init(&certificate_pem, PEM_BYTES);
	status = tls_certificate_read(der, &certificate, err);
	if (status == STATUS_OK && X509_check_private_key(certificate, key) != 1) {
		status = error_set(err, STATUS_UNVERIFIED, "the new certificate is for another key");
	}
	if (status == STATUS_OK) {
		status = tls_key_pem(key, &key_pem, err);
	}
	if (status == STATUS_OK) {
		status = tls_certificate_pem(certificate, &certificate_pem, err);
	}
	if (status == STATUS_OK) {
		status = profile_save_keys(&client->profile, buffer_span(&key_pem),
					   buffer_span(&certificate_pem), err);
	}
	if (key_pem.data) {
		OPENSSL_cleanse(key_pem.data, key_pem.length);
	}
	buffer_release(&key_pem);
	buffer_release(&certificate_pem);
	X509_free(certificate);
	return status;
}

enum status renewal_run(struct client *client, const char **expires, struct error *err)
{
	enum status status;
	EVP_PKEY *key = NULL;
	struct buffer request;
	struct buffer *params = client_buffer(client);
	const msgpack_object *result = NULL;
	struct span der = {NULL, 0};

	buffer_init(&request, PEM_BYTES);
	status = params ? client_connect(client, err) : error_memory(err);
	if (status == STATUS_OK) {
		status = tls_make_key(&key, err);
	}
	if (status == STATUS_OK) {
		status = tls_make_request(key, &request, err);
	}
	if (status != STATUS_OK) {
		goto out;
	}
	codec_put_map(params, 1);
	codec_put_text(params, "request");
	codec_put_bin(params, request.data, request.length);
	status = client_call(client, METHOD_credential_renew, params, &result, err);
	if (status == STATUS_OK && !codec_bin(codec_get(result, "certificate"), &der)) {
		status = error_set(err, STATUS_FAILED, "the server sent no certificate");
	}
	if (status == STATUS_OK) {
		status = install(client, key, der, err);
	}
	if (status == STATUS_OK) {
		*expires = codec_get_string(client->arena, result, "expires");
	}
out:
	EVP_PKEY_free(key);
	buffer_release(&request);
	return status;
}

static bool read_validity(struct client *client, int64_t *from, int64_t *to)
{
	const char *path = profile_path(client->arena, client->profile.folder, "certificate.pem");
	struct buffer *pem = client_buffer(client);
	X509 *certificate = NULL;
	bool known =
		path && pem && file_read(path, pem, NULL) == STATUS_OK && pem->length > 0 &&
		tls_pem_certificate((const char *)pem->data, pem->length, &certificate, NULL) == STATUS_OK &&
		tls_validity(certificate, from, to);

	X509_free(certificate);
	return known;
}

void renewal_when_due(struct client *client)
{
	struct error err = ERROR_INIT;
	const char *lock = NULL;
	const char *expires = NULL;
	int64_t from = 0, to = 0;
	int fd = -1;

	if (!call_alive(client->call) || !read_validity(client, &from, &to) ||
	    !renewal_due(from, to, clock_machine())) {
		return;
	}
	lock = profile_path(client->arena, client->profile.state, "renewal.lock");
	if (!lock || file_lock(lock, false, &fd, NULL) != STATUS_OK || fd < 0) {
		return; /* another command is at it */
	}
	if (renewal_run(client, &expires, &err) != STATUS_OK && to - clock_machine() < WARNING_BEFORE) {
		(void)fprintf(stderr,
			      "safer: this device's certificate ends soon and could not be renewed: %s\n"
			      "  what to do: run \"safer renew\"\n",
			      err.message);
	}
	close(fd);
}

enum status command_renew(struct client *client, struct error *err)
{
	const char *expires = NULL;
	enum status status = renewal_run(client, &expires, err);

	if (status != STATUS_OK) {
		return status;
	}
	expires = expires ? expires : "";
	if (client->output.mode == OUTPUT_JSON) {
		return json_print(json_pack("{s:s}", "expires", expires), &client->output, err);
	}
	if (client->output.mode == OUTPUT_TABLE) {
		(void)fprintf(client->output.file, "This device has a new certificate, good until %.10s.\n",
			      expires);
	} else {
		(void)fprintf(client->output.file, "%s\n", expires);
	}
	return STATUS_OK;
}
