// fannkuch.c in JavaScript.
"use strict";

const work = new Int32Array(12);
let checksum = 0;

function flips(permutation, n) {
  let count = 0;
  for (let i = 0; i < n; i++) work[i] = permutation[i];
  for (let first = work[0]; first; first = work[0]) {
    for (let low = 0, high = first; low < high; low++, high--) {
      const kept = work[low];
      work[low] = work[high];
      work[high] = kept;
    }
    count++;
  }
  return count;
}

function fannkuch(n) {
  const permutation = new Int32Array(12);
  const left = new Int32Array(12);
  let most = 0;
  let odd = false;
  let depth = n;
  for (let i = 0; i < n; i++) permutation[i] = i;
  for (;;) {
    for (; depth > 1; depth--) left[depth - 1] = depth;
    const count = flips(permutation, n);
    if (count > most) most = count;
    checksum += odd ? -count : count;
    odd = !odd;
    for (;;) {
      if (depth === n) return most;
      const first = permutation[0];
      for (let i = 0; i < depth; i++) permutation[i] = permutation[i + 1];
      permutation[depth] = first;
      if (--left[depth] > 0) break;
      depth++;
    }
  }
}

const [repeats, n] = process.argv.slice(2).map(Number);
let most = 0;
for (let i = 0; i < repeats; i++) most += fannkuch(n);
console.log(`${checksum} ${most}`);
