//! Tests of speak.
