//! Real-time priority for the threads that the sound system calls us on.

/// Above all ordinary threads, and below what the system keeps for itself.
const PRIORITY: libc::c_int = 5;

/// Asks that the calling thread runs before all ordinary ones; false where that is not allowed, and then
/// nothing has changed. Threads that it starts are ordinary ones.
pub(crate) fn ask() -> bool {
    let wanted = libc::sched_param { sched_priority: PRIORITY };
    let policy = libc::SCHED_RR | libc::SCHED_RESET_ON_FORK;
    // SAFETY: the calling thread exists, and `wanted` outlives the call, which only reads it.
    unsafe { libc::pthread_setschedparam(libc::pthread_self(), policy, &raw const wanted) == 0 }
}

/// Whether the threads of microphone and loudspeaker get real-time priority here, tried on a thread that
/// ends at once.
#[must_use]
pub fn real_time_allowed() -> bool {
    std::thread::Builder::new().spawn(ask).ok().and_then(|thread| thread.join().ok()).unwrap_or(false)
}
