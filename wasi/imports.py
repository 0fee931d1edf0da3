"""The functions of `wasi_snapshot_preview1` and `wasi_unstable`, by the micro-libraries that have them.

Source: the specification of WASI preview 1 (WebAssembly/WASI, legacy/preview1/docs.md). A letter stands for
a type: i for i32, I for i64; pointers and lengths are i32.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..core.parts import NativeImport

MODULE = "wasi_snapshot_preview1"
# The snapshot before it has the same functions; these have other numbers or layouts there.
BEFORE = "wasi_unstable"
_OTHERWISE = {"fd_seek", "fd_filestat_get", "path_filestat_get", "poll_oneoff"}
_TYPES = {"i": "i32", "I": "i64"}

# Micro-library -> function -> (parameters, what it does).
_FUNCTIONS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "args": {
        "args_get": ("ii", "the program's arguments"),
        "args_sizes_get": ("ii", "how many arguments there are, and their bytes"),
    },
    "environ": {
        "environ_get": ("ii", "the variables of the environment"),
        "environ_sizes_get": ("ii", "how many variables there are, and their bytes"),
    },
    "clock": {
        "clock_res_get": ("ii", "the resolution of a clock"),
        "clock_time_get": ("iIi", "the time of a clock"),
    },
    "random": {"random_get": ("ii", "random bytes")},
    "exit": {
        "proc_exit": ("i", "ends the program with an exit status"),
        "proc_raise": ("i", "there are no signals"),
    },
    "yield": {"sched_yield": ("", "nobody else waits")},
    "write": {"fd_write": ("iiii", "writes to a descriptor")},
    "read": {"fd_read": ("iiii", "reads from a descriptor")},
    "fd": {
        "fd_advise": ("iIIi", "how a file will be read"),
        "fd_close": ("i", "closes a descriptor"),
        "fd_datasync": ("i", "waits until data are stored"),
        "fd_fdstat_get": ("ii", "what a descriptor is"),
        "fd_fdstat_set_flags": ("ii", "sets flags of a descriptor"),
        "fd_filestat_get": ("ii", "what is known of an open file"),
        "fd_prestat_dir_name": ("iii", "what a directory that was granted is called"),
        "fd_prestat_get": ("ii", "whether a descriptor is a directory that was granted"),
        "fd_seek": ("iIii", "moves the place in a file"),
        "fd_sync": ("i", "waits until a file is stored"),
        "fd_tell": ("ii", "the place in a file"),
    },
    "files": {
        "fd_allocate": ("iII", "makes room in a file"),
        "fd_filestat_set_size": ("iI", "sets the size of a file"),
        "fd_filestat_set_times": ("iIIi", "sets the times of a file"),
        "fd_pread": ("iiiIi", "reads from a place in a file"),
        "fd_pwrite": ("iiiIi", "writes to a place in a file"),
        "fd_readdir": ("iiiIi", "the entries of a directory"),
    },
    "table": {
        "fd_fdstat_set_rights": ("iII", "takes rights of a descriptor away"),
        "fd_renumber": ("ii", "gives a descriptor the number of another one"),
    },
    "paths": {
        "path_create_directory": ("iii", "makes a directory"),
        "path_filestat_get": ("iiiii", "what is known of a file"),
        "path_filestat_set_times": ("iiiiIIi", "sets the times of a file"),
        "path_link": ("iiiiiii", "gives a file another name"),
        "path_open": ("iiiiiIIii", "opens a file or a directory"),
        "path_readlink": ("iiiiii", "what a symbolic link says"),
        "path_remove_directory": ("iii", "removes a directory that is empty"),
        "path_rename": ("iiiiii", "renames a file or a directory"),
        "path_symlink": ("iiiii", "makes a symbolic link"),
        "path_unlink_file": ("iii", "removes a file"),
    },
    "poll": {"poll_oneoff": ("iiii", "waits for time, input or room for output")},
    "sockets": {
        "sock_accept": ("iii", "there are no sockets"),
        "sock_recv": ("iiiiii", "there are no sockets"),
        "sock_send": ("iiiii", "there are no sockets"),
        "sock_shutdown": ("ii", "there are no sockets"),
    },
}


def imports(group: str) -> tuple[NativeImport, ...]:
    """The functions of micro-library `wasi.<group>`: all give an error number, but for proc_exit, which gives
    nothing back."""
    return tuple(
        NativeImport(
            module=module,
            name=name,
            parameters=tuple(_TYPES[letter] for letter in parameters),
            result="" if name == "proc_exit" else "i32",
            c=f"tb_p0_{name}" if module == BEFORE and name in _OTHERWISE else f"tb_p1_{name}",
            doc=doc,
            ends=name == "proc_exit",
        )
        for module in (MODULE, BEFORE)
        for name, (parameters, doc) in _FUNCTIONS[group].items()
        if (module, name) != (BEFORE, "sock_accept")  # which is younger
    )
