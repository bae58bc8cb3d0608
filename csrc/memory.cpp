// Device memory: allocations far apart in one reserved range, each with its shadow.
#include "runtime.h"

#include <string.h>
#include <sys/mman.h>

namespace sim {
uintptr_t arena, arena_bytes;
Allocation** pages;
Slot slots[SLOTS];
int slot_count;
Slot* slot_at[SHARED >> 7];
Slot* dynamic_slot;
bool checking = true;

static constexpr int MAX_ALLOCATIONS = 4096, MAX_VARIABLES = 512;
static constexpr size_t CAPACITY = 4ull << 30;  // bytes a job may allocate in all
static Allocation allocations[MAX_ALLOCATIONS], variables[MAX_VARIABLES];
static int allocation_count, variable_count;
static size_t arena_used, bytes_used;

void* reserve(size_t bytes) {
  void* p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return p == MAP_FAILED ? nullptr : p;
}

void release(void* p, size_t bytes) {
  if (p) munmap(p, bytes);
}

// Limits on address space (ulimit -v, containers) forbid the large reservation in places.
static bool open_arena() {
  for (size_t bytes = 1ull << 40; bytes >= 1ull << 33 && !arena; bytes >>= 2)
    if (void* p = reserve(bytes)) {
      arena = ((uintptr_t)p + PAGE - 1) & ~(PAGE - 1);
      arena_bytes = bytes - PAGE;
      pages = (Allocation**)reserve(bytes / PAGE * sizeof(Allocation*));
    }
  return arena && pages;
}

int granule(int item) { return item == 1 ? 0 : item == 2 ? 1 : 2; }

static size_t shadow_bytes(size_t size, int shift) { return ((size >> shift) + 2) * sizeof(Cell); }

// Shadow of freed allocations is used again: epochs only grow, so that stale cells are older than any launch, and
// touching tens of megabytes anew costs more than the check itself.
struct Spare {
  void* at;
  size_t bytes;
};
static Spare spares[64];
static size_t spare_bytes;
static constexpr size_t MAX_SPARE = 512ull << 20;

static Cell* take_cells(size_t* bytes) {
  Spare* best = nullptr;
  for (Spare& s : spares)
    if (s.at && s.bytes >= *bytes && s.bytes / 8 <= *bytes + (1 << 16) && (!best || s.bytes < best->bytes)) best = &s;
  if (!best) {
    void* p = reserve(*bytes);
    if (p && *bytes >= 4 << 20) madvise(p, *bytes, MADV_HUGEPAGE);
    return (Cell*)p;
  }
  Cell* c = (Cell*)best->at;
  *bytes = best->bytes;
  spare_bytes -= best->bytes;
  best->at = nullptr;
  return c;
}

static void keep_cells(Cell* c, size_t bytes) {
  for (Spare& s : spares) {
    if (s.at || !c || spare_bytes + bytes > MAX_SPARE) continue;
    s = Spare{c, bytes};
    spare_bytes += bytes;
    return;
  }
  release(c, bytes);
}

static bool shadow(Allocation* a) {
  a->shift = granule(a->item);
  a->bytes_shadow = shadow_bytes(a->size, a->shift);
  a->written = (u8*)reserve(2 * (a->size + 16));
  a->before = a->written + a->size + 16;
  a->cells = take_cells(&a->bytes_shadow);
  return a->written && a->cells;
}

static void unshadow(Allocation* a) {
  release(a->written, 2 * (a->size + 16));
  keep_cells(a->cells, a->bytes_shadow);
  a->written = nullptr;
  a->cells = nullptr;
}

Allocation* allocate(size_t bytes, int item, size_t residue, const char* name, Kind kind) {
  if (!arena && !open_arena()) return nullptr;
  size_t gap = bytes > (1 << 20) ? bytes : 1 << 20;
  size_t need = (residue + bytes + gap + 2 * PAGE - 1) & ~(PAGE - 1);
  if (bytes > CAPACITY - bytes_used || allocation_count == MAX_ALLOCATIONS || need > arena_bytes - arena_used) return nullptr;
  Allocation* a = &allocations[allocation_count++];
  size_t start = arena_used + gap / PAGE * PAGE;
  *a = Allocation{arena + start + residue, bytes, nullptr, nullptr, nullptr, 0, 2, item, true, kind, {}};
  copy_name(a->name, name, sizeof a->name);
  if (!shadow(a)) return nullptr;
  for (size_t i = start / PAGE; i <= (start + residue + bytes) / PAGE; i++) pages[i] = a;
  arena_used = start + need;
  bytes_used += bytes;
  return a;
}

Allocation* find(uintptr_t p) {
  Allocation* best = nullptr;
  for (int i = 0; i < allocation_count; i++) {
    Allocation* a = &allocations[i];
    if (a->base <= p + (1 << 16) && (!best || a->base > best->base)) best = a;
  }
  return best;
}

bool deallocate(void* p) {
  Allocation* a = device(p) ? find((uintptr_t)p) : nullptr;
  if (!a || a->base != (uintptr_t)p || !a->live || a->kind != HEAP) return false;
  a->live = false;
  bytes_used -= a->size;
  unshadow(a);
  madvise((void*)(a->base & ~(PAGE - 1)), a->size, MADV_DONTNEED);
  return true;
}

void deallocate_all() {
  for (int i = 0; i < allocation_count; i++) unshadow(&allocations[i]);
  if (arena_used) madvise((void*)arena, arena_used, MADV_DONTNEED);
  if (arena_used) madvise(pages, arena_used / PAGE * sizeof(Allocation*), MADV_DONTNEED);
  allocation_count = 0;
  arena_used = bytes_used = 0;
}

// ---------------------------------------------------------------- what lay there before

void remember(Allocation* a) { memcpy(a->before, (void*)a->base, a->size < REMEMBERED ? a->size : REMEMBERED); }

void remember_all() {
  for (int i = 0; i < allocation_count; i++)
    if (allocations[i].size && !allocations[i].written[0]) remember(&allocations[i]);
}

size_t unwritten(const Allocation* a, size_t offset, size_t n) {
  auto written = [a](size_t i) { return a->written[i] != 0; };
  auto is_new = [a](size_t i) { return i < REMEMBERED && ((const u8*)a->base)[i] != a->before[i]; };
  size_t end = offset + n;
  while (const void* zero = offset < end ? memchr(a->written + offset, 0, end - offset) : nullptr) {
    offset = (size_t)((const u8*)zero - a->written);
    if (!has_value_after_all(offset, a->size, n, a->item, written, is_new)) return offset;
    offset++;
  }
  return end;
}

static void blank(Block* b, const Slot& s) { memset(b->shared + s.offset, BLANK, s.size); }

void blank(Block* b) {
  for (int i = 1; i <= slot_count; i++)
    if (slots[i].launch == launch->id) blank(b, slots[i]);
  if (launch->dynamic) blank(b, *dynamic_slot);
}

// ---------------------------------------------------------------- finer granules

static Cell* split(const Cell* old, size_t count, int times, size_t bytes) {
  Cell* fine = (Cell*)reserve(bytes);
  for (size_t i = 0; fine && i < count; i++)
    if (old[i].written | old[i].read)
      for (int k = 0; k < times; k++) fine[i * times + k] = old[i];
  return fine;
}

// The first access narrower than a granule splits all of them; what they remember is kept.
NOINLINE void refine(Allocation* a, int shift) {
  size_t count = a->size >> a->shift, bytes = shadow_bytes(a->size, shift);
  Cell* fine = split(a->cells, count, 1 << (a->shift - shift), bytes);
  release(a->cells, a->bytes_shadow);
  a->cells = fine;
  a->bytes_shadow = bytes;
  a->shift = shift;
}

NOINLINE void refine(Slot* s, int shift) {
  int id = s->id;
  size_t room = s == dynamic_slot ? DYNAMIC_LIMIT : s->size;
  for (size_t i = 0; Block* b = spare_block(i); i++) {
    if (!b->cells[id]) continue;
    Cell* fine = split(b->cells[id], room >> s->shift, 1 << (s->shift - shift), shadow_bytes(room, shift));
    release(b->cells[id], shadow_bytes(room, s->shift));
    b->cells[id] = fine;
  }
  s->shift = shift;
}

// ---------------------------------------------------------------- __shared__ variables

static Slot* place_slot(const char* name, size_t size, size_t room, size_t item) {
  static size_t used = 1024;
  size_t span = ((room + 127) & ~127ull) + 256;  // a red zone follows each variable
  if (slot_count + 1 >= SLOTS || used + span > SHARED) return nullptr;
  Slot* s = &slots[++slot_count];
  *s = Slot{(u32)used, (u32)size, granule((int)item), (int)item, slot_count, 0, {}};
  copy_name(s->name, name, sizeof s->name);
  for (size_t i = used >> 7; i < (used + size + 127) >> 7; i++) slot_at[i] = s;
  used += span;
  return s;
}

void resize_dynamic(size_t bytes) {
  if (!dynamic_slot) dynamic_slot = place_slot("dynamic shared memory", DYNAMIC_LIMIT, DYNAMIC_LIMIT, 4);
  Slot* s = dynamic_slot;
  for (size_t i = 0; i < DYNAMIC_LIMIT >> 7; i++) slot_at[(s->offset >> 7) + i] = i < (bytes + 127) >> 7 ? s : nullptr;
  s->size = (u32)bytes;
}

static Lock slot_lock;

static Slot* new_slot(void** key, const char* name, size_t size, size_t item) {
  Hold hold(slot_lock);
  if (!*key) __atomic_store_n(key, place_slot(name, size, size, item), __ATOMIC_RELEASE);
  return (Slot*)*key;
}

static void use_slot(Slot* s) {
  static u64 last;
  static size_t used;
  Hold hold(slot_lock);
  if (s->launch == launch->id) return;
  if (last != launch->id) last = launch->id, used = 0;
  __atomic_store_n(&s->launch, launch->id, __ATOMIC_RELAXED);
  for (u64 i = 0; checking && i < (launch->cooperative ? launch->blocks : 1); i++) blank(spare_block(i), *s);  // open already
  used += s->size;
  if (used <= STATIC_LIMIT) return;
  if (Report* r = report("launch", "static", launch->pc)) {
    r->size = (long)used;
    r->extent = STATIC_LIMIT;
    copy_name(r->note, launch->name, sizeof r->note);
  }
}

static Cell* slot_cells(Slot* s) {
  size_t room = s == dynamic_slot ? DYNAMIC_LIMIT : s->size;
  return (Cell*)reserve(shadow_bytes(room, s->shift));
}

static void* address(Slot* s) {
  int id = s->id;
  if (UNLIKELY(!block->cells[id]) && checking) block->cells[id] = slot_cells(s);
  return block->shared + s->offset;
}

ABI void* sim_shared(void** key, const char* name, size_t size, size_t item) {
  Slot* s = (Slot*)__atomic_load_n(key, __ATOMIC_ACQUIRE);
  if (UNLIKELY(!s)) s = new_slot(key, name, size, item);
  if (UNLIKELY(!s)) abort_kernel(OUT_OF_MEMORY);
  if (UNLIKELY(__atomic_load_n(&s->launch, __ATOMIC_RELAXED) != launch->id)) use_slot(s);
  return address(s);
}

ABI void* sim_dynamic(size_t item, const char* name) {
  Slot* s = dynamic_slot;
  if (!checking) return address(s);
  if (UNLIKELY(s->item != (int)item)) {
    s->item = (int)item;
    copy_name(s->name, name, sizeof s->name);
  }
  if (UNLIKELY(granule((int)item) < s->shift)) refine(s, granule((int)item));
  return address(s);
}

ABI void* sim_shared_address(unsigned offset) { return block->shared + offset; }
ABI unsigned sim_shared_offset(const void* p) { return (unsigned)((char*)p - block->shared); }
ABI unsigned sim_dynamic_bytes() { return launch ? (unsigned)launch->dynamic : 0; }

// ---------------------------------------------------------------- __device__ and __constant__ variables

ABI void sim_variable(void* p, size_t size, size_t item, const char* name, int constant) {
  if (variable_count == MAX_VARIABLES || variable((uintptr_t)p)) return;
  Allocation* a = &variables[variable_count++];
  *a = Allocation{(uintptr_t)p, size, nullptr, nullptr, nullptr, 0, 2, (int)item, true, constant ? CONSTANT : VARIABLE, {}};
  copy_name(a->name, name, sizeof a->name);
  if (!shadow(a)) variable_count--;
  else memset(a->written, 1, size);
}

Allocation* variable(uintptr_t p) {
  for (int i = 0; i < variable_count; i++)
    if (p - variables[i].base < variables[i].size) return &variables[i];
  return nullptr;
}
}  // namespace sim
