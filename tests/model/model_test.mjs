/* Editing together: clients of several roles and agencies change a small set of records at once, over real connections that
 * are cut, of a real server that is killed. An independent model judges every answer (checker.mjs).
 *
 *     SAFER_OPERATIONS=100000 SAFER_SEED=7 node tests/model/model_test.mjs */

import { play, report } from "./play.mjs";

const operations = Number(process.env.SAFER_OPERATIONS ?? 4000);
const seed = Number(process.env.SAFER_SEED ?? 20140602);
const told = operations > 10000 ? (text) => console.log(text) : undefined;
const played = await play({ seed, operations, round: Math.min(20000, Math.ceil(operations / 4)), told });

console.log(`seed ${seed}`);
report(played).forEach((line) => console.log(line));
played.checker.violations.slice(0, 12).forEach(({ rule, what }) => console.log(`${rule}: ${what}`));
process.exitCode = played.checker.violations.length === 0 ? 0 : 1;
