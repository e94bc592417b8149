/* The client against the examples of PROTOCOL.md: what the page shows comes out of code that never saw the program. */

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { decode, encode } from "@msgpack/msgpack";
import { readInvitation } from "./invitation.mjs";
import { checkGrowth, checkInclusion, commitmentOf, ofLeaf, openHead } from "./journal.mjs";
import { source } from "./places.mjs";

const page = fs.readFileSync(path.join(source, "docs/PROTOCOL.md"), "utf8");

/* The block that stands between the marks of a generated example. */
function example(name) {
	const block = new RegExp(`<!-- generated:example-${name} -->\n\`\`\`\n([^]*?)\`\`\``).exec(page);

	assert.ok(block, `the page has an example ${name}`);
	return block[1];
}

/* The bytes of an example: pairs of digits at the beginnings of its lines. */
function bytesOf(text) {
	const digits = text.split("\n").map((line) => /^((?:[0-9a-f]{2} ?)*)(?: |$)/.exec(line)?.[1] ?? "");

	return Buffer.from(digits.join("").replaceAll(" ", ""), "hex");
}

const hexes = (text) => [...text.matchAll(/\b[0-9a-f]{64}\b/g)].map(([hex]) => Buffer.from(hex, "hex"));

describe("the examples of PROTOCOL.md", () => {
	test("an invitation reads as it is taken apart there", () => {
		const text = example("invitation");
		const invitation = readInvitation(text.split("\n")[0]);

		assert.equal(invitation.host, "csp.example.org");
		assert.equal(invitation.port, 7443);
		assert.equal(invitation.id.toString("hex"), "a0a1a2a3a4");
		assert.equal(invitation.fingerprint.toString("hex"), "101112131415161718191a1b1c1d1e1f");
		assert.equal(invitation.secret.toString("hex"), "e0e1e2e3e4e5e6e7e8e9eaebecedeeef");
	});

	test("an invitation reads however it was typed, and not with a digit wrong", () => {
		const text = example("invitation").split("\n")[0];

		const typed = text.toLowerCase().replaceAll("0", "o").replaceAll("-", " \u2013 ");
		assert.deepEqual(readInvitation(typed), readInvitation(text));
		assert.throws(() => readInvitation(text.replace("208H", "208J")), /checksum/);
	});

	test("requests, errors and change-sets are the bytes that are shown", () => {
		assert.deepEqual(
			Buffer.from(encode([0, 1, "hello", [{ protocol: 1, head: 74 }]])),
			bytesOf(example("hello")),
		);
		const request = Uint8Array.from({ length: 16 }, (_, i) => i);
		const changes = [{ do: "edit", id: "A12", base: 7, fields: { progress: 60 } }];
		assert.deepEqual(
			Buffer.from(encode([0, 2, "change", [{ request, changes }]])),
			bytesOf(example("change")),
		);
		const [type, id, error, result] = decode(bytesOf(example("error")));
		assert.deepEqual([type, id, error.name, error.code, result], [1, 2, "not-found", 3, null]);
	});

	test("leaf, commitment, tree and signed head come out as shown", () => {
		const leaf = bytesOf(example("leaf").split("\n\n")[0]);
		const salt = Uint8Array.from({ length: 16 }, (_, i) => i);
		const [commitment] = hexes(example("commitment"));
		const [two, three, ...proofs] = hexes(example("tree"));

		assert.deepEqual(ofLeaf(leaf), hexes(example("leaf"))[0]);
		assert.deepEqual(commitmentOf(salt, "action", "A12", "progress", 60), commitment);
		assert.deepEqual(Buffer.from(decode(leaf).changes[0].fields.progress), commitment);
		checkInclusion(ofLeaf(leaf), 1, { size: 3, root: three }, proofs.slice(0, 2));
		checkGrowth({ size: 2, root: two }, { size: 3, root: three }, proofs.slice(2));
		const [verifier, , ...note] = example("head").split("\n");
		assert.deepEqual(openHead(note.join("\n"), verifier), { size: 3, root: three });
	});
});
