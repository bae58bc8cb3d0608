// Cooperative groups: block, tiles, coalesced threads, grid.
#pragma once
#include "cuda_runtime.h"

namespace cooperative_groups {
SIM_INLINE unsigned sim_block_threads() { return blockDim.x * blockDim.y * blockDim.z; }

struct thread_block {
  SIM_INLINE void sync() const { sim_barrier(0, 0); }
  SIM_INLINE static unsigned thread_rank() { return (unsigned)sim_thread; }
  SIM_INLINE static unsigned size() { return sim_block_threads(); }
  SIM_INLINE static unsigned num_threads() { return sim_block_threads(); }
  SIM_INLINE static dim3 thread_index() { return threadIdx; }
  SIM_INLINE static dim3 group_index() { return blockIdx; }
  SIM_INLINE static dim3 group_dim() { return blockDim; }
  SIM_INLINE static dim3 dim_threads() { return blockDim; }
  struct arrival_token {};
  SIM_INLINE arrival_token barrier_arrive() const { return {}; }
  SIM_INLINE void barrier_wait(arrival_token = {}) const { sim_barrier(0, 0); }
};
SIM_INLINE thread_block this_thread_block() { return {}; }

struct grid_group {
  SIM_INLINE void sync() const { sim_grid_barrier(); }
  SIM_INLINE bool is_valid() const { return true; }
  SIM_INLINE static unsigned long long block_rank() { return ((unsigned long long)blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x; }
  SIM_INLINE static unsigned long long num_blocks() { return (unsigned long long)gridDim.x * gridDim.y * gridDim.z; }
  SIM_INLINE static unsigned long long thread_rank() { return block_rank() * sim_block_threads() + (unsigned)sim_thread; }
  SIM_INLINE static unsigned long long size() { return num_blocks() * sim_block_threads(); }
  SIM_INLINE static unsigned long long num_threads() { return size(); }
  SIM_INLINE static dim3 group_dim() { return gridDim; }
  SIM_INLINE static dim3 dim_blocks() { return gridDim; }
  SIM_INLINE static dim3 block_index() { return blockIdx; }
};
SIM_INLINE grid_group this_grid() { return {}; }

// Lanes of one warp. Ranks count within the mask.
struct sim_lanes {
  unsigned mask;
  SIM_INLINE unsigned size() const { return (unsigned)__popc(mask); }
  SIM_INLINE unsigned num_threads() const { return size(); }
  SIM_INLINE unsigned thread_rank() const { return (unsigned)__popc(mask & ((1u << sim_lane) - 1)); }
  SIM_INLINE int lane_of(int rank) const {
    unsigned m = mask;
    for (int i = 0; i < rank && m; i++) m &= m - 1;
    return rank < 0 || !m ? sim_lane : __ffs((int)m) - 1;
  }
  SIM_INLINE unsigned ranks_of(unsigned lanes) const {
    unsigned r = 0, rank = 0;
    for (int l = 0; l < 32; l++)
      if (mask >> l & 1) r |= (lanes >> l & 1) << rank++;
    return r;
  }
  SIM_INLINE void sync() const { __syncwarp(mask); }
  template <class T> SIM_INLINE T shfl(T v, int rank) const { return sim::shuffle(mask, v, lane_of((int)((unsigned)rank % size()))); }
  template <class T> SIM_INLINE T shfl_down(T v, unsigned d) const { return sim::shuffle(mask, v, lane_of((int)(thread_rank() + d))); }
  template <class T> SIM_INLINE T shfl_up(T v, unsigned d) const { return sim::shuffle(mask, v, lane_of((int)thread_rank() - (int)d)); }
  template <class T> SIM_INLINE T shfl_xor(T v, unsigned x) const { return sim::shuffle(mask, v, lane_of((int)(thread_rank() ^ x))); }
  SIM_INLINE int any(int p) const { return sim::ballot(mask, p != 0).votes != 0; }
  SIM_INLINE int all(int p) const { return sim::ballot(mask, p != 0).votes == mask; }
  SIM_INLINE unsigned ballot(int p) const { return ranks_of(sim::ballot(mask, p != 0).votes); }
  template <class T> SIM_INLINE unsigned match_any(T v) const { return ranks_of(__match_any_sync(mask, v)); }
  template <class T> SIM_INLINE unsigned match_all(T v, int& p) const { return ranks_of(__match_all_sync(mask, v, &p)); }
};

template <unsigned N, class Parent = thread_block>
struct thread_block_tile : sim_lanes {
  static_assert(N <= 32 && (N & (N - 1)) == 0, "the simulator has tiles of up to 32 threads");
  SIM_INLINE thread_block_tile() : sim_lanes{N == 32 ? ~0u : ((1u << N % 32) - 1) << (sim_lane & ~(N - 1))} {
    unsigned left = sim_block_threads() - (unsigned)(sim_thread & ~31);
    if (left < 32) mask &= (1u << left) - 1;
  }
  SIM_INLINE static constexpr unsigned size() { return N; }
  SIM_INLINE static constexpr unsigned num_threads() { return N; }
  SIM_INLINE unsigned thread_rank() const { return (unsigned)sim_thread & (N - 1); }
  SIM_INLINE unsigned meta_group_rank() const { return (unsigned)sim_thread / N; }
  SIM_INLINE unsigned meta_group_size() const { return (sim_block_threads() + N - 1) / N; }
  template <class T> SIM_INLINE T shfl(T v, int rank) const { return __shfl_sync(mask, v, rank, N); }
  template <class T> SIM_INLINE T shfl_down(T v, unsigned d) const { return __shfl_down_sync(mask, v, d, N); }
  template <class T> SIM_INLINE T shfl_up(T v, unsigned d) const { return __shfl_up_sync(mask, v, d, N); }
  template <class T> SIM_INLINE T shfl_xor(T v, unsigned d) const { return __shfl_xor_sync(mask, v, (int)d, N); }
};
template <unsigned N, class G> SIM_INLINE thread_block_tile<N, G> tiled_partition(const G&) { return {}; }

struct coalesced_group : sim_lanes {
  SIM_INLINE unsigned meta_group_rank() const { return 0; }
  SIM_INLINE unsigned meta_group_size() const { return 1; }
};
SIM_INLINE coalesced_group coalesced_threads() { return {{sim_activemask()}}; }
template <class G, class L> SIM_INLINE coalesced_group labeled_partition(const G& g, L label) { return {{__match_any_sync(g.mask, label)}}; }
template <class G> SIM_INLINE coalesced_group binary_partition(const G& g, bool p) {
  unsigned yes = sim::ballot(g.mask, p).votes;
  return {{p ? yes : g.mask & ~yes}};
}
template <class G> SIM_INLINE void sync(const G& g) { g.sync(); }
SIM_INLINE void sync(const grid_group&) { sim_grid_barrier(); }

template <class T = void> struct plus { template <class U> SIM_PLAIN U operator()(U a, U b) const { return a + b; } };
template <class T = void> struct less { template <class U> SIM_PLAIN U operator()(U a, U b) const { return b < a ? b : a; } };
template <class T = void> struct greater { template <class U> SIM_PLAIN U operator()(U a, U b) const { return a < b ? b : a; } };
template <class T = void> struct bit_and { template <class U> SIM_PLAIN U operator()(U a, U b) const { return a & b; } };
template <class T = void> struct bit_or { template <class U> SIM_PLAIN U operator()(U a, U b) const { return a | b; } };
template <class T = void> struct bit_xor { template <class U> SIM_PLAIN U operator()(U a, U b) const { return a ^ b; } };

template <class G, class T, class F> SIM_INLINE T reduce(const G& g, T v, F) { return sim::reduce<F>(g.mask, v); }

template <class G, class T, class F> SIM_INLINE T inclusive_scan(const G& g, T v, F f) {
  for (unsigned d = 1; d < g.size(); d *= 2) {
    T other = g.shfl_up(v, d);
    if (g.thread_rank() >= d) v = f(other, v);
  }
  return v;
}
template <class G, class T> SIM_INLINE T inclusive_scan(const G& g, T v) { return inclusive_scan(g, v, plus<T>()); }
template <class G, class T, class F> SIM_INLINE T exclusive_scan(const G& g, T v, F f) {
  T before = g.shfl_up(inclusive_scan(g, v, f), 1);
  return g.thread_rank() ? before : T{};
}
template <class G, class T> SIM_INLINE T exclusive_scan(const G& g, T v) { return exclusive_scan(g, v, plus<T>()); }
template <class G, class F> SIM_INLINE void invoke_one(const G& g, F f) {
  if (g.thread_rank() == 0) f();
}

// Copies the group's share of 16, 8, 4 or 1 bytes at a time, at the wait.
template <class G>
SIM_INLINE void memcpy_async(const G& g, void* to, const void* from, size_t bytes) {
  size_t place = (size_t)(uintptr_t)to | (size_t)(uintptr_t)from | bytes;
  size_t step = place & 3 ? 1 : place & 7 ? 4 : place & 15 ? 8 : 16;
  for (size_t i = g.thread_rank() * step; i < bytes; i += (size_t)g.size() * step) sim_copy_async((char*)to + i, (const char*)from + i, step, 0);
  sim_copy_commit();
}
template <class G, class T> SIM_INLINE void memcpy_async(const G& g, T* to, size_t to_count, const T* from, size_t from_count) {
  memcpy_async(g, (void*)to, (const void*)from, (to_count < from_count ? to_count : from_count) * sizeof(T));
}
template <class G> SIM_INLINE void wait(const G& g) {
  sim_copy_wait(0);
  g.sync();
}
template <unsigned Groups, class G> SIM_INLINE void wait_prior(const G& g) {
  sim_copy_wait((int)Groups);
  g.sync();
}
}  // namespace cooperative_groups
