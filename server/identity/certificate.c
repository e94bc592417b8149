/* Builds certificates piece by piece from typed values: no text from outside is ever parsed as an extension.
 * Everything here holds under X509_V_FLAG_X509_STRICT. */
#include "server/identity/certificate.h"

#include "common/clock.h"
#include "protocol/schema.h"
#include "server/identity/key_files.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SERIAL_BYTES    16
#define NAME_CHARACTERS 64  /* the most that X.520 allows in a name's part */
#define HOST_BYTES      253 /* the longest DNS name */
#define AUTHORITY_YEARS 20

/* The numbers of RFC 5280 section 4.2.1.3. */
enum key_usage { USAGE_DIGITAL_SIGNATURE = 0, USAGE_CERTIFICATE_SIGN = 5, USAGE_CRL_SIGN = 6 };

/* The bytes of the first characters that fit into a name. */
static size_t name_bytes(const char *name)
{
	size_t bytes = 0;
	size_t characters = 0;

	while (name[bytes] != '\0') {
		bool begins = ((unsigned char)name[bytes] & 0xc0) != 0x80;

		if (begins && characters == NAME_CHARACTERS) {
			break;
		}
		characters += begins;
		bytes++;
	}
	return bytes;
}

static bool add_name(X509_NAME *to, int nid, const char *text)
{
	return X509_NAME_add_entry_by_NID(to, nid, MBSTRING_UTF8, (const unsigned char *)text,
					  (int)name_bytes(text), -1, 0) == 1;
}

static bool set_serial(X509 *certificate)
{
	uint8_t bytes[SERIAL_BYTES];
	BIGNUM *number = NULL;
	bool good = false;

	if (!random_bytes(bytes, sizeof(bytes))) {
		goto out;
	}
	bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40); /* positive, and always 16 bytes long */
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	good = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
out:
	BN_free(number);
	return good;
}

static bool set_validity(X509 *certificate, int64_t from, int64_t to)
{
	return ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)(from / 1000000)) != NULL &&
	       ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)(to / 1000000)) != NULL;
}

static bool add_extension(X509 *certificate, int nid, void *value, bool critical)
{
	return value != NULL && X509_add1_ext_i2d(certificate, nid, value, critical, X509V3_ADD_DEFAULT) == 1;
}

static bool add_constraints(X509 *certificate, bool authority)
{
	BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();
	bool good = constraints != NULL;

	if (good && authority) {
		constraints->ca = 0xff;
		constraints->pathlen = ASN1_INTEGER_new();
		good = constraints->pathlen != NULL && ASN1_INTEGER_set(constraints->pathlen, 0) == 1;
	}
	good = good && add_extension(certificate, NID_basic_constraints, constraints, true);
	BASIC_CONSTRAINTS_free(constraints);
	return good;
}

static bool add_usage(X509 *certificate, const enum key_usage *usages, size_t count)
{
	ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
	bool good = bits != NULL;

	for (size_t i = 0; good && i < count; i++) {
		good = ASN1_BIT_STRING_set_bit(bits, (int)usages[i], 1) == 1;
	}
	good = good && add_extension(certificate, NID_key_usage, bits, true);
	ASN1_BIT_STRING_free(bits);
	return good;
}

static bool add_purpose(X509 *certificate, int purpose)
{
	EXTENDED_KEY_USAGE *purposes = EXTENDED_KEY_USAGE_new();
	ASN1_OBJECT *object = OBJ_nid2obj(purpose); /* static: freeing it does nothing */
	bool good = purposes != NULL && object != NULL && sk_ASN1_OBJECT_push(purposes, object) > 0 &&
		    add_extension(certificate, NID_ext_key_usage, purposes, false);

	EXTENDED_KEY_USAGE_free(purposes);
	return good;
}

/* RFC 7093 method 1: the first 160 bits of SHA-256 over the public key's bits. */
static bool add_subject_key_id(X509 *certificate)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int length = 0;
	ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
	bool good = id != NULL && X509_pubkey_digest(certificate, EVP_sha256(), hash, &length) == 1 &&
		    length >= 20 && ASN1_OCTET_STRING_set(id, hash, 20) == 1 &&
		    add_extension(certificate, NID_subject_key_identifier, id, false);

	ASN1_OCTET_STRING_free(id);
	return good;
}

