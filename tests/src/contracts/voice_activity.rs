//! What every engine of this kind must do.
