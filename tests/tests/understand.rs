//! Tests of understand.
