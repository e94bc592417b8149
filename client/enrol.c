/* Enrolment: an invitation becomes a profile with a key that never leaves this device.
 *
 * The order matters. The key is saved before anything is sent, so that an answer that gets lost can be asked for
 * again with the same key; the server's chain is checked against the invitation's fingerprint before the secret is
 * sent; profile.ini comes last, and makes the profile a profile. */
#include "client/commands.h"
#include "client/console.h"
#include "client/files.h"
#include "client/json.h"
#include "client/tls.h"
#include "protocol/invitation.h"
#include "protocol/version.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PEM_BYTES    65536
#define DEVICE_BYTES 81
#define INPUT_BYTES  4096

struct enrolment {
	struct invitation invitation;
	struct profile profile;
	EVP_PKEY *key;
	X509 *authority; /* from the server's chain, checked against the invitation */
	X509 *certificate;
	struct buffer request; /* the certificate request, DER */
	char device[DEVICE_BYTES];
};

static void enrolment_release(struct enrolment *enrolment)
{
	EVP_PKEY_free(enrolment->key);
	X509_free(enrolment->authority);
	X509_free(enrolment->certificate);
	buffer_release(&enrolment->request);
	OPENSSL_cleanse(&enrolment->invitation, sizeof(enrolment->invitation));
}

/* From the command line, from a question, or ("-") from standard input, which leaves no trace in a shell's history. */
static enum status read_invitation(struct client *client, struct invitation *out, struct error *err)
{
	const char *text = client->name_count > 0 ? client->names[0] : NULL;
	enum status status = STATUS_OK;

	if (!text && console_can_ask(client)) {
		status = console_ask(client, "Paste your invitation:", &text, err);
	} else if (!text || strcmp(text, "-") == 0) {
		struct buffer *input = client_buffer(client);

		if (!input) {
			return error_memory(err);
		}
		input->limit = INPUT_BYTES;
		status = file_read("/dev/stdin", input, err);
		text = status == STATUS_OK ? buffer_text(input) : NULL;
		if (status == STATUS_OK && !text) {
			status = error_memory(err);
		}
	}
	return status == STATUS_OK ? invitation_parse(text, out, err) : status;
}

static enum status choose_profile(struct client *client, struct enrolment *enrolment, struct error *err)
{
	const char *name = client->arguments->flags[FLAG_PROFILE];
	const char *ini = NULL;
	enum status status;

