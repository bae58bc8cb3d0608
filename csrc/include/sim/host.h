// The CUDA runtime API that a launcher uses. Everything runs at once and in order, and events only say who waited
// for whom (csrc/joins.cpp); where host code is the exercise, streams are queues (csrc/streams.cpp).
#pragma once
#include "core.h"
#include "vector.h"

enum cudaError {
  cudaSuccess = 0, cudaErrorInvalidValue = 1, cudaErrorMemoryAllocation = 2, cudaErrorInitializationError = 3,
  cudaErrorInvalidConfiguration = 9, cudaErrorInvalidDevicePointer = 17, cudaErrorInvalidMemcpyDirection = 21,
  cudaErrorInvalidDeviceFunction = 98, cudaErrorNoDevice = 100, cudaErrorInvalidDevice = 101, cudaErrorPeerAccessUnsupported = 217,
  cudaErrorInvalidResourceHandle = 400, cudaErrorNotReady = 600, cudaErrorIllegalAddress = 700, cudaErrorLaunchOutOfResources = 701,
  cudaErrorLaunchTimeout = 702, cudaErrorAssert = 710, cudaErrorMisalignedAddress = 716, cudaErrorLaunchFailure = 719,
  cudaErrorCooperativeLaunchTooLarge = 720, cudaErrorNotSupported = 801, cudaErrorUnknown = 999
};
typedef cudaError cudaError_t;
enum cudaMemcpyKind { cudaMemcpyHostToHost, cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice, cudaMemcpyDefault };
typedef struct CUstream_st* cudaStream_t;
typedef struct sim_event { unsigned long long at; int mark; unsigned clock[64]; }* cudaEvent_t;
typedef struct sim_graph* cudaGraph_t;
typedef struct sim_graph* cudaGraphExec_t;
typedef struct sim_graph* cudaGraphNode_t;
typedef struct sim_pool* cudaMemPool_t;
#define cudaStreamLegacy ((cudaStream_t)1)
#define cudaStreamPerThread ((cudaStream_t)2)
enum { cudaStreamDefault = 0, cudaStreamNonBlocking = 1, cudaEventDefault = 0, cudaEventBlockingSync = 1, cudaEventDisableTiming = 2 };
enum { cudaHostAllocDefault = 0, cudaMemAttachGlobal = 1, cudaOccupancyDefault = 0 };
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize = 8, cudaFuncAttributePreferredSharedMemoryCarveout = 9, cudaFuncAttributeNonPortableClusterSizeAllowed = 13 };
enum cudaFuncCache { cudaFuncCachePreferNone, cudaFuncCachePreferShared, cudaFuncCachePreferL1, cudaFuncCachePreferEqual };
enum { cudaSharedmemCarveoutDefault = -1, cudaSharedmemCarveoutMaxShared = 100, cudaSharedmemCarveoutMaxL1 = 0 };
enum cudaDeviceAttr {
  cudaDevAttrMaxThreadsPerBlock = 1, cudaDevAttrMaxBlockDimX = 2, cudaDevAttrMaxGridDimX = 5, cudaDevAttrMaxSharedMemoryPerBlock = 8,
  cudaDevAttrWarpSize = 10, cudaDevAttrMaxRegistersPerBlock = 12, cudaDevAttrClockRate = 13, cudaDevAttrMultiProcessorCount = 16,
  cudaDevAttrL2CacheSize = 38, cudaDevAttrMaxThreadsPerMultiProcessor = 39, cudaDevAttrComputeCapabilityMajor = 75,
  cudaDevAttrComputeCapabilityMinor = 76, cudaDevAttrMaxSharedMemoryPerMultiprocessor = 81, cudaDevAttrCooperativeLaunch = 95,
  cudaDevAttrMaxSharedMemoryPerBlockOptin = 97, cudaDevAttrMaxBlocksPerMultiprocessor = 106
};
enum cudaStreamCaptureMode { cudaStreamCaptureModeGlobal, cudaStreamCaptureModeThreadLocal, cudaStreamCaptureModeRelaxed };
struct cudaDeviceProp {
  char name[256];
  size_t totalGlobalMem, sharedMemPerBlock, sharedMemPerBlockOptin, sharedMemPerMultiprocessor;
  int regsPerBlock, warpSize_, maxThreadsPerBlock, maxThreadsDim[3], maxGridSize[3], major, minor, multiProcessorCount;
  int maxThreadsPerMultiProcessor, l2CacheSize, cooperativeLaunch, maxBlocksPerMultiProcessor, concurrentKernels, memoryBusWidth;
};
struct cudaFuncAttributes {
  size_t sharedSizeBytes, constSizeBytes, localSizeBytes;
  int maxThreadsPerBlock, numRegs, ptxVersion, binaryVersion, maxDynamicSharedSizeBytes;
};

