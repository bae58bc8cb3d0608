// expect: silent
// n: 256
// out[0]: 496
// out[1]: 1520
// out[17]: 15
// out[49]: 92
// out[100]: 17
// out[101]: 49
#include <cuda_runtime.h>
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>
namespace cg = cooperative_groups;
__global__ void k(const float* in, float* out, int n) {
  auto block = cg::this_thread_block();
  auto warp = cg::tiled_partition<32>(block);
  auto tile = cg::tiled_partition<8>(block);
  float v = in[block.thread_rank()];
  float s = cg::reduce(warp, v, cg::plus<float>());
  float m = cg::reduce(tile, v, cg::greater<float>());
  float scan = cg::inclusive_scan(tile, v, cg::plus<float>());
  if (warp.thread_rank() == 0) out[warp.meta_group_rank()] = s;
  if (tile.thread_rank() == 7) out[16 + tile.meta_group_rank()] = m, out[48 + tile.meta_group_rank()] = scan;
  block.sync();
  if ((int)v & 1) {
    auto odd = cg::coalesced_threads();
    int rank = odd.thread_rank();
    float first = odd.shfl(v, 0);
    if (rank == 3) out[100 + threadIdx.x / 32] = first + odd.size();
  }
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, 128, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
