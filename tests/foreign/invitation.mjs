/* An invitation: one line of text that says where the server is, how to know it, and the secret that lets one device
 * in. PROTOCOL.md, "The invitation". */

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const fixedBytes = 16 + 5 + 16 + 2; /* before the host */
const crcBytes = 4;

/* CRC-32/BZIP2: highest bit first. */
export function crc32(bytes) {
	let crc = 0xffffffff;

	for (const byte of bytes) {
		crc ^= byte << 24;
		for (let bit = 0; bit < 8; bit++) {
			crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
		}
	}
	return ~crc >>> 0;
}

function decodeBase32(text) {
	const out = [];
	let bits = 0;
	let count = 0;

	for (const character of text) {
		const value = alphabet.indexOf(character);

		if (value < 0) {
			throw new Error(`an invitation has no "${character}" in it`);
		}
		bits = (bits << 5) | value;
		count += 5;
		if (count >= 8) {
			count -= 8;
			out.push((bits >> count) & 0xff);
			bits &= (1 << count) - 1;
		}
	}
	return Buffer.from(out);
}

export function readInvitation(text) {
	const plain = text.replace(/[\s\u00a0\-\u2010\u2011\u2013\u2014]/gu, "").toUpperCase();

	if (!plain.startsWith("SAFER1")) {
		throw new Error("an invitation begins with SAFER1");
	}
	const digits = plain.slice("SAFER1".length).replaceAll(/[IL]/g, "1").replaceAll("O", "0");
	if (digits.length % 8 !== 0) {
		throw new Error("a group of the invitation is not whole");
	}
	const bytes = decodeBase32(digits);
	if (bytes.length < fixedBytes + 1 + crcBytes) {
		throw new Error("the invitation is too short");
	}
	const body = bytes.subarray(0, bytes.length - crcBytes);
	if (crc32(body) !== bytes.readUInt32BE(body.length)) {
		throw new Error("the invitation was not copied right: its checksum does not fit");
	}
	return {
		fingerprint: body.subarray(0, 16),
		id: body.subarray(16, 21),
		secret: body.subarray(21, 37),
		port: body.readUInt16BE(37),
		host: body
			.subarray(fixedBytes)
			.toString("ascii")
			.replace(/\0{0,4}$/, ""),
	};
}