namespace sim {
template <class T>
constexpr size_t item = sizeof(T);
template <>
constexpr size_t item<void> = 0;  // not known
SIM_INLINE cudaError_t error(int e) { return (cudaError_t)e; }
SIM_INLINE unsigned long long number(cudaStream_t s) { return (unsigned long long)(uintptr_t)s; }
constexpr unsigned long long NO_STREAM = ~0ull;
}  // namespace sim

// ---------------------------------------------------------------- memory
template <class T> SIM_INLINE cudaError_t cudaMalloc(T** p, size_t n) { return sim::error(sim_malloc((void**)p, n, sim::item<T>)); }
template <class T> SIM_INLINE cudaError_t cudaMallocManaged(T** p, size_t n, unsigned = 1) { return cudaMalloc(p, n); }
template <class T> SIM_INLINE cudaError_t cudaMallocAsync(T** p, size_t n, cudaStream_t) { return cudaMalloc(p, n); }
template <class T> inline cudaError_t cudaMallocHost(T** p, size_t n) { return *p = (T*)malloc(n), *p ? cudaSuccess : cudaErrorMemoryAllocation; }
template <class T> inline cudaError_t cudaHostAlloc(T** p, size_t n, unsigned) { return cudaMallocHost(p, n); }
inline cudaError_t cudaFreeHost(void* p) { return free(p), cudaSuccess; }
SIM_INLINE cudaError_t cudaFree(void* p) { return sim::error(sim_free(p)); }
SIM_INLINE cudaError_t cudaFreeAsync(void* p, cudaStream_t) { return cudaFree(p); }
SIM_INLINE cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t n, cudaMemcpyKind kind, cudaStream_t s = nullptr) {
  return sim::error(sim_copy(to, from, n, kind, sim::number(s)));
}
SIM_INLINE cudaError_t cudaMemcpy(void* to, const void* from, size_t n, cudaMemcpyKind kind) {
  sim_synchronise("cudaMemcpy");
  return sim::error(sim_copy(to, from, n, kind, sim::NO_STREAM));
}
SIM_INLINE cudaError_t cudaMemsetAsync(void* to, int value, size_t n, cudaStream_t s = nullptr) {
  return sim::error(sim_set(to, value, n, sim::number(s)));
}
SIM_INLINE cudaError_t cudaMemset(void* to, int value, size_t n) { return cudaMemsetAsync(to, value, n); }
SIM_INLINE cudaError_t cudaMemcpy2DAsync(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width, size_t height, cudaMemcpyKind kind, cudaStream_t s = nullptr) {
  for (size_t i = 0; i < height; i++)
    if (cudaError_t e = cudaMemcpyAsync((char*)to + i * to_pitch, (const char*)from + i * from_pitch, width, kind, s)) return e;
  return cudaSuccess;
}
SIM_INLINE cudaError_t cudaMemset2DAsync(void* to, size_t pitch, int value, size_t width, size_t height, cudaStream_t s = nullptr) {
  for (size_t i = 0; i < height; i++)
    if (cudaError_t e = cudaMemsetAsync((char*)to + i * pitch, value, width, s)) return e;
  return cudaSuccess;
}
template <class T> SIM_INLINE cudaError_t cudaMemcpyToSymbolAsync(T& symbol, const void* from, size_t n, size_t offset = 0, cudaMemcpyKind = cudaMemcpyHostToDevice, cudaStream_t s = nullptr) {
  return sim::error(sim_copy((char*)&symbol + offset, from, n, cudaMemcpyDefault, sim::number(s)));
}
template <class T> SIM_INLINE cudaError_t cudaMemcpyToSymbol(T& symbol, const void* from, size_t n, size_t offset = 0, cudaMemcpyKind = cudaMemcpyHostToDevice) {
  sim_synchronise("cudaMemcpyToSymbol");
  return sim::error(sim_copy((char*)&symbol + offset, from, n, cudaMemcpyDefault, sim::NO_STREAM));
}
template <class T> SIM_INLINE cudaError_t cudaMemcpyFromSymbolAsync(void* to, const T& symbol, size_t n, size_t offset = 0, cudaMemcpyKind = cudaMemcpyDeviceToHost, cudaStream_t s = nullptr) {
  return sim::error(sim_copy(to, (const char*)&symbol + offset, n, cudaMemcpyDefault, sim::number(s)));
}
template <class T> SIM_INLINE cudaError_t cudaGetSymbolAddress(void** p, const T& symbol) { return *p = (void*)&symbol, cudaSuccess; }
template <class T> SIM_INLINE cudaError_t cudaGetSymbolSize(size_t* n, const T&) { return *n = sizeof(T), cudaSuccess; }
inline cudaError_t cudaMemPrefetchAsync(const void*, size_t, int, cudaStream_t = nullptr) { return cudaSuccess; }
inline cudaError_t cudaMemGetInfo(size_t* free_, size_t* total) { return *free_ = *total = 4ull << 30, cudaSuccess; }

