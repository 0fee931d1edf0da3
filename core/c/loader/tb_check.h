/* The parts of tb_module_check, in the order in which they are called; what is found first is what core/tbc.py and
 * core/wellformed.py find first. The C of a micro-library is one unit, so they are static: each costs no call. */
#ifndef TB_CHECK_H
#define TB_CHECK_H
#include "tb_module.h"

/* Structure: that the rows of a section are whole. */
static void tb_check_class_rows(struct tb_module *module);
static void tb_check_page_rows(struct tb_module *module);
static void tb_check_debug(struct tb_module *module);
/* Structure, and when that is done *meaning*. */
static void tb_check_imports(struct tb_module *module, u32 meaning);
static void tb_check_exports(struct tb_module *module, u32 meaning);
/* The start function, and which globals nothing else sets. */
static void tb_check_start(struct tb_module *module);

/* Meaning. *wide becomes 1 where a type has 64 bits. */
static void tb_check_types(struct tb_module *module, u32 *wide);
/* That *count* words of a section from *at* on are type codes; stored: that fields and elements can have. */
static void tb_check_words(struct tb_module *module, u32 section, u32 at, u32 count, u32 stored, u32 *wide);
static void tb_check_signatures(struct tb_module *module, u32 *wide);
static void tb_check_spaces(struct tb_module *module);
static void tb_check_classes(struct tb_module *module);
static void tb_check_pages(struct tb_module *module);
static void tb_check_shapes(struct tb_module *module);
static void tb_check_names(struct tb_module *module);
static void tb_check_lines(struct tb_module *module);

/* The number of rows of *size* bytes in an area. */
static u32 tb_rows(struct tb_module *module, const struct tb_area *area, u32 size);
/* That a type code names something that a cell (or, if *stored*, a field or an element) can have. */
static void tb_check_code(struct tb_module *module, u32 code, u32 stored);
static u32 tb_is_wide(u32 code);
/* That bytes are UTF-8. */
static void tb_check_text(struct tb_module *module, const u8 *at, u32 bytes);

/* A reader of sections that are sequences of LEB128 numbers and of names. A name's size stands before it: the reader is
 * behind the name then. */
struct tb_stream {
  struct tb_module *module;
  const u8 *at, *end;
};
enum { TB_MAX_NAME = 0xffff };
static struct tb_stream tb_stream(struct tb_module *module, u32 section);
static s32 tb_stream_number(struct tb_stream *stream, u32 is_signed);
static u32 tb_stream_name(struct tb_stream *stream);

#endif
