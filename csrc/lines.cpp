// From a code address to the learner's line: reads the library's DWARF 5, so that no binutils are needed at run time.
// Code of the shim headers that was inlined counts as the line that called it.
#include "runtime.h"

#include <elf.h>
#include <initializer_list>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sim {
uintptr_t module_low, module_high, module_base;

struct Row {
  u64 address;
  const char* file;  // null: not the learner's
  u32 line;
  bool end;
};
struct Inlined {
  u64 low, high;
  const char* file;
  u32 line, depth;
};
struct Bytes {
  const u8 *at, *end;
};

static constexpr size_t MAX_ROWS = 1 << 20, MAX_INLINED = 1 << 19, MAX_FILES = 4096;
static Row* rows;
static Inlined* inlined;
static size_t row_count, inlined_count;
static Bytes debug_info, debug_abbrev, debug_line, debug_line_str, debug_str, debug_ranges, debug_addr;
static const char* files[MAX_FILES];
static size_t file_count;

// ---------------------------------------------------------------- reading

template <class T>
static T take(Bytes& b) {
  T v{};
  if ((size_t)(b.end - b.at) < sizeof(T)) return b.at = b.end, v;
  memcpy(&v, b.at, sizeof(T));
  b.at += sizeof(T);
  return v;
}

static u64 uleb(Bytes& b) {
  u64 v = 0;
  for (int s = 0; b.at < b.end; s += 7) {
    u8 x = *b.at++;
    if (s < 64) v |= (u64)(x & 127) << s;
    if (!(x & 128)) break;
  }
  return v;
}

static int64_t sleb(Bytes& b) {
  int64_t v = 0;
  int s = 0;
  u8 x = 0;
  while (b.at < b.end) {
    x = *b.at++;
    if (s < 64) v |= (int64_t)((u64)(x & 127) << s);
    s += 7;
    if (!(x & 128)) break;
  }
  if (s < 64 && (x & 64)) v |= -((int64_t)1 << s);
  return v;
}

static const char* string(Bytes& b) {
  const char* s = (const char*)b.at;
  while (b.at < b.end && *b.at) b.at++;
  if (b.at < b.end) b.at++;
  return s;
}

static const char* string_in(const Bytes& b, u64 offset) {
  return offset < (u64)(b.end - b.at) ? (const char*)b.at + offset : "";
}

static Bytes from(const Bytes& b, u64 offset) {
  Bytes r = b;
  r.at = offset < (u64)(b.end - b.at) ? b.at + offset : b.end;
  return r;
}

enum Form {
  F_ADDR = 0x01, F_BLOCK2 = 0x03, F_BLOCK4, F_DATA2, F_DATA4, F_DATA8, F_STRING, F_BLOCK, F_BLOCK1, F_DATA1, F_FLAG, F_SDATA,
  F_STRP, F_UDATA, F_REF_ADDR, F_REF1, F_REF2, F_REF4, F_REF8, F_REF_UDATA, F_INDIRECT, F_SEC_OFFSET, F_EXPRLOC,
  F_FLAG_PRESENT, F_STRX, F_ADDRX, F_REF_SUP4, F_STRP_SUP, F_DATA16, F_LINE_STRP, F_REF_SIG8, F_IMPLICIT_CONST, F_LOCLISTX,
  F_RNGLISTX, F_REF_SUP8, F_STRX1, F_STRX2, F_STRX3, F_STRX4, F_ADDRX1, F_ADDRX2, F_ADDRX3, F_ADDRX4
};

static u64 skip(Bytes& b, u64 n) {
  b.at = n < (u64)(b.end - b.at) ? b.at + n : b.end;
  return 0;
}

static u64 three_bytes(Bytes& b) {
  u64 low = take<u16>(b);
  return low | (u64)take<u8>(b) << 16;
}

