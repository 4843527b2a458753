//! The way from the pipeline to the bus, which it joins only when everything is built.

use std::sync::{Mutex, OnceLock, PoisonError};

use carvoice_bus::Service;
use carvoice_core::turn::Notice;

/// Emits notices, and keeps those that come before there is a bus to emit them on: a few, about
/// engines that are missing.
#[derive(Default)]
pub struct Announcer {
    service: OnceLock<Service>,
    early: Mutex<Vec<Notice>>,
}

impl Announcer {
    /// From now on notices go to `service`, the early ones first.
    pub fn join(&self, service: Service) {
        let mut early = self.early.lock().unwrap_or_else(PoisonError::into_inner);
        let service = self.service.get_or_init(|| service);
        early.drain(..).for_each(|notice| service.emit(notice));
    }

    pub fn emit(&self, notice: Notice) {
        if let Some(service) = self.service.get() {
            service.emit(notice);
        } else {
            self.early.lock().unwrap_or_else(PoisonError::into_inner).push(notice);
        }
    }

    /// The service, once there is one.
    pub fn service(&self) -> Option<&Service> {
        self.service.get()
    }
}
