/* From an invitation to a device that the server knows. PROTOCOL.md, "Enrolling". */

import crypto from "node:crypto";
import net from "node:net";
import { Connection, connectTls } from "./connection.mjs";
import { readInvitation } from "./invitation.mjs";

/* ---- a certificate request in DER (RFC 2986), by hand ---- */

function der(tag, ...parts) {
	const body = Buffer.concat(parts);
	let length;

	if (body.length < 0x80) {
		length = [body.length];
	} else if (body.length < 0x100) {
		length = [0x81, body.length];
	} else {
		length = [0x82, body.length >> 8, body.length & 0xff];
	}
	return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const sequence = (...parts) => der(0x30, ...parts);
const version0 = Buffer.from("020100", "hex");
const noAttributes = Buffer.from("a000", "hex");
const ecdsaWithSha256 = Buffer.from("06082a8648ce3d040302", "hex");

export function makeRequest({ privateKey, publicKey }) {
	const information = sequence(
		version0,
		sequence() /* nobody: the server knows who is invited */,
		publicKey.export({ type: "spki", format: "der" }),
		noAttributes,
	);
	const signature = crypto.sign("sha256", information, privateKey);

	return sequence(information, sequence(ecdsaWithSha256), der(0x03, Buffer.from([0]), signature));
}

export function makeKey() {
	return crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
}

/* ---- the server's certificate ---- */

const serverPurpose = "1.3.6.1.5.5.7.3.1";

function sha256(bytes) {
	return crypto.createHash("sha256").update(bytes).digest();
}

/* The certificates that the server sent, its own first. */
function chainOf(socket) {
	const chain = [];

	for (let at = socket.getPeerCertificate(true); at?.raw; at = at.issuerCertificate) {
		const certificate = new crypto.X509Certificate(at.raw);

		chain.push(certificate);
		if (at.issuerCertificate === at) {
			break;
		}
	}
	return chain;
}

/* The authority that the invitation names, once the server has shown to be of it. */
export function pinAuthority(socket, invitation) {
	const chain = chainOf(socket);
	const now = new Date();
	const server = chain[0];
	const authority = chain.find((certificate) =>
		sha256(certificate.raw).subarray(0, 16).equals(invitation.fingerprint),
	);

	if (!authority) {
		throw new Error("this is not the server that the invitation is for");
	}
	const named = net.isIP(invitation.host)
		? server.checkIP(invitation.host)
		: server.checkHost(invitation.host);
	for (const [ok, what] of [
		[authority.ca, "its authority is no authority"],
		[
			server.checkIssued(authority) && server.verify(authority.publicKey),
			"its authority did not sign it",
		],
		[new Date(server.validFrom) <= now && now <= new Date(server.validTo), "it is not valid today"],
		[server.keyUsage?.includes(serverPurpose), "it is not for a server"],
		[named, "it is for another name"],
	]) {
		if (!ok) {
			throw new Error(`the server's certificate: ${what}`);
		}
	}
	return authority;
}

/* ---- enrolling ---- */

/* A device: {host, port, key, certificate, authority, verifier, name}. Everything that a client would keep. */
export async function enrol(text, deviceName) {
	const invitation = readInvitation(text);
	const key = makeKey();
	const socket = await connectTls({
		host: invitation.host,
		port: invitation.port,
		ALPNProtocols: ["safer-enrol/1"],
		rejectUnauthorized: false /* the invitation says what to trust: pinAuthority, before anything is sent */,
	});
	let connection;
	let authority;

	try {
		authority = pinAuthority(socket, invitation);
	} catch (error) {
		socket.destroy();
		throw error;
	}
	connection = new Connection(socket);
	const answer = await connection.call("enrol", {
		protocol: 1,
		invitation: invitation.id,
		secret: invitation.secret,
		request: makeRequest(key),
		device: deviceName,
	});
	connection.close();
	const certificate = new crypto.X509Certificate(answer.certificate);
	if (!certificate.checkPrivateKey(key.privateKey) || !certificate.verify(authority.publicKey)) {
		throw new Error("the server's answer is not a certificate for this key");
	}
	if (!authority.raw.equals(Buffer.from(answer.authority))) {
		throw new Error("the server's answer names another authority");
	}
	return {
		host: invitation.host,
		port: invitation.port,
		key,
		certificate,
		authority,
		verifier: answer.key,
		person: answer.person,
		name: answer.name,
	};
}

/* A connection of an enrolled device; tap as in Connection. */
export async function connect(device, tap) {
	const socket = await connectTls({
		host: device.host,
		port: device.port,
		ALPNProtocols: ["safer/1"],
		ca: device.authority.toString(),
		key: device.key.privateKey.export({ type: "pkcs8", format: "pem" }),
		cert: device.certificate.toString(),
	});

	return new Connection(socket, tap);
}
