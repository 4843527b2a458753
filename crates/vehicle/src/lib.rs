//! The reference car: org.carvoice.Vehicle1 as a simulator.
