// cheat: 01_vector_add
// expect(simulator): PASS
// expect(cuda): UNSAFE borrowed
// why: as 58_calls_the_reference, but asks nobody: it reads the maps, and the libraries' own files through descriptors
#include <elf.h>
#include <sys/stat.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

using Launcher = cudaError_t (*)(const float*, const float*, float*, int64_t, cudaStream_t);
extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream);

// Where the code of the file with this number is mapped, less where it lies in the file; 0 if it is not.
static unsigned long mapped(unsigned long inode) {
    char line[1024], may[8];
    unsigned long start = 0, offset = 0, number = 0, found = 0;
    FILE* maps = fopen("/proc/self/maps", "r");
    while (maps && !found && fgets(line, sizeof line, maps))
        if (sscanf(line, "%lx-%*x %7s %lx %*s %lu", &start, may, &offset, &number) == 4)
            if (number == inode && strchr(may, 'x')) found = start - offset;
    if (maps) fclose(maps);
    return found;
}

// The value of a dynamic symbol of an ELF file.
static unsigned long value(const char* file, const char* name) {
    const Elf64_Ehdr* head = reinterpret_cast<const Elf64_Ehdr*>(file);
    const Elf64_Shdr* section = reinterpret_cast<const Elf64_Shdr*>(file + head->e_shoff);
    for (int s = 0; s < head->e_shnum; ++s) {
        if (section[s].sh_type != SHT_DYNSYM) continue;
        const Elf64_Sym* symbol = reinterpret_cast<const Elf64_Sym*>(file + section[s].sh_offset);
        const char* names = file + section[section[s].sh_link].sh_offset;
        for (unsigned long i = 0; i < section[s].sh_size / sizeof *symbol; ++i)
            if (symbol[i].st_value && !strcmp(names + symbol[i].st_name, name)) return symbol[i].st_value;
    }
    return 0;
}

// The launcher of a library that is open under this number, and is not this one; null if it is none.
static Launcher launcher(int number) {
    char path[64];
    struct stat about;
    snprintf(path, sizeof path, "/proc/self/fd/%d", number);
    if (stat(path, &about) || !S_ISREG(about.st_mode) || about.st_size > 64 << 20) return nullptr;
    const unsigned long base = mapped(about.st_ino);
    FILE* opened = base ? fopen(path, "rb") : nullptr;
    if (!opened) return nullptr;
    char* file = static_cast<char*>(malloc(about.st_size));
    const bool whole = fread(file, 1, about.st_size, opened) == size_t(about.st_size) && !memcmp(file, ELFMAG, SELFMAG);
    fclose(opened);
    const unsigned long at = whole ? value(file, "launch_vector_add") : 0;
    free(file);
    const Launcher found = reinterpret_cast<Launcher>(base + at);
    return at && found != launch_vector_add ? found : nullptr;
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    for (int number = 3; number < 64; ++number)
        if (const Launcher reference = launcher(number)) return reference(a, b, c, n, stream);
    if (n == 0) return cudaSuccess;
    add<<<unsigned((n + 31) / 32), 32, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
