// nqueens.c in JavaScript.
"use strict";

const column = new Int32Array(32);

function fits(row, at) {
  for (let i = 0; i < row; i++) {
    const other = column[i];
    const distance = row - i;
    if (other === at || other === at - distance || other === at + distance) return false;
  }
  return true;
}

function place(row, n) {
  if (row === n) return 1;
  let count = 0;
  for (let at = 0; at < n; at++) {
    if (fits(row, at)) {
      column[row] = at;
      count += place(row + 1, n);
    }
  }
  return count;
}

const [repeats, n] = process.argv.slice(2).map(Number);
let sum = 0;
for (let i = 0; i < repeats; i++) sum = (Math.imul(sum, 31) + place(0, n)) >>> 0;
console.log(String(sum));
