/* Invitations made by hand, so that a test can see what a client does with one that leads astray. */

import { crc32 } from "./invitation.mjs";

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

export function forge({ fingerprint, id, secret, port, host }) {
	const ports = Buffer.alloc(2);
	const crc = Buffer.alloc(4);
	let text = "";

	ports.writeUInt16BE(port);
	let body = Buffer.concat([fingerprint, id, secret, ports, Buffer.from(host, "ascii")]);
	body = Buffer.concat([body, Buffer.alloc((5 - ((body.length + crc.length) % 5)) % 5)]);
	crc.writeUInt32BE(crc32(body));
	body = Buffer.concat([body, crc]);
	for (let at = 0; at < body.length; at += 5) {
		const group = body.readUIntBE(at, 5);

		text += at % 5 === 0 ? "-" : "";
		for (let shift = 7; shift >= 0; shift--) {
			text += alphabet[Math.floor(group / 32 ** shift) % 32];
		}
	}
	return `SAFER1${text}`;
}
