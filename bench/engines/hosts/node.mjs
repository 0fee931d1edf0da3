// node node.mjs PROGRAM.wasm WORDS… : runs it, and says what the call took.
import { readFileSync } from "node:fs";
import { WASI } from "node:wasi";

const words = process.argv.slice(2);
const began = process.cpuUsage();
const module = new WebAssembly.Module(readFileSync(words[0]));
const seconds = (used) => (used.user + used.system) / 1e6;
const load = seconds(process.cpuUsage(began));
const wasi = new WASI({ version: "preview1", args: words, returnOnExit: true });
const instance = new WebAssembly.Instance(module, wasi.getImportObject());
const wall = process.hrtime.bigint();
const before = process.cpuUsage();
const status = wasi.start(instance);
const cpu = seconds(process.cpuUsage(before));
console.error(`timed ${cpu} ${Number(process.hrtime.bigint() - wall) / 1e9} ${load}`);
process.exitCode = status;