// ---------------------------------------------------------------- errors and synchronisation
SIM_INLINE cudaError_t cudaGetLastError() { return sim::error(sim_error(1)); }
SIM_INLINE cudaError_t cudaPeekAtLastError() { return sim::error(sim_error(0)); }
SIM_INLINE cudaError_t cudaDeviceSynchronize() { sim_wait_for_all(); return sim::error(sim_synchronise("cudaDeviceSynchronize")); }
SIM_INLINE cudaError_t cudaStreamSynchronize(cudaStream_t s) {
  sim_wait_for_stream(sim::number(s));
  return sim::error(sim_synchronise("cudaStreamSynchronize"));
}
SIM_INLINE cudaError_t cudaEventSynchronize(cudaEvent_t e) {
  sim_wait_for_event(e->mark);
  return sim::error(sim_synchronise("cudaEventSynchronize"));
}
inline const char* cudaGetErrorName(cudaError_t e) {
  switch (e) {
    case cudaSuccess: return "cudaSuccess";
    case cudaErrorInvalidValue: return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation: return "cudaErrorMemoryAllocation";
    case cudaErrorInvalidConfiguration: return "cudaErrorInvalidConfiguration";
    case cudaErrorIllegalAddress: return "cudaErrorIllegalAddress";
    case cudaErrorMisalignedAddress: return "cudaErrorMisalignedAddress";
    case cudaErrorLaunchFailure: return "cudaErrorLaunchFailure";
    case cudaErrorAssert: return "cudaErrorAssert";
    case cudaErrorNotSupported: return "cudaErrorNotSupported";
    case cudaErrorCooperativeLaunchTooLarge: return "cudaErrorCooperativeLaunchTooLarge";
    default: return "cudaErrorUnknown";
  }
}
inline const char* cudaGetErrorString(cudaError_t e) {
  switch (e) {
    case cudaSuccess: return "no error";
    case cudaErrorInvalidValue: return "invalid argument";
    case cudaErrorMemoryAllocation: return "out of memory";
    case cudaErrorInvalidConfiguration: return "invalid configuration argument";
    case cudaErrorIllegalAddress: return "an illegal memory access was encountered";
    case cudaErrorMisalignedAddress: return "misaligned address";
    case cudaErrorLaunchFailure: return "unspecified launch failure";
    case cudaErrorAssert: return "device-side assert triggered";
    case cudaErrorNotSupported: return "operation not supported";
    case cudaErrorCooperativeLaunchTooLarge: return "too many blocks in cooperative launch";
    default: return "unknown error";
  }
}

