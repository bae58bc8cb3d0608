// CUDA's device model on the host: built-in variables, barriers, launches. The runtime behind it is grader._simulator.
#pragma once
#include <ctime>  // clock() is libc's: one of our own would clash with <chrono>
#include <cfloat>
#include <climits>
#include <limits>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <tuple>
#include <type_traits>
#include <utility>

#if defined(__clang__)
#define SIM_PLAIN __attribute__((no_sanitize("thread"), disable_sanitizer_instrumentation))
#define SIM_APART __attribute__((nomerge, convergent))  // two calls in two branches stay two calls
#else
#define SIM_PLAIN __attribute__((no_sanitize("thread", "bounds")))
#define SIM_APART
#endif
#define SIM_INLINE inline __attribute__((always_inline))  // so that a line number is the caller's

#define __CUDACC__ 1
#define __CUDA_ARCH__ 900
#define CUDART_VERSION 13000
#define __global__ __attribute__((noinline, used))
#define __device__
#define __host__
#define __constant__
#define __managed__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __maxnreg__(...)
#define __grid_constant__
#define __cluster_dims__(...) static_assert(false, "clusters are not supported by the simulator")
#define __align__(n) alignas(n)
#define __builtin_align__(n) alignas(n)
#define __nv_pure__
#define __CUDA_ALIGN__(n) alignas(n)

struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
  constexpr dim3(uint3 u) : x(u.x), y(u.y), z(u.z) {}
  constexpr operator uint3() const { return {x, y, z}; }
};
// blockDim's type: a plain struct, since only constants of such types are read without a callback.
struct sim_dim {
  unsigned x, y, z;
  constexpr operator dim3() const { return {x, y, z}; }
  constexpr operator uint3() const { return {x, y, z}; }
};

extern "C" {
#if defined(__clang__)  // reports reads of constants too: functions that it may take as pure instead
__attribute__((const)) uint3 sim_thread_index();
__attribute__((const)) uint3 sim_block_index();
__attribute__((const)) uint3 sim_block_dim();
__attribute__((const)) uint3 sim_grid_dim();
__attribute__((const)) int sim_lane_number();
__attribute__((const)) int sim_thread_number();
__attribute__((const)) unsigned sim_rubbish_kind();
#define sim_lane sim_lane_number()
#define sim_thread sim_thread_number()
#define sim_rubbish sim_rubbish_kind()
#else
#define SIM_OWN __thread __attribute__((tls_model("initial-exec")))
extern SIM_OWN const uint3 threadIdx, blockIdx;
extern const sim_dim blockDim, gridDim;
extern SIM_OWN const int sim_lane, sim_thread;
extern const unsigned sim_rubbish;
#undef SIM_OWN
#endif

SIM_APART int sim_barrier(int reduce, int predicate);
SIM_APART void sim_grid_barrier();
SIM_APART void sim_collective(unsigned mask, int kind, void* mine, void (*all)(void**, unsigned));
void sim_absent_lane(int lane, unsigned mask);
unsigned sim_activemask();
void* sim_shared(void** key, const char* name, size_t size, size_t item);
void* sim_dynamic(size_t item, const char* name);
unsigned sim_dynamic_bytes();
void sim_variable(void* p, size_t size, size_t item, const char* name, int constant);
void sim_touch(const void* p, size_t n, int write);
void sim_local(const void* p, size_t n, size_t item, const char* name, int line);
void sim_local_end(const void* p, size_t n);
bool sim_atomic(const void* p, size_t n);  // true: other OS threads see it
bool sim_atomic_load(const void* p, size_t n);
void sim_fence();
void sim_copy_async(void* to, const void* from, size_t bytes, size_t zeros);
void sim_copy_commit();
void* sim_shared_address(unsigned offset);
unsigned sim_shared_offset(const void* p);
void sim_copy_wait(int pending_groups);
int sim_malloc(void** p, size_t bytes, size_t item);
int sim_free(void* p);
int sim_copy(void* to, const void* from, size_t n, int kind, unsigned long long stream);
int sim_set(void* to, int value, size_t n, unsigned long long stream);
int sim_error(int clear);
int sim_synchronise(const char* name);
int sim_opt_in(size_t bytes);
int sim_unsupported(const char* name);
int sim_capture_begin();
int sim_capture_end(void** graph);
int sim_capturing();
size_t sim_graph_nodes(const void* graph);
int sim_graph_launch(const void* graph, unsigned long long stream);
int sim_event_record(unsigned long long stream, unsigned* clock);
void sim_stream_wait(unsigned long long stream, int mark, const unsigned* clock);
void sim_wait_for_stream(unsigned long long stream);
void sim_wait_for_event(int mark);
void sim_wait_for_all();
int sim_stream_busy(unsigned long long stream);
int sim_event_busy(int mark);
int sim_in_kernel();
int sim_multiprocessors();
unsigned long long sim_clock();
void sim_sleep();
[[noreturn]] void sim_assert(const char* expression);
[[noreturn]] void sim_trap();

// g++ expands these where the size is known, without a callback; only what it makes an assignment of is seen.
#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
#define SIM_SEEN extern inline __attribute__((always_inline, gnu_inline, artificial)) void*
#define SIM_ASSIGNED(n) (__builtin_constant_p(n) && ((n) == 1 || (n) == 2 || (n) == 4 || (n) == 8))
void* __wrap_memcpy(void* to, const void* from, size_t n);
void* __wrap_memmove(void* to, const void* from, size_t n);
void* __wrap_memset(void* to, int value, size_t n);
SIM_SEEN memcpy(void* to, const void* from, size_t n) noexcept {
  return SIM_ASSIGNED(n) ? __builtin_memcpy(to, from, n) : __wrap_memcpy(to, from, n);
}
SIM_SEEN memmove(void* to, const void* from, size_t n) noexcept {
  return SIM_ASSIGNED(n) ? __builtin_memmove(to, from, n) : __wrap_memmove(to, from, n);
}
SIM_SEEN memset(void* to, int value, size_t n) noexcept { return __wrap_memset(to, value, n); }
#undef SIM_SEEN
#undef SIM_ASSIGNED
#endif
}

