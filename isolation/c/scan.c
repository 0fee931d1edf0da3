/* The scanner. One look-up in a table a byte; what begins as a forbidden instruction does is compared row by row. */
#include "tb_scan.h"
#include "tb_scan_table.h"

/* Whether the row's bytes are those at `code`, of which `bytes` are there. */
static int fits(const struct tb_scan_row *row, const uint8_t *code, uint64_t bytes) {
  if (row->length > bytes) return 0;
  for (uint32_t at = 0; at < row->length; at++)
    if ((code[at] & row->mask[at]) != row->value[at]) return 0;
  return 1;
}

uint64_t tb_scan_next(const uint8_t *code, uint64_t bytes, uint64_t from, uint32_t *kind) {
  for (uint64_t at = from; at < bytes; at++) {
    uint32_t first = tb_scan_first[code[at]];
    if (!first) continue;
    for (uint32_t row = first - 1; row < TB_SCAN_ROWS && tb_scan_rows[row].value[0] == code[at]; row++) {
      if (!fits(&tb_scan_rows[row], code + at, bytes - at)) continue;
      if (kind) *kind = tb_scan_rows[row].kind;
      return at;
    }
  }
  return bytes;
}

const char *tb_scan_name(uint32_t kind) {
  return kind < TB_SCAN_KINDS ? tb_scan_names[kind] : "";
}