// ---------------------------------------------------------------- streams, events, graphs
namespace sim {
SIM_INLINE cudaError_t new_stream(cudaStream_t* s, unsigned flags = 0) {
  static uintptr_t next = 0x5171000;
  *s = (cudaStream_t)((next += 16) + (flags & cudaStreamNonBlocking) * 8);
  return cudaSuccess;
}
}  // namespace sim
inline cudaError_t cudaStreamCreate(cudaStream_t* s) { return sim::new_stream(s); }
inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t* s, unsigned flags) { return sim::new_stream(s, flags); }
inline cudaError_t cudaStreamCreateWithPriority(cudaStream_t* s, unsigned flags, int) { return sim::new_stream(s, flags); }
inline cudaError_t cudaStreamDestroy(cudaStream_t) { return cudaSuccess; }
inline cudaError_t cudaStreamQuery(cudaStream_t s) { return sim_stream_busy(sim::number(s)) ? cudaErrorNotReady : cudaSuccess; }
inline cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned = 0) { return sim_stream_wait(sim::number(s), e->mark, e->clock), cudaSuccess; }
inline cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) { return *least = 0, *greatest = 0, cudaSuccess; }
inline cudaError_t cudaEventCreateWithFlags(cudaEvent_t* e, unsigned) { return *e = new sim_event{}, cudaSuccess; }
inline cudaError_t cudaEventCreate(cudaEvent_t* e, unsigned flags = 0) { return cudaEventCreateWithFlags(e, flags); }
inline cudaError_t cudaEventDestroy(cudaEvent_t e) { return delete e, cudaSuccess; }
inline cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s = nullptr) {
  return e->at = sim_clock(), e->mark = sim_event_record(sim::number(s), e->clock), cudaSuccess;
}
inline cudaError_t cudaEventRecordWithFlags(cudaEvent_t e, cudaStream_t s, unsigned) { return cudaEventRecord(e, s); }
inline cudaError_t cudaEventQuery(cudaEvent_t e) { return sim_event_busy(e->mark) ? cudaErrorNotReady : cudaSuccess; }
inline cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t a, cudaEvent_t b) { return *ms = (float)(b->at - a->at) * 1e-6f, cudaSuccess; }
enum cudaStreamCaptureStatus { cudaStreamCaptureStatusNone, cudaStreamCaptureStatusActive, cudaStreamCaptureStatusInvalidated };
SIM_INLINE cudaError_t cudaStreamBeginCapture(cudaStream_t, cudaStreamCaptureMode) { return sim::error(sim_capture_begin()); }
SIM_INLINE cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t* g) { return sim::error(sim_capture_end((void**)g)); }
SIM_INLINE cudaError_t cudaStreamIsCapturing(cudaStream_t, cudaStreamCaptureStatus* s) { return *s = (cudaStreamCaptureStatus)sim_capturing(), cudaSuccess; }
template <class... A> inline cudaError_t cudaGraphInstantiate(cudaGraphExec_t* e, cudaGraph_t g, A...) { return *e = g, cudaSuccess; }
inline cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* e, cudaGraph_t g, unsigned long long) { return *e = g, cudaSuccess; }
SIM_INLINE cudaError_t cudaGraphLaunch(cudaGraphExec_t e, cudaStream_t s) { return sim::error(sim_graph_launch(e, sim::number(s))); }
inline cudaError_t cudaGraphUpload(cudaGraphExec_t, cudaStream_t) { return cudaSuccess; }
inline cudaError_t cudaGraphDestroy(cudaGraph_t) { return cudaSuccess; }
inline cudaError_t cudaGraphExecDestroy(cudaGraphExec_t) { return cudaSuccess; }
inline cudaError_t cudaGraphGetNodes(cudaGraph_t g, cudaGraphNode_t*, size_t* n) { return *n = sim_graph_nodes(g), cudaSuccess; }
#define SIM_MISSING(name) \
  template <class... A> SIM_INLINE cudaError_t name(A...) { return sim::error(sim_unsupported(#name)); }
SIM_MISSING(cudaGraphCreate) SIM_MISSING(cudaGraphAddKernelNode) SIM_MISSING(cudaGraphExecUpdate) SIM_MISSING(cudaLaunchHostFunc)
SIM_MISSING(cudaCreateTextureObject) SIM_MISSING(cudaMallocArray) SIM_MISSING(cudaDeviceEnablePeerAccess) SIM_MISSING(cudaIpcGetMemHandle)
#undef SIM_MISSING

// ---------------------------------------------------------------- the device
inline cudaError_t cudaSetDevice(int d) { return d ? cudaErrorInvalidDevice : cudaSuccess; }
inline cudaError_t cudaGetDevice(int* d) { return *d = 0, cudaSuccess; }
inline cudaError_t cudaGetDeviceCount(int* n) { return *n = 1, cudaSuccess; }
inline cudaError_t cudaDeviceReset() { return cudaSuccess; }
enum cudaLimit { cudaLimitStackSize, cudaLimitPrintfFifoSize, cudaLimitMallocHeapSize, cudaLimitPersistingL2CacheSize = 6 };
inline cudaError_t cudaDeviceSetLimit(int, size_t) { return cudaSuccess; }
// Hints for a cache that is not here: accepted, and without effect.
enum cudaAccessProperty { cudaAccessPropertyNormal, cudaAccessPropertyStreaming, cudaAccessPropertyPersisting };
struct cudaAccessPolicyWindow {
  void* base_ptr;
  size_t num_bytes;
  float hitRatio;
  cudaAccessProperty hitProp, missProp;
};
enum cudaStreamAttrID { cudaStreamAttributeAccessPolicyWindow = 1 };
struct cudaStreamAttrValue { cudaAccessPolicyWindow accessPolicyWindow; };
inline cudaError_t cudaStreamSetAttribute(cudaStream_t, cudaStreamAttrID, const cudaStreamAttrValue*) { return cudaSuccess; }
inline cudaError_t cudaCtxResetPersistingL2Cache() { return cudaSuccess; }
inline cudaError_t cudaDriverGetVersion(int* v) { return *v = CUDART_VERSION, cudaSuccess; }
inline cudaError_t cudaRuntimeGetVersion(int* v) { return *v = CUDART_VERSION, cudaSuccess; }
inline cudaError_t cudaDeviceGetAttribute(int* v, cudaDeviceAttr a, int) {
  switch (a) {
    case cudaDevAttrMaxThreadsPerBlock: case cudaDevAttrMaxBlockDimX: *v = 1024; break;
    case cudaDevAttrMaxGridDimX: *v = INT_MAX; break;
    case cudaDevAttrMaxSharedMemoryPerBlock: *v = 48 << 10; break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: *v = 227 << 10; break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor: *v = 228 << 10; break;
    case cudaDevAttrWarpSize: *v = 32; break;
    case cudaDevAttrMultiProcessorCount: *v = sim_multiprocessors(); break;
    case cudaDevAttrMaxThreadsPerMultiProcessor: *v = 2048; break;
    case cudaDevAttrMaxRegistersPerBlock: *v = 65536; break;
    case cudaDevAttrL2CacheSize: *v = 50 << 20; break;
    case cudaDevAttrComputeCapabilityMajor: *v = 9; break;
    case cudaDevAttrMaxBlocksPerMultiprocessor: *v = 32; break;
    case cudaDevAttrCooperativeLaunch: *v = 1; break;
    case cudaDevAttrClockRate: *v = 1000000; break;
    default: *v = 0;
  }
  return cudaSuccess;
}
inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp* p, int) {
  *p = cudaDeviceProp{"simulator", 4ull << 30, 48 << 10, 227 << 10, 228 << 10, 65536, 32, 1024, {1024, 1024, 64},
                      {INT_MAX, 65535, 65535}, 9, 0, sim_multiprocessors(), 2048, 50 << 20, 1, 32, 1, 4096};
  return cudaSuccess;
}
template <class F> inline cudaError_t cudaFuncSetAttribute(F, cudaFuncAttribute a, int value) {
  return a == cudaFuncAttributeMaxDynamicSharedMemorySize ? sim::error(sim_opt_in((size_t)value)) : cudaSuccess;
}
template <class F> inline cudaError_t cudaFuncSetCacheConfig(F, cudaFuncCache) { return cudaSuccess; }
template <class F> inline cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* a, F) {
  return *a = cudaFuncAttributes{0, 0, 0, 1024, 32, 90, 90, 48 << 10}, cudaSuccess;
}
template <class F> inline cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* n, F, int threads, size_t dynamic) {
  int by_shared = dynamic ? (int)((228u << 10) / dynamic) : 32, by_threads = threads > 0 ? 2048 / threads : 0;
  return *n = by_shared < by_threads ? by_shared : by_threads, cudaSuccess;
}
template <class F> inline cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* n, F f, int threads, size_t dynamic, unsigned) {
  return cudaOccupancyMaxActiveBlocksPerMultiprocessor(n, f, threads, dynamic);
}
template <class F> inline cudaError_t cudaOccupancyMaxPotentialBlockSize(int* grid, int* block, F, size_t = 0, int limit = 0) {
  return *grid = sim_multiprocessors(), *block = limit ? limit : 1024, cudaSuccess;
}

