//! Tests of vehicle.
