// What the parts of the runtime share. A checked launch runs on one OS thread, and an unchecked one on several, each with
// whole blocks: what belongs to the running block is OWN, what they all change is behind a Lock, the rest is plain globals.
// No STL here: a learner's std::vector must never replace ours, and all of this is entered from their threads.
#pragma once
#include <stddef.h>
#include <stdint.h>

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define NOINLINE __attribute__((noinline))
#define FORCE inline __attribute__((always_inline))
#define ABI extern "C" __attribute__((visibility("default")))
#define CALLER __builtin_return_address(0)
// One per OS thread, and at a fixed distance from its register: the other models cost a call at every access.
#define OWN __thread __attribute__((tls_model("initial-exec")))

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

struct Vec3 {
  u32 x, y, z;
};

// ---------------------------------------------------------------- names CUDA gives to a thread (block.cpp)
extern "C" {
extern __attribute__((visibility("default"))) OWN Vec3 threadIdx, blockIdx;
extern __attribute__((visibility("default"))) OWN int sim_lane, sim_thread;
}
ABI Vec3 blockDim, gridDim;
ABI u32 sim_rubbish;  // in local variables without a value: see include/sim/local.h

namespace sim {

// ---------------------------------------------------------------- memory (memory.cpp)

// Who touched one granule last. A key is epoch << 32 | thread << 16 | the thread's warp clock.
struct Cell {
  u64 written, read, reread;
  u32 written_pc, read_pc, reread_pc;
};

constexpr u32 ATOMIC = 0x80000000u;  // bit of written_pc: the write was an atomic

enum Kind : u8 { BUFFER, HEAP, VARIABLE, CONSTANT };

struct Allocation {
  uintptr_t base;
  size_t size;
  u8* written;  // one byte per byte: has it a value?
  u8* before;   // what lay there when it had none, of the first REMEMBERED bytes
  Cell* cells;  // one per granule of 1 << shift bytes
  size_t bytes_shadow;
  int shift, item;  // item: bytes of an element, 0 where nobody knows
  bool live;
  Kind kind;
  char name[64];
};

// One __shared__ variable. Every block has it at the same offset of its own shared memory.
struct Slot {
  u32 offset, size;
  int shift, item, id;
  u64 launch;  // the launch that last used it
  char name[64];
};

constexpr size_t REMEMBERED = 1 << 20;  // twice what a checked case has: a copy takes time
constexpr u8 BLANK = 0xDB;            // fills memory that nobody has written
constexpr size_t PAGE = 1 << 16;      // granularity of the table that finds an allocation
constexpr size_t SHARED = 4 << 20;    // address space of one block's shared memory, red zones included
constexpr int SLOTS = 512;
constexpr int MAX_THREADS = 1024, MAX_WARPS = 32;
constexpr size_t STATIC_LIMIT = 48 << 10, DYNAMIC_LIMIT = 227 << 10;

struct Block;
extern uintptr_t arena, arena_bytes;
extern Allocation** pages;
extern Slot slots[SLOTS];
extern int slot_count;
extern Slot* slot_at[SHARED >> 7];  // by 128-byte line
extern Slot* dynamic_slot;
extern bool checking;

void* reserve(size_t bytes);
void release(void* p, size_t bytes);
Allocation* allocate(size_t bytes, int item, size_t residue, const char* name, Kind kind);
bool deallocate(void* p);
void deallocate_all();
Allocation* find(uintptr_t p);     // the allocation whose pages hold p, or the nearest one below
Allocation* variable(uintptr_t p);  // the __device__ or __constant__ variable at p
void refine(Allocation* a, int shift);
void refine(Slot* s, int shift);
int granule(int item);
void remember(Allocation* a);        // what lies there now is no value
void remember_all();
size_t unwritten(const Allocation* a, size_t offset, size_t n);  // the first byte without a value, or the end
void blank(Block* b);
void resize_dynamic(size_t bytes);

// A read is about to be called a mistake: has its byte `at` a value all the same?
//
// g++ plants no callback where a call's result goes straight to memory (`p[i] = f(x)` with a struct). What is no longer as it
// was has been written; by words, for one byte of a number may be as it was by chance. Such a write leaves nothing in the
// cells, and the race check compares what is there: it can miss a race by that, and invent none.
//
// And a struct that is copied whole brings its padding along, which lies in eight bytes of which some have a value.
template <class Written, class New>
bool has_value_after_all(size_t at, size_t room, size_t size, int item, Written written, New is_new) {
  bool padded = size > 4 && (item > 4 || item < 2);  // numbers are not padded
  size_t span = padded ? 8 : 4, first = at & ~(span - 1);
  for (size_t i = first; i < first + span && i < room; i++)
    if (written(i) ? padded : is_new(i)) return true;
  return false;
}
inline bool device(const void* p) { return (uintptr_t)p - arena < arena_bytes; }

// ---------------------------------------------------------------- threads (fiber.cpp, block.cpp, warp.cpp)

typedef void* Context;
extern "C" void sim_switch(Context* save, Context to);
Context prepare(char* top, void (*entry)());
bool in_stacks(uintptr_t p);
char* stacks(int count);
bool in_guard(uintptr_t p);
constexpr size_t STACK = 128 << 10;
extern uintptr_t stacks_low, stacks_bytes;

// What one lane brought to a warp collective.
struct Pending {
  u32 mask;
  int kind;
  u32 pc;
  void* data;
  void (*all)(void**, unsigned);
};

struct Access {
  u32 pc;
  u8 size, flags;
  u64 address;
};
enum : u8 { WRITE = 1, IN_SHARED = 2, IS_ATOMIC = 4 };

struct Warp {
  u32 live, runnable, waiting, barred;  // lanes: not returned, may run, in a collective, in __syncthreads
  u16 clock[32], seen[32][32];          // seen[a][b]: the last clock of b that a is ordered after
  bool dirty, traced;
  Pending pending[32];
  u32 logged[32];
  Access* log;
};

struct Copy {
  void* to;
  const void* from;
  u32 bytes, zeros, pc;
  int group;
  Copy* next;
};

// What one thread did to be seen by others: __threadfence, then a relaxed write; and what it saw.
struct Signal {
  u32 fence_epoch;             // the block's epoch at the last fence
  u16 fence_clock, released;   // the thread's clock at the fence, and at the fence before the last relaxed write
  u64 release_time, acquire_time;
};

struct Block {
  Vec3 index;
  u32 linear;
  int live, arrived, returned;
  u32 epoch, start;
  u32 acquired;  // epoch up to which other blocks' published writes are visible
  bool at_grid;
  int reduce, result;
  char* shared;
  char* stack;
  int capacity, stacks_taken;
  Cell* cells[SLOTS];
  Context context[MAX_THREADS];  // null: not started
  u32 barrier_pc[MAX_THREADS];
  int predicate[MAX_THREADS];
  Copy* copies[MAX_THREADS];
  int group[MAX_THREADS];
  Signal signal[MAX_THREADS];
  Warp warp[MAX_WARPS];
};

struct Launch {
  Vec3 grid, block;
  int threads, warps;
  size_t dynamic;
  void (*entry)(void*);
  void* closure;
  char name[96];
  bool cooperative;
  u32 start_epoch;
  u64 id, blocks;
  u32 pc, workers;       // workers: OS threads that may take blocks
  const void* reporter;  // of several workers, the one whose fault is told
};

extern OWN Block* block;  // the one whose thread runs now
extern Launch* launch;    // null outside kernels
extern OWN int current;   // linear thread in the block
extern OWN bool inside;   // this OS thread runs a CUDA thread
extern Vec3 indices[MAX_THREADS];
extern u32 epoch_now;
extern u64 accesses;
extern OWN u64 budget;
extern bool pedantic;

inline bool in_kernel() { return launch != nullptr; }
inline bool several() { return UNLIKELY(launch->workers > 1); }
inline Warp& warp_of(int thread) { return block->warp[thread >> 5]; }
inline u32 bit_of(int thread) { return 1u << (thread & 31); }

u32 next_epoch(Block* b);
u32 owner_of(u32 epoch);   // linear block that ran in this epoch of the present launch, ~0u if none
void fence();              // what the thread did so far can be made visible
void communicate(bool write);  // an atomic, or a volatile access of global memory
bool published(u32 owner, u32 epoch);
void select(int thread);
void proceed(int from);    // the present thread cannot go on: run another
void yield_now();
bool complete_warp(int warp);
bool converge();           // lets __activemask callers go on when nobody else can
bool pass_barrier();
[[noreturn]] void abort_kernel(int error);
[[noreturn]] void assert_failed(const char* expression, u32 pc);
void deadlock();
void open_block(Block* b, u32 linear);
void run_block(Block* b, u32 linear);
void run_cooperative(u64 blocks);
bool resume_other_block(int from);
void finish_copies(int pending_groups);
void drop_copies();
bool copy_pending(uintptr_t p);
Block* spare_block(size_t i);

// ---------------------------------------------------------------- several OS threads (workers.cpp)

constexpr u32 MAX_WORKERS = 8;
extern u32 workers_wanted;  // 0: one per core
u32 workers_for(const Launch& l);
void run_shared();         // the blocks of the present launch, by this thread and those that come to help
bool pass_alarm();         // to a helper that is inside a kernel; false if there is none

// Held again by its holder, for a signal may come to the thread that has it.
struct Lock {
  const void* holder;
  u32 depth;
};
const void* self();
void take(Lock& l);
void drop(Lock& l);
struct Hold {
  Lock& lock;
  explicit Hold(Lock& l) : lock(l) { take(l); }
  ~Hold() { drop(lock); }
};

// ---------------------------------------------------------------- errors and time (grid.cpp, signals.cpp)

enum Error { OK = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_CONFIGURATION = 9, NO_PEER = 217,
             ILLEGAL_ADDRESS = 700, TOO_MANY_BLOCKS = 720, ASSERTED = 710, MISALIGNED = 716, LAUNCH_FAILURE = 719, NOT_SUPPORTED = 801 };
extern int last_error, sticky_error;
inline int failed() { return __atomic_load_n(&sticky_error, __ATOMIC_RELAXED); }
void fail(int error);  // the first error stays
bool in_time(u64 done);
double now();
extern u32 patience;  // how many times the limit a checked job may take in all, while its blocks end within it
void allow(double seconds);
bool overdue();        // is the time up? Each block that ends gives the next one as long
double time_left();
void note_progress();  // a block has ended
void spend(u32 pc);  // called when the budget of accesses is spent: looks at the clock and lets others run
[[noreturn]] void expire(u32 pc);  // the kernel has taken too long
void arm(double seconds);
void disarm();
void put_off_alarm();  // a kernel has taken too long and says so itself: it ends, and its launcher may return
void install_handlers();
void add_signal_stack();  // for the calling OS thread

// ---------------------------------------------------------------- a job (job.cpp), and what it may do

extern u64 job_stream;          // the stream it was given; 0: any will do
extern int multiprocessors;     // of the device that we pretend to be
extern size_t dynamic_allowed;  // bytes of dynamic shared memory it has opted in to
void initialise(uintptr_t address, size_t bytes);
void begin(double seconds, u64 stream, u32 traced);
size_t finish(char* out, size_t room);  // findings, launches and counters as JSON lines
bool use(const char* path, uintptr_t base);  // the learner's library; false: it has no line numbers

// ---------------------------------------------------------------- findings (report.cpp), lines (lines.cpp)

struct Place {
  const char* file;
  u32 line;
};

struct Report {
  const char *kind, *what;
  Place where, other;
  char variable[64], note[200];
  Vec3 thread, block, other_thread, other_block;
  bool has_thread, has_other_thread, has_other_block;
  long size, offset, extent, item;
  u64 count;
};

// Null when the same lines were reported before: then only the count goes up.
Report* report(const char* kind, const char* what, u32 pc, u32 other_pc = 0);
void place_thread(Report* r, int thread);
void copy_name(char* to, const char* from, size_t room);
void launched(const Launch& l);
void clear_reports();
size_t write_reports(char* out, size_t room);
void flush_reports();
void keep_reports();  // what was found while the library loaded stays true in every job
void hand_over(const char* text, size_t n);  // to the judge, who reads it there
extern int report_fd;

extern uintptr_t module_low, module_high, module_base;  // of the learner's library
inline u32 offset_of(const void* pc) { return (u32)((uintptr_t)pc - module_base); }
Place place(u32 pc);
bool load_lines(const char* path, uintptr_t base);
void use_module(uintptr_t low, uintptr_t high);

// ---------------------------------------------------------------- counters (traffic.cpp)

extern u32 traced_blocks;
void log_access(Warp& w, u32 pc, unsigned size, u8 flags, u64 address);
void count_warp(Warp& w);
void clear_traffic();
size_t write_traffic(char* out, size_t room);

// ---------------------------------------------------------------- locals without a value (local.cpp)

extern u32* unset;  // one word for each byte of the stacks; null until a library built for it says where one is
void local_access(uintptr_t p, size_t size, bool write, u32 pc);
void forget_locals();

// ---------------------------------------------------------------- the check of one access (access.cpp, race.cpp)

void check(uintptr_t p, size_t size, bool write, bool atomic, u32 pc);
NOINLINE void out_of_bounds(uintptr_t p, size_t size, bool write, u32 pc);
}  // namespace sim
