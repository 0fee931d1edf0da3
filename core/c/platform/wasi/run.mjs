// Runs a WebAssembly module with Node: node run.mjs MODULE ARGUMENTS. It sees the folder in which it runs.
import { readFileSync } from 'node:fs';
import { WASI } from 'node:wasi';

const [path, ...words] = process.argv.slice(2);
const wasi = new WASI({ version: 'preview1', args: [path, ...words], preopens: { '.': '.', '/': '/' } });
const { instance } = await WebAssembly.instantiate(readFileSync(path), wasi.getImportObject());
process.exitCode = wasi.start(instance);
