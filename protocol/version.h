/* What this build speaks, and the names both ends must agree on. */
#ifndef SAFER_PROTOCOL_VERSION_H
#define SAFER_PROTOCOL_VERSION_H

#define SAFER_VERSION    "0.1.0" /* of the programs */
#define PROTOCOL_VERSION 1       /* of the messages; a peer says it in hello and in enrol */

/* ALPN names (RFC 7301). The first asks for a client certificate, the second is for peers that have none yet. */
#define ALPN_MEMBER  "safer/1"
#define ALPN_ENROL   "safer-enrol/1"

#define DEFAULT_PORT 7443

/* TLS 1.3 only. The lists are short on purpose: the default groups offer ffdhe8192, which costs a server 200
 * times what X25519 does. */
#define TLS_GROUPS     "X25519:P-256"
#define TLS_SIGNATURES "ed25519:ECDSA+SHA256"
#define TLS_SUITES     "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

#endif
