/* A real saferd with a new data folder on a free port of loopback: what the foreign client talks to. */

import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

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
	const set = (changed) => {
		const conf = path.join(folder, "saferd.conf");
		const lines = fs.readFileSync(conf, "utf8").split("\n");
		const kept = lines.filter((line) => !(line.split(" ")[0] in changed));

		fs.writeFileSync(conf, [...kept, ...Object.entries(changed).map(([name, value]) => `${name} = ${value}`), ""].join("\n"));
	};
	set(settings);
	const log = fs.openSync(path.join(root, "server.log"), "a");
	const logged = async (pattern) => {
		for (let tries = 0; !pattern.test(fs.readFileSync(path.join(root, "server.log"), "utf8")); tries++) {
			if (tries > 600) {
				throw new Error(`the server's log does not say ${pattern}`);
			}
			await sleep(100);
		}
	};
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
		/* Changes settings as an administrator does. It says nothing of when they count: `logged` does, of what follows. */
		reload(changed) {
			set(changed);
			running.child.kill("SIGHUP");
		},
		/* Waits for the log to have said it. */
		logged,
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
