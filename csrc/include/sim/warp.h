// Warp collectives. Each lane publishes a message; the last to arrive computes all answers.
#pragma once
#include "core.h"

namespace sim {
enum { SYNCWARP = 1, SHUFFLE, VOTE, MATCH, REDUCE, MMA };

struct Message {
  uint64_t in[2], out[2];
  int source;
};

// Undefined on a GPU: large in every type, so that it cannot hide in a maximum.
constexpr uint64_t UNDEFINED = 0x7e37e37e7e37e37eull;

SIM_PLAIN inline void shuffle_all(void** lanes, unsigned mask) {
  for (int l = 0; l < 32; l++) {
    if (!(mask >> l & 1)) continue;
    Message* m = (Message*)lanes[l];
    bool there = m->source >= 0 && m->source < 32 && (mask >> m->source & 1);
    for (int k = 0; k < 2; k++) m->out[k] = there ? ((Message*)lanes[m->source])->in[k] : UNDEFINED;
    if (!there) m->source = -1;
  }
}

template <class T>
SIM_PLAIN SIM_INLINE T shuffle(unsigned mask, T value, int source) {
  static_assert(sizeof(T) <= 8, "__shfl takes a type of at most 8 bytes");
  Message m;
  m.in[0] = m.in[1] = 0;
  m.source = source;
  __builtin_memcpy(m.in, (const void*)&value, sizeof(T));
  sim_collective(mask, SHUFFLE, &m, shuffle_all);
  if (__builtin_expect(m.source < 0, 0)) sim_absent_lane(source, mask);
  T r;
  __builtin_memcpy((void*)&r, m.out, sizeof(T));
  return r;
}

SIM_PLAIN inline void vote_all(void** lanes, unsigned mask) {
  unsigned b = 0;
  for (int l = 0; l < 32; l++)
    if (mask >> l & 1) b |= (unsigned)((Message*)lanes[l])->source << l;
  for (int l = 0; l < 32; l++)
    if (mask >> l & 1) ((Message*)lanes[l])->out[0] = b, ((Message*)lanes[l])->out[1] = mask;
}

struct Ballot {
  unsigned votes, lanes;
};
SIM_PLAIN SIM_INLINE Ballot ballot(unsigned mask, bool p) {
  Message m;
  m.source = p;
  sim_collective(mask, VOTE, &m, vote_all);
  return {(unsigned)m.out[0], (unsigned)m.out[1]};
}

SIM_PLAIN inline void match_all(void** lanes, unsigned mask) {
  for (int l = 0; l < 32; l++) {
    if (!(mask >> l & 1)) continue;
    unsigned b = 0;
    for (int k = 0; k < 32; k++)
      if ((mask >> k & 1) && ((Message*)lanes[k])->in[0] == ((Message*)lanes[l])->in[0]) b |= 1u << k;
    ((Message*)lanes[l])->out[0] = b;
  }
}

template <class T, class F>
SIM_PLAIN void reduce_all(void** lanes, unsigned mask) {
  T sum{};
  bool first = true;
  for (int l = 0; l < 32; l++) {
    if (!(mask >> l & 1)) continue;
    T v;
    __builtin_memcpy((void*)&v, ((Message*)lanes[l])->in, sizeof(T));
    sum = first ? v : F()(sum, v);
    first = false;
  }
  for (int l = 0; l < 32; l++)
    if (mask >> l & 1) __builtin_memcpy(((Message*)lanes[l])->out, &sum, sizeof(T));
}

template <class F, class T>
SIM_PLAIN SIM_INLINE T reduce(unsigned mask, T v) {
  Message m;
  m.in[0] = m.in[1] = 0;
  __builtin_memcpy(m.in, &v, sizeof(T));
  sim_collective(mask, REDUCE, &m, reduce_all<T, F>);
  T r;
  __builtin_memcpy((void*)&r, m.out, sizeof(T));
  return r;
}

SIM_PLAIN inline void meet(void**, unsigned) {}

#define SIM_OP(name, expression)                                          \
  struct name {                                                           \
    template <class T>                                                    \
    SIM_PLAIN T operator()(T a, T b) const { return (T)(expression); }    \
  };
SIM_OP(Add, a + b) SIM_OP(Min, b < a ? b : a) SIM_OP(Max, a < b ? b : a) SIM_OP(And, a & b) SIM_OP(Or, a | b) SIM_OP(Xor, a ^ b)
#undef SIM_OP

SIM_INLINE int segment(int width) { return sim_lane & ~(width - 1); }
SIM_INLINE int inside(int source, int low, int high) { return source < low || source > high ? sim_lane : source; }
}  // namespace sim

SIM_INLINE void __syncwarp(unsigned mask = 0xffffffffu) {
  int nothing = 0;
  sim_collective(mask, sim::SYNCWARP, &nothing, sim::meet);
}
template <class T>
SIM_INLINE T __shfl_sync(unsigned mask, T v, int source, int width = 32) {
  return sim::shuffle(mask, v, sim::segment(width) + (source & (width - 1)));
}
template <class T>
SIM_INLINE T __shfl_up_sync(unsigned mask, T v, unsigned delta, int width = 32) {
  return sim::shuffle(mask, v, sim::inside(sim_lane - (int)delta, sim::segment(width), 31));
}
template <class T>
SIM_INLINE T __shfl_down_sync(unsigned mask, T v, unsigned delta, int width = 32) {
  return sim::shuffle(mask, v, sim::inside(sim_lane + (int)delta, 0, sim::segment(width) + width - 1));
}
template <class T>
SIM_INLINE T __shfl_xor_sync(unsigned mask, T v, int lanes, int width = 32) {
  return sim::shuffle(mask, v, sim::inside(sim_lane ^ lanes, 0, sim::segment(width) + width - 1));
}
SIM_INLINE unsigned __ballot_sync(unsigned mask, int p) { return sim::ballot(mask, p != 0).votes; }
SIM_INLINE int __any_sync(unsigned mask, int p) { return sim::ballot(mask, p != 0).votes != 0; }
SIM_INLINE int __all_sync(unsigned mask, int p) {
  sim::Ballot b = sim::ballot(mask, p != 0);
  return b.votes == b.lanes;
}
template <class T>
SIM_INLINE unsigned __match_any_sync(unsigned mask, T v) {
  sim::Message m;
  m.in[0] = 0;
  __builtin_memcpy(m.in, &v, sizeof(T));
  sim_collective(mask, sim::MATCH, &m, sim::match_all);
  return (unsigned)m.out[0];
}
template <class T>
SIM_INLINE unsigned __match_all_sync(unsigned mask, T v, int* all) {
  unsigned same = __match_any_sync(mask, v);
  sim::Ballot b = sim::ballot(mask, same != 0);
  *all = same == b.lanes;
  return *all ? mask : 0;
}
#define SIM_REDUCE(name, Op, T) \
  SIM_INLINE T __reduce_##name##_sync(unsigned mask, T v) { return sim::reduce<sim::Op>(mask, v); }
SIM_REDUCE(add, Add, unsigned) SIM_REDUCE(add, Add, int) SIM_REDUCE(min, Min, unsigned) SIM_REDUCE(min, Min, int)
SIM_REDUCE(max, Max, unsigned) SIM_REDUCE(max, Max, int) SIM_REDUCE(and, And, unsigned) SIM_REDUCE(or, Or, unsigned)
SIM_REDUCE(xor, Xor, unsigned)
#undef SIM_REDUCE
