// Runs one library of the corpus without Python, so that the runtime can be tried where there is none: another machine's
// code under an emulator, or a runtime built in another way.
//
//     driver LIBRARY N SECONDS PEDANTIC REPORT        in: 0, 1, 2, …   out: N numbers, as play.py has it
//
// REPORT gets the facts as JSON lines, the last of them {"status": …, "out": ["1.5", …]}.
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime.h"

static float* buffer(int n, const char* name) { return (float*)sim::allocate(4ull * n, 4, 0, name, sim::BUFFER)->base; }

typedef int (*Launcher)(const float*, float*, int, void*);

static Launcher load(const char* path) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  void* launcher = library ? dlsym(library, "launch") : nullptr;
  Dl_info info;
  if (!launcher || !dladdr(launcher, &info)) {
    fprintf(stderr, "%s\n", dlerror());
    exit(2);
  }
  sim::use(path, (uintptr_t)info.dli_fbase);
  return (Launcher)launcher;
}

static void write_out(FILE* to, int status, const float* out, int n) {
  fprintf(to, "{\"status\": %d, \"out\": [", status);
  for (int i = 0; i < n && i < 4096; i++) fprintf(to, "%s\"%.9g\"", i ? ", " : "", out[i]);
  fprintf(to, "]}\n");
}

int main(int count, char** words) {
  if (count != 6) return 2;
  int n = atoi(words[2]);
  sim::pedantic = atoi(words[4]);
  sim::patience = 8;  // on a busy machine, or an emulated one
  sim::report_fd = open(words[5], O_RDWR | O_CREAT | O_TRUNC, 0644);
  Launcher launcher = load(words[1]);
  float *in = buffer(n, "in"), *out = buffer(n, "out");
  for (int i = 0; i < n; i++) in[i] = (float)i;
  memset(out, 0x45, 4ull * n);
  sim::initialise((uintptr_t)in, 4ull * n);
  sim::begin(atof(words[3]), 0x51AE, ~0u);
  int status = launcher(in, out, n, (void*)0x51AE);
  static char text[1 << 20];
  size_t used = sim::finish(text, sizeof text);
  if (!status) status = sim::sticky_error ? sim::sticky_error : sim::last_error;
  FILE* report = fdopen(sim::report_fd, "w");
  fwrite(text, 1, used, report);
  write_out(report, status, out, n);
  fclose(report);
  return 0;
}