#if defined(__clang__)  // built with -fdeclspec: .x is a call
#define SIM_BUILTIN(name, value)                                       \
  static const struct sim_##value##_t {                                \
    __declspec(property(get = get_x)) unsigned x;                      \
    __declspec(property(get = get_y)) unsigned y;                      \
    __declspec(property(get = get_z)) unsigned z;                      \
    SIM_INLINE unsigned get_x() const { return value().x; }            \
    SIM_INLINE unsigned get_y() const { return value().y; }            \
    SIM_INLINE unsigned get_z() const { return value().z; }            \
    SIM_INLINE operator dim3() const { return value(); }               \
    SIM_INLINE operator uint3() const { return value(); }              \
  } name = {};
SIM_BUILTIN(threadIdx, sim_thread_index)
SIM_BUILTIN(blockIdx, sim_block_index)
SIM_BUILTIN(blockDim, sim_block_dim)
SIM_BUILTIN(gridDim, sim_grid_dim)
#undef SIM_BUILTIN
#endif

#define warpSize 32

#undef assert
#define assert(e) ((e) ? (void)0 : sim_assert(#e))

SIM_INLINE void __syncthreads() { sim_barrier(0, 0); }
SIM_INLINE int __syncthreads_count(int p) { return sim_barrier(1, p); }
SIM_INLINE int __syncthreads_and(int p) { return sim_barrier(2, p); }
SIM_INLINE int __syncthreads_or(int p) { return sim_barrier(3, p); }
SIM_INLINE void __threadfence() { sim_fence(); }
SIM_INLINE void __threadfence_block() { sim_fence(); }
SIM_INLINE void __threadfence_system() { sim_fence(); }
SIM_INLINE unsigned __activemask() { return sim_activemask(); }
[[noreturn]] SIM_INLINE void __trap() { sim_trap(); }
SIM_INLINE void __brkpt() { sim_trap(); }
SIM_INLINE long long clock64() { return (long long)sim_clock(); }
SIM_INLINE unsigned long long __globaltimer() { return sim_clock(); }
SIM_INLINE void __nanosleep(unsigned) { sim_sleep(); }

