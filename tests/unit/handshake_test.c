/* Who gets through the handshake, and what the others are told. */
#include "server/identity/authority.h"
#include "tests/support/wire.h"
#include "tests/unit/rows.h"

struct shake {
	const char *name;
	const char *alpn;
	enum { NOBODY, MEMBER, EXPIRED, NOT_YET, OTHER_AUTHORITY, SERVER_CERTIFICATE, SELF_SIGNED } who;
	int version;
	enum { DOOR_NONE = -1, ENROL = DOOR_ENROL, MEMBERS = DOOR_MEMBER } door;
	const char *reason; /* what the refused peer is told */
};

static const struct shake shakes[] = {
	{"lets a member in by its certificate", ALPN_MEMBER, MEMBER, 0, MEMBERS, NULL},
	{"lets a peer without a certificate enrol", ALPN_ENROL, NOBODY, 0, ENROL, NULL},
	{"asks no certificate of a peer that enrols, though it has one", ALPN_ENROL, MEMBER, 0, ENROL, NULL},
	{"takes the strict door when both are offered", ALPN_ENROL " " ALPN_MEMBER, MEMBER, 0, MEMBERS, NULL},
	{"the strict door stays strict when both are offered", ALPN_ENROL " " ALPN_MEMBER, NOBODY, 0,
	 DOOR_NONE, "certificate required"},
	{"refuses a member without a certificate", ALPN_MEMBER, NOBODY, 0, DOOR_NONE, "certificate required"},
	{"refuses an expired certificate", ALPN_MEMBER, EXPIRED, 0, DOOR_NONE, "certificate expired"},
	{"refuses a certificate of tomorrow", ALPN_MEMBER, NOT_YET, 0, DOOR_NONE, "bad certificate"},
	{"refuses another authority's certificate", ALPN_MEMBER, OTHER_AUTHORITY, 0, DOOR_NONE, "unknown ca"},
	{"refuses a self-signed certificate", ALPN_MEMBER, SELF_SIGNED, 0, DOOR_NONE, "unknown ca"},
	{"refuses a server's certificate", ALPN_MEMBER, SERVER_CERTIFICATE, 0, DOOR_NONE,
	 "unsupported certificate"},
	{"refuses a protocol that it does not speak", "h2", MEMBER, 0, DOOR_NONE, "no application protocol"},
	{"refuses a longer name that begins like its own", ALPN_MEMBER "0", MEMBER, 0, DOOR_NONE,
	 "no application protocol"},
	{"refuses a peer that names no protocol", NULL, MEMBER, 0, DOOR_NONE, "no application protocol"},
	{"refuses TLS 1.2", ALPN_MEMBER, MEMBER, TLS1_2_VERSION, DOOR_NONE, "protocol version"},
};

static X509 *self_sign(struct wire *wire, EVP_PKEY *key)
{
	X509 *certificate =
		wire_issue(wire, wire->server->context.authority, key, -FIXTURE_DAY, FIXTURE_DAY, NULL);

	assert_int_equal(X509_set_issuer_name(certificate, X509_get_subject_name(certificate)), 1);
	assert_true(X509_sign(certificate, key, NULL) > 0);
	return certificate;
}

static X509 *certificate_for(struct wire *wire, int who, EVP_PKEY *key)
{
	struct authority *authority = wire->server->context.authority;
	struct server_fixture *other;
	X509 *certificate;

	switch (who) {
	case MEMBER:
		return wire_issue(wire, authority, key, -FIXTURE_DAY, FIXTURE_DAY, NULL);
	case EXPIRED:
		return wire_issue(wire, authority, key, -2 * FIXTURE_DAY, -FIXTURE_DAY, NULL);
	case NOT_YET:
		return wire_issue(wire, authority, key, FIXTURE_DAY, 2 * FIXTURE_DAY, NULL);
	case SERVER_CERTIFICATE:
		return wire_issue(wire, authority, key, -FIXTURE_DAY, FIXTURE_DAY, "safer.example");
	case SELF_SIGNED:
		return self_sign(wire, key);
	case OTHER_AUTHORITY:
		other = server_fixture_open();
		certificate =
			wire_issue(wire, other->context.authority, key, -FIXTURE_DAY, FIXTURE_DAY, NULL);
		server_fixture_close(other);
		return certificate;
	default:
		return NULL;
	}
}

static void shakes_hands(void **state)
{
	const struct shake *shake = *state;
	void *place = NULL;
	struct wire *wire;
	struct wire_offer offer = {.alpn = shake->alpn, .version = shake->version};
	struct wire_peer *peer;

	assert_int_equal(wire_setup(&place), 0);
	wire = place;
	if (shake->who != NOBODY) {
		offer.key = fixture_key(wire->server);
		offer.certificate = certificate_for(wire, shake->who, offer.key);
	}
	peer = wire_connect(wire, offer);
	if (shake->door != DOOR_NONE) {
		assert_int_equal(connection_state(wire_connection(peer)), CONNECTION_READY);
		assert_int_equal(connection_peer(wire_connection(peer))->door, shake->door);
		assert_int_equal(connection_peer(wire_connection(peer))->has_certificate,
				 shake->door == MEMBERS);
	} else {
		wire_until(wire, wire_ended(peer));
		assert_true(peer->lost);
		if (!strstr(peer->reason, shake->reason)) {
			fail_msg("it was told \"%s\", not \"%s\"", peer->reason, shake->reason);
		}
		wire_until(wire, connections_count(wire->connections) == 0 || !wire_connection(peer) ||
					 connection_state(wire_connection(peer)) == CONNECTION_CLOSING);
	}
	assert_int_equal(wire->settled, 1);
	X509_free(offer.certificate);
	wire_teardown(&place);
}

int main(void)
{
	static struct rows rows;

	rows_add_table(&rows, shakes, shakes_hands);
	return rows_run(&rows, "handshake");
}
