//! Samples in and out: capture, playback, files, resampling.