static u64 value(Bytes& b, u64 form) {
  switch (form) {
    case F_ADDR: case F_DATA8: case F_REF8: case F_REF_SIG8: case F_REF_SUP8: return take<u64>(b);
    case F_DATA4: case F_REF4: case F_STRP: case F_LINE_STRP: case F_SEC_OFFSET: case F_REF_ADDR: case F_REF_SUP4:
    case F_STRP_SUP: case F_STRX4: case F_ADDRX4: return take<u32>(b);
    case F_DATA2: case F_REF2: case F_STRX2: case F_ADDRX2: return take<u16>(b);
    case F_DATA1: case F_REF1: case F_FLAG: case F_STRX1: case F_ADDRX1: return take<u8>(b);
    case F_STRX3: case F_ADDRX3: return three_bytes(b);
    case F_UDATA: case F_REF_UDATA: case F_STRX: case F_ADDRX: case F_LOCLISTX: case F_RNGLISTX: return uleb(b);
    case F_SDATA: return (u64)sleb(b);
    case F_STRING: return (u64)(uintptr_t)string(b);
    case F_BLOCK: case F_EXPRLOC: return skip(b, uleb(b));
    case F_BLOCK1: return skip(b, take<u8>(b));
    case F_BLOCK2: return skip(b, take<u16>(b));
    case F_BLOCK4: return skip(b, take<u32>(b));
    case F_DATA16: return skip(b, 16);
    case F_FLAG_PRESENT: return 1;
    case F_INDIRECT: return value(b, uleb(b));
    default: return 0;
  }
}

// ---------------------------------------------------------------- the line table

static bool learners(const char* path) {
  size_t n = strlen(path);
  return (n > 3 && !strcmp(path + n - 3, ".cu")) || (n > 4 && !strcmp(path + n - 4, ".cuh"));
}

