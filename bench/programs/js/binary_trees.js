// binary_trees.c in JavaScript, with its collector.
"use strict";

function make(depth) {
  return depth ? { left: make(depth - 1), right: make(depth - 1) } : { left: null, right: null };
}

function count(tree) {
  return tree.left ? 1 + count(tree.left) + count(tree.right) : 1;
}

const [repeats, depth] = process.argv.slice(2).map(Number);
for (let round = 0; round < repeats; round++) {
  console.log(`stretch tree of depth ${depth + 1}: ${count(make(depth + 1))}`);
  const kept = make(depth);
  for (let low = 4; low <= depth; low += 4) {
    const trees = 1 << (depth - low + 4);
    let nodes = 0;
    for (let i = 0; i < trees; i++) nodes += count(make(low));
    console.log(`${trees} trees of depth ${low}: ${nodes}`);
  }
  console.log(`long lived tree of depth ${depth}: ${count(kept)}`);
}
