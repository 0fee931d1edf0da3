// mandelbrot.c in JavaScript.
"use strict";

function steps(cx, cy) {
  let x = 0;
  let y = 0;
  let i = 0;
  for (; i < 50; i++) {
    const xx = x * x;
    const yy = y * y;
    if (xx + yy > 4) break;
    y = 2 * x * y + cy;
    x = xx - yy + cx;
  }
  return i;
}

const [repeats, n] = process.argv.slice(2).map(Number);
let inside = 0;
let checksum = 0;
for (let round = 0; round < repeats; round++) {
  for (let row = 0; row < n; row++) {
    for (let column = 0; column < n; column++) {
      const found = steps((2 * column) / n - 1.5, (2 * row) / n - 1);
      if (found === 50) inside++;
      checksum = (Math.imul(checksum, 31) + found) | 0;
    }
  }
}
console.log(`${inside} ${checksum >>> 0}`);