static bool add_authority_key_id(X509 *certificate, X509 *authority)
{
	const ASN1_OCTET_STRING *of_authority = X509_get0_subject_key_id(authority);
	AUTHORITY_KEYID *id = AUTHORITY_KEYID_new();
	bool good = false;

	if (id == NULL || of_authority == NULL) {
		goto out;
	}
	id->keyid = ASN1_OCTET_STRING_dup(of_authority);
	good = id->keyid != NULL && add_extension(certificate, NID_authority_key_identifier, id, false);
out:
	AUTHORITY_KEYID_free(id);
	return good;
}

/* The address in network order; 0 when the text is none. */
static int address_bytes(const char *text, uint8_t out[16])
{
	if (inet_pton(AF_INET, text, out) == 1) {
		return 4;
	}
	return inet_pton(AF_INET6, text, out) == 1 ? 16 : 0;
}

/* A DNS name as a certificate may hold it: labels of letters, digits and hyphens. */
static bool host_is_name(const char *host)
{
	size_t label = 0; /* bytes of the label so far */

	for (const char *at = host; *at != '\0'; at++) {
		bool plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
			     (*at >= '0' && *at <= '9');

		if (*at == '.') {
			if (label == 0 || at[-1] == '-') {
				return false;
			}
			label = 0;
			continue;
		}
		if ((!plain && *at != '-') || (*at == '-' && label == 0) || label == 63) {
			return false;
		}
		label++;
	}
	return label > 0 && host[strlen(host) - 1] != '-';
}

/* Copies the next word of a list; *length is 0 before the first. Returns 1, 0 at the end, -1 when the word is longer than any host. */
static int next_host(const char **at, size_t *length, char out[HOST_BYTES + 1])
{
	*at = words_next(*at + *length, length);
	if (*at == NULL) {
		return 0;
	}
	if (*length > HOST_BYTES) {
		return -1;
	}
	memcpy(out, *at, *length);
	out[*length] = '\0';
	return 1;
}

enum status certificate_check_names(const char *names, struct error *err)
{
	uint8_t address[16];
	char host[HOST_BYTES + 1];
	const char *at = names;
	size_t length = 0;
	size_t count = 0;
	int more = 0;

	while ((more = next_host(&at, &length, host)) > 0) {
		if (address_bytes(host, address) == 0 && !host_is_name(host)) {
			error_set(err, STATUS_INVALID, "\"%s\" is neither a host name nor an address.", host);
			return error_hint(
				err, "Give names such as safer.example.org and addresses such as 192.0.2.7, "
				     "parted by spaces.");
		}
		count++;
	}
	if (more < 0) {
		return error_set(err, STATUS_INVALID, "A host name of %zu bytes is too long: %d are allowed.",
				 length, HOST_BYTES);
	}
	if (count == 0) {
		error_set(err, STATUS_INVALID, "The server has no name or address.");
		return error_hint(err, "Give at least one, as clients will reach it.");
	}
	return STATUS_OK;
}

bool certificate_has_names(X509 *certificate, const char *names)
{
	char host[HOST_BYTES + 1];
	uint8_t address[16];
	const char *at = names;
	size_t length = 0;
	int more = 0;

	while ((more = next_host(&at, &length, host)) > 0) {
		int bytes = address_bytes(host, address);
		int found = bytes > 0 ? X509_check_ip(certificate, address, (size_t)bytes, 0)
				      : X509_check_host(certificate, host, length,
							X509_CHECK_FLAG_NO_WILDCARDS |
								X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
							NULL);

		if (found != 1) {
			return false;
		}
	}
	return more == 0;
}

static bool push_name(GENERAL_NAMES *names, int type, int string_type, const void *data, size_t length)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *value = ASN1_STRING_type_new(string_type);
	bool good = name != NULL && value != NULL && ASN1_STRING_set(value, data, (int)length) == 1;

	if (good) {
		GENERAL_NAME_set0_value(name, type, value); /* takes the value over */
		value = NULL;
		good = sk_GENERAL_NAME_push(names, name) > 0;
	}
	if (!good) {
		GENERAL_NAME_free(name);
		ASN1_STRING_free(value);
	}
	return good;
}

