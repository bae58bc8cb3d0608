"""The translator: what it rewrites, what it leaves alone, what it refuses."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import inline, scope
from grader.lexer import Source, lex
from grader.translate import Refused, translate


@given(st.text(alphabet=st.sampled_from("ab \n\"'/*\\#<>(){}[];R,.1u&")))
def test_lexer_loses_nothing(text: str) -> None:
    assert "".join(t.text for t in lex(text)) == text


@given(st.text(alphabet=st.sampled_from("ab \n\"'/*\\#(){}[];,.1=+&")))
def test_plain_text_is_unchanged(text: str) -> None:
    assert translate(text) == text


SNIPPETS = [
    "k<<<1, 2>>>(a);",
    "ns::k<float, (3 > 2)><<<dim3(1,\n 2), 32, 0, s>>>(\na,\n b);",
    "__global__ void k() {\n  __shared__ float s[4]\n    [8];\n}",
    "__constant__ float c[4]\n = {1, 2};\n",
    'asm volatile("bar.sync 0;\\n"\n : : : "memory");',
    "extern __shared__\n float s[];",
]


@given(st.lists(st.sampled_from(SNIPPETS), max_size=4))
def test_lines_stay_where_they_are(parts: list[str]) -> None:
    text = "\n".join(parts)
    assert translate(text).count("\n") == text.count("\n")


def test_line_after_a_rewrite_is_the_same_line() -> None:
    text = "k<<<1,\n 2>>>(a);\nint here;\n"
    assert translate(text).splitlines()[2] == "int here;"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("__global__ void k(int*);\nvoid f() { k<<<1, 2>>>(0); }", '::sim::launch(::sim::request("k", 1, 2), &k)(0)'),
        ("template <class T> __global__ void k(T*);\nvoid f() { k<<<1, 2>>>(NULL); }", "{ k(sim_a...); })(nullptr)"),
        ("__global__ void k(int n = 1);\nvoid f() { k<<<1, 2>>>(); }", "{ k(sim_a...); })()"),
        ("void f() { ns::k<int, 3><<<1, 2, 0, s>>>(a); }", '"ns::k<int, 3>", 1, 2, 0, s)'),
        ("void f() { (*p)<<<1, 2>>>(a); }", "{ (*p)(sim_a...); })(a)"),
        ("void f() { cudaLaunchKernel((const void*)k, g, b, args, 0, s); }", "cudaLaunchKernel(k, g"),
        (
            "void f() { cudaLaunchKernel(reinterpret_cast<void*>(k), g); }",
            "cudaLaunchKernel((k), g",
        ),
        ("void f() { __shared__ float s[32][33]; }", 'auto& s = ::sim::shared<float[ 32 ] [ 33 ]>([]{}, "s");'),
        ("void f() { volatile __shared__ int s; }", "auto& s = ::sim::shared<volatile int>"),
        ("void f() { __shared__ float a[4], b; }", "auto& b = ::sim::shared<float>"),
        ("void f() { __shared__ alignas(16) half a[4]; }", "::sim::shared<half[ 4 ]>"),
        ("void f() { extern __shared__ float s[]; }", 'auto* s = ::sim::dynamic<float>("s");'),
        ("void f() { extern __shared__ __align__(16) char s[]; }", 'auto* s = ::sim::dynamic<char>("s");'),
        ("void f() { extern __shared__ float s[][32]; }", "::sim::dynamic<float[ 32 ]>"),
        ("extern __shared__ float s[];", 'static const ::sim::Dynamic<float> s{"s"};'),
        ("namespace n { extern __shared__ float s[]; }", "::sim::Dynamic<float>"),
        ("__device__ int a, b[3];", 'sim_variable_b(b, "b", false);'),
        ("__constant__ float c[2] = {1, 2};", 'sim_variable_c(c, "c", true);'),
    ],
)
def test_rewrites(text: str, wanted: str) -> None:
    assert re.sub(r"\s+", "", wanted) in re.sub(r"\s+", "", translate(text))


@pytest.mark.parametrize(
    "text",
    [
        "__device__ int f(int x) { return x; }",
        "__device__ int f(int x);",
        "extern __device__ int x;",
        "// k<<<1, 2>>>(a)\n",
        'const char* s = "k<<<1, 2>>>(a)";',
        'auto s = R"x(__shared__ int a;)x";',
        "template <class T> struct S { __device__ T& get() { return x; } T x; };",
        "int a = 1 << 2 >> 1;",
        "std::vector<std::vector<std::vector<int>>> v;",
    ],
)
def test_leaves_alone(text: str) -> None:
    assert translate(text) == text


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("\n\n#include <cub/cub.cuh>", 3, "cub"),
        ("\nvoid f() { auto g = cg::this_cluster(); }", 2, "cluster"),
        ('\nvoid f() { asm volatile("wgmma.fence.sync.aligned;"); }', 2, "wgmma.fence"),
        ("#define GO k<<<1, 2>>>(a)", 1, "macro"),
        ("\n\nvoid f() { __shared__ int x = 3; }", 3, "initialiser"),
        ("\nvoid f() { k<<<1, 2(a); }", 2, ">>>"),
    ],
)
def test_refuses_with_the_line(text: str, line: int, word: str) -> None:
    with pytest.raises(Refused, match=re.escape(word)) as caught:
        translate(text)
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("int host(int x) { return x; }\n__global__ void k(int* p) { *p = host(1); }", True),
        ("__device__ void f() { std::vector<int> v; }", True),
        ("__host__ __device__ int both(int x) { return x; }\n__global__ void k(int* p) { *p = both(1); }", False),
        ("constexpr int size(int x) { return x; }\n__global__ void k(int* p) { *p = size(1); }", False),
        ("int host(int x) { return x; }\nvoid f() { host(1); }", False),
        ("int get(int x) { return x; }\n__global__ void k(S s) { s.get(1); }", False),
    ],
)
def test_host_function_in_a_kernel(text: str, error: bool) -> None:
    assert ("GCC error" in translate(text)) is error


@pytest.mark.parametrize(
    ("asm", "wanted"),
    [
        ('"mov.u32 %0, %%laneid;" : "=r"(lane)', "(lane = (unsigned)sim_lane)"),
        ('"cp.async.wait_group %0;" :: "n"(N)', "(sim_copy_wait((N)))"),
        ('"cp.async.wait_group 1;"', "(sim_copy_wait((1)))"),
        ('"" ::: "memory"', "((void)0)"),
        ('"ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x)', "(y = exp2f(x))"),
        (
            '"ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%0}, [%1];" : "=r"(a) : "r"(p)',
            "(::sim::ldmatrix1<true>((a), (p)))",
        ),
        ('"mma.sync.aligned.m8n8k4.row.col.f32.f16.f16.f32 {%0};" : "=f"(y)', None),
    ],
)
def test_inline_ptx(asm: str, wanted: str | None) -> None:
    tokens = [t.text for t in lex(asm) if t.kind != "space"]
    assert inline.translate(tokens) == wanted


LOCALS = [
    ("float x;", "x"),
    ("float a, b = f(1, 2), c[4][N + 1], d{};", "a c"),
    ("unsigned long long bits; const T<A<int>, 3> t; typename X::Y y[2];", "bits t y"),
    ("alignas(16) float q[4]; [[maybe_unused]] int i;", "q i"),
    ("std::pair<int, float> p; ::ns::Type u;", "p u"),
    ("if (n) { int k; } auto f = [&](int i) { half h; return h; };", "k h"),
    ("for (int i = 0; i < n; i++) { float4 v[2]; }", "v"),
    ("return x; else y; goto out; throw e; delete p; new T;", ""),
    ("a = b; a < b > c.d; f(x); x * y; T* p; T& r = x;", ""),
    ("struct S { float a; int b; }; enum E { A, B }; struct T t;", ""),
    ("static float x; extern int y; __shared__ float s[4]; extern __shared__ float d[];", ""),
    ("for (int i; i < n; i++) g(); T x(3); auto z = 1; float f(int);", ""),
]


@pytest.mark.parametrize(("body", "names"), LOCALS)
def test_locals_without_a_value(body: str, names: str) -> None:
    for head, found in (("__global__ void", names), ("template <class T>\n__device__ T", names), ("static void", "")):
        marked = re.findall(r"\bSIM_UNSET\((\w+)\);", translate(f"{head} k(float a) {{ {body} }}"))
        assert marked == found.split()
    watched = translate(f"__global__ void k(float a) {{ {body} }}", watched=True)
    assert re.findall(r"\bsim_own_(\w+)", watched) == names.split()


def test_scope_sees_functions_and_variables() -> None:
    text = "namespace a { struct S { int f() const { return 1; } }; __device__ float x[2] = {1, 2}; }\nvoid g() {}"
    found = list(scope.declarations(Source(text)))
    assert [f.name for f in found if isinstance(f, scope.Function)] == ["f", "g"]
    assert [f.names for f in found if isinstance(f, scope.Variable)] == [("x",)]
