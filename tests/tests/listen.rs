//! Tests of listen.
