// CUDA graphs: work that arrives during a capture is kept, in order, and done at each launch of the graph.
#include "graph.h"

#include <string.h>

namespace sim {
static constexpr int MAX_NODES = 1 << 16, MAX_GRAPHS = 1024;
static Node* nodes;
static Graph graphs[MAX_GRAPHS];
static int node_count, graph_count;
static Graph* captured;

bool capturing() { return captured != nullptr; }

void keep(const Node& n) {
  if (node_count == MAX_NODES) return;
  nodes[node_count++] = n;
  captured->count++;
}

void forget_graphs() {
  node_count = graph_count = 0;
  captured = nullptr;
}

ABI int sim_capture_begin() {
  if (!nodes) nodes = (Node*)reserve(MAX_NODES * sizeof(Node));
  if (captured || graph_count == MAX_GRAPHS || !nodes) return ILLEGAL_STATE;
  captured = &graphs[graph_count++];
  *captured = Graph{node_count, 0};
  return OK;
}

ABI int sim_capture_end(Graph** graph) {
  if (!captured) return ILLEGAL_STATE;
  *graph = captured;
  captured = nullptr;
  return OK;
}

ABI int sim_capturing() { return capturing(); }
ABI size_t sim_graph_nodes(const Graph* g) { return (size_t)g->count; }

void perform(const Node& n) {
  switch (n.kind) {
    case Node::LAUNCH: start(n.request, n.entry, n.closure, n.pc); break;
    case Node::COPY: copy(n.to, n.from, n.bytes, n.detail, n.pc); break;
    case Node::SET: set(n.to, n.detail, n.bytes, n.pc); break;
  }
}

ABI int sim_graph_launch(const Graph* g, u64 stream) {
  if (captured) return ILLEGAL_STATE;
  if (stray(stream)) report("stream", "call", offset_of(CALLER));
  if (!late()) work_on(stream, "cudaGraphLaunch", offset_of(CALLER));
  for (int i = 0; i < g->count && !sticky_error; i++) {
    if (late()) queue(stream, nodes[g->first + i]);
    else perform(nodes[g->first + i]);
  }
  return sticky_error ? sticky_error : last_error;
}
}  // namespace sim