static bool add_hosts(GENERAL_NAMES *names, const char *hosts)
{
	char host[HOST_BYTES + 1];
	uint8_t address[16];
	const char *at = hosts;
	size_t length = 0;
	int more = 0;

	while ((more = next_host(&at, &length, host)) > 0) {
		int bytes = address_bytes(host, address);
		bool good = bytes > 0
				    ? push_name(names, GEN_IPADD, V_ASN1_OCTET_STRING, address, (size_t)bytes)
				    : push_name(names, GEN_DNS, V_ASN1_IA5STRING, host, length);

		if (!good) {
			return false;
		}
	}
	return more == 0;
}

static bool add_alternative_names(X509 *certificate, const struct certificate_wish *wish)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	bool good = names != NULL;

	if (good && wish->server_names != NULL) {
		good = add_hosts(names, wish->server_names);
	} else if (good) {
		char urn[64];
		int length = snprintf(urn, sizeof(urn), "urn:safer:account:%lld", (long long)wish->account);

		good = length > 0 && (size_t)length < sizeof(urn) &&
		       push_name(names, GEN_URI, V_ASN1_IA5STRING, urn, (size_t)length);
	}
	good = good && add_extension(certificate, NID_subject_alt_name, names, false);
	GENERAL_NAMES_free(names);
	return good;
}

enum status certificate_make_authority(EVP_PKEY *key, const char *partnership, X509 **out, struct error *err)
{
	static const enum key_usage usages[] = {USAGE_CERTIFICATE_SIGN, USAGE_CRL_SIGN};
	int64_t now = clock_machine();
	enum status status = STATUS_OK;
	X509 *made = X509_new();
	X509_NAME *name = made != NULL ? X509_get_subject_name(made) : NULL;

	/* Two parts, so that no device's name, which has one, can be taken for the authority's. */
	if (name == NULL || X509_set_version(made, X509_VERSION_3) != 1 || !set_serial(made) ||
	    !set_validity(made, now - CERTIFICATE_EARLY,
			  now + INT64_C(1000000) * 86400 * 365 * AUTHORITY_YEARS) ||
	    !add_name(name, NID_organizationName, partnership) ||
	    !add_name(name, NID_commonName, "Safer authority") || X509_set_issuer_name(made, name) != 1 ||
	    X509_set_pubkey(made, key) != 1 || !add_constraints(made, true) ||
	    !add_usage(made, usages, sizeof(usages) / sizeof(usages[0])) || !add_subject_key_id(made) ||
	    X509_sign(made, key, EVP_sha256()) <= 0) {
		status = key_error(err, "make the authority's certificate");
		goto out;
	}
	*out = made;
	made = NULL;
out:
	X509_free(made);
	return status;
}

enum status certificate_make(X509 *authority, EVP_PKEY *authority_key, const struct certificate_wish *wish,
			     X509 **out, struct error *err)
{
	static const enum key_usage usages[] = {USAGE_DIGITAL_SIGNATURE};
	enum status status = STATUS_OK;
	X509 *made = NULL;
	X509_NAME *name = NULL;

	if (wish->server_names != NULL) {
		status = certificate_check_names(wish->server_names, err);
		if (status != STATUS_OK) {
			goto out;
		}
	}
	made = X509_new();
	name = made != NULL ? X509_get_subject_name(made) : NULL;
	if (name == NULL || X509_set_version(made, X509_VERSION_3) != 1 || !set_serial(made) ||
	    !set_validity(made, wish->from, wish->to) || !add_name(name, NID_commonName, wish->name) ||
	    X509_set_issuer_name(made, X509_get_subject_name(authority)) != 1 ||
	    X509_set_pubkey(made, wish->key) != 1 || !add_constraints(made, false) ||
	    !add_usage(made, usages, sizeof(usages) / sizeof(usages[0])) ||
	    !add_purpose(made, wish->server_names != NULL ? NID_server_auth : NID_client_auth) ||
	    !add_alternative_names(made, wish) || !add_subject_key_id(made) ||
	    !add_authority_key_id(made, authority) || X509_sign(made, authority_key, EVP_sha256()) <= 0) {
		status = key_error(err, "make a certificate");
		goto out;
	}
	*out = made;
	made = NULL;
out:
	X509_free(made);
	return status;
}
