//! Local date and time.

use carvoice_core::turn::WallClock;

/// The system's local time.
pub fn now() -> WallClock {
    // SAFETY: `time` and `localtime_r` only write to the values given, which live long enough; an
    // all-zero `tm` is a valid one.
    let local = unsafe {
        let seconds = libc::time(std::ptr::null_mut());
        let mut local: libc::tm = std::mem::zeroed();
        libc::localtime_r(&raw const seconds, &raw mut local);
        local
    };
    let small = |value: i32| u8::try_from(value).unwrap_or_default();
    WallClock {
        year: local.tm_year + 1900,
        month: small(local.tm_mon + 1),
        day: small(local.tm_mday),
        weekday: small(local.tm_wday),
        hour: small(local.tm_hour),
        minute: small(local.tm_min),
        second: small(local.tm_sec),
    }
}
