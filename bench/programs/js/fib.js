// fib.c in JavaScript.
"use strict";

function fib(n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

const [repeats, n] = process.argv.slice(2).map(Number);
let sum = 0;
for (let i = 0; i < repeats; i++) sum = (Math.imul(sum, 31) + fib(n + (sum === 1 ? 1 : 0))) >>> 0;
console.log(String(sum));
