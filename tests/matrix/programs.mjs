/* The ways out that are programs: safer, as a person runs it on a machine of their own, and the mail program that the
 * daily digests are given to. What they print, write and send is searched like what comes over the wire. */

import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { binaries } from "../foreign/places.mjs";

const run = promisify(execFile);
const most = 64 * 1024 * 1024; /* bytes that a program prints */

/* A folder of its own, and what is in it, while the test runs. */
export class Desk {
	constructor() {
		this.root = fs.mkdtempSync(path.join(os.tmpdir(), "safer-matrix-"));
		process.once("exit", () => fs.rmSync(this.root, { recursive: true, force: true }));
	}

	folder(...names) {
		const folder = path.join(this.root, ...names);

		fs.mkdirSync(folder, { recursive: true });
		return folder;
	}
}

/* A person's machine with safer on it. */
export class Laptop {
	/* take: is given every byte that comes out. */
	static async enrol(home, invitation, take) {
		const laptop = new Laptop();

		Object.assign(laptop, { home, take });
		const { code, text } = await laptop.run("enrol", invitation);
		if (code !== 0) {
			throw new Error(`safer enrol: ${text}`);
		}
		return laptop;
	}

	/* How it ended, and what it printed. */
	async run(...words) {
		const env = { HOME: this.home, PATH: "/usr/bin:/bin", LC_ALL: "C.UTF-8", TERM: "dumb", COLUMNS: "200" };
		const options = { cwd: this.home, env, encoding: "utf8", maxBuffer: most };
		const ended = await run(path.join(binaries, "bin", "safer"), words, options).catch((error) => error);
		const text = `${ended.stdout}${ended.stderr}`;

		if (ended.code !== undefined && typeof ended.code !== "number") {
			throw ended;
		}
		this.take(Buffer.from(text));
		return { code: ended.code ?? 0, text };
	}

	write(name, text) {
		fs.mkdirSync(path.dirname(path.join(this.home, name)), { recursive: true });
		fs.writeFileSync(path.join(this.home, name), text);
		return name;
	}

	/* The files of a folder as [name, text]. */
	read(folder) {
		const where = path.join(this.home, folder);

		return (fs.existsSync(where) ? fs.readdirSync(where) : []).map((name) => {
			const text = fs.readFileSync(path.join(where, name), "utf8");

			this.take(Buffer.from(text));
			return [name, text];
		});
	}
}

/* Takes what the server gives its mail program: a file for each address. */
export class PostOffice {
	constructor(desk) {
		this.folder = desk.folder("post");
		this.program = path.join(desk.root, "send");
		fs.writeFileSync(this.program, `#!/bin/sh\nexec cat > "${this.folder}/$1"\n`, { mode: 0o700 });
	}

	/* A round of digests, from the beginning to its end. Address to letter. */
	async deliver(server) {
		server.reload({
			digest_command: `${this.program} {to}`,
			digest_from: "safer@matrix.example",
			digest_time: "00:00",
			log_level: "info",
		});
		await server.logged(/event=digests sent=[1-9]\d* failed=0/);
		server.reload({ log_level: "error" });
		return new Map(fs.readdirSync(this.folder).map((to) => [to, fs.readFileSync(path.join(this.folder, to), "utf8")]));
	}
}