	name = name ? name : "default";
	status = profile_check_name(name, err);
	if (status == STATUS_OK) {
		status = profile_place(client->arena, name, &enrolment->profile, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	ini = profile_path(client->arena, enrolment->profile.folder, "profile.ini");
	if (!ini) {
		return error_memory(err);
	}
	if (file_exists(ini)) {
		error_set(err, STATUS_INVALID, "there is a profile \"%s\" on this device already", name);
		return error_hint(err, "add --profile NAME to keep both; to replace it, first remove %s",
				  enrolment->profile.folder);
	}
	status = folder_make(enrolment->profile.folder, err);
	if (status == STATUS_OK) {
		status = folder_make(enrolment->profile.state, err);
	}
	return status == STATUS_OK ? file_check_private(enrolment->profile.folder, err) : status;
}

static void choose_device(struct client *client, struct enrolment *enrolment)
{
	const char *wanted = client->arguments->flags[FLAG_DEVICE];

	if (wanted) {
		(void)snprintf(enrolment->device, sizeof(enrolment->device), "%s", wanted);
	} else if (gethostname(enrolment->device, sizeof(enrolment->device) - 1) != 0 ||
		   !enrolment->device[0]) {
		(void)snprintf(enrolment->device, sizeof(enrolment->device), "a device");
	}
}

/* The key of an enrolment that was not finished is taken up again: for a while, the server answers the same
 * invitation and key with the same certificate. */
static enum status make_key(struct client *client, struct enrolment *enrolment, struct error *err)
{
	const char *path = profile_path(client->arena, enrolment->profile.folder, "key.pem");
	struct buffer pem;
	enum status status = path ? STATUS_OK : error_memory(err);

	buffer_init(&pem, PEM_BYTES);
	if (status == STATUS_OK && file_exists(path)) {
		status = file_check_private(path, err);
		if (status == STATUS_OK) {
			status = file_read(path, &pem, err);
		}
		if (status == STATUS_OK) {
			status = tls_pem_key((const char *)pem.data, pem.length, &enrolment->key, err);
		}
	} else if (status == STATUS_OK) {
		status = tls_make_key(&enrolment->key, err);
		if (status == STATUS_OK) {
			status = tls_key_pem(enrolment->key, &pem, err);
		}
		if (status == STATUS_OK) {
			status = file_write(path, pem.data, pem.length, 0600, err);
		}
	}
	if (status == STATUS_OK) {
		status = tls_make_request(enrolment->key, &enrolment->request, err);
	}
	if (pem.data) {
		OPENSSL_cleanse(pem.data, pem.length);
	}
	buffer_release(&pem);
	return status;
}

/* Connects, checks who is there, and only then sends the secret. */
static enum status ask(struct client *client, struct enrolment *enrolment, const msgpack_object **result,
		       struct error *err)
{
	const struct invitation *invitation = &enrolment->invitation;
	struct buffer *params = client_buffer(client);
	SSL_CTX *context = NULL;
	struct call *call = NULL;
	enum status status = params ? tls_context_newcomer(&context, err) : error_memory(err);

	if (status == STATUS_OK) {
		status = call_open(context, invitation->host, invitation->port, ALPN_ENROL, &call, err);
	}
	if (status == STATUS_OK) {
		X509_free(enrolment->authority);
		enrolment->authority = NULL;
		status = tls_check_invited(call_ssl(call), invitation->host, invitation->fingerprint,
					   &enrolment->authority, err);
	}
	if (status == STATUS_OK) {
		codec_put_map(params, 5);
		codec_pair_int(params, "protocol", PROTOCOL_VERSION);
		codec_put_text(params, "invitation");
		codec_put_bin(params, invitation->id, sizeof(invitation->id));
		codec_put_text(params, "secret");
		codec_put_bin(params, invitation->secret, sizeof(invitation->secret));
		codec_put_text(params, "request");
		codec_put_bin(params, enrolment->request.data, enrolment->request.length);
		codec_pair_text(params, "device", enrolment->device);
		status = params->failed ? error_memory(err)
					: call_method(call, client->arena, METHOD_enrol, buffer_span(params),
						      result, &client->details, err);
		if (params->data) {
			OPENSSL_cleanse(params->data, params->length);
		}
	}
	call_close(call);
	SSL_CTX_free(context);
	return status;
}

static enum status check_answer(struct enrolment *enrolment, const msgpack_object *result, struct error *err)
{
	struct span der = {NULL, 0};
	enum status status;

	if (!codec_bin(codec_get(result, "certificate"), &der)) {
		return error_set(err, STATUS_FAILED, "the server sent no certificate");
	}
	status = tls_certificate_read(der, &enrolment->certificate, err);
	if (status == STATUS_OK && X509_check_private_key(enrolment->certificate, enrolment->key) != 1) {
		status = error_set(err, STATUS_UNVERIFIED, "the server sent a certificate for another key");
	}
	if (status == STATUS_OK &&
	    X509_verify(enrolment->certificate, X509_get0_pubkey(enrolment->authority)) != 1) {
		status = error_set(
			err, STATUS_UNVERIFIED,
			"the server sent a certificate that the invitation's authority did not sign");
	}
	return status;
}

static enum status save_pem(struct client *client, const struct enrolment *enrolment, X509 *certificate,
			    const char *file, struct error *err)
{
	const char *path = profile_path(client->arena, enrolment->profile.folder, file);
	struct buffer pem;
	enum status status = path ? STATUS_OK : error_memory(err);

	buffer_init(&pem, PEM_BYTES);
	if (status == STATUS_OK) {
		status = tls_certificate_pem(certificate, &pem, err);
	}
	if (status == STATUS_OK) {
		status = file_write(path, pem.data, pem.length, 0600, err);
	}
	buffer_release(&pem);
	return status;
}

static enum status save(struct client *client, struct enrolment *enrolment, const msgpack_object *result,
			struct error *err)
{
	struct profile *profile = &enrolment->profile;
	const char *partnership = codec_get_string(client->arena, result, "partnership");
	const char *person = codec_get_string(client->arena, result, "person");
	const char *name = codec_get_string(client->arena, result, "name");
	enum status status;

	profile->server = enrolment->invitation.host;
	profile->port = enrolment->invitation.port;
	profile->partnership = partnership ? partnership : "";
	profile->person = person ? person : "";
	profile->person_name = name ? name : "";
	profile->verifier = codec_get_string(client->arena, result, "key");
	if (!profile->verifier) {
		return error_set(err, STATUS_FAILED, "the server did not say which key signs its journal");
	}
	status = save_pem(client, enrolment, enrolment->authority, "ca.pem", err);
	if (status == STATUS_OK) {
		status = save_pem(client, enrolment, enrolment->certificate, "certificate.pem", err);
	}
	return status == STATUS_OK ? profile_save(profile, err) : status;
}

static enum status tell(struct client *client, const struct enrolment *enrolment,
			const msgpack_object *result, struct error *err)
{
	const struct profile *profile = &enrolment->profile;
	const char *expires = codec_get_string(client->arena, result, "expires");

	expires = expires ? expires : "";
	if (client->output.mode == OUTPUT_JSON) {
		return json_print(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "profile", profile->name,
					    "partnership", profile->partnership, "person", profile->person,
					    "name", profile->person_name, "device", enrolment->device,
					    "expires", expires),
				  &client->output, err);
	}
	(void)fprintf(client->output.file,
		      "You are %s (%s) in %s.\n"
		      "This device is \"%s\"; its certificate is good until %.10s and renews itself.\n"
		      "  profile: %s\n"
		      "  next: safer%s%s\n",
		      profile->person_name, profile->person, profile->partnership, enrolment->device, expires,
		      profile->folder, strcmp(profile->name, "default") == 0 ? "" : " --profile ",
		      strcmp(profile->name, "default") == 0 ? "" : profile->name);
	return STATUS_OK;
}

enum status command_enrol(struct client *client, struct error *err)
{
	struct enrolment enrolment = {0};
	const msgpack_object *result = NULL;
	enum status status = STATUS_OK;

	buffer_init(&enrolment.request, PEM_BYTES);
	choose_device(client, &enrolment);
	status = choose_profile(client, &enrolment, err);
	if (status == STATUS_OK) {
		status = read_invitation(client, &enrolment.invitation, err);
	}
	if (status == STATUS_OK) {
		status = make_key(client, &enrolment, err);
	}
	if (status == STATUS_OK) {
		status = ask(client, &enrolment, &result, err);
		if (status == STATUS_UNREACHABLE && enrolment.authority) {
			/* The secret may have arrived although the answer did not. */
			status = ask(client, &enrolment, &result, err);
		}
	}
	if (status == STATUS_OK) {
		status = check_answer(&enrolment, result, err);
	}
	if (status == STATUS_OK) {
		status = save(client, &enrolment, result, err);
	}
	if (status == STATUS_OK) {
		status = tell(client, &enrolment, result, err);
	}
	enrolment_release(&enrolment);
	return status;
}
