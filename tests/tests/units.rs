//! What the service manager and the system bus are given: units, policy, installation, notifications.

mod install;
mod notify;
mod policy;
