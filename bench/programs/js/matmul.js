// matmul.c in JavaScript.
"use strict";

function matrix(n) {
  return Array.from({ length: n }, () => new Float64Array(n));
}

function multiply(n, a, b, turned, product) {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) turned[i][j] = b[j][i];
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const left = a[i];
      const right = turned[j];
      let sum = 0;
      for (let k = 0; k < n; k++) sum += left[k] * right[k];
      product[i][j] = sum;
    }
  }
}

const [repeats, n] = process.argv.slice(2).map(Number);
const a = matrix(n);
const b = matrix(n);
const turned = matrix(n);
const product = matrix(n);
for (let i = 0; i < n; i++) {
  for (let j = 0; j < n; j++) {
    a[i][j] = ((i - j) * (i + j)) / n / n;
    b[i][j] = ((j - i) * (i + j + 1)) / n / n;
  }
}
const half = Math.floor(n / 2);
const third = Math.floor(n / 3);
let sum = 0;
for (let round = 0; round < repeats; round++) {
  multiply(n, a, b, turned, product);
  sum += product[half][half];
  a[third][half] += 1;
}
console.log(sum.toFixed(6));
