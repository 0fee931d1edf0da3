// Runs a WebAssembly module with Node: node run.mjs MODULE ARGUMENTS. It sees all files, as executables do.
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';

// With fast calls, WASI functions of Node 20 keep the address of a memory that has grown since.
setFlagsFromString('--no-turbo-fast-api-calls');
const { WASI } = await import('node:wasi');

const [path, ...words] = process.argv.slice(2);
const wasi = new WASI({ version: 'preview1', args: [path, ...words], preopens: { '.': '.', '/': '/' } });
const { instance } = await WebAssembly.instantiate(readFileSync(path), wasi.getImportObject());
process.exitCode = wasi.start(instance);