static const char* base_name(const char* path) {
  const char* slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static const char* file_at(u64 index) { return index < file_count ? files[index] : nullptr; }

static const char* path_value(Bytes& b, u64 form) {
  u64 v = value(b, form);
  if (form == F_LINE_STRP) return string_in(debug_line_str, v);
  if (form == F_STRP) return string_in(debug_str, v);
  return form == F_STRING ? (const char*)(uintptr_t)v : "";
}

// A table of directories or of files; only the files' paths are kept.
static void read_entries(Bytes& b, bool keep) {
  u64 formats[32][2];
  u64 n = take<u8>(b);
  for (u64 i = 0; i < n && i < 32; i++) formats[i][0] = uleb(b), formats[i][1] = uleb(b);
  u64 count = uleb(b);
  if (keep) file_count = 0;
  for (u64 k = 0; k < count && b.at < b.end; k++) {
    const char* path = "";
    for (u64 i = 0; i < n && i < 32; i++) {
      if (formats[i][0] == 1) path = path_value(b, formats[i][1]);
      else value(b, formats[i][1]);
    }
    if (keep && file_count < MAX_FILES) files[file_count++] = learners(path) ? base_name(path) : nullptr;
  }
}

struct Header {
  u8 min_length, line_range, opcode_base;
  int line_base;
  u8 lengths[256];
};

struct Machine {
  u64 address, file, line;
};

static void emit(const Machine& m, bool end) {
  if (row_count < MAX_ROWS) rows[row_count++] = Row{m.address, file_at(m.file), (u32)m.line, end};
}

static void extended(Bytes& b, Machine& m) {
  u64 n = uleb(b);
  Bytes body{b.at, b.end};
  skip(b, n);
  u8 op = take<u8>(body);
  if (op == 1) {
    emit(m, true);
    m = Machine{0, 1, 1};
  } else if (op == 2) {
    m.address = take<u64>(body);
  }
}

static void standard(Bytes& b, const Header& h, Machine& m, u8 op) {
  switch (op) {
    case 1: emit(m, false); break;
    case 2: m.address += uleb(b) * h.min_length; break;
    case 3: m.line += (u64)sleb(b); break;
    case 4: m.file = uleb(b); break;
    case 8: m.address += (255u - h.opcode_base) / h.line_range * h.min_length; break;
    case 9: m.address += take<u16>(b); break;
    default: for (int i = 0; i < h.lengths[op]; i++) uleb(b);
  }
}

static void run_program(Bytes b, const Header& h) {
  Machine m{0, 1, 1};
  while (b.at < b.end) {
    u8 op = take<u8>(b);
    if (op == 0) {
      extended(b, m);
    } else if (op < h.opcode_base) {
      standard(b, h, m, op);
    } else {
      u8 k = (u8)(op - h.opcode_base);
      m.address += (u64)(k / h.line_range) * h.min_length;
      m.line += (u64)(int64_t)(h.line_base + k % h.line_range);
      emit(m, false);
    }
  }
}

// Leaves `files` as this unit's table, which its inlined calls refer to.
static void read_line_unit(u64 offset) {
  Bytes b = from(debug_line, offset);
  u32 length = take<u32>(b);
  if (length > (u64)(b.end - b.at)) return;
  b.end = b.at + length;
  if (take<u16>(b) != 5) return;
  skip(b, 2);
  u32 header_length = take<u32>(b);
  Bytes program = from(b, header_length);
  Header h{};
  h.min_length = take<u8>(b);
  skip(b, 2);
  h.line_base = (int8_t)take<u8>(b);
  h.line_range = take<u8>(b);
  h.opcode_base = take<u8>(b);
  for (int i = 1; i < h.opcode_base; i++) h.lengths[i] = take<u8>(b);
  read_entries(b, false);
  read_entries(b, true);
  if (h.line_range) run_program(program, h);
}

// ---------------------------------------------------------------- inlined calls

struct Abbreviation {
  u64 tag;
  bool children;
  Bytes attributes;
};
static Abbreviation* abbreviations;
static constexpr size_t MAX_ABBREVIATIONS = 8192;

static void read_abbreviations(u64 offset) {
  Bytes b = from(debug_abbrev, offset);
  memset(abbreviations, 0, MAX_ABBREVIATIONS * sizeof(Abbreviation));
  for (u64 code; b.at < b.end && (code = uleb(b));) {
    Abbreviation a{};
    a.tag = uleb(b);
    a.children = take<u8>(b);
    a.attributes = b;
    for (u64 name, form; b.at < b.end;) {
      name = uleb(b), form = uleb(b);
      if (form == F_IMPLICIT_CONST) sleb(b);
      if (!name && !form) break;
    }
    if (code < MAX_ABBREVIATIONS) abbreviations[code] = a;
  }
}

struct Entry {
  u64 low, high, ranges, file, line, lines, addr_base, ranges_base;
  bool high_is_size, has_ranges, ranges_index, low_index;
};

static void set(Entry& e, u64 name, u64 form, u64 v) {
  switch (name) {
    case 0x10: e.lines = v; break;
    case 0x11: e.low = v, e.low_index = form == F_ADDRX || form >= F_ADDRX1; break;
    case 0x12: e.high = v, e.high_is_size = form != F_ADDR; break;
    case 0x55: e.ranges = v, e.has_ranges = true, e.ranges_index = form == F_RNGLISTX; break;
    case 0x58: e.file = v; break;
    case 0x59: e.line = v; break;
    case 0x73: e.addr_base = v; break;
    case 0x74: e.ranges_base = v; break;
  }
}

static Entry read_entry(Bytes& b, const Abbreviation& a) {
  Entry e{};
  Bytes attributes = a.attributes;
  for (;;) {
    u64 name = uleb(attributes), form = uleb(attributes);
    u64 v = form == F_IMPLICIT_CONST ? (u64)sleb(attributes) : 0;
    if (!name && !form) return e;
    if (form != F_IMPLICIT_CONST) v = value(b, form);
    set(e, name, form, v);
    if (attributes.at >= attributes.end) return e;
  }
}

static u64 indexed_address(const Entry& unit, u64 index) {
  Bytes b = from(debug_addr, unit.addr_base + index * 8);
  return take<u64>(b);
}

static void add_inlined(u64 low, u64 high, const Entry& e, u32 depth) {
  if (low < high && inlined_count < MAX_INLINED) inlined[inlined_count++] = Inlined{low, high, file_at(e.file), (u32)e.line, depth};
}

static void read_ranges(const Entry& unit, const Entry& e, u32 depth) {
  u64 offset = e.ranges;
  if (e.ranges_index) {
    Bytes b = from(debug_ranges, unit.ranges_base + e.ranges * 4);
    offset = unit.ranges_base + take<u32>(b);
  }
  Bytes b = from(debug_ranges, offset);
  u64 base = unit.low_index ? indexed_address(unit, unit.low) : unit.low;
  while (b.at < b.end) {
    u64 x, y;
    switch (take<u8>(b)) {
      case 0: return;
      case 1: base = indexed_address(unit, uleb(b)); break;
      case 2: x = indexed_address(unit, uleb(b)), y = indexed_address(unit, uleb(b)); add_inlined(x, y, e, depth); break;
      case 3: x = indexed_address(unit, uleb(b)), y = uleb(b); add_inlined(x, x + y, e, depth); break;
      case 4: x = uleb(b), y = uleb(b); add_inlined(base + x, base + y, e, depth); break;
      case 5: base = take<u64>(b); break;
      case 6: x = take<u64>(b), y = take<u64>(b); add_inlined(x, y, e, depth); break;
      case 7: x = take<u64>(b), y = uleb(b); add_inlined(x, x + y, e, depth); break;
      default: return;
    }
  }
}

static void read_inlined(const Entry& unit, const Entry& e, u32 depth) {
  if (e.has_ranges) return read_ranges(unit, e, depth);
  u64 low = e.low_index ? indexed_address(unit, e.low) : e.low;
  add_inlined(low, e.high_is_size ? low + e.high : e.high, e, depth);
}

static void read_unit(Bytes b, u64 abbreviation_offset) {
  read_abbreviations(abbreviation_offset);
  Entry unit{};
  u32 depth = 0;
  while (b.at < b.end) {
    u64 code = uleb(b);
    if (!code) {
      if (depth-- <= 1) return;
      continue;
    }
    if (code >= MAX_ABBREVIATIONS || !abbreviations[code].tag) return;
    const Abbreviation& a = abbreviations[code];
    Entry e = read_entry(b, a);
    if (a.tag == 0x11) {
      unit = e;
      read_line_unit(e.lines);
    }
    if (a.tag == 0x1d) read_inlined(unit, e, depth);
    if (a.children) depth++;
    else if (!depth) return;
  }
}

static void read_units() {
  Bytes b = debug_info;
  while (b.at < b.end) {
    u32 length = take<u32>(b);
    if (length > (u64)(b.end - b.at)) return;
    Bytes unit{b.at, b.at + length};
    b.at += length;
    if (take<u16>(unit) != 5) continue;
    u8 type = take<u8>(unit);
    skip(unit, 1);
    u32 abbreviation_offset = take<u32>(unit);
    if (type == 1) read_unit(unit, abbreviation_offset);
  }
}

// ---------------------------------------------------------------- the file

static void find_section(const char* name, Bytes bytes) {
  struct { const char* name; Bytes* to; } wanted[] = {
      {".debug_info", &debug_info}, {".debug_abbrev", &debug_abbrev}, {".debug_line", &debug_line},
      {".debug_line_str", &debug_line_str}, {".debug_str", &debug_str}, {".debug_rnglists", &debug_ranges},
      {".debug_addr", &debug_addr}};
  for (auto& w : wanted)
    if (!strcmp(w.name, name)) *w.to = bytes;
}

static void find_sections(const u8* file, size_t size) {
  const Elf64_Ehdr* h = (const Elf64_Ehdr*)file;
  if (size < sizeof *h || memcmp(h->e_ident, ELFMAG, SELFMAG) || h->e_shoff + h->e_shnum * sizeof(Elf64_Shdr) > size) return;
  const Elf64_Shdr* s = (const Elf64_Shdr*)(file + h->e_shoff);
  const char* names = (const char*)file + s[h->e_shstrndx].sh_offset;
  for (int i = 0; i < h->e_shnum; i++) {
    if (s[i].sh_type == SHT_NOBITS || (s[i].sh_flags & SHF_COMPRESSED) || s[i].sh_offset + s[i].sh_size > size) continue;
    find_section(names + s[i].sh_name, Bytes{file + s[i].sh_offset, file + s[i].sh_offset + s[i].sh_size});
  }
}

static int by_address(const void* a, const void* b) {
  const Row *x = (const Row*)a, *y = (const Row*)b;
  if (x->address != y->address) return x->address < y->address ? -1 : 1;
  return (int)y->end - (int)x->end;  // a sequence ends before the next one starts
}

static void clear() {
  row_count = inlined_count = 0;
  for (Bytes* b : {&debug_info, &debug_abbrev, &debug_line, &debug_line_str, &debug_str, &debug_ranges, &debug_addr}) *b = Bytes{nullptr, nullptr};
  if (rows) return;
  rows = (Row*)reserve(MAX_ROWS * sizeof(Row));
  inlined = (Inlined*)reserve(MAX_INLINED * sizeof(Inlined));
  abbreviations = (Abbreviation*)reserve(MAX_ABBREVIATIONS * sizeof(Abbreviation));
}

// The mapping stays: names point into it.
bool load_lines(const char* path, uintptr_t base) {
  clear();
  module_base = base;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat st;
  if (fd < 0 || fstat(fd, &st)) return false;
  void* p = mmap(nullptr, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  close(fd);
  if (p == MAP_FAILED) return false;
  find_sections((const u8*)p, (size_t)st.st_size);
  read_units();
  qsort(rows, row_count, sizeof(Row), by_address);
  return row_count > 0;
}

// ---------------------------------------------------------------- the answer

static const Row* row_at(u64 address) {
  size_t low = 0, high = row_count;
  while (low < high) {
    size_t mid = (low + high) / 2;
    if (rows[mid].address <= address) low = mid + 1;
    else high = mid;
  }
  const Row* r = low ? &rows[low - 1] : nullptr;
  while (r && r > rows && !r->line && !r->end) r--;
  return r && !r->end ? r : nullptr;
}

static const Inlined* caller_at(u64 address) {
  const Inlined* best = nullptr;
  for (size_t i = 0; i < inlined_count; i++) {
    const Inlined& c = inlined[i];
    if (c.file && address >= c.low && address < c.high && (!best || c.depth > best->depth)) best = &c;
  }
  return best;
}

// `pc` is a return address: the call is the instruction before it.
Place place(u32 pc) {
  u64 address = (pc & ~ATOMIC) - 1ull;
  const Row* r = row_at(address);
  if (r && r->file) return Place{r->file, r->line};
  if (const Inlined* c = caller_at(address)) return Place{c->file, c->line};
  return Place{"", 0};
}

// ---------------------------------------------------------------- the library's own data

static struct { uintptr_t low, high; } writable_segments[8];
static int writable_count;

static int on_module(dl_phdr_info* info, size_t, void* wanted) {
  if (info->dlpi_addr != *(uintptr_t*)wanted) return 0;
  module_low = ~0ull;
  module_high = 0;
  writable_count = 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr)& h = info->dlpi_phdr[i];
    uintptr_t low = info->dlpi_addr + h.p_vaddr, high = low + h.p_memsz;
    if (h.p_type != PT_LOAD) continue;
    if (low < module_low) module_low = low;
    if (high > module_high) module_high = high;
    if ((h.p_flags & PF_W) && writable_count < 8) writable_segments[writable_count++] = {low, high};
  }
  for (int i = 0; i < info->dlpi_phnum; i++) {  // constants that needed relocation are read-only in the source
    const ElfW(Phdr)& h = info->dlpi_phdr[i];
    uintptr_t high = info->dlpi_addr + h.p_vaddr + h.p_memsz;
    for (int k = 0; h.p_type == PT_GNU_RELRO && k < writable_count; k++)
      if (high > writable_segments[k].low && high < writable_segments[k].high) writable_segments[k].low = high;
  }
  return 1;
}

void use_module(uintptr_t base, uintptr_t) { dl_iterate_phdr(on_module, &base); }

bool writable(uintptr_t p) {
  for (int i = 0; i < writable_count; i++)
    if (p >= writable_segments[i].low && p < writable_segments[i].high) return true;
  return false;
}
}  // namespace sim
