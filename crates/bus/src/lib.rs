//! The D-Bus edge: the interface carvoice serves and the services it calls.
