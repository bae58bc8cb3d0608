"""What a worker gives up before it loads the learner's library: the system calls that no launcher needs.

A classic BPF filter over the call's number and arguments, made here and handed to the kernel for every thread of the
process. It needs no privilege and no tool, and cannot be taken back.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from pathlib import Path

# Name -> number, by machine. 0: this machine has no such call.
_NUMBERS = {
    "x86_64": {
        "fork": 57, "vfork": 58, "clone": 56, "clone3": 435, "execve": 59, "execveat": 322,
        "socket": 41, "connect": 42, "bind": 49, "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311,
        "kill": 62, "tkill": 200, "tgkill": 234, "rt_sigqueueinfo": 129, "rt_tgsigqueueinfo": 297,
        "pidfd_open": 434, "pidfd_send_signal": 424, "pidfd_getfd": 438, "setrlimit": 160, "prlimit64": 302,
        "prctl": 157, "unshare": 272, "setns": 308, "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161,
        "bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "io_uring_setup": 425, "keyctl": 250,
        "add_key": 248, "request_key": 249, "init_module": 175, "finit_module": 313, "kexec_load": 246,
        "reboot": 169, "setsid": 112, "setpgid": 109, "seccomp": 317,
    },
    "aarch64": {
        "fork": 0, "vfork": 0, "clone": 220, "clone3": 435, "execve": 221, "execveat": 281,
        "socket": 198, "connect": 203, "bind": 200, "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271,
        "kill": 129, "tkill": 130, "tgkill": 131, "rt_sigqueueinfo": 138, "rt_tgsigqueueinfo": 240,
        "pidfd_open": 434, "pidfd_send_signal": 424, "pidfd_getfd": 438, "setrlimit": 164, "prlimit64": 261,
        "prctl": 167, "unshare": 97, "setns": 268, "mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51,
        "bpf": 280, "perf_event_open": 241, "userfaultfd": 282, "io_uring_setup": 425, "keyctl": 219,
        "add_key": 217, "request_key": 218, "init_module": 105, "finit_module": 273, "kexec_load": 104,
        "reboot": 142, "setsid": 157, "setpgid": 154, "seccomp": 277,
    },
}  # fmt: skip
_MACHINE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # AUDIT_ARCH_…

# The end of the process: nothing that is right does these.
FATAL = (
    "fork", "vfork", "execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "tkill",
    "rt_sigqueueinfo", "pidfd_send_signal", "pidfd_getfd", "unshare", "setns", "mount", "umount2", "pivot_root",
    "chroot", "bpf", "keyctl", "add_key", "request_key", "init_module", "finit_module", "kexec_load", "reboot",
)  # fmt: skip
# Refused, and the caller may go on: libraries try them and do without.
DENIED = ("connect", "bind", "pidfd_open", "perf_event_open", "userfaultfd", "setsid", "setpgid", "setrlimit")
ABSENT = ("clone3", "io_uring_setup")  # said not to exist: glibc then calls clone, whose flags can be seen

TRAP, ALLOW = 0x00030000, 0x7FFF0000  # SIGSYS, which ends a process that does not expect it
EPERM, ENOSYS = 0x00050000 | 1, 0x00050000 | 38
THREAD = 0x00010000  # CLONE_THREAD
UNIX = 1  # AF_UNIX
PDEATHSIG, DUMPABLE = 1, 4  # of prctl: the worker's end is the judge's to decide


def works() -> bool:
    """Whether this machine can do it, as far as one can tell without doing it."""
    actions = Path("/proc/sys/kernel/seccomp/actions_avail")
    return sys.platform == "linux" and platform.machine() in _NUMBERS and actions.exists()


def seal() -> None:
    """For this process and all its threads, for good. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    code = program(platform.machine(), os.getpid())
    held = ctypes.create_string_buffer(code)

    class Program(ctypes.Structure):
        _fields_ = [("count", ctypes.c_ushort), ("code", ctypes.c_void_p)]

    filled = Program(len(code) // 8, ctypes.addressof(held))
    no_new_privileges, set_filter, all_threads = 38, 1, 1
    libc.prctl(no_new_privileges, 1, 0, 0, 0)
    number = _NUMBERS[platform.machine()]["seccomp"]
    if libc.syscall(number, set_filter, all_threads, ctypes.byref(filled)):
        raise OSError(ctypes.get_errno(), "seccomp: the filter was refused")


# ---------------------------------------------------------------- the filter; pure


def program(machine: str, pid: int) -> bytes:
    """BPF: one rule after the other over the call's number; what no rule names is allowed."""
    number = _NUMBERS[machine]
    rules = [_load(4), _jump(_MACHINE[machine], 1, 0), _return(TRAP), _load(0)]
    if machine == "x86_64":  # x32 calls: the same calls under other numbers
        rules += [_instruction(0x35, 0, 1, 0x40000000), _return(TRAP)]
    for names, action in ((FATAL, TRAP), (DENIED, EPERM), (ABSENT, ENOSYS)):
        for name in names:
            if number[name]:
                rules += [_jump(number[name], 0, 1), _return(action)]
    rules += _unless(number["clone"], 0, THREAD, TRAP)
    rules += _when_other(number["socket"], 0, UNIX, EPERM)
    for name in ("kill", "tgkill", "rt_tgsigqueueinfo"):
        rules += _when_other(number[name], 0, pid, TRAP)
    rules += _when_other(number["prlimit64"], 2, 0, EPERM)
    for option in (PDEATHSIG, DUMPABLE):
        rules += _when(number["prctl"], 0, option, TRAP)
    return b"".join([*rules, _return(ALLOW)])


def _instruction(code: int, yes: int, no: int, value: int) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)


def _load(offset: int) -> bytes:
    return _instruction(0x20, 0, 0, offset)  # of struct seccomp_data


def _argument(index: int) -> bytes:
    return _load(16 + 8 * index)  # its low half, where the machine is little-endian


def _jump(value: int, yes: int, no: int) -> bytes:
    return _instruction(0x15, yes, no, value)


def _return(action: int) -> bytes:
    return _instruction(0x06, 0, 0, action)


def _when(number: int, index: int, value: int, action: int) -> list[bytes]:
    return [_jump(number, 0, 4), _argument(index), _jump(value, 0, 1), _return(action), _load(0)]


def _when_other(number: int, index: int, value: int, action: int) -> list[bytes]:
    return [_jump(number, 0, 4), _argument(index), _jump(value, 1, 0), _return(action), _load(0)]


def _unless(number: int, index: int, bit: int, action: int) -> list[bytes]:
    test = _instruction(0x45, 1, 0, bit)  # jump if any of the bits is set
    return [_jump(number, 0, 4), _argument(index), test, _return(action), _load(0)]
