/* Checking the journal without trusting the server: signed heads, the Merkle tree, commitments. PROTOCOL.md, "The
 * journal". Each function throws what does not check out. */

import crypto from "node:crypto";
import { decode, encode } from "@msgpack/msgpack";

export class Unverified extends Error {}

function must(condition, what) {
	if (!condition) {
		throw new Unverified(what);
	}
}

function sha256(...parts) {
	const hash = crypto.createHash("sha256");

	for (const part of parts) {
		hash.update(part);
	}
	return hash.digest();
}

/* ---- signed heads: C2SP tlog-checkpoint ---- */

function readVerifier(text) {
	const parts = /^([^+\s]+)\+([0-9a-f]{8})\+(.+)$/.exec(text);

	must(parts, "that is no verifier key");
	const [, origin, hash, packed] = parts;
	const key = Buffer.from(packed, "base64");
	must(key.length === 33 && key[0] === 1, "the verifier key is not one of Ed25519");
	must(sha256(`${origin}\n`, key).subarray(0, 4).toString("hex") === hash, "the verifier key is damaged");
	return {
		origin,
		hash: Buffer.from(hash, "hex"),
		key: crypto.createPublicKey({
			key: { kty: "OKP", crv: "Ed25519", x: key.subarray(1).toString("base64url") },
			format: "jwk",
		}),
	};
}

/* {size, root} of a head that the key has signed. */
export function openHead(note, verifier) {
	const { origin, hash, key } = readVerifier(verifier);
	const end = note.indexOf("\n\n");

	must(end >= 0, "the head has no signature");
	const text = note.slice(0, end + 1);
	const [name, size, root] = text.split("\n");
	must(name === origin, "the head is of another journal");
	must(/^(0|[1-9][0-9]*)$/.test(size), "the head has no size");
	const signed = note
		.slice(end + 2)
		.split("\n")
		.filter((line) => line.startsWith(`\u2014 ${origin} `))
		.map((line) => Buffer.from(line.slice(`\u2014 ${origin} `.length), "base64"))
		.filter((bytes) => bytes.subarray(0, 4).equals(hash))
		.some((bytes) => crypto.verify(null, Buffer.from(text), key, bytes.subarray(4)));
	must(signed, "the head is not signed by the journal's key");
	return { size: Number(size), root: Buffer.from(root, "base64") };
}

/* ---- the tree: RFC 6962, checked as RFC 9162 says ---- */

const ofNode = (left, right) => sha256(Buffer.from([1]), left, right);
export const ofLeaf = (leaf) => sha256(Buffer.from([0]), leaf);

/* RFC 9162, 2.1.3.2. */
export function checkInclusion(hash, index, { size, root }, proof) {
	let fn = BigInt(index);
	let sn = BigInt(size) - 1n;
	let r = hash;

	must(index < size, "the entry is not in the tree");
	for (const p of proof) {
		must(sn !== 0n, "the proof is too long");
		if ((fn & 1n) === 1n || fn === sn) {
			r = ofNode(p, r);
			while ((fn & 1n) === 0n && fn !== 0n) {
				fn >>= 1n;
				sn >>= 1n;
			}
		} else {
			r = ofNode(r, p);
		}
		fn >>= 1n;
		sn >>= 1n;
	}
	must(sn === 0n && root.equals(r), "the proof does not lead to the head");
}

/* RFC 9162, 2.1.4.2: the first head is a beginning of the second. */
export function checkGrowth(first, second, given) {
	must(first.size <= second.size, "the journal was cut off");
	if (first.size === second.size) {
		must(first.root.equals(second.root), "two heads of one size differ");
		must(given.length === 0, "an equal size needs no proof");
		return;
	}
	if (first.size === 0) {
		return;
	}
	must(given.length > 0, "there is no proof of growth");
	const wholeTree = (first.size & (first.size - 1)) === 0;
	const proof = wholeTree ? [first.root, ...given] : [...given];
	let fn = BigInt(first.size) - 1n;
	let sn = BigInt(second.size) - 1n;
	while ((fn & 1n) === 1n) {
		fn >>= 1n;
		sn >>= 1n;
	}
	let fr = proof[0];
	let sr = proof[0];
	for (const c of proof.slice(1)) {
		must(sn !== 0n, "the proof is too long");
		if ((fn & 1n) === 1n || fn === sn) {
			fr = ofNode(c, fr);
			sr = ofNode(c, sr);
			while ((fn & 1n) === 0n && fn !== 0n) {
				fn >>= 1n;
				sn >>= 1n;
			}
		} else {
			sr = ofNode(sr, c);
		}
		fn >>= 1n;
		sn >>= 1n;
	}
	must(
		sn === 0n && first.root.equals(fr) && second.root.equals(sr),
		"the journal did not grow from the older head",
	);
}

/* ---- entries ---- */

export function commitmentOf(salt, kind, id, field, value) {
	return sha256(
		Buffer.from([0x10]),
		salt,
		`${kind}\0${id}\0${field}\0`,
		encode(value) /* the shortest forms, which is the canonical form */,
	);
}

/* An answer of journal.show for entry `number`. Says how many openings fit, and the head that it leads to. */
export function checkEntry(answer, number, verifier) {
	const head = openHead(answer.head, verifier);
	let opened = 0;

	checkInclusion(answer.leaf ? ofLeaf(answer.leaf) : Buffer.from(answer.hash), number, head, answer.proof);
	if (!answer.leaf) {
		return { head, leaf: null, opened };
	}
	const leaf = decode(answer.leaf);
	must(leaf.v === 1 && leaf.number === number, "the leaf is of another entry");
	for (const { id, field, salt, value } of answer.openings) {
		const own = id === String(number) && (field === "reason" || field === "by");
		const change = leaf.changes.find((one) => one.id === id);
		const there = own ? leaf[field] : change?.fields[field];

		must(there, `the leaf says nothing of ${field} of ${id}`);
		must(
			commitmentOf(salt, own ? "journal" : change.kind, id, field, value).equals(Buffer.from(there)),
			`${field} of ${id} was not recorded so`,
		);
		opened++;
	}
	for (const { id, field, salt, value } of answer.settled) {
		const change = leaf.changes.find((one) => one.id === id);
		const there = change?.settled?.[field];

		must(there, `the leaf says nothing of what was given up of ${field} of ${id}`);
		must(
			commitmentOf(salt, change.kind, id, field, value).equals(Buffer.from(there)),
			`what was given up of ${field} of ${id} was not recorded so`,
		);
		opened++;
	}
	return { head, leaf, opened };
}
