// sieve.c in JavaScript.
"use strict";

function primes(composite, n) {
  let count = 0;
  for (let i = 0; i < n; i++) composite[i] = 0;
  for (let i = 2; i < n; i++) {
    if (composite[i]) continue;
    count++;
    for (let j = i + i; j < n; j += i) composite[j] = 1;
  }
  return count;
}

const [repeats, n] = process.argv.slice(2).map(Number);
const composite = new Uint8Array(n);
let sum = 0;
for (let i = 0; i < repeats; i++) sum = (Math.imul(sum, 31) + primes(composite, n)) >>> 0;
console.log(String(sum));
