// Faults and the time limit. A kernel's fault ends the kernel; a fault of host code ends the process, findings first.
#include "runtime.h"

#include <initializer_list>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

namespace sim {
static OWN char* spare_top;
static uintptr_t pc_of(const ucontext_t* c) {
#if defined(__x86_64__)
  return (uintptr_t)c->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
  return c->uc_mcontext.pc;
#else
  (void)c;
  return 0;
#endif
}

// Code outside the learner's library (libc, the runtime) has no line: 1 keeps place() from finding a wrong one.
static u32 learner_pc(const ucontext_t* c) {
  uintptr_t pc = pc_of(c);
  return pc - module_low < module_high - module_low ? offset_of((void*)(pc + 1)) : 1;
}

static void drop_kernel() { abort_kernel(ILLEGAL_ADDRESS); }

// Returns from the signal into drop_kernel(), on a stack that is known to be good. False where we cannot.
static bool leave_kernel(ucontext_t* c) {
#if defined(__x86_64__)
  c->uc_mcontext.gregs[REG_RSP] = (greg_t)((uintptr_t)spare_top - 72);
  c->uc_mcontext.gregs[REG_RIP] = (greg_t)drop_kernel;
  return true;
#elif defined(__aarch64__)
  c->uc_mcontext.sp = (uintptr_t)spare_top - 64;
  c->uc_mcontext.pc = (uintptr_t)drop_kernel;
  return true;
#else
  (void)c;
  return false;
#endif
}

static const char* fault_name(int signal, uintptr_t at, bool kernel) {
  if (kernel && in_guard(at)) return "stack";
  if (signal == SIGFPE) return kernel ? "division" : "host division";
  if (signal == SIGSYS) return "forbidden";
  return kernel ? "fault" : "crash";
}

// Another OS thread may never unlock what it held in libc: the process must go, after the findings.
static bool holds_locks(const ucontext_t* c) { return several() && learner_pc(c) == 1; }

static void on_fault(int signal, siginfo_t* info, void* context) {
  ucontext_t* c = (ucontext_t*)context;
  bool kernel = in_kernel();
  const char* what = fault_name(signal, (uintptr_t)info->si_addr, kernel);
  const char* kind = !kernel || signal == SIGSYS ? "host" : signal == SIGFPE ? "assert" : "oob";
  if (Report* r = report(kind, what, learner_pc(c))) {
    r->offset = (long)info->si_addr;
    copy_name(r->note, strsignal(signal), sizeof r->note);
    if (kernel) place_thread(r, current);
  }
  if (kernel && inside && !holds_locks(c) && leave_kernel(c)) return;
  flush_reports();
  _exit(98);
}

static void set_timer(double seconds) {
  itimerval t;
  memset(&t, 0, sizeof t);
  t.it_value.tv_sec = (long)seconds;
  t.it_value.tv_usec = (long)((seconds - (double)(long)seconds) * 1e6);
  setitimer(ITIMER_REAL, &t, nullptr);
}

static double grace;  // seconds from the deadline to the alarm

static void on_alarm(int, siginfo_t*, void* context) {
  if (!overdue()) return set_timer(time_left() + grace);
  if (!inside && pass_alarm()) return;
  if (Report* r = report("timeout", in_kernel() ? "time" : "host", learner_pc((ucontext_t*)context))) {
    if (in_kernel()) {
      place_thread(r, current);
      copy_name(r->note, launch->name, sizeof r->note);
    }
  }
  flush_reports();
  _exit(98);
}

static void handle(int signal, void (*handler)(int, siginfo_t*, void*)) {
  struct sigaction a;
  memset(&a, 0, sizeof a);
  a.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  a.sa_sigaction = handler;
  sigaction(signal, &a, nullptr);
}

void add_signal_stack() {
  constexpr size_t bytes = 256 << 10;
  if (spare_top) return;
  stack_t s;
  memset(&s, 0, sizeof s);
  s.ss_sp = reserve(bytes);
  s.ss_size = bytes;
  sigaltstack(&s, nullptr);
  spare_top = (char*)reserve(bytes) + bytes;
}

void install_handlers() {
  add_signal_stack();
  for (int s : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS}) handle(s, on_fault);
  handle(SIGALRM, on_alarm);
}

// Loops that touch memory see the deadline themselves and end cleanly; the alarm is for those that do not.
void arm(double seconds) {
  allow(seconds * 0.85);
  grace = seconds * 0.1;
  set_timer(seconds * 0.95);
}

void disarm() { set_timer(0); }

void put_off_alarm() { set_timer(grace + 1); }  // on a busy machine both take a while

ABI void __wrap_exit(int) {
  report("host", "exit", offset_of(CALLER));
  flush_reports();
  _exit(98);
}
ABI void __wrap___assert_fail(const char* expression, const char*, unsigned, const char*) {
  assert_failed(expression, offset_of(CALLER));
}
ABI void __wrap__exit(int) { __wrap_exit(0); }
ABI void __wrap_quick_exit(int) { __wrap_exit(0); }
}  // namespace sim