namespace sim {
template <class T>
struct element {
  using type = T;
};
template <class T, size_t N>
struct element<T[N]> : element<T> {};
template <class T>
struct element<T[]> : element<T> {};

// A __shared__ variable. The tag is a lambda's type, so that every instantiation of a template has its own variable.
template <class T, class Tag>
SIM_INLINE T& shared(Tag, const char* name) {
  static void* key;
  return *(T*)sim_shared(&key, name, sizeof(T), sizeof(typename element<T>::type));
}
// cp.async in PTX takes shared addresses as 32-bit numbers, which __cvta_generic_to_shared makes.
SIM_INLINE void copy(unsigned long long to, const void* from, int bytes, int used = -1) {
  sim_copy_async(sim_shared_address((unsigned)to), from, (size_t)bytes, (size_t)(used < 0 ? 0 : bytes - used));
}
template <class T>
SIM_INLINE T* dynamic(const char* name) {
  return (T*)sim_dynamic(sizeof(typename element<T>::type), name);
}

// `extern __shared__ T name[];` outside a function: found anew at each use.
template <class T>
struct Dynamic {
  const char* name;
  SIM_INLINE T* at() const { return dynamic<T>(name); }
  template <class U>
  SIM_INLINE operator U*() const { return (U*)at(); }
  SIM_INLINE T& operator[](long i) const { return at()[i]; }
  SIM_INLINE T* operator+(long i) const { return at() + i; }
  SIM_INLINE T& operator*() const { return *at(); }
};

struct Variable {
  template <class T>
  Variable(T& v, const char* name, bool constant) {
    sim_variable((void*)&v, sizeof(T), sizeof(typename element<T>::type), name, constant);
  }
};

struct Request {
  unsigned grid[3], block[3];
  size_t dynamic;
  const void* stream;
  const char* name;
  int cooperative;
};

extern "C" void sim_launch(const Request* r, void (*entry)(void*), void* closure, void* (*clone)(const void*));

SIM_INLINE Request request(const char* name, dim3 g, dim3 b, size_t dynamic = 0, const void* stream = nullptr) {
  return Request{{g.x, g.y, g.z}, {b.x, b.y, b.z}, dynamic, stream, name, 0};
}

// Runs body() once per CUDA thread. The closure is read by the threads, so it must not be instrumented.
template <class Body>
SIM_INLINE void run(const Request& r, Body& body) {
  auto entry = [](void* p) SIM_PLAIN { (*(Body*)p)(); };
  auto clone = [](const void* p) -> void* { return new Body(*(const Body*)p); };  // for a graph, which keeps it
  sim_launch(&r, entry, (void*)&body, clone);
}

// A kernel whose name alone says its type: arguments convert as in any call.
template <class... P>
struct Typed {
  Request r;
  void (*kernel)(P...);
  SIM_INLINE void operator()(P... p) const {
    auto body = [kernel = kernel, ... p = p]() SIM_PLAIN { kernel(p...); };
    run(r, body);
  }
};
template <class... P>
SIM_INLINE Typed<P...> launch(const Request& r, void (*kernel)(P...)) { return {r, kernel}; }

// A template whose arguments are deduced: the call itself stands in a generic lambda.
template <class Call>
struct Generic {
  Request r;
  Call call;
  template <class... A>
  SIM_INLINE void operator()(A... a) const {
    auto body = [call = call, ... a = a]() SIM_PLAIN { call(a...); };
    run(r, body);
  }
};
template <class Call>
SIM_INLINE Generic<Call> launch(const Request& r, Call call) requires(!std::is_pointer_v<Call>) { return {r, call}; }

// cudaLaunchKernel and friends: arguments come as an array of pointers.
template <class... P>
SIM_INLINE void launch_array(Request r, void (*kernel)(P...), void** arguments, int cooperative) {
  r.cooperative = cooperative;
  std::tuple<std::remove_cv_t<std::remove_reference_t<P>>...> held = [&]<size_t... I>(std::index_sequence<I...>) {
    return std::tuple<std::remove_cv_t<std::remove_reference_t<P>>...>(*(std::remove_cv_t<std::remove_reference_t<P>>*)arguments[I]...);
  }(std::make_index_sequence<sizeof...(P)>{});
  auto body = [kernel, held]() SIM_PLAIN { std::apply([&](auto&... p) SIM_PLAIN { kernel(p...); }, held); };
  run(r, body);
}
}  // namespace sim
