/* A server without sockets: a data folder with a founded partnership, opened the way saferd opens it, and calls that
 * run real handlers in real transactions. For every test of what lies behind the gate.
 *
 *	static void an_administrator_invites_a_colleague(void **state)
 *	{
 *		struct server_fixture *server = *state;
 *		struct fixture_device *administrator = fixture_administrator(server);
 *
 *		fixture_person(server, "Debra Tedds");
 *		fixture_ask(server);
 *		fixture_text(server, "person", "Debra Tedds");
 *		fixture_call(server, administrator, METHOD_invite, handle_invite);
 *		assert_status(server, STATUS_OK);
 *		assert_non_null(codec_get(server->result, "invitation"));
 *	}
 *
 * Use server_fixture_setup and server_fixture_teardown as the test's setup and teardown. Whatever goes wrong inside
 * the fixture itself fails the test with the error's words. */
#ifndef SAFER_TESTS_SUPPORT_SERVER_FIXTURE_H
#define SAFER_TESTS_SUPPORT_SERVER_FIXTURE_H

#include "protocol/invitation.h"
#include "server/request.h"
#include "server/session.h"
#include "server/settings.h"

#include <openssl/x509.h>

/* The clock stands still at 2014-05-01T09:00:00Z until fixture_wait() moves it. */
#define FIXTURE_TIME          (INT64_C(1398934800) * 1000000)
#define FIXTURE_MINUTE        (INT64_C(60) * 1000000)
#define FIXTURE_HOUR          (60 * FIXTURE_MINUTE)
#define FIXTURE_DAY           (24 * FIXTURE_HOUR)

#define FIXTURE_PARTNERSHIP   "South Warwickshire Community Safety Partnership"
#define FIXTURE_ADMINISTRATOR "Ann Admin"

struct record_seed;

struct fixture_device { /* what a client would keep */
	EVP_PKEY *key;
	X509 *certificate;
	struct digest fingerprint;
	int64_t credential;
	int64_t account;
};

struct server_fixture {
	char folder[64];          /* the data folder; removed at the end */
	struct context context;   /* the writer's */
	struct settings settings; /* the defaults; a test may change them */
	struct store *reader;
	int64_t partnership;              /* number of the first partnership */
	int64_t administrator;            /* number of its administrator's record */
	char invitation[INVITATION_TEXT]; /* for its administrator; good for one enrolment */
	int64_t now;                      /* what the frozen clock says */
	struct presence_list *presences;  /* who is editing what, for calls; the test's. NULL: nobody */

	/* Of the last fixture_call(). They live until the next one. */
	enum status status;
	struct error err;
	struct request *request;      /* with moved, close_credential, keep, details */
	const msgpack_object *result; /* NULL unless status is STATUS_OK */

	struct fixture_inside *inside; /* the fixture's own things */
};

int server_fixture_setup(void **state);
int server_fixture_teardown(void **state);

/* Opens a fixture outside of setup, such as a second server. */
struct server_fixture *server_fixture_open(void);
void server_fixture_close(struct server_fixture *server); /* NULL is fine */

/* Ends the process's part of the server and opens the same data folder again, as a restart does. */
void server_fixture_restart(struct server_fixture *server);

void fixture_wait(struct server_fixture *server, int64_t microseconds); /* moves the clock */

/* ---- the writer's transaction, for tests that call modules directly ---- */
void fixture_begin(struct server_fixture *server);
void fixture_commit(struct server_fixture *server);         /* seals the journal first */
struct arena *fixture_arena(struct server_fixture *server); /* lives as long as the fixture */

/* ---- people, bodies and posts, written as the founding writes them ---- */
int64_t fixture_found(struct server_fixture *server, const char *partnership, const char *administrator,
		      char invitation[INVITATION_TEXT]); /* another partnership; its number */
/* Each adds a record to the first partnership and returns its number. */
int64_t fixture_person(struct server_fixture *server, const char *name);
int64_t fixture_body(struct server_fixture *server, const char *name, const char *type);
int64_t fixture_appoint(struct server_fixture *server, int64_t person, int64_t body, const char *post);
/* The same for today alone. */
int64_t fixture_appoint_today(struct server_fixture *server, int64_t person, int64_t body, const char *post);
/* Any records, in any partnership; fields as for records_found(). */
void fixture_records(struct server_fixture *server, int64_t partnership, const struct record_seed *seeds,
		     size_t count);
/* A person who holds a post in a new body of that type, with a device. */
struct fixture_device *fixture_member(struct server_fixture *server, const char *name, const char *body_type,
				      const char *post);

/* ---- devices. They live as long as the fixture ---- */
struct fixture_device *
fixture_administrator(struct server_fixture *server); /* the first one's; enrolled when first asked for */
struct fixture_device *fixture_device(struct server_fixture *server, int64_t person); /* invites and enrols */
struct fixture_device *fixture_enrol(struct server_fixture *server, const char *invitation);
EVP_PKEY *fixture_key(struct server_fixture *server); /* a new Ed25519 key, the fixture's */
/* A PKCS#10 request in DER, in the fixture's arena. */
struct span fixture_certificate_request(struct server_fixture *server, EVP_PKEY *key);

/* ---- calls: fixture_ask, then the parameters, then fixture_call ---- */
typedef enum status (*fixture_handler)(struct request *request, struct error *err);

void fixture_ask(struct server_fixture *server);
void fixture_text(struct server_fixture *server, const char *name, const char *value);
void fixture_int(struct server_fixture *server, const char *name, int64_t value);
void fixture_flag(struct server_fixture *server, const char *name, bool value);
void fixture_bin(struct server_fixture *server, const char *name, const void *data, size_t length);
void fixture_raw(struct server_fixture *server, const char *name,
		 struct span packed); /* a value that is packed already */

/* Runs a handler as the gate and the writer do: parameters checked against their rows, session loaded, in a
 * transaction with a savepoint that is reverted on failure (unless the handler says `keep`) and after a dry run
 * (`undo`); then `afterwards`, seal and commit. `device` is NULL behind DOOR_ENROL. Who may call the method at all is
 * dispatch_admits()'s business and not looked at here. */
enum status fixture_call(struct server_fixture *server, const struct fixture_device *device,
			 enum method method, fixture_handler handler);

/* A text of the last result, in the fixture's arena; fails the test when there is none. */
const char *fixture_result(struct server_fixture *server, const char *name);

/* How many journal entries of a partnership have this `what`. */
size_t fixture_entries(struct server_fixture *server, int64_t partnership, const char *what);
/* The `note` of the newest one, in the fixture's arena. */
const char *fixture_note(struct server_fixture *server, int64_t partnership, const char *what);

/* Fails with the error's words when the last call did not end like this. */
#define assert_status(server, expected) fixture_assert_status((server), (expected), __FILE__, __LINE__)
void fixture_assert_status(const struct server_fixture *server, enum status expected, const char *file,
			   int line);

#endif
