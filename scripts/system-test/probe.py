"""Tries what the unit of carvoice forbids, one line each. Exit status 1 if anything forbidden worked.
It runs in a copy of the unit, and once without it, where nearly all of this works."""

import ctypes
import mmap
import os
import signal
import socket
import sys

CLONE_NEWUSER = 0x1000_0000


def family(name):
    return lambda: socket.socket(getattr(socket, name), socket.SOCK_RAW if name == "AF_PACKET" else socket.SOCK_DGRAM)


def write(folder):
    def attempt():
        path = os.path.join(folder, "carvoice-probe")
        open(path, "w").close()
        os.unlink(path)

    return attempt


def namespace():
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def other_processes():
    if not os.path.exists("/proc/1"):
        raise OSError("no other process is to be seen")


FORBIDDEN = {
    "an IPv4 socket": family("AF_INET"),
    "an IPv6 socket": family("AF_INET6"),
    "a netlink socket": family("AF_NETLINK"),
    "a packet socket": family("AF_PACKET"),
    "writing to /etc": write("/etc"),
    "writing to /usr": write("/usr"),
    "writing to the models": write("/var/lib/carvoice/models"),
    "reading /root": lambda: os.listdir("/root"),
    "the kernel's log": lambda: open("/dev/kmsg"),
    "memory that is written and run": lambda: mmap.mmap(
        -1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
    ),
    "seeing other processes": other_processes,
    "higher priority": lambda: os.setpriority(os.PRIO_PROCESS, 0, -5),
    "becoming root": lambda: os.setresuid(0, 0, 0),
    "a namespace": namespace,
}
NEEDED = {
    "a Unix socket": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
    "the cache": write(os.environ.get("CACHE_DIRECTORY", "/var/cache")),
    "the memory": write(os.environ.get("STATE_DIRECTORY", "/var/lib")),
}


def works(attempt):
    """Whether it does, and what the kernel said. In a process of its own: some of this cannot be undone."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            attempt()
            os._exit(0)
        except OSError as reason:
            os.write(writer, str(reason.strerror or reason).encode())
            os._exit(1)
    os.close(writer)
    _, status = os.waitpid(child, 0)
    said = os.read(reader, 200).decode()
    os.close(reader)
    if os.WIFSIGNALED(status):
        said = signal.Signals(os.WTERMSIG(status)).name
    return status == 0, said


wrong = 0
for needed, attempts in ((False, FORBIDDEN), (True, NEEDED)):
    for name, attempt in attempts.items():
        done, said = works(attempt)
        wrong += done != needed
        print("  " if done == needed else "! ", f"{name}: {'works' if done else 'refused: ' + said}", sep="")
sys.exit(min(wrong, 1))
