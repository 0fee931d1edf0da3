/* Library `ledger.sha256`: FIPS 180-4, sections 5.1.1, 5.3.3 and 6.2. */
#include "tb_ledger.h"

static const u32 tb_ledger_first[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
static const u32 tb_ledger_constants[64] = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
  0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
  0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
  0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
  0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
  0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static u32 tb_ledger_rotate(u32 x, u32 by) { return x >> by | x << (32 - by); }

static void tb_ledger_compress(u32 *state, const u8 *block) {
  u32 w[16], v[8]; /* w: the words 16 before the round, and those of it */
  for (u32 i = 0; i < 8; i++) v[i] = state[i];
  for (u32 t = 0; t < 64; t++) {
    u32 *word = &w[t & 15];
    if (t < 16) {
      const u8 *at = block + 4 * t;
      *word = (u32)at[0] << 24 | (u32)at[1] << 16 | (u32)at[2] << 8 | at[3];
    } else {
      u32 w15 = w[(t + 1) & 15], w2 = w[(t + 14) & 15];
      *word += (tb_ledger_rotate(w15, 7) ^ tb_ledger_rotate(w15, 18) ^ w15 >> 3) + w[(t + 9) & 15] +
               (tb_ledger_rotate(w2, 17) ^ tb_ledger_rotate(w2, 19) ^ w2 >> 10);
    }
    u32 a = v[0], e = v[4];
    u32 first = v[7] + (tb_ledger_rotate(e, 6) ^ tb_ledger_rotate(e, 11) ^ tb_ledger_rotate(e, 25)) +
                ((e & v[5]) ^ (~e & v[6])) + tb_ledger_constants[t] + *word;
    u32 second = (tb_ledger_rotate(a, 2) ^ tb_ledger_rotate(a, 13) ^ tb_ledger_rotate(a, 22)) +
                 ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
    for (u32 i = 7; i; i--) v[i] = v[i - 1];
    v[4] += first;
    v[0] = first + second;
  }
  for (u32 i = 0; i < 8; i++) state[i] += v[i];
}

void tb_ledger_sha256_start(struct tb_ledger_sha256 *hash) {
  for (u32 i = 0; i < 8; i++) hash->state[i] = tb_ledger_first[i];
  hash->bytes = 0;
}

void tb_ledger_sha256_add(struct tb_ledger_sha256 *hash, const u8 *from, u32 count) {
  while (count--) {
    hash->block[hash->bytes++ % TB_LEDGER_BLOCK] = *from++;
    if (hash->bytes % TB_LEDGER_BLOCK == 0) tb_ledger_compress(hash->state, hash->block);
  }
}

void tb_ledger_sha256_end(struct tb_ledger_sha256 *hash, u8 *digest) {
  u64 bits = hash->bytes * 8;
  u8 next = 0x80; /* a bit 1, zeros, and the length in 64 bits */
  do {
    tb_ledger_sha256_add(hash, &next, 1);
    next = 0;
  } while (hash->bytes % TB_LEDGER_BLOCK != TB_LEDGER_BLOCK - 8);
  for (u32 shift = 64; shift; shift -= 8) {
    next = (u8)(bits >> (shift - 8));
    tb_ledger_sha256_add(hash, &next, 1);
  }
  for (u32 i = 0; i < TB_LEDGER_HASH; i++) digest[i] = (u8)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
}
