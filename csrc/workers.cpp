// Unchecked launches on several OS threads. Each runs whole blocks, in the memory and on the stacks of a Block of its own;
// the launching thread is one of them, and a helper that comes too late finds the launch closed.
#include "runtime.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

namespace sim {
u32 workers_wanted;
static constexpr u64 FEW_THREADS = 2048;  // waking helpers costs more than a launch of so few CUDA threads
static constexpr size_t HELPER_STACK = 256 << 10;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t opened = PTHREAD_COND_INITIALIZER, closed = PTHREAD_COND_INITIALIZER;
static pthread_t helpers[MAX_WORKERS];
static u32 helper_count;
static bool helping[MAX_WORKERS];
static u64 round_number, next_block;
static u32 places, busy;  // helpers that may join the present launch, and that are at it

// ---------------------------------------------------------------- locks

const void* self() { return &current; }

// A spin lock: it is held for the time of a report, and a signal handler must be able to take it.
void take(Lock& l) {
  const void* nobody = nullptr;
  if (__atomic_load_n(&l.holder, __ATOMIC_RELAXED) != self())
    while (!__atomic_compare_exchange_n(&l.holder, &nobody, self(), false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
      nobody = nullptr;
      sched_yield();
    }
  l.depth++;
}

void drop(Lock& l) {
  if (!--l.depth) __atomic_store_n(&l.holder, (const void*)nullptr, __ATOMIC_RELEASE);
}

// ---------------------------------------------------------------- how many

static u32 cores() {
  cpu_set_t set;
  int n = sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);
  return n > 1 ? (u32)n : 1;
}

u32 workers_for(const Launch& l) {
  static u32 all = cores();
  u32 n = workers_wanted ? workers_wanted : all;
  if (checking || l.cooperative || l.blocks * (u64)l.threads < FEW_THREADS) return 1;
  if (n > MAX_WORKERS) n = MAX_WORKERS;
  return n < l.blocks ? n : (u32)l.blocks;
}

// ---------------------------------------------------------------- the work

static void take_blocks(Block* b) {
  for (u64 i; !failed() && (i = __atomic_fetch_add(&next_block, 1, __ATOMIC_RELAXED)) < launch->blocks && in_time(i);)
    run_block(b, (u32)i);
}

static void help(u32 number) {
  __atomic_store_n(&helping[number], true, __ATOMIC_SEQ_CST);
  take_blocks(spare_block(number + 1));
  __atomic_store_n(&helping[number], false, __ATOMIC_SEQ_CST);
}

static void* helper_main(void* argument) {
  u32 number = (u32)(uintptr_t)argument;
  u64 done = 0;
  add_signal_stack();
  pthread_mutex_lock(&mutex);
  for (;;) {
    while (round_number == done || number >= places) pthread_cond_wait(&opened, &mutex);
    done = round_number;
    busy++;
    pthread_mutex_unlock(&mutex);
    help(number);
    pthread_mutex_lock(&mutex);
    if (!--busy) pthread_cond_signal(&closed);
  }
  return nullptr;
}

static void add_helpers(u32 count) {
  pthread_attr_t a;
  pthread_attr_init(&a);
  pthread_attr_setstacksize(&a, HELPER_STACK);
  pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
  while (helper_count < count && !pthread_create(&helpers[helper_count], &a, helper_main, (void*)(uintptr_t)helper_count))
    helper_count++;
  pthread_attr_destroy(&a);
}

static void open_to(u32 count) {
  pthread_mutex_lock(&mutex);
  places = count;
  next_block = 0;
  round_number++;
  pthread_cond_broadcast(&opened);
  pthread_mutex_unlock(&mutex);
}

static void close() {
  pthread_mutex_lock(&mutex);
  places = 0;
  while (busy) pthread_cond_wait(&closed, &mutex);
  pthread_mutex_unlock(&mutex);
}

void run_shared() {
  add_helpers(launch->workers - 1);
  open_to(launch->workers - 1);
  take_blocks(spare_block(0));
  close();
}

// The time limit is told to the thread that waits for the others; where they hang, only they can say.
bool pass_alarm() {
  for (u32 i = 0; i < helper_count; i++)
    if (__atomic_load_n(&helping[i], __ATOMIC_SEQ_CST) && !pthread_equal(helpers[i], pthread_self()))
      return !pthread_kill(helpers[i], SIGALRM);
  return false;
}
}  // namespace sim
