// Context switches: fifteen instructions where the machine is known, ucontext elsewhere.
#include "runtime.h"

#include <sys/mman.h>
#include <unistd.h>

#if !defined(__x86_64__) && !defined(__aarch64__)
#define SIM_UCONTEXT
#endif
#if defined(SIM_UCONTEXT)
#include <ucontext.h>
#elif defined(__x86_64__)
asm(R"(
.text
.globl sim_switch
.hidden sim_switch
.type sim_switch,@function
sim_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp,(%rdi)
  movq %rsi,%rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size sim_switch,.-sim_switch
)");
#elif defined(__aarch64__)
asm(R"(
.text
.globl sim_switch
.hidden sim_switch
.type sim_switch,%function
sim_switch:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x2, sp
  str x2, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
.size sim_switch,.-sim_switch
)");
#endif

namespace sim {
uintptr_t stacks_low, stacks_bytes;
static constexpr size_t GUARDED = 4096 * STACK;
static size_t stacks_used;

#if defined(SIM_UCONTEXT)
// Slow (a system call a switch) but right everywhere: a Context points to a ucontext_t kept at the stack's top.
Context prepare(char* top, void (*entry)()) {
  ucontext_t* c = (ucontext_t*)(((uintptr_t)top - sizeof(ucontext_t)) & ~63ull);
  getcontext(c);
  c->uc_stack.ss_sp = top - STACK + (16 << 10);
  c->uc_stack.ss_size = (size_t)((char*)c - (char*)c->uc_stack.ss_sp);
  c->uc_link = nullptr;
  makecontext(c, entry, 0);
  return c;
}
extern "C" void sim_switch(Context* save, Context to) {
  ucontext_t here;
  *save = &here;
  swapcontext(&here, (ucontext_t*)to);
}
#elif defined(__x86_64__)
Context prepare(char* top, void (*entry)()) {
  u64* sp = (u64*)((uintptr_t)top & ~15ull);
  *--sp = 0;  // a return address, so that the entry sees the alignment a call would give
  *--sp = (u64)entry;
  for (int i = 0; i < 6; i++) *--sp = 0;
  return sp;
}
#elif defined(__aarch64__)
Context prepare(char* top, void (*entry)()) {
  u64* sp = (u64*)((uintptr_t)top & ~15ull) - 20;
  for (int i = 0; i < 20; i++) sp[i] = 0;
  sp[11] = (u64)entry;  // x30
  return sp;
}
#endif

// Each stack starts with a guard, so that deep recursion faults instead of writing into a neighbour.
char* stacks(int count) {
  if (!stacks_low) {
    stacks_bytes = 16ull << 30;
    stacks_low = (uintptr_t)reserve(stacks_bytes);
    madvise((void*)stacks_low, stacks_bytes, MADV_NOHUGEPAGE);
  }
  size_t bytes = (size_t)count * STACK;
  if (stacks_used + bytes > stacks_bytes) return nullptr;
  char* first = (char*)stacks_low + stacks_used;
  bool guarded = stacks_used < GUARDED;  // a guard splits a mapping, and a process may have 65,530 of them
  stacks_used += bytes;
  for (int i = 0; i < count && guarded; i++) mprotect(first + (size_t)i * STACK, (size_t)sysconf(_SC_PAGESIZE), PROT_NONE);
  return first;
}

bool in_stacks(uintptr_t p) { return p - stacks_low < stacks_bytes; }
bool in_guard(uintptr_t p) {
  static const size_t page = (size_t)sysconf(_SC_PAGESIZE);  // 64 KiB on some arm64 systems
  return in_stacks(p) && (p - stacks_low) % STACK < (page > 16384 ? page : 16384);
}
}  // namespace sim
