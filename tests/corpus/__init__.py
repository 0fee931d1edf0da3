"""Real WebAssembly modules, and what they are asked to do. docs/corpus.md tells how to add one."""
