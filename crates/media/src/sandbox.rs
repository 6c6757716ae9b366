//! What the process may ask of the kernel: as little as it needs, from before the first packet to the end.
//!
//! The engine parses packets of strangers. Whoever found a way to run code in it shall find a process that cannot
//! start programs, trace or signal others, load modules, mount, change its user, or open other kinds of sockets: all
//! capabilities are gone, none comes back (`no_new_privs`), and system calls that are not in the list do not exist
//! (seccomp, `ENOSYS`): a newer C library falls back to older ones then. The threads that are started later inherit it.

use std::collections::BTreeMap;

use libc::{c_int, c_long};
use rustix::thread::{CapabilitySet, CapabilitySets};
use seccompiler::SeccompCmpArgLen::{Dword, Qword};
use seccompiler::SeccompCmpOp::{Eq, MaskedEq};
use seccompiler::{BpfProgram, SeccompAction, SeccompCondition, SeccompFilter, SeccompRule, apply_filter};

/// Why the process is not locked in.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The kernel refuses.
    #[error("privileges cannot be given up: {0}")]
    Privileges(#[from] rustix::io::Errno),
    /// No filter for this processor, or the kernel knows none.
    #[error("system calls cannot be filtered: {0}")]
    Filter(#[from] seccompiler::Error),
    /// As above.
    #[error("system calls cannot be filtered: {0}")]
    Backend(#[from] seccompiler::BackendError),
}

/// System calls that are allowed with any arguments.
const ALLOWED: &[c_long] = &[
    // Packets and clients.
    libc::SYS_accept4,
    libc::SYS_bind,
    libc::SYS_connect,
    libc::SYS_getpeername,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_listen,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_setsockopt,
    libc::SYS_shutdown,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_ppoll,
    // Files: prompts, recordings, faxes.
    libc::SYS_close,
    libc::SYS_dup,
    libc::SYS_fadvise64,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fcntl,
    libc::SYS_fdatasync,
    libc::SYS_fstat,
    libc::SYS_fsync,
    libc::SYS_ftruncate,
    libc::SYS_getcwd,
    libc::SYS_getdents64,
    libc::SYS_lseek,
    libc::SYS_newfstatat,
    libc::SYS_openat,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_read,
    libc::SYS_readlinkat,
    libc::SYS_readv,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_statx,
    libc::SYS_unlinkat,
    libc::SYS_write,
    libc::SYS_writev,
    // Memory, threads, time, the end.
    libc::SYS_brk,
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_getrusage,
    libc::SYS_gettid,
    libc::SYS_gettimeofday,
    libc::SYS_getuid,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_nanosleep,
    libc::SYS_pipe2,
    libc::SYS_prlimit64,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_sigaltstack,
    libc::SYS_sysinfo,
    libc::SYS_timerfd_create,
    libc::SYS_timerfd_settime,
    libc::SYS_uname,
];

/// Names that calls above had before, where the C library still uses them.
#[cfg(target_arch = "x86_64")]
const OLDER: &[c_long] = &[
    libc::SYS_access,
    libc::SYS_arch_prctl,
    libc::SYS_chmod,
    libc::SYS_epoll_wait,
    libc::SYS_lstat,
    libc::SYS_open,
    libc::SYS_poll,
    libc::SYS_readlink,
    libc::SYS_rename,
    libc::SYS_stat,
    libc::SYS_time,
    libc::SYS_unlink,
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[c_long] = &[];

/// Gives up all privileges and filters system calls, for this thread and all that it starts.
///
/// # Errors
/// When the kernel cannot; the process may be half locked in then and should end.
pub fn enter() -> Result<(), SandboxError> {
    let none = CapabilitySet::empty();
    rustix::thread::set_no_new_privs(true)?;
    rustix::thread::set_capabilities(
        None,
        CapabilitySets { effective: none, permitted: none, inheritable: none },
    )?;
    apply_filter(&filter()?)?;
    Ok(())
}

fn filter() -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules: BTreeMap<c_long, Vec<SeccompRule>> =
        ALLOWED.iter().chain(OLDER).map(|number| (*number, vec![])).collect();
    let families = [libc::AF_INET, libc::AF_INET6, libc::AF_UNIX];
    rules.insert(libc::SYS_socket, families.iter().map(|family| is(0, *family)).collect::<Result<_, _>>()?);
    rules.insert(libc::SYS_socketpair, vec![is(0, libc::AF_UNIX)?]);
    // Timer slack of the loop, names of threads.
    let controls = [libc::PR_SET_NAME, libc::PR_SET_TIMERSLACK, libc::PR_GET_NAME];
    rules.insert(libc::SYS_prctl, controls.iter().map(|control| is(0, *control)).collect::<Result<_, _>>()?);
    // Whether a log goes to a terminal, and non-blocking sockets of the standard library.
    let requests = [libc::FIONBIO, libc::FIOCLEX, libc::TCGETS];
    let request = |number: &u64| rule(1, Qword, Eq, *number);
    rules.insert(libc::SYS_ioctl, requests.iter().map(request).collect::<Result<_, _>>()?);
    // Threads, no processes; the arguments of `clone3` lie in memory, where no filter sees them.
    let thread = libc::CLONE_THREAD as u64;
    rules.insert(libc::SYS_clone, vec![rule(0, Qword, MaskedEq(thread), thread)?]);
    // An abort of our own.
    let own = u64::from(std::process::id());
    for call in [libc::SYS_kill, libc::SYS_tgkill] {
        rules.insert(call, vec![rule(0, Dword, Eq, own)?]);
    }
    let otherwise = SeccompAction::Errno(libc::ENOSYS as u32);
    SeccompFilter::new(rules, otherwise, SeccompAction::Allow, std::env::consts::ARCH.try_into()?)?.try_into()
}

fn is(argument: u8, value: c_int) -> Result<SeccompRule, seccompiler::BackendError> {
    rule(argument, Dword, Eq, value as u64)
}

fn rule(
    argument: u8,
    length: seccompiler::SeccompCmpArgLen,
    operator: seccompiler::SeccompCmpOp,
    value: u64,
) -> Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(vec![SeccompCondition::new(argument, length, operator, value)?])
}