// ---------------------------------------------------------------- launches without <<<>>>
struct cudaLaunchAttribute { int id; union { int cooperative, programmaticStreamSerializationAllowed; struct { unsigned x, y, z; } clusterDim; } val; };
enum { cudaLaunchAttributeCooperative = 2, cudaLaunchAttributeClusterDimension = 4, cudaLaunchAttributeProgrammaticStreamSerialization = 6 };
struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  size_t dynamicSmemBytes = 0;
  cudaStream_t stream = nullptr;
  cudaLaunchAttribute* attrs = nullptr;
  unsigned numAttrs = 0;
};
namespace sim {
template <class... P>
SIM_INLINE cudaError_t launch_kernel(const char* name, int cooperative, void (*kernel)(P...), dim3 g, dim3 b, void** arguments, size_t dynamic = 0, cudaStream_t s = nullptr) {
  launch_array(request(name, g, b, dynamic, s), kernel, arguments, cooperative);
  return error(sim_error(0));
}
SIM_INLINE cudaError_t launch_kernel(const char*, int, const void*, dim3, dim3, void**, size_t = 0, cudaStream_t = nullptr) {
  return error(sim_unsupported("a launch through an untyped function pointer"));
}
template <class... P, class... A>
SIM_INLINE cudaError_t launch_config(const char* name, const cudaLaunchConfig_t* c, void (*kernel)(P...), A&&... a) {
  std::tuple<std::remove_cv_t<std::remove_reference_t<P>>...> held{std::forward<A>(a)...};
  Request r = request(name, c->gridDim, c->blockDim, c->dynamicSmemBytes, c->stream);
  for (unsigned i = 0; i < c->numAttrs; i++) {
    if (c->attrs[i].id == cudaLaunchAttributeCooperative) r.cooperative = c->attrs[i].val.cooperative;
    if (c->attrs[i].id == cudaLaunchAttributeClusterDimension) return error(sim_unsupported("a cluster launch"));
  }
  auto body = [kernel, held]() SIM_PLAIN { std::apply([&](auto&... x) SIM_PLAIN { kernel(x...); }, held); };
  run(r, body);
  return error(sim_error(0));
}
}  // namespace sim
#define cudaLaunchKernel(kernel, ...) sim::launch_kernel(#kernel, 0, kernel, __VA_ARGS__)
#define cudaLaunchCooperativeKernel(kernel, ...) sim::launch_kernel(#kernel, 1, kernel, __VA_ARGS__)
#define cudaLaunchKernelEx(config, kernel, ...) sim::launch_config(#kernel, config, kernel __VA_OPT__(, ) __VA_ARGS__)
