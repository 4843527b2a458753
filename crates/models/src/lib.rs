//! The model store: manifest, fetch, convert, verify.
