/* A real saferd with a new data folder on a free port of loopback: what the foreign client talks to. */

import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";

function freePort() {
	return new Promise((resolve, reject) => {
		const server = net.createServer();

		server.once("error", reject);
		server.listen(0, "127.0.0.1", () => {
			const { port } = server.address();

			server.close(() => resolve(port));
		});
	});
}

/* more: further arguments of saferd init; settings: a map of names of saferd.conf to values. */
export async function startServer(programs, administrator, more = [], settings = {}) {
	const root = fs.mkdtempSync(path.join(os.tmpdir(), "safer-foreign-"));
	const folder = path.join(root, "data");
	const saferd = path.join(programs, "saferd");
	const port = String(await freePort());
	const names = ["--partnership", "Foreign Partnership", "--administrator", administrator];
	const made = spawnSync(saferd, ["init", folder, ...names, "--port", port, ...more], { encoding: "utf8" });
	const invitation = /SAFER1-[0-9A-Z-]+/.exec(made.stdout)?.[0];

	if (made.status !== 0 || !invitation) {
		throw new Error(`saferd init: ${made.stdout}${made.stderr}${made.signal ?? ""}`);
	}
	for (const [name, value] of Object.entries(settings)) {
		fs.appendFileSync(path.join(folder, "saferd.conf"), `${name} = ${value}\n`);
	}
	const log = fs.openSync(path.join(root, "server.log"), "a");
	const start = async () => {
		const child = spawn(saferd, ["run", folder], { stdio: ["ignore", "pipe", log] });
		const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve(code ?? signal)));

		await new Promise((resolve, reject) => {
			child.stdout.once("data", resolve);
			ended.then((code) => reject(new Error(`saferd ended with ${code}`)));
		});
		return { child, ended };
	};
	let running = await start();
	/* However this program ends, the server does not go on without it. */
	process.once("exit", () => running.child.kill("SIGKILL"));
	["SIGTERM", "SIGINT", "SIGHUP"].forEach((signal) => process.once(signal, () => process.exit(1)));
	return {
		invitation,
		folder,
		get pid() {
			return running.child.pid;
		},
		/* Ends it by a signal and starts it again on the same folder and port. How it ended: a code, or the signal. */
		async restart(signal) {
			running.child.kill(signal);
			const code = await running.ended;

			running = await start();
			return code;
		},
		/* How it ended: 0 when all was well, sanitizers included. */
		async stop() {
			running.child.kill("SIGTERM");
			const code = await running.ended;

			if (code !== 0) {
				process.stderr.write(`saferd ended with ${code}\n`);
				process.stderr.write(fs.readFileSync(path.join(root, "server.log")));
			}
			fs.closeSync(log);
			fs.rmSync(root, { recursive: true });
			return code;
		},
	};
}
